#include <corps/emulator/generate.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace emulator_generate_test {

using namespace corps::emulator;

TEST_CASE("emulator: generated organisations of any size are valid", "[emulator]") {
    for (const std::size_t members : {0U, 1U, 2U, 3U, 11U, 12U, 49U, 50U, 51U, 200U, 1000U, 3000U}) {
        for (const std::uint64_t seed : {0U, 1U, 77U}) {
            INFO(members << " members, seed " << seed);
            const Organisation made = generate(members, seed);
            CHECK(made.userList.size() == members);
            CHECK_NOTHROW(validate(made));
            CHECK(made.adminIds.empty() == (members == 0));
            CHECK(std::all_of(made.userList.begin(), made.userList.end(),
                              [](const Member& m) { return m.status == 1 && !m.departments.empty(); }));
        }
    }
}

TEST_CASE("emulator: the same seed generates the same organisation", "[emulator]") {
    CHECK(generate(500, 9) == generate(500, 9));
    CHECK(generate(500, 9) != generate(500, 10));
}

TEST_CASE("emulator: a generated organisation looks like a real one", "[emulator]") {
    constexpr std::size_t kMembers = 20'000;
    const Organisation made = generate(kMembers, 5);

    const std::size_t depts = made.deptList.size() - 1;
    CHECK(depts >= kMembers / 20);
    CHECK(depts <= kMembers / 12);
    std::map<std::string, const Dept*> byId;
    for (const Dept& dept : made.deptList) {
        byId[dept.deptId] = &dept;
    }
    int deepest = 0;
    std::map<std::string, std::set<std::string>> siblingNames;
    for (const Dept& dept : made.deptList) {
        int depth = 0;
        for (const Dept* at = &dept; !at->parentId.empty(); at = byId.at(at->parentId)) {
            ++depth;
        }
        deepest = std::max(deepest, depth);
        CHECK(siblingNames[dept.parentId].insert(dept.name).second);
    }
    CHECK(deepest == 12);

    std::map<std::string, std::size_t> sizes;
    std::size_t several = 0;
    std::size_t foreign = 0;
    std::size_t noPhone = 0;
    std::set<std::string> phones;
    std::set<std::string> names;
    std::set<std::string> emails;
    std::size_t chinese = 0;
    for (const Member& member : made.userList) {
        several += member.departments.size() > 1 ? 1U : 0U;
        CHECK(member.departments.size() <= 3);
        CHECK(std::count_if(member.departments.begin(), member.departments.end(),
                            [](const Membership& m) { return m.isPrimary; }) == 1);
        for (const Membership& membership : member.departments) {
            ++sizes[membership.deptId];
        }
        noPhone += member.phone.empty() ? 1U : 0U;
        foreign += !member.phone.empty() && !member.phone.starts_with("+86") ? 1U : 0U;
        CHECK((member.phone.empty() || phones.insert(member.phone).second));
        CHECK((member.email.empty() || emails.insert(member.email).second));
        names.insert(member.nick);
        chinese += static_cast<unsigned char>(member.nick[0]) >= 0xe4 &&
                           static_cast<unsigned char>(member.nick[0]) <= 0xe9
                       ? 1U
                       : 0U;
    }
    CHECK(several > kMembers * 7 / 100);
    CHECK(several < kMembers * 9 / 100);
    CHECK(foreign > kMembers / 50);
    CHECK(noPhone > 0);
    CHECK(noPhone < kMembers / 10);
    CHECK(chinese > kMembers / 2);
    CHECK(chinese < kMembers);
    CHECK(names.size() < kMembers);  // some share theirs
    CHECK(names.size() > kMembers / 4);

    // Skewed: half of the departments are small, a few are large.
    std::vector<std::size_t> sorted;
    for (const auto& [id, size] : sizes) {
        sorted.push_back(size);
    }
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted[sorted.size() / 2] <= 12);
    CHECK(sorted.back() >= 150);
    CHECK(sizes.size() < depts + 1);  // some are empty
    CHECK(sizes.at("1") >= 1);        // some are in the root itself
    CHECK(sizes.at("1") < 20);

    std::size_t outside = 0;
    std::size_t led = 0;
    std::map<std::string, const Member*> members;
    for (const Member& member : made.userList) {
        members[member.memberId] = &member;
    }
    for (const Dept& dept : made.deptList) {
        led += dept.leaderIds.empty() ? 0U : 1U;
        for (const std::string& id : dept.leaderIds) {
            const auto& places = members.at(id)->departments;
            outside += std::none_of(places.begin(), places.end(),
                                    [&](const Membership& m) { return m.deptId == dept.deptId; })
                           ? 1U
                           : 0U;
        }
    }
    CHECK(led > depts / 2);
    CHECK(outside > 0);
    CHECK(outside < depts / 5);
    CHECK(made.roleList.size() >= 3);
    CHECK_FALSE(made.roleMemberSet.empty());
}

}  // namespace emulator_generate_test
