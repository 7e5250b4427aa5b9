// Feishu's callbacks: cryptography, what is answered, what is understood, what is refused.
#include <corps/callback/callbacks.hpp>
#include <corps/crypto/base64.hpp>
#include <corps/crypto/cipher.hpp>
#include <corps/crypto/digest.hpp>
#include <corps/error/error.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <support/callback_requests.hpp>
#include <vector>

namespace callback_fs_callbacks_test {

using namespace corps;
using namespace corps::test;

namespace {

CorpConfig plainConfig() {
    CorpConfig out = fsConfig();
    out.business["callback"].as_object().erase("encryptKey");
    return out;
}

CallbackReading read(CallbackRequest const& q, CorpConfig const& config = fsConfig(), TimePoint now = kThen) {
    return FSCallbacks(config).read(q, now);
}

CallbackEvent eventIn(std::string const& json, CorpConfig const& config = fsConfig()) {
    CallbackReading const out = read(fsPost(json), config);
    INFO(out.refusal);
    REQUIRE(out.response.status == 200);
    CHECK(out.response.contentType == "application/json");
    REQUIRE(out.events.size() == 1);
    return out.events.front();
}

std::string hex(std::string_view digits) {
    std::string out;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        out += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
    return out;
}

char const* const kChallenge =
    R"({"challenge":"ajls384kdjx98XX","token":"v-Tok3nV3rifyExample0000000000","type":"url_verification"})";

}  // namespace

TEST_CASE("Feishu's vectors, in both directions byte for byte", "[callback]") {
    FSMessageCrypt const crypt{Secret(kEncryptKey)};
    SECTION("A: a challenge") {
        std::string const encrypt =
            "AAECAwQFBgcICQoLDA0OD5xuLvBxydzhZMDhONrM439NIVLYBS+AQgt3HpDG0zv8cZ//D7Oz/pZi/"
            "bIViFB02fo4FRQtvqCK5pt"
            "DsJUEnDDl5f0UgtOjBty1hsX0rcJX55MloFYlrz25c8VVjhateWvS6Zl8Cco3z5SLqplgrwA=";
        CHECK(crypt.encryptWith(hex("000102030405060708090a0b0c0d0e0f"), kChallenge) == encrypt);
        CHECK(crypt.decrypt(encrypt) == kChallenge);
        std::string const body = "{\"encrypt\":\"" + encrypt + "\"}";
        CHECK(body.size() == 186);
        char const* const signature = "2180d32c49a98d1d782933c49e444601ac0654c6045d4cf40ea547ffee9678f7";
        CHECK(crypt.signature("1700000000", "n0nce-a1b2c3", body) == signature);
        CHECK(crypt.verify(signature, "1700000000", "n0nce-a1b2c3", body));
        // Not a byte may be written otherwise: here, a space after the colon.
        std::string respelled = body;
        respelled.insert(respelled.find(':') + 1, " ");
        CHECK_FALSE(crypt.verify(signature, "1700000000", "n0nce-a1b2c3", respelled));
        CHECK_FALSE(crypt.verify("2180D32C49A98D1D782933C49E444601AC0654C6045D4CF40EA547FFEE9678F7",
                                 "1700000000", "n0nce-a1b2c3", body));
    }
    SECTION("B: an event in Chinese, with a whole block of padding") {
        std::string const plain =
            R"({"schema":"2.0","header":{"event_id":"0f1e2d3c4b5a69788796a5b4c3d2e1f0","event_type":"contact.user.updated_v3","create_time":"1700000000123","token":"v-Tok3nV3rifyExample0000000000","app_id":"cli_a1b2c3d4e5f6a7b8","tenant_key":"1a2b3c4d5e6f7a8b"},"event":{"object":{"open_id":"ou_00000000000000000000000000000001","union_id":"on_00000000000000000000000000000001","user_id":"u0001","name":"李雷","department_ids":["od-0000000000000000000000000000000b"]},"old_object":{"department_ids":["od-0000000000000000000000000000000a"]}}})";
        std::string const encrypt =
            "8ODQwLCgkIBwYFBAMCAQAKEHTF1y33Mzw8BTx63VjDNsQqgMgvrUgSAvidwVygspdWOORM3bSpu/nDjV6OK1roDnLTM/"
            "OCNYLHKJXhivnBlJNBMwqfDmgnwQkxa9UM3XN7jixvO0KTqEaAzjCbS/"
            "Hj3tBYIx1nBivx4RicaPKYEtOowC9Cr1SfkBZcYBAuzGkWhRtKM/"
            "Qu31svmPgSbv28kZWDmm0i86jHF0LVANsn0Kq2aH3l6k8mAa9M0eRSzRx26Hny1hIY0E0XHiR7meZUT6HPYzkzYthFdcpvpR"
            "36S4+"
            "P3v70EFcrkkd9YfpIzZjenbBESv9NK9yWpExDSaboqpSDrMADA690dX9Zl6xo20ISJt5rfaj5WRc5HMgr6/"
            "wBjdW5EIRjuddzUrMK5RuCgsMDpoQPVZUvzDsy7DyI1UOE+"
            "BpgFnL0xpEp0Vk3k5TdbrJonHB30XY10e9Ff91MJiNwiZTFZAswOYMa"
            "v20KETPgttXWCddqCL4NabM1zs2cy/"
            "7W9Pd8wuqHQqO59DuEwgM0JOWWoQlNQMX0UZaE1XzV3J9Isv7Q8kRXrGogNIQxu7YHhmLvBJzYf9dTNYaeyF2mA/"
            "+2BfeVhgWdi6NNj5THjLrdggt95ybRBYXB+zSIqm4Os2NMtXoGfH6im4vuKd7F5y32Y34im6CU7UpEF5ejotesiT4akx/"
            "P3NTqoG9+5aloKOGuih/Ensnwf1f5NVHRGGiHRxrzUfKZ9Psyc=";
        CHECK(crypt.encryptWith(hex("f0e0d0c0b0a090807060504030201000"), plain) == encrypt);
        CHECK(crypt.decrypt(encrypt) == plain);
        std::string const body = "{\"encrypt\":\"" + encrypt + "\"}";
        CHECK(body.size() == 762);
        std::string const signature = "488ebc30553efa3816adf863f32b07484be311c5aad425b80b356fb79a0cd971";
        CHECK(crypt.signature("1700000001", "n0nce-d4e5f6", body) == signature);
        CallbackReading const out = read(CallbackRequest(
            "POST", "/feishu",
            {Header("x-lark-request-timestamp", "1700000001"), Header("x-lark-request-nonce", "n0nce-d4e5f6"),
             Header("x-lark-signature", signature)},
            body));
        REQUIRE(out.events.size() == 1);
        CHECK(out.events[0].id == "0f1e2d3c4b5a69788796a5b4c3d2e1f0");
        CHECK(out.events[0].change.members == std::vector<MemberId>{"ou_00000000000000000000000000000001"});
    }
    SECTION("C: the published sample, which is no JSON") {
        FSMessageCrypt const sample{Secret("test key")};
        CHECK(sample.decrypt("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=") == "hello world");
        CHECK(sample.encryptWith(hex("3f7ef0f9564898d80f10ed5106127a46"), "hello world") ==
              "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=");
    }
    SECTION("D: a signature with an empty key") {
        CHECK(FSMessageCrypt{Secret("")}.signature("1700000000", "n", "{\"a\":1}") ==
              "49ce0f54a3a07a69305959e2436feb28a7f606df4002435ff6f1ec20d1b0bee9");
    }
}

TEST_CASE("what Feishu's key does not decrypt is nothing", "[callback]") {
    FSMessageCrypt const crypt{Secret(kEncryptKey)};
    std::string const iv(16, 'i');
    std::string const key = sha256(kEncryptKey);
    auto const raw = [&](std::string const& plain) {
        return base64Encode(iv + aes256CbcEncrypt(key, iv, plain));
    };
    CHECK(crypt.decrypt(raw(std::string(15, 'a') + '\1')) == std::string(15, 'a'));
    CHECK(crypt.decrypt(raw(std::string(16, '\x10'))) == "");
    CHECK_FALSE(crypt.decrypt(raw(std::string(15, 'a') + '\0')).has_value());
    CHECK_FALSE(crypt.decrypt(raw(std::string(15, 'a') + '\x11')).has_value());
    CHECK_FALSE(crypt.decrypt(raw(std::string(14, 'a') + "\1\2")).has_value());
    CHECK_FALSE(crypt.decrypt(base64Encode(iv)).has_value());
    CHECK_FALSE(crypt.decrypt(base64Encode(iv + "abc")).has_value());
    CHECK_FALSE(crypt.decrypt("").has_value());
    CHECK_FALSE(crypt.decrypt("?").has_value());
    for (std::size_t n = 0; n < 50; ++n)
        CHECK(crypt.decrypt(crypt.encrypt(std::string(n, 'x'))) == std::string(n, 'x'));
}

TEST_CASE("Feishu's check of a URL is answered with its challenge, signed or not", "[callback]") {
    char const* const answer = R"({"challenge":"ajls384kdjx98XX"})";
    CHECK(read(fsPlain(kChallenge), plainConfig()).response.body == answer);
    CHECK(read(fsPost(kChallenge)).response.body == answer);
    CallbackRequest unsigned_ = fsPost(kChallenge);
    unsigned_.headers.clear();
    CallbackReading const out = read(unsigned_);
    CHECK(out.response.status == 200);
    CHECK(out.response.body == answer);
    CHECK(out.events.empty());
    // The token must be right in each.
    char const* const other = R"({"challenge":"c","token":"another","type":"url_verification"})";
    CHECK(read(fsPlain(other), plainConfig()).response.status == 403);
    CHECK(read(fsPost(other)).response.status == 403);
    CHECK(read(fsPlain(R"({"challenge":"c","type":"url_verification"})"), plainConfig()).response.status ==
          403);
}

TEST_CASE("Feishu's events name people by the id that the corp goes by", "[callback]") {
    std::string const object =
        R"({"object":{"open_id":"ou_4","union_id":"on_4","user_id":"u4","name":"赵六","department_ids":["od-b"]},)"
        R"("old_object":{"department_ids":["od-a"],"open_id":"ou_4"}})";
    CorpConfig byUser = fsConfig();
    byUser.business["userIdType"] = "user_id";
    CorpConfig byUnion = fsConfig();
    byUnion.business["userIdType"] = "union_id";
    for (char const* type :
         {"contact.user.created_v3", "contact.user.updated_v3", "contact.user.deleted_v3"}) {
        CallbackEvent const e = eventIn(fsJson(type, object));
        CHECK(e.type == type);
        CHECK(e.time == TimePoint(Duration(1'700'000'000'123)));
        CHECK(e.change.members == std::vector<MemberId>{"ou_4"});
        CHECK(e.change.renames.empty());
        CHECK_FALSE(e.change.unnamed);
        CHECK(eventIn(fsJson(type, object), byUser).change.members == std::vector<MemberId>{"u4"});
        CHECK(eventIn(fsJson(type, object), byUnion).change.members == std::vector<MemberId>{"on_4"});
    }
    // A permission that is missing takes the id from the event.
    CallbackEvent const bare =
        eventIn(fsJson("contact.user.updated_v3", R"({"object":{"open_id":"ou_4"}})"), byUser);
    CHECK(bare.change.members.empty());
    CHECK(bare.change.unnamed);
    // Somebody's user_id was changed in the console.
    CallbackEvent const renamed = eventIn(
        fsJson(
            "contact.user.updated_v3",
            R"({"object":{"open_id":"ou_4","user_id":"new"},"old_object":{"open_id":"ou_4","user_id":"old"}})"),
        byUser);
    REQUIRE(renamed.change.renames.size() == 1);
    CHECK(renamed.change.renames[0].first == "old");
    CHECK(renamed.change.renames[0].second == "new");
    CHECK(renamed.change.members == std::vector<MemberId>{"new", "old"});
}

TEST_CASE("Feishu's departments and range", "[callback]") {
    std::string const object =
        R"({"object":{"name":"Tools","department_id":"rd-2","open_department_id":"od-d","order":300},)"
        R"("old_object":{"department_id":"rd-1","open_department_id":"od-d"}})";
    CorpConfig byDept = fsConfig();
    byDept.business["departmentIdType"] = "department_id";
    CHECK(eventIn(fsJson("contact.department.updated_v3", object)).change.depts ==
          std::vector<DeptId>{"od-d"});
    CHECK(eventIn(fsJson("contact.department.updated_v3", object), byDept).change.depts ==
          std::vector<DeptId>{"rd-2", "rd-1"});
    CHECK(eventIn(fsJson("contact.department.deleted_v3", R"({"object":{}})")).change.unnamed);
    CHECK(
        eventIn(fsJson("contact.scope.updated_v3", R"({"added":{"users":[]},"removed":{}})")).change.unnamed);
    CHECK(eventIn(fsJson("contact.employee_type_enum.created_v3", "{}")).change.empty());
    CHECK(eventIn(fsJson("im.message.receive_v1", R"({"object":{"open_id":"ou_4"}})")).change.empty());
    // Microseconds, as one page has it.
    std::string json = fsJson("contact.scope.updated_v3", "{}");
    json.replace(json.find("1700000000123"), 13, "1700000000123456");
    CHECK(eventIn(json).time == TimePoint(Duration(1'700'000'000'123)));
}

TEST_CASE("Feishu's first form of events", "[callback]") {
    auto const json = [](std::string const& type, std::string const& rest) {
        return R"({"ts":"1502199207.7171419","uuid":"u-1","token":"v-Tok3nV3rifyExample0000000000","type":"event_callback","event":{"type":")" +
               type + R"(","app_id":"cli_a1b2c3d4e5f6a7b8",)" + rest + "}}";
    };
    CallbackEvent const user = eventIn(json("user_update", R"("open_id":"ou_4","employee_id":"u4")"));
    CHECK(user.id == "u-1");
    CHECK(user.type == "user_update");
    CHECK(user.time == TimePoint(Duration(1'502'199'207'000)));
    CHECK(user.change.members == std::vector<MemberId>{"ou_4"});
    CorpConfig byUser = fsConfig();
    byUser.business["userIdType"] = "user_id";
    CHECK(eventIn(json("user_leave", R"("open_id":"ou_4","employee_id":"u4")"), byUser).change.members ==
          std::vector<MemberId>{"u4"});
    CHECK(eventIn(json("dept_update", R"("open_department_id":"od-d")")).change.depts ==
          std::vector<DeptId>{"od-d"});
    CHECK(eventIn(json("contact_scope_change", R"("x":1)")).change.unnamed);
    CHECK(eventIn(json("message", R"("open_id":"ou_4")")).change.empty());
}

