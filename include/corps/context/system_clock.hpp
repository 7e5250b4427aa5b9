#pragma once

#include <corps/context/clock.hpp>
#include <corps/detail/config.hpp>

namespace corps {

/** The clock of the operating system; what a Context uses when none is given. No state. */
class SystemClock final : public Clock {
public:
    [[nodiscard]] CORPS_DECL TimePoint now() const override;
    [[nodiscard]] CORPS_DECL Duration uptime() const override;
    [[nodiscard]] CORPS_DECL asio::awaitable<void> sleep(Duration d) override;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/context/impl/system_clock.ipp>
#endif
