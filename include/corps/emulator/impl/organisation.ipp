#pragma once

#include <corps/emulator/impl/json_reader.hpp>
#include <corps/emulator/organisation.hpp>

#include <boost/json/monotonic_resource.hpp>

#include <fstream>
#include <iterator>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace corps::emulator {

namespace detail {

using OrganisationReader = ObjectReader<OrganisationError>;

inline void readSmall(const OrganisationReader& in, std::string_view key, int& out, int low, int high) {
    std::int64_t value = out;
    in.read(key, value);
    if (value < low || value > high) {
        std::string expected = "expected a number from ";
        appendNumber(expected, low);
        expected += " to ";
        appendNumber(expected, high);
        throw OrganisationError(in.at(key), expected);
    }
    out = static_cast<int>(value);
}

inline Member readMember(const boost::json::value& value, const std::string& where) {
    const OrganisationReader in(value, where);
    Member member;
    in.read("memberId", member.memberId);
    in.read("unionId", member.unionId);
    in.read("nick", member.nick);
    in.read("phone", member.phone);
    in.read("email", member.email);
    in.read("jobNumber", member.jobNumber);
    in.read("position", member.position);
    in.read("photo", member.photo);
    in.read("upstreamStatus", member.upstreamStatus);
    in.read("hiredDate", member.hiredDate);
    readSmall(in, "gender", member.gender, 0, 3);
    readSmall(in, "status", member.status, 1, 2);
    in.each("departments", [&](const boost::json::value& element, std::string inner) {
        const OrganisationReader placeIn(element, std::move(inner));
        Membership membership;
        placeIn.read("deptId", membership.deptId);
        placeIn.read("isLeader", membership.isLeader);
        placeIn.read("order", membership.order);
        placeIn.read("isPrimary", membership.isPrimary);
        member.departments.push_back(std::move(membership));
    });
    return member;
}

inline void appendMember(std::string& out, std::string_view key, std::string_view value) {
    if (!value.empty()) {
        out += ",\"";
        out += key;
        out += "\":";
        appendJson(out, value);
    }
}

/** Names the departments of a cycle that `start` belongs to or leads into. */
inline std::string nameCycle(const Organisation& organisation, const std::vector<std::size_t>& parent,
                             std::size_t start) {
    std::vector<bool> seen(parent.size());
    while (!seen[start]) {
        seen[start] = true;
        start = parent[start];
    }
    std::string out = "\"" + organisation.deptList[start].deptId + "\"";
    std::size_t named = 0;
    for (std::size_t at = parent[start];; at = parent[at]) {
        out += " in \"" + organisation.deptList[at].deptId + "\"";
        if (at == start) {
            return out;
        }
        if (++named == 20) {
            return out + " and so on";
        }
    }
}

}  // namespace detail

CORPS_DECL Organisation parseOrganisation(std::string_view json) {
    boost::json::monotonic_resource memory(json.size() + 4096);
    const auto document = detail::parseJson<OrganisationError>(json, &memory);
    const detail::OrganisationReader in(document, "");
    Organisation out;
    in.read("corpId", out.corpId);
    in.read("corpName", out.corpName);
    in.each("deptList", [&](const boost::json::value& element, std::string where) {
        const detail::OrganisationReader item(element, std::move(where));
        Dept dept;
        item.read("deptId", dept.deptId);
        item.read("parentId", dept.parentId);
        item.read("name", dept.name);
        item.read("order", dept.order);
        item.readStrings("leaderIds", dept.leaderIds);
        out.deptList.push_back(std::move(dept));
    });
    in.each("userList", [&](const boost::json::value& element, const std::string& where) {
        out.userList.push_back(detail::readMember(element, where));
    });
    in.each("roleGroupList", [&](const boost::json::value& element, std::string where) {
        const detail::OrganisationReader item(element, std::move(where));
        RoleGroup group;
        item.read("roleGroupId", group.roleGroupId);
        item.read("name", group.name);
        out.roleGroupList.push_back(std::move(group));
    });
    in.each("roleList", [&](const boost::json::value& element, std::string where) {
        const detail::OrganisationReader item(element, std::move(where));
        Role role;
        item.read("roleId", role.roleId);
        item.read("roleGroupId", role.roleGroupId);
        item.read("name", role.name);
        out.roleList.push_back(std::move(role));
    });
    in.each("roleMemberSet", [&](const boost::json::value& element, std::string where) {
        const detail::OrganisationReader item(element, std::move(where));
        RoleMember member;
        item.read("roleId", member.roleId);
        item.read("memberId", member.memberId);
        out.roleMemberSet.push_back(std::move(member));
    });
    in.readStrings("adminIds", out.adminIds);
    validate(out);
    return out;
}

