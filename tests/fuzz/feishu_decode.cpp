// What a Feishu may send. The first byte says what the rest is:
//   d D     one department, named by open_department_id or by department_id
//   o u n   one user in the list of a department, named by open_id, user_id or union_id
//   v       one user in the list of people granted to the application one by one
//   r       one member of a role
//   p P     the answers to a whole pull with the usual ids or the others, in the order of the calls, the last
//   one
//           again and again; between them a line "%%"; each may begin with a line that is its HTTP status
// Refused with Error; or rows with their keys, of the right kinds, that make an organisation file which reads
// back.
#include <corps/client/cutter.hpp>
#include <corps/client/fs_client.hpp>
#include <corps/context/context.hpp>
#include <corps/error/error.hpp>
#include <corps/model/corp_data.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/scripted_transport.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace corps;
using testing::ManualClock;
using testing::ScriptedTransport;

void require(bool fine, char const* what) {
    if (fine) return;
    std::fputs(what, stderr);
    std::fputc('\n', stderr);
    std::abort();
}

constexpr std::string_view kUsualIds =
    R"({"appId":"a","roles":[{"roleId":"r1","name":"R"},{"roleId":"r2"}]})";
constexpr std::string_view kOtherIds =
    R"({"appId":"a","userIdType":"user_id","departmentIdType":"department_id"})";
constexpr std::string_view kUnionIds = R"({"appId":"a","userIdType":"union_id"})";

/** Rows as an organisation. */
class Rows final : public RowSink {
public:
    void row(UpstreamTable table, std::span<Cell const> cells) override {
        bool const pair = table == UpstreamTable::deptLeader || table == UpstreamTable::deptMember ||
                          table == UpstreamTable::roleMember;
        for (Cell const& key : cells.first(pair ? 2 : 1))
            require(key.kind() == CellKind::text && !key.bytes().empty(), "a row without its key");
        if (table == UpstreamTable::dept || table == UpstreamTable::member)
            ids.emplace_back(cells[0].bytes());
        if (table == UpstreamTable::admin && cells.size() > 1) {
            require(cells[1].kind() == CellKind::integer, "an administrator's flag is no number");
            if (cells[1].integer() == 0) return;
        }
        try {
            collector.row(table, cells);
        } catch (Error const& e) {
            require(false, e.what());  // a cell of another kind than its column's
        }
    }

    std::vector<std::string> ids;
    CorpDataCollector collector;
};

/** The key that the engine finds without decoding is the one that decoding gives. */
void checkUnit(FSInnerClient::Api const& api, Unit const& unit, Rows& rows) {
    rows.ids.clear();
    try {
        api.decode(unit, rows);
    } catch (Error const& e) {
        require(e.is(Errc::protocol), "another error than documented");
        return;
    }
    for (std::string const& id : rows.ids)
        require(keyOf(unit.bytes, unit.shape->keyPath) == id, "the key of the unit is not that of its row");
}

/** Takes what a pull finds, and decodes it as the engine does. */
class Sink final : public PageSink {
public:
    explicit Sink(FSInnerClient::Api const& api) : api_(api) {}

    void page(PageShape const& shape, Listing const& listing,
              std::span<std::string_view const> units) override {
        require(!finished_.contains(listing), "a page of a list that had ended");
        for (std::string_view const bytes : units) {
            Unit unit;
            unit.shape = &shape;
            unit.listing = &listing;
            unit.bytes = bytes;
            checkUnit(api_, unit, rows);
        }
    }
    void finish(Listing const& listing, ListingState state, std::optional<std::int64_t> /*count*/) override {
        require(finished_.emplace(listing, state).second, "a list ended twice");
    }
    void row(UpstreamTable table, std::span<Cell const> cells) override { rows.row(table, cells); }

    Rows rows;

private:
    FSInnerClient::Api const& api_;
    std::map<Listing, ListingState> finished_;
};

void checkOrganisation(Rows& rows) {
    std::ostringstream first;
    writeJson(std::move(rows.collector).take(), first);
    std::ostringstream second;
    try {
        writeJson(parseCorpData(first.str()), second);
    } catch (Error const& e) {
        require(false, e.what());
    }
    require(first.str() == second.str(), "the organisation reads back as something else");
}

