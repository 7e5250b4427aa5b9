// An emulated provider of WeCom with one enterprise behind it, which stands where a platform of one
// organisation does: what the harnesses of graveyards and failing calls want of a server.
#pragma once

#include <corps/config/corp_config.hpp>
#include <corps/emulator/emulator.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace support {

inline constexpr char const* kSuiteSecret = "s3cret-of-the-suite-that-nobody-should-see";
inline constexpr char const* kSuite = "dk0123456789abcdef";

class OneEnterprise {
public:
    /** `corpId`: of the enterprise, where no organisation tells it. */
    struct Options : corps::emulator::WeComProxyOptions {
        Options() {
            suites.emplace_back();
            suites.back().suiteId = kSuite;
            suites.back().suiteSecret = kSuiteSecret;
            behaviour.encryptedIds = false;  // so that people have the names that a test gives them
        }
        std::string corpId = "fire";
    };

    OneEnterprise(Options options, corps::emulator::Organisation organisation)
        : scope_(options.behaviour.scope),
          permissions_(options.behaviour.permissions),
          server(std::move(options), list(organisation)),
          corp(organisation.corpId) {}
    explicit OneEnterprise(Options const& options) : OneEnterprise(options, nobody(options.corpId)) {}

    void setOrganisation(corps::emulator::Organisation o) { server.setOrganisation(corp, std::move(o)); }
    [[nodiscard]] corps::emulator::WeComProxyBehaviour behaviour() const { return server.behaviour(); }
    /** Range and permissions, too, which are the enterprise's to give. */
    void setBehaviour(corps::emulator::WeComProxyBehaviour const& b) {
        server.setBehaviour(b);
        bool const same = scope_.all == b.scope.all && scope_.deptIds == b.scope.deptIds &&
                          scope_.memberIds == b.scope.memberIds && scope_.tagIds == b.scope.tagIds;
        if (!same) server.setRange(corp, b.scope);
        if (permissions_ != b.permissions) server.setPermissions(corp, b.permissions);
        scope_ = b.scope;
        permissions_ = b.permissions;
    }
    void addFault(corps::emulator::Fault f) { server.addFault(std::move(f)); }
    void clearFaults() { server.clearFaults(); }
    [[nodiscard]] corps::emulator::Stats stats() const { return server.stats(); }
    void resetStats() { server.resetStats(); }
    void advanceClock(std::chrono::milliseconds by) { server.advanceClock(by); }
    [[nodiscard]] std::string baseUrl() const { return server.baseUrl(); }

    [[nodiscard]] std::string permanentCode() const { return server.authorisation(corp).permanentCode; }
    /** Business keys of the enterprise's corp, with the code that is good now. */
    [[nodiscard]] boost::json::object keys() const {
        boost::json::object out;
        out["corpId"] = corp;
        out["authFullName"] = "auths.Suite";
        out["permanentCode"] = permanentCode();
        out["baseUrl"] = baseUrl();
        return out;
    }
    /** The element that it names. */
    static std::shared_ptr<corps::CorpConfig const> suite() {
        boost::json::object keys;
        keys["suiteId"] = kSuite;
        keys["suiteSecret"] = kSuiteSecret;
        keys["token"] = "token-of-the-callbacks";
        keys["encodingAESKey"] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
        keys["providerCorpId"] = "wwprovider00000001";
        return std::make_shared<corps::CorpConfig const>("auths.Suite", "Our suite", std::move(keys));
    }
    static corps::CorpConfig complete(corps::CorpConfig config) {
        config.auth = suite();
        return config;
    }

private:
    static std::vector<corps::emulator::Organisation> list(corps::emulator::Organisation o) {
        std::vector<corps::emulator::Organisation> out;
        out.push_back(std::move(o));
        return out;
    }
    static corps::emulator::Organisation nobody(std::string corpId) {
        corps::emulator::Organisation o;
        o.corpId = std::move(corpId);
        o.corpName = "Nobody yet Ltd";
        corps::emulator::Dept root;
        root.deptId = "1";
        root.name = o.corpName;
        o.deptList.push_back(std::move(root));
        return o;
    }
    corps::emulator::WeComContactScope scope_;
    std::vector<std::string> permissions_;

public:
    corps::emulator::WeComProxyServer server;
    std::string corp;
};

}  // namespace support
