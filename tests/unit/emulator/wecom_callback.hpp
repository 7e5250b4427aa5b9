#pragma once

#include "unit/emulator/callback_decoding.hpp"
#include "unit/emulator/callback_receiver.hpp"
#include "unit/emulator/people.hpp"

#include <corps/emulator/http_server.hpp>
#include <corps/emulator/organisation.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

/** What WeCom's callbacks to an app of an enterprise and to one of a provider have in common. */
namespace emulator_test::wecom {

inline const std::string kCorp = "ww0123456789abcdef";
inline const std::string kToken = "orgSyncToken01";
inline const std::string kKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** 1: zhao; 2 R&D: lisi leads, zhangsan; 3 QA below it: wangwu. Tag 7: zhangsan. */
inline corps::emulator::Organisation demo(const std::string& corpId = kCorp) {
    corps::emulator::Organisation out;
    out.corpId = corpId;
    out.corpName = "Demo";
    out.deptList = {{"1", "", "Root", 0, {}}, {"2", "1", "R&D", 10, {"lisi"}}, {"3", "2", "QA", 20, {}}};
    out.userList = {person("zhao", {}), person("lisi", {{"2", false, 0, true}}),
                    person("zhangsan", {{"2", false, 0, true}}), person("wangwu", {{"3", false, 0, true}})};
    out.roleList = {{"7", "", "Duty"}};
    out.roleMemberSet = {{"7", "zhangsan"}};
    out.adminIds = {"zhao"};
    return out;
}

/** As a receiver of WeCom must answer. */
inline corps::emulator::HttpReply honest(const corps::emulator::HttpRequest& request) {
    if (request.method == "GET") {
        return replyOf(200, openMessage(kKey, request.parameter("echostr")).message);
    }
    return replyOf(200, "success");
}

/** What a request that brings this ciphertext must be signed with. */
inline std::string signatureOf(const corps::emulator::HttpRequest& request, const std::string& encrypted) {
    return sortedSha1(kToken, request.parameter("timestamp"), request.parameter("nonce"), encrypted);
}

/** An event, its signature and envelope checked, decrypted. */
inline Opened openEvent(const corps::emulator::HttpRequest& request, const std::string& toUserName,
                        const std::string& agentId) {
    CHECK(request.method == "POST");
    CHECK(element(request.body, "ToUserName") == toUserName);
    CHECK(element(request.body, "AgentID") == agentId);
    const std::string encrypted = element(request.body, "Encrypt");
    CHECK(request.parameter("msg_signature") == signatureOf(request, encrypted));
    return openMessage(kKey, encrypted);
}

/** An event of the contacts. @param time in seconds, as text. */
inline std::string contactEvent(const std::string& corp, const std::string& time, const std::string& type,
                                const std::string& rest) {
    return "<xml><ToUserName><![CDATA[" + corp +
           "]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName><CreateTime>" + time +
           "</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event>"
           "<ChangeType>" +
           type + "</ChangeType>" + rest + "</xml>";
}

}  // namespace emulator_test::wecom
