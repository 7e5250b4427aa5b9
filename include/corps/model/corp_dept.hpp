#pragma once

#include <corps/model/record.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace corps {

/** A department. */
struct CorpDept {
    DeptId deptId{};
    DeptId parentId{};            ///< empty for the root
    std::string name{};           ///< as the platform has it; not validated
    Field<std::int64_t> order{};  ///< among siblings; smaller first
    std::string corpFullName{};
    Field<JsonText> extendConf{};
    std::vector<MemberId> leaderIds{};  ///< computed: by rank; they need not be members of it
    std::vector<DeptId> path{};         ///< computed: from the root to this department

    friend bool operator==(CorpDept const&, CorpDept const&) = default;
};

CORPS_RECORD(CorpDept, key(deptId), upstream(parentId, name, order), corp(corpFullName), local(extendConf),
             computed(leaderIds, path), index(parentId))

}  // namespace corps
