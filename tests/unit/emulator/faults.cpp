#include <corps/emulator/faults.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

namespace emulator_faults_test {

using namespace corps::emulator;

TEST_CASE("emulator: faults are read from JSON", "[emulator]") {
    const auto faults = parseFaults(
        R"([{"match": "/path", "times": 3, "after": 2, "kind": "status", "status": 503, "delayMs": 20},
                                        {"kind": "code", "code": 99991663, "msg": "gone", "httpStatus": 400},
                                        {"kind": "rate-limit", "headers": false, "resetSeconds": 7}])");
    REQUIRE(faults.size() == 3);
    CHECK(faults[0].match == "/path");
    CHECK(faults[0].httpStatus == 503);
    CHECK(faults[0].after == 2);
    CHECK(faults[0].delay == std::chrono::milliseconds(20));
    CHECK(faults[1].code == 99991663);
    CHECK_FALSE(faults[2].headers);
    CHECK(parseFaults(R"({"kind": "reset"})").at(0).kind == FaultKind::reset);
    for (const char* kind : {"status", "reset", "truncate", "close", "delay", "garbage", "rate-limit",
                             "expire-token", "wrong-token", "code", "repeat-cursor", "empty-success"}) {
        const auto one = parseFaults(std::string(R"({"kind": ")") + kind + "\"}");
        CHECK(toString(one.at(0).kind) == kind);
    }
}

TEST_CASE("emulator: faults that are not understood are refused with their place", "[emulator]") {
    using Catch::Matchers::MessageMatches;
    using Catch::Matchers::StartsWith;
    CHECK_THROWS_MATCHES(parseFaults("nonsense"), FaultError, MessageMatches(StartsWith("document: ")));
    CHECK_THROWS_MATCHES(parseFaults(R"([{"kind": "status"}, {"kind": "explode"}])"), FaultError,
                         MessageMatches(StartsWith("[1].kind: expected one of")));
    CHECK_THROWS_MATCHES(parseFaults(R"({"kind": "status", "status": 99})"), FaultError,
                         MessageMatches(StartsWith("status: ")));
    CHECK_THROWS_MATCHES(parseFaults(R"({"kind": "status", "times": "x"})"), FaultError,
                         MessageMatches(StartsWith("times: ")));
    CHECK_THROWS_MATCHES(parseFaults(R"({"kind": "delay", "delayMs": -1})"), FaultError,
                         MessageMatches(StartsWith("delayMs: ")));
}

TEST_CASE("emulator: a fault meets what it names, after so many, so often", "[emulator]") {
    FaultList list;
    Fault fault;
    fault.match = "/users";
    fault.after = 1;
    fault.times = 2;
    list.add(fault);
    CHECK_FALSE(list.take("/depts"));
    CHECK_FALSE(list.take("/users?a=1"));
    CHECK(list.take("/users?a=2"));
    CHECK_FALSE(list.take("/depts"));
    CHECK(list.take("/users?a=3"));
    CHECK_FALSE(list.take("/users?a=4"));
    CHECK(list.pending().empty());

    list.add(parseFaults(R"({"kind": "reset", "match": "/users", "matchBody": "\"dept\":2}", "sameCall": true,
                             "times": -1})")
                 .at(0));
    CHECK_FALSE(list.take("/users", R"({"dept":1})"));
    CHECK(list.take("/users", R"({"page":1,"dept":2})"));
    CHECK_FALSE(list.take("/users", R"({"page":2,"dept":2})"));
    CHECK(list.take("/users", R"({"page":1,"dept":2})"));
    list.clear();

    list.add(parseFaults(R"({"kind": "reset", "match": "/users", "after": 1, "times": -1, "sameCall": true})")
                 .at(0));
    CHECK_FALSE(list.take("/users?a=1"));
    CHECK(list.take("/users?a=2"));
    CHECK_FALSE(list.take("/users?a=1"));
    CHECK_FALSE(list.take("/users?a=22"));
    CHECK(list.take("/users?a=2"));
    CHECK(list.pending().at(0).match == "/users?a=2");
    list.clear();

    fault = Fault{};
    fault.times = -1;
    list.add(fault);
    for (int i = 0; i < 100; ++i) {
        CHECK(list.take("/anything"));
    }
    list.clear();
    CHECK_FALSE(list.take("/anything"));

    fault.probability = 0.25;
    list.add(fault);
    int met = 0;
    for (int i = 0; i < 4000; ++i) {
        met += list.take("/x") ? 1 : 0;
    }
    CHECK(met > 850);
    CHECK(met < 1150);
}

}  // namespace emulator_faults_test
