#include <corps/error/error.hpp>
#include <corps/model/corp_member.hpp>

#include <catch2/catch_test_macros.hpp>

namespace model_member_status_test {
namespace {

using namespace corps;

TEST_CASE("model: the documented words are filters", "[model]") {
    CHECK(parseStatusFilter("all") == StatusFilter::all);
    CHECK(parseStatusFilter("active") == StatusFilter::active);
    CHECK(parseStatusFilter("offline") == StatusFilter::offline);
    for (auto const* word : {"", "Active", "resigned", "1"}) CHECK_FALSE(findStatusFilter(word));
    try {
        (void)parseStatusFilter("gone");
        FAIL("no error");
    } catch (Error const& e) {
        CHECK(e.is(Errc::invalidArgument));
    }
}

TEST_CASE("model: a filter splits members by the status that counts", "[model]") {
    for (MemberStatus const s : {MemberStatus::active, MemberStatus::resigned}) {
        CHECK(matches(StatusFilter::all, s));
        CHECK(matches(StatusFilter::active, s) != matches(StatusFilter::offline, s));
    }
    CHECK(matches(StatusFilter::active, MemberStatus::active));
}

TEST_CASE("model: a mark set here overrides what upstream says, one way", "[model]") {
    CorpMember m;
    CHECK(effectiveStatus(m) == MemberStatus::active);
    m.localStatus = 2;
    CHECK(effectiveStatus(m) == MemberStatus::resigned);
    m.localStatus = 0;
    CHECK(effectiveStatus(m) == MemberStatus::active);
    m.status = MemberStatus::resigned;
    CHECK(effectiveStatus(m) == MemberStatus::resigned);
    m.localStatus = kUnknown;
    CHECK(effectiveStatus(m) == MemberStatus::resigned);
}

TEST_CASE("model: a member's name is the nick", "[model]") {
    CorpMember m;
    CHECK(m.name().empty());
    m.nick = "张三";
    CHECK(m.name() == "张三");
}

}  // namespace

}  // namespace model_member_status_test