CORPS_DECL Organisation readOrganisation(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        throw OrganisationError(path, "expected a readable file");
    }
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (in.bad()) {
        throw OrganisationError(path, "expected a readable file");
    }
    try {
        return parseOrganisation(text);
    } catch (const OrganisationError& error) {
        throw OrganisationError(path + ": " + error.where(),
                                std::string(error.what()).substr(error.where().size() + 2));
    }
}

CORPS_DECL std::string writeOrganisation(const Organisation& organisation) {
    using detail::appendJson;
    using detail::appendMember;
    using detail::appendNumber;
    std::string out;
    out.reserve(256 + organisation.deptList.size() * 96 + organisation.userList.size() * 384);
    const auto list = [&out](std::string_view key, const auto& items, auto write) {
        out += ",\n\"";
        out += key;
        out += "\":[";
        bool first = true;
        for (const auto& item : items) {
            out += first ? "\n" : ",\n";
            first = false;
            write(item);
        }
        out += "]";
    };
    out += "{\"corpId\":";
    appendJson(out, organisation.corpId);
    out += ",\"corpName\":";
    appendJson(out, organisation.corpName);
    list("deptList", organisation.deptList, [&](const Dept& dept) {
        out += "{\"deptId\":";
        appendJson(out, dept.deptId);
        out += ",\"parentId\":";
        appendJson(out, dept.parentId);
        out += ",\"name\":";
        appendJson(out, dept.name);
        out += ",\"order\":";
        appendNumber(out, dept.order);
        if (!dept.leaderIds.empty()) {
            out += ",\"leaderIds\":[";
            for (std::size_t i = 0; i < dept.leaderIds.size(); ++i) {
                out += i == 0 ? "" : ",";
                appendJson(out, dept.leaderIds[i]);
            }
            out += "]";
        }
        out += "}";
    });
    list("userList", organisation.userList, [&](const Member& member) {
        out += "{\"memberId\":";
        appendJson(out, member.memberId);
        appendMember(out, "unionId", member.unionId);
        appendMember(out, "nick", member.nick);
        appendMember(out, "phone", member.phone);
        appendMember(out, "email", member.email);
        appendMember(out, "jobNumber", member.jobNumber);
        appendMember(out, "position", member.position);
        appendMember(out, "photo", member.photo);
        out += ",\"gender\":";
        appendNumber(out, member.gender);
        out += ",\"status\":";
        appendNumber(out, member.status);
        appendMember(out, "upstreamStatus", member.upstreamStatus);
        appendMember(out, "hiredDate", member.hiredDate);
        out += ",\"departments\":[";
        for (std::size_t i = 0; i < member.departments.size(); ++i) {
            const Membership& membership = member.departments[i];
            out += i == 0 ? "{\"deptId\":" : ",{\"deptId\":";
            appendJson(out, membership.deptId);
            out += membership.isLeader ? ",\"isLeader\":true,\"order\":" : ",\"isLeader\":false,\"order\":";
            appendNumber(out, membership.order);
            out += membership.isPrimary ? ",\"isPrimary\":true}" : ",\"isPrimary\":false}";
        }
        out += "]}";
    });
    list("roleGroupList", organisation.roleGroupList, [&](const RoleGroup& group) {
        out += "{\"roleGroupId\":";
        appendJson(out, group.roleGroupId);
        out += ",\"name\":";
        appendJson(out, group.name);
        out += "}";
    });
    list("roleList", organisation.roleList, [&](const Role& role) {
        out += "{\"roleId\":";
        appendJson(out, role.roleId);
        appendMember(out, "roleGroupId", role.roleGroupId);
        out += ",\"name\":";
        appendJson(out, role.name);
        out += "}";
    });
    list("roleMemberSet", organisation.roleMemberSet, [&](const RoleMember& member) {
        out += "{\"roleId\":";
        appendJson(out, member.roleId);
        out += ",\"memberId\":";
        appendJson(out, member.memberId);
        out += "}";
    });
    list("adminIds", organisation.adminIds, [&](const std::string& id) { appendJson(out, id); });
    out += "}\n";
    return out;
}