TEST_CASE("every single bit of an encrypted callback of Feishu counts", "[callback]") {
    FSCallbacks const dialect(fsConfig());
    CallbackRequest const valid =
        fsPost(fsJson("contact.user.updated_v3", R"({"object":{"open_id":"ou_4"}})"));
    REQUIRE_FALSE(dialect.read(valid, kThen).refused());
    forEachBit(valid, [&](CallbackRequest const& changed, std::string const& where) {
        CallbackReading const out = dialect.read(changed, kThen);
        if (out.refused() && out.events.empty() && out.response.status >= 400) return;
        FAIL_CHECK(where);
    });
    // Of an unsigned check no bit makes an event.
    CallbackRequest check = fsPost(kChallenge);
    check.headers.clear();
    forEachBit(check, [&](CallbackRequest const& changed, std::string const& where) {
        if (!dialect.read(changed, kThen).events.empty()) FAIL_CHECK(where);
    });
}

TEST_CASE("a request to Feishu's URL that is none is refused, and what is wrong inside looks alike",
          "[callback]") {
    std::string const json = fsJson("contact.scope.updated_v3", "{}");
    CallbackRequest const good = fsPost(json);
    auto const with = [&good](auto const& change) {
        CallbackRequest q = good;
        change(q);
        CallbackReading out = read(q);
        CHECK(out.refused());
        CHECK(out.events.empty());
        return out.response;
    };
    CHECK(with([](CallbackRequest& q) { q.method = "GET"; }).status == 405);
    CHECK(with([](CallbackRequest& q) { q.body.assign(kMostCallbackBytes + 1, ' '); }).status == 413);
    CHECK(with([](CallbackRequest& q) { q.body = ""; }).status == 400);
    CHECK(with([](CallbackRequest& q) { q.body = "[]"; }).status == 400);

    FSMessageCrypt const crypt{Secret(kEncryptKey)};
    auto const unsigned_ = [&](std::string const& encrypted) {
        return [body = "{\"encrypt\":\"" + encrypted + "\"}"](CallbackRequest& q) { q.body = body; };
    };
    // Wrong padding, no JSON, no challenge, a wrong token: one answer and one reason.
    std::string damaged = crypt.encrypt(json);
    damaged[damaged.size() - 5] = damaged[damaged.size() - 5] == 'A' ? 'B' : 'A';
    std::vector<CallbackResponse> const alike{
        with(unsigned_(damaged)),
        with(unsigned_("AAAA")),
        with(unsigned_(crypt.encrypt("no json"))),
        with(unsigned_(crypt.encrypt(json))),
        with(unsigned_(crypt.encrypt(R"({"type":"url_verification","token":"x"})"))),
        with([](CallbackRequest& q) { q.headers.clear(); }),
        with([&](CallbackRequest& q) {
            q = fsPost(fsJson("contact.scope.updated_v3", "{}", "e", "another"));
        }),
        with([&](CallbackRequest& q) { q = fsPost("[]"); }),
    };
    for (CallbackResponse const& out : alike) {
        CHECK(out.status == 403);
        CHECK(out.body == alike.front().body);
    }
    // With an Encrypt Key a plain request is none, whatever token it knows.
    CHECK(read(fsPlain(json)).response.status == 403);
    CHECK(read(fsPlain(kChallenge)).response.status == 403);
    // Another application's.
    std::string other = json;
    other.replace(other.find("cli_a1b2"), 8, "cli_zzzz");
    CHECK(read(fsPost(other)).response.status == 403);
}

