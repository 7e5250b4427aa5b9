// What a platform may send to a client: one record, or the answers to a whole pull, in the order of the
// calls, the last one again and again; between them a line "%%"; each may begin with a line that is its HTTP
// status. Refused with Error; or rows with their keys, of the right kinds, that make an organisation file
// which reads back.
#pragma once

#include <corps/client/cutter.hpp>
#include <corps/client/pull.hpp>
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

namespace corps::testsupport::fuzz {

using testing::ManualClock;
using testing::ScriptedTransport;

inline void require(bool fine, char const* what) {
    if (fine) return;
    std::fputs(what, stderr);
    std::fputc('\n', stderr);
    std::abort();
}

/** Rows as an organisation. */
class Rows final : public RowSink {
public:
    void row(UpstreamTable table, std::span<Cell const> cells) override {
        // Who leads there was not told: no row of an organisation.
        if (table == UpstreamTable::deptLeader && cells.size() > 2 && cells[2].isNull()) return;
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
template <class Client>
void checkUnit(typename Client::Api const& api, Unit const& unit, Rows& rows) {
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
template <class Client>
class Sink final : public PageSink {
public:
    explicit Sink(typename Client::Api const& api) : api_(api) {}

    void page(PageShape const& shape, Listing const& listing,
              std::span<std::string_view const> units) override {
        require(!finished_.contains(listing), "a page of a list that had ended");
        for (std::string_view const bytes : units) {
            Unit unit;
            unit.shape = &shape;
            unit.listing = &listing;
            unit.bytes = bytes;
            checkUnit<Client>(api_, unit, rows);
        }
    }
    void finish(Listing const& listing, ListingState state, std::optional<std::int64_t> /*count*/) override {
        require(finished_.emplace(listing, state).second, "a list ended twice");
    }
    void row(UpstreamTable table, std::span<Cell const> cells) override { rows.row(table, cells); }

    Rows rows;

private:
    typename Client::Api const& api_;
    std::map<Listing, ListingState> finished_;
};

inline void checkOrganisation(Rows& rows) {
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

template <class Client>
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
    typename Client::Api api;
};

template <class Client>
void decodeOne(std::string_view config, std::string_view shape, Listing const& listing,
               std::string_view bytes) {
    // Made once: decoding changes nothing in it.
    static std::map<std::string_view, std::unique_ptr<Rig<Client>>> rigs;
    std::unique_ptr<Rig<Client>>& rig = rigs[config];
    if (!rig) rig = std::make_unique<Rig<Client>>(config);
    Unit unit;
    unit.listing = &listing;
    for (PageShape const& s : Client::Api::shapes())
        if (s.name == shape) unit.shape = &s;
    require(unit.shape != nullptr, "a shape has another name now");
    unit.bytes = bytes;
    Rows rows;
    checkUnit<Client>(rig->api, unit, rows);
    checkOrganisation(rows);
}

inline std::vector<Response> answers(std::string_view text) {
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

template <class Client>
void pull(std::string_view config, std::string_view text) {
    auto const script = std::make_shared<std::vector<Response>>(answers(text));
    auto const next = std::make_shared<std::size_t>(0);
    Rig<Client> rig(config, ScriptedTransport([script, next](Request const&) {
                        Response const& r = (*script)[std::min(*next, script->size() - 1)];
                        ++*next;
                        return r;
                    }));
    Sink<Client> sink(rig.api);
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

}  // namespace corps::testsupport::fuzz