CORPS_DECL void validate(const Organisation& organisation) {
    using detail::place;
    constexpr auto kNone = static_cast<std::size_t>(-1);

    std::unordered_map<std::string_view, std::size_t> depts;
    depts.reserve(organisation.deptList.size());
    std::size_t root = kNone;
    for (std::size_t i = 0; i < organisation.deptList.size(); ++i) {
        const Dept& dept = organisation.deptList[i];
        if (dept.deptId.empty()) {
            throw OrganisationError(place("deptList", i, "deptId"), "expected an id");
        }
        const auto [known, isNew] = depts.emplace(dept.deptId, i);
        if (!isNew) {
            throw OrganisationError(place("deptList", i, "deptId"),
                                    "expected an id of its own; \"" + dept.deptId + "\" is " +
                                        place("deptList", known->second) + " already");
        }
        if (dept.parentId.empty()) {
            if (root != kNone) {
                throw OrganisationError(
                    place("deptList", i, "parentId"),
                    "expected a parent; " + place("deptList", root) + " is the root already");
            }
            root = i;
        }
    }
    if (root == kNone) {
        throw OrganisationError("deptList", "expected one department without a parentId, the root");
    }
    std::vector<std::size_t> parent(organisation.deptList.size(), kNone);
    for (std::size_t i = 0; i < organisation.deptList.size(); ++i) {
        if (i != root) {
            const auto found = depts.find(organisation.deptList[i].parentId);
            if (found == depts.end()) {
                throw OrganisationError(
                    place("deptList", i, "parentId"),
                    "expected the id of a department, found \"" + organisation.deptList[i].parentId + "\"");
            }
            parent[i] = found->second;
        }
    }
    // Every walk towards the root ends at something a former walk reached, or it runs in a circle.
    std::vector<std::size_t> walk(organisation.deptList.size(), kNone);
    walk[root] = root;
    for (std::size_t i = 0; i < parent.size(); ++i) {
        std::size_t at = i;
        while (walk[at] == kNone) {
            walk[at] = i;
            at = parent[at];
        }
        if (walk[at] == i && i != root && at != root) {
            throw OrganisationError(place("deptList", at, "parentId"),
                                    "expected no cycle; here " + detail::nameCycle(organisation, parent, at));
        }
    }

    std::unordered_map<std::string_view, std::size_t> members;
    members.reserve(organisation.userList.size());
    std::unordered_set<std::string_view> unionIds;
    for (std::size_t i = 0; i < organisation.userList.size(); ++i) {
        const Member& member = organisation.userList[i];
        if (member.memberId.empty()) {
            throw OrganisationError(place("userList", i, "memberId"), "expected an id");
        }
        const auto [known, isNew] = members.emplace(member.memberId, i);
        if (!isNew) {
            throw OrganisationError(place("userList", i, "memberId"),
                                    "expected an id of its own; \"" + member.memberId + "\" is " +
                                        place("userList", known->second) + " already");
        }
        if (!member.unionId.empty() && !unionIds.insert(member.unionId).second) {
            throw OrganisationError(place("userList", i, "unionId"),
                                    "expected an id of its own; \"" + member.unionId + "\" is taken");
        }
        if (member.gender < 0 || member.gender > 3) {
            throw OrganisationError(place("userList", i, "gender"), "expected a number from 0 to 3");
        }
        if (member.status != 1 && member.status != 2) {
            throw OrganisationError(place("userList", i, "status"), "expected 1 (active) or 2 (resigned)");
        }
        if (!member.hiredDate.empty() && !detail::parseDate(member.hiredDate)) {
            throw OrganisationError(place("userList", i, "hiredDate"),
                                    "expected a date in the form YYYY-MM-DD");
        }
        std::size_t primaries = 0;
        for (std::size_t k = 0; k < member.departments.size(); ++k) {
            const Membership& membership = member.departments[k];
            const auto where = [&](std::string_view key) {
                return place(place("userList", i, "departments"), k, key);
            };
            if (!depts.contains(membership.deptId)) {
                throw OrganisationError(
                    where("deptId"), "expected the id of a department, found \"" + membership.deptId + "\"");
            }
            for (std::size_t before = 0; before < k; ++before) {
                if (member.departments[before].deptId == membership.deptId) {
                    throw OrganisationError(where("deptId"), "expected each department once; \"" +
                                                                 membership.deptId + "\" comes twice");
                }
            }
            primaries += membership.isPrimary ? 1U : 0U;
            if (primaries > 1) {
                throw OrganisationError(where("isPrimary"), "expected one primary department at most");
            }
        }
    }
    const auto requireMember = [&](const std::string& id, const std::string& where) {
        if (!members.contains(id)) {
            throw OrganisationError(where, "expected the id of a member, found \"" + id + "\"");
        }
    };
    for (std::size_t i = 0; i < organisation.deptList.size(); ++i) {
        const auto& leaders = organisation.deptList[i].leaderIds;
        for (std::size_t k = 0; k < leaders.size(); ++k) {
            requireMember(leaders[k], place(place("deptList", i, "leaderIds"), k));
        }
    }
    for (std::size_t i = 0; i < organisation.adminIds.size(); ++i) {
        requireMember(organisation.adminIds[i], place("adminIds", i));
    }

    std::unordered_set<std::string_view> groups;
    for (std::size_t i = 0; i < organisation.roleGroupList.size(); ++i) {
        const std::string& id = organisation.roleGroupList[i].roleGroupId;
        if (id.empty() || !groups.insert(id).second) {
            throw OrganisationError(place("roleGroupList", i, "roleGroupId"),
                                    "expected an id of its own, found \"" + id + "\"");
        }
    }
    std::unordered_set<std::string_view> roles;
    for (std::size_t i = 0; i < organisation.roleList.size(); ++i) {
        const Role& role = organisation.roleList[i];
        if (role.roleId.empty() || !roles.insert(role.roleId).second) {
            throw OrganisationError(place("roleList", i, "roleId"),
                                    "expected an id of its own, found \"" + role.roleId + "\"");
        }
        if (!role.roleGroupId.empty() && !groups.contains(role.roleGroupId)) {
            throw OrganisationError(place("roleList", i, "roleGroupId"),
                                    "expected the id of a role group, found \"" + role.roleGroupId + "\"");
        }
    }
    std::unordered_map<std::string_view, std::unordered_set<std::string_view>> pairs;
    for (std::size_t i = 0; i < organisation.roleMemberSet.size(); ++i) {
        const RoleMember& pair = organisation.roleMemberSet[i];
        if (!roles.contains(pair.roleId)) {
            throw OrganisationError(place("roleMemberSet", i, "roleId"),
                                    "expected the id of a role, found \"" + pair.roleId + "\"");
        }
        requireMember(pair.memberId, place("roleMemberSet", i, "memberId"));
        if (!pairs[pair.roleId].insert(pair.memberId).second) {
            throw OrganisationError(place("roleMemberSet", i), "expected each member once in a role");
        }
    }
}

}  // namespace corps::emulator
