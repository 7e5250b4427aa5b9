// A transport of one's own: counts what passes, and serves canned answers where the platform is not to be
// asked.
#include <corps/corps.hpp>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>

namespace {

/** A Transport is a copyable handle with one member. This one answers by itself, as a proxy or a test would.
 */
class CannedFeishu {
public:
    corps::asio::awaitable<corps::Response> send(corps::Request q) {
        ++*calls_;
        corps::Response answer;
        answer.status = 200;
        answer.body = bodyFor(q.url);
        co_return answer;
    }
    [[nodiscard]] unsigned calls() const { return *calls_; }

private:
    static std::string bodyFor(std::string const& url) {
        auto asks = [&url](char const* what) { return url.find(what) != std::string::npos; };
        if (asks("tenant_access_token"))
            return R"({"code":0,"msg":"ok","tenant_access_token":"t-canned","expire":7200})";
        if (asks("tenant/query"))
            return R"({"code":0,"msg":"success","data":{"tenant":{"name":"Canned Ltd","tenant_key":"canned"}}})";
        if (asks("/children"))
            return R"({"code":0,"msg":"success","data":{"has_more":false,"items":[
                {"name":"R&D","parent_department_id":"0","open_department_id":"od-1","order":"1"}]}})";
        if (asks("department_id=od-1"))
            return R"({"code":0,"msg":"success","data":{"has_more":false,"items":[
                {"open_id":"ou-1","union_id":"on-1","name":"Li Lei","department_ids":["od-1"],
                 "status":{"is_resigned":false,"is_activated":true}}]}})";
        return R"({"code":0,"msg":"success","data":{"has_more":false}})";
    }
    std::shared_ptr<std::atomic<unsigned>> calls_ = std::make_shared<std::atomic<unsigned>>(0);
};
static_assert(corps::Transport<CannedFeishu>);

}  // namespace

int main() try {
    boost::json::object keys;
    keys["appId"] = "cli_example";
    keys["appSecret"] = "any";
    CannedFeishu transport;
    corps::FSInnerType<CannedFeishu, corps::MemoryStorage> corp(
        corps::CorpConfig("corps.Canned", "Canned", keys), corps::Context(), transport,
        corps::MemoryStorage());
    corps::SyncReport const report = corp.syncCorp();
    std::fputs(report.toText().c_str(), stdout);
    std::printf("%u calls, %zu members\n", transport.calls(), corp.getMembers().size());
    return corp.getMembers().size() == 1 ? 0 : 1;
} catch (corps::Error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