TEST_CASE("without an Encrypt Key the token of a callback of Feishu decides", "[callback]") {
    CallbackReading const out =
        read(fsPlain(fsJson("contact.user.created_v3", R"({"object":{"open_id":"ou_4"}})")), plainConfig());
    REQUIRE(out.events.size() == 1);
    CHECK(out.events[0].change.members == std::vector<MemberId>{"ou_4"});
    CHECK(read(fsPlain(fsJson("contact.user.created_v3", "{}", "e", "another")), plainConfig())
              .response.status == 403);
    CHECK(read(fsPlain(fsJson("contact.user.created_v3", "{}", "e", "")), plainConfig()).response.status ==
          403);
    CHECK(read(fsPost(fsJson("contact.user.created_v3", "{}")), plainConfig()).response.status == 403);
}

TEST_CASE("Feishu's timestamp is looked at where windowSeconds says so", "[callback]") {
    CallbackRequest const q = fsPost(fsJson("contact.scope.updated_v3", "{}"));
    TimePoint const late = kThen + std::chrono::hours(7);
    CHECK_FALSE(read(q, fsConfig(), late).refused());  // a retry, perhaps signed long ago
    CHECK(read(q, withCallbackKey(fsConfig(), "windowSeconds", 300), late).response.status == 403);
    CHECK_FALSE(read(q, withCallbackKey(fsConfig(), "windowSeconds", 300)).refused());
}

TEST_CASE("a missing key of Feishu's callbacks is named", "[callback]") {
    CorpConfig without = fsConfig();
    without.business.erase("callback");
    CHECK_THROWS_AS(FSCallbacks(without), Error);
    CHECK_THROWS_AS(FSCallbacks(withCallbackKey(fsConfig(), "verificationToken", "")), Error);
    CHECK_THROWS_AS(FSCallbacks(withCallbackKey(fsConfig(), "encryptKey", "")), Error);
}

}  // namespace callback_fs_callbacks_test