class Rig {
public:
    explicit Rig(std::string_view config, ScriptedTransport net = ScriptedTransport())
        : wire_(std::move(net)),
          context_(options(loop.get_executor())),
          api(wire_, ClientEnvironment(context_, "corps.Acme", boost::json::parse(config).as_object())) {}

    asio::io_context loop{1};

private:
    static ContextOptions options(asio::any_io_executor executor) {
        ContextOptions out;
        auto const clock = std::make_shared<ManualClock>();
        clock->autoAdvance();
        out.clock = clock;
        out.executor = std::move(executor);
        out.random = [] { return std::uint64_t{0}; };
        return out;
    }

    Wire<ScriptedTransport> wire_;
    Context context_;

public:
    FSInnerClient::Api api;
};

void decodeOne(std::string_view config, std::string_view shape, Listing const& listing,
               std::string_view bytes) {
    // Made once: decoding changes nothing in it.
    static std::map<std::string_view, std::unique_ptr<Rig>> rigs;
    std::unique_ptr<Rig>& rig = rigs[config];
    if (!rig) rig = std::make_unique<Rig>(config);
    Unit unit;
    unit.listing = &listing;
    for (PageShape const& s : FSInnerClient::Api::shapes())
        if (s.name == shape) unit.shape = &s;
    require(unit.shape != nullptr, "a shape has another name now");
    unit.bytes = bytes;
    Rows rows;
    checkUnit(rig->api, unit, rows);
    checkOrganisation(rows);
}

std::vector<Response> answers(std::string_view text) {
    constexpr std::string_view kBetween = "\n%%\n";
    std::vector<Response> out;
    while (true) {
        std::size_t const end = std::min(text.find(kBetween), text.size());
        std::string_view body = text.substr(0, end);
        Response r;
        r.status = 200;
        auto const digit = [&](std::size_t i) { return body[i] >= '0' && body[i] <= '9'; };
        if (body.size() > 3 && digit(0) && digit(1) && digit(2) && body[3] == '\n') {
            r.status = (body[0] - '0') * 100 + (body[1] - '0') * 10 + (body[2] - '0');
            body.remove_prefix(4);
        }
        r.body = std::string(body);
        out.push_back(std::move(r));
        if (end == text.size()) return out;
        text.remove_prefix(end + kBetween.size());
    }
}

void pull(std::string_view config, std::string_view text) {
    auto const script = std::make_shared<std::vector<Response>>(answers(text));
    auto const next = std::make_shared<std::size_t>(0);
    Rig rig(config, ScriptedTransport([script, next](Request const&) {
                Response const& r = (*script)[std::min(*next, script->size() - 1)];
                ++*next;
                return r;
            }));
    Sink sink(rig.api);
    std::exception_ptr failure;
    asio::co_spawn(rig.loop, rig.api.pull(sink, PullOptions()),
                   [&](std::exception_ptr e, PullProof) { failure = std::move(e); });
    rig.loop.run();
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (Error const&) {
        return;
    }
    checkOrganisation(sink.rows);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view const rest(reinterpret_cast<char const*>(data + 1), size - 1);
    Listing const tree{ListingKind::departments, std::string()};
    Listing const dept{ListingKind::deptMembers, "od-1"};
    Listing const visible{ListingKind::visibleMembers, std::string()};
    Listing const role{ListingKind::roleMembers, "r1"};
    switch (data[0]) {
        case 'd': decodeOne(kUsualIds, "feishu.department", tree, rest); break;
        case 'D': decodeOne(kOtherIds, "feishu.department.custom", tree, rest); break;
        case 'o': decodeOne(kUsualIds, "feishu.user.open_id", dept, rest); break;
        case 'u': decodeOne(kOtherIds, "feishu.user.user_id", dept, rest); break;
        case 'n': decodeOne(kUnionIds, "feishu.user.union_id", dept, rest); break;
        case 'v': decodeOne(kUsualIds, "feishu.user.open_id", visible, rest); break;
        case 'r': decodeOne(kUsualIds, "feishu.role_member", role, rest); break;
        case 'p': pull(kUsualIds, rest); break;
        case 'P': pull(kOtherIds, rest); break;
        default: break;
    }
    return 0;
}
