#pragma once

#include <corps/emulator/organisation.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

/** The people of an organisation that a test writes down. */
namespace emulator_test {

/** Somebody of whom nothing is known but a name and where they stand. */
inline corps::emulator::Member person(const std::string& id,
                                      std::vector<corps::emulator::Membership> departments) {
    corps::emulator::Member out;
    out.memberId = id;
    out.nick = "N " + id;
    out.departments = std::move(departments);
    return out;
}

/** One who is there. */
inline corps::emulator::Member& member(corps::emulator::Organisation& organisation, const std::string& id) {
    return *std::find_if(organisation.userList.begin(), organisation.userList.end(),
                         [&id](const corps::emulator::Member& each) { return each.memberId == id; });
}

}  // namespace emulator_test
