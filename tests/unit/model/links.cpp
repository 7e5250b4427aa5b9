#include <corps/model/corp_dept.hpp>
#include <corps/model/corp_dept_leader.hpp>
#include <corps/model/corp_dept_member.hpp>
#include <corps/model/links.hpp>

#include <catch2/catch_test_macros.hpp>

#include <random>
#include <string>
#include <vector>

namespace model_links_test {
namespace {

using namespace corps;

CorpDept dept(std::string id, std::string parent) {
    CorpDept d;
    d.deptId = std::move(id);
    d.parentId = std::move(parent);
    return d;
}

std::string text(std::vector<DeptId> const& path) {
    std::string out;
    for (DeptId const& id : path) out += "/" + id.str();
    return out;
}

TEST_CASE("model: departments are sorted root first, then by id", "[model]") {
    std::vector<CorpDept> depts{dept("b", "z"), dept("a", "z"), dept("z", ""), dept("10", "a")};
    sortDepts(depts);
    std::string order;
    for (CorpDept const& d : depts) order += d.deptId.str() + " ";
    CHECK(order == "z 10 a b ");
}

TEST_CASE("model: paths lead from the root to the department", "[model]") {
    std::vector<CorpDept> depts{dept("c", "b"), dept("a", ""), dept("b", "a"), dept("d", "gone"),
                                dept("e", "d")};
    depts[0].path = {"stale"};
    fillPaths(depts);
    CHECK(text(depts[0].path) == "/a/b/c");
    CHECK(text(depts[1].path) == "/a");
    CHECK(text(depts[2].path) == "/a/b");
    CHECK(text(depts[3].path) == "/d");  // the topmost in sight
    CHECK(text(depts[4].path) == "/d/e");
}

TEST_CASE("model: departments on or below a cycle have no path", "[model]") {
    std::vector<CorpDept> depts{dept("x", "y"), dept("y", "x"), dept("below", "x"), dept("self", "self"),
                                dept("ok", "")};
    fillPaths(depts);
    CHECK(text(depts[0].path).empty());
    CHECK(text(depts[1].path).empty());
    CHECK(text(depts[2].path).empty());
    CHECK(text(depts[3].path).empty());
    CHECK(text(depts[4].path) == "/ok");
}

TEST_CASE("model: paths of random forests are those of a naive walk", "[model]") {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random(seed);
        auto const pick = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
        std::size_t const n = 1 + pick(12);
        std::vector<CorpDept> depts;
        for (std::size_t i = 0; i < n; ++i)  // any parent at all: roots, strangers and cycles
            depts.push_back(dept(std::to_string(i), pick(4) == 0 ? "" : std::to_string(pick(n + 1))));
        fillPaths(depts);
        for (CorpDept const& d : depts) {
            std::vector<DeptId> naive;
            CorpDept const* at = &d;
            while (at && naive.size() <= n) {
                naive.insert(naive.begin(), at->deptId);
                CorpDept const* next = nullptr;
                for (CorpDept const& p : depts)
                    if (!at->parentId.empty() && p.deptId == at->parentId) next = &p;
                at = next;
            }
            if (naive.size() > n) naive.clear();
            CHECK(text(d.path) == text(naive));
        }
    }
}

TEST_CASE("model: leaders come from the list by rank, then from flags, each once", "[model]") {
    std::vector<CorpDept> depts{dept("a", ""), dept("b", "a"), dept("c", "a")};
    depts[2].leaderIds = {"stale"};
    std::vector<CorpDeptLeader> const leaders{
        {"a", "m4", LeaderSource::memberFlag, kUnknown},     {"a", "m2", LeaderSource::departmentList, 1},
        {"a", "m1", LeaderSource::departmentList, kUnknown}, {"a", "m3", LeaderSource::departmentList, 0},
        {"a", "m2", LeaderSource::memberFlag, kUnknown},     {"a", "m0", LeaderSource::memberFlag, kUnknown},
        {"b", "m1", LeaderSource::memberFlag, kUnknown}};
    fillLeaderIds(depts, leaders);
    CHECK(depts[0].leaderIds == ids<MemberId>("m3", "m2", "m1", "m0", "m4"));
    CHECK(depts[1].leaderIds == ids<MemberId>("m1"));
    CHECK(depts[2].leaderIds.empty());

    std::vector<CorpDeptMember> memberships(3);
    memberships[0].deptId = "a";
    memberships[0].memberId = "m1";
    memberships[1].deptId = "c";
    memberships[1].memberId = "m1";
    memberships[1].isLeader = true;
    memberships[2].deptId = "b";
    memberships[2].memberId = "m1";
    fillIsLeader(memberships, leaders);
    CHECK(memberships[0].isLeader);
    CHECK_FALSE(memberships[1].isLeader);
    CHECK(memberships[2].isLeader);
}

}  // namespace

}  // namespace model_links_test
