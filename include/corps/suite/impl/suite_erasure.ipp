// What was mirrored of an enterprise, erased after it has withdrawn.
#pragma once

#include <corps/client/qywx_proxy_client.hpp>
#include <corps/error/error.hpp>
#include <corps/suite/suite_core.hpp>
#include <corps/sync/corp_core.hpp>
#include <corps/sync/detail/tables.hpp>
#include <corps/sync/erasure.hpp>
#include <corps/sync/mirror_identity.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <utility>

namespace corps {

CORPS_DECL std::size_t SuiteCore::eraseMirrored(std::string_view corpId) {
    SuiteCorp const corp = book_.find(corpId).value_or(SuiteCorp());
    std::vector<std::string> names;
    std::vector<TableSchema const*> all = engineTables();
    for (TableSchema const* t : tables_.all()) all.push_back(t);
    store_->open(all);
    store_->read([&](RowAccess& rows) {
        std::set<std::string> seen;
        rows.forEach(detail::stateTable(), 0, {},
                     [&](std::span<Cell const> row) { seen.emplace(row[0].bytes()); });
        for (std::string const& name : seen) {
            detail::StateValues values(rows, name);
            MirrorIdentity const who =
                MirrorIdentity::unpack(values.bytes(detail::kIdentity).value_or(std::string()));
            std::string const enterprise = values.bytes(detail::kUpstreamCorp).value_or(std::string());
            bool const ours = who.platform == QywxProxyClient::kPlatform && who.appId == config_.suiteId &&
                              (enterprise == corpId || corp.isCalled(enterprise));
            if (ours) names.push_back(name);
        }
    });
    for (std::string const& name : names) {
        CorpCore core(CorpConfig(name, name), context_, store_, tables_);
        corps::eraseCorp(core);
    }
    return names.size();
}

CORPS_DECL void SuiteCore::scheduleErasure() {
    if (!options_.eraseAfter) return;
    std::optional<std::int64_t> next;
    std::int64_t const time = now();
    for (SuiteCorp const& c : book_.corps()) {
        if (c.status != SuiteCorpState::cancelled || c.erasedAt != 0) continue;
        std::int64_t const due = c.cancelledAt + options_.eraseAfter->count();
        if (due > time) {
            next = std::min(next.value_or(due), due);
            continue;
        }
        try {
            eraseMirrored(c.corpId);
            book_.change(c.corpId, [&](SuiteCorp& row) { row.erasedAt = std::max<std::int64_t>(time, 1); });
            tellOf(SuiteEventKind::erased, c.corpId);
        } catch (Error const& e) {
            context_.log(LogLevel::warning, named(e).what());  // a sync of it runs: again in a minute
            next = std::min(next.value_or(time + 60'000), time + 60'000);
        }
    }
    if (!next) return;
    asio::co_spawn(context_.executor(),
                   later(weak_from_this(), Duration(std::max<std::int64_t>(*next - time, 1)), true),
                   asio::detached);
}

}  // namespace corps
