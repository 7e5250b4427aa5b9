#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/json.hpp>
#include <corps/model/links.hpp>
#include <corps/model/records.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <iosfwd>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

/**
 * What is held here: the result of getLocalCorpData. `Records` is the corp's set of records, so that a wider
 * member is exported whole.
 */
template <class Records>
struct BasicLocalCorpData {
    boost::json::object corp{};                                  ///< as getCorpInfo
    std::vector<typename Records::Member> userList{};            ///< active members
    std::vector<typename Records::Dept> deptList{};              ///< root first, then by id; with path
    std::vector<typename Records::DeptMember> deptMemberList{};  ///< of active members
    std::vector<typename Records::Role> roleList{};
    std::vector<typename Records::RoleGroup> roleGroupList{};
    std::vector<typename Records::RoleMember> roleMemberSet{};  ///< of active members

    /** Brings every list into its order, so that equal data is equal text. Computed fields stay as they are.
     */
    void sort() {
        using R = Records;
        sortBy(userList, &R::Member::memberId);
        sortDepts(deptList);
        sortBy(deptMemberList, &R::DeptMember::deptId, &R::DeptMember::memberId);
        sortBy(roleList, &R::Role::roleId);
        sortBy(roleGroupList, &R::RoleGroup::roleGroupId);
        sortBy(roleMemberSet, &R::RoleMember::roleId, &R::RoleMember::memberId, &R::RoleMember::origin);
    }

    friend bool operator==(BasicLocalCorpData const&, BasicLocalCorpData const&) = default;
};

using LocalCorpData = BasicLocalCorpData<StandardRecords>;

namespace detail {

/** f(key, list) for each list, in the documented order. */
template <class Data, class F>
void eachLocalList(Data& data, F&& f) {
    f("userList", data.userList);
    f("deptList", data.deptList);
    f("deptMemberList", data.deptMemberList);
    f("roleList", data.roleList);
    f("roleGroupList", data.roleGroupList);
    f("roleMemberSet", data.roleMemberSet);
}

}  // namespace detail

/**
 * The documented keys, in this order: corp, userList, deptList, deptMemberList, roleList, roleGroupList,
 * roleMemberSet.
 */
template <class Records>
[[nodiscard]] boost::json::object toJson(BasicLocalCorpData<Records> const& data) {
    boost::json::object out;
    out.emplace("corp", data.corp);
    detail::eachLocalList(data, [&out](std::string_view key, auto const& list) {
        boost::json::array a;
        a.reserve(list.size());
        for (auto const& r : list) a.push_back(toJson(r));
        out.emplace(key, std::move(a));
    });
    return out;
}

/** The same text, written piece by piece: needs memory for one record. Errors stay in the stream. */
template <class Records>
void writeJson(BasicLocalCorpData<Records> const& data, std::ostream& out) {
    detail::writeText(out, R"({"corp":)");
    detail::writeValue(out, boost::json::value(data.corp));
    detail::eachLocalList(data, [&out](std::string_view key, auto const& list) {
        detail::writeText(out, R"(,")");
        detail::writeText(out, key);
        detail::writeText(out, R"(":[)");
        bool first = true;
        for (auto const& r : list) {
            if (!first) detail::writeText(out, ",");
            first = false;
            detail::writeValue(out, boost::json::value(toJson(r)));
        }
        detail::writeText(out, "]");
    });
    detail::writeText(out, "}");
}

/** Reads what toJson made. @throws Error(Errc::invalidArgument) that names the place: every key is expected.
 */
template <class Records = StandardRecords>
[[nodiscard]] BasicLocalCorpData<Records> localCorpDataFromJson(boost::json::value const& value) {
    using namespace detail;
    JsonPlace const top;
    boost::json::object const& root = requireObject(value, top);
    auto const at = [&](std::string_view key, std::string_view expected) -> boost::json::value const& {
        boost::json::value const* const v = root.if_contains(key);
        if (!v) throwExpected(JsonPlace{&top, key}, expected, nullptr);
        return *v;
    };
    BasicLocalCorpData<Records> out;
    out.corp = requireObject(at("corp", "an object"), JsonPlace{&top, "corp"});
    eachLocalList(out, [&]<class T>(std::string_view key, std::vector<T>& list) {
        JsonPlace const listPlace{&top, key};
        boost::json::array const& a = requireArray(at(key, "an array"), listPlace);
        list.reserve(a.size());
        for (std::size_t i = 0; i < a.size(); ++i) {
            JsonPlace const place{&top, key, i};
            takeFields(requireObject(a[i], place), list.emplace_back(), &isPublic, place);
        }
    });
    return out;
}

}  // namespace corps
