#pragma once

#include <corps/emulator/impl/server_core.hpp>
#include <corps/emulator/server.hpp>

#include <utility>

namespace corps::emulator {

CORPS_DECL Server::Server(std::unique_ptr<detail::Platform> platform) : platform_(std::move(platform)) {}
CORPS_DECL Server::~Server() = default;

CORPS_DECL std::uint16_t Server::port() const noexcept { return platform_->core().port(); }
CORPS_DECL std::string Server::baseUrl() const { return platform_->core().baseUrl(); }

CORPS_DECL void Server::setOrganisation(Organisation organisation) {
    platform_->replaceOrganisation(std::move(organisation));
}

CORPS_DECL Organisation Server::organisation() const {
    const std::lock_guard lock(platform_->core().mutex());
    return platform_->currentOrganisation();
}

CORPS_DECL Stats Server::stats() const { return platform_->core().stats(); }
CORPS_DECL void Server::resetStats() { platform_->core().resetStats(); }
CORPS_DECL void Server::addFault(Fault fault) { platform_->core().addFault(std::move(fault)); }
CORPS_DECL std::vector<Fault> Server::faults() const { return platform_->core().faults(); }
CORPS_DECL void Server::clearFaults() { platform_->core().clearFaults(); }
CORPS_DECL void Server::clearCallbacks() {
    const std::lock_guard lock(platform_->core().mutex());
    platform_->clearCallbacks();
}
CORPS_DECL std::vector<CallbackRecord> Server::callbacks() const {
    return platform_->core().sender().records();
}
CORPS_DECL void Server::forgetCallbacks() { platform_->core().sender().forget(); }
CORPS_DECL bool Server::callbacksIdle() const { return platform_->core().sender().idle(); }
CORPS_DECL bool Server::waitForCallbacks(std::chrono::milliseconds atMost) const {
    return platform_->core().sender().wait(atMost);
}
CORPS_DECL void Server::addCallbackFault(CallbackFault fault) {
    platform_->core().addCallbackFault(std::move(fault));
}
CORPS_DECL std::vector<CallbackFault> Server::callbackFaults() const {
    return platform_->core().callbackFaults();
}
CORPS_DECL void Server::clearCallbackFaults() { platform_->core().clearCallbackFaults(); }
CORPS_DECL void Server::advanceClock(std::chrono::milliseconds by) { platform_->core().advance(by); }
CORPS_DECL void Server::stop() { platform_->core().stop(); }

}  // namespace corps::emulator
