// What stands on the command line.
#pragma once

#include <corps/model/field.hpp>
#include <corps/model/ids.hpp>
#include <corps/model/member_status.hpp>
#include <corps/sync/options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corpctl {

/** Something is wrong with the command line. */
class UsageError : public std::runtime_error {
public:
    /** @param about the command whose usage helps; empty: all of them. */
    explicit UsageError(std::string const& what, std::string about = {})
        : std::runtime_error(what), about_(std::move(about)) {}
    [[nodiscard]] std::string const& about() const noexcept { return about_; }

private:
    std::string about_;
};

/** How watch does it. */
struct WatchOptions {
    std::chrono::seconds interval{3600};
    std::chrono::seconds settle{5};
    std::chrono::seconds distance{60};
    std::size_t parallel = 4;
    std::optional<std::pair<std::string, std::uint16_t>> listen{};  ///< host and port
};

struct Arguments {
    std::string app;
    std::string store;
    std::string caller = "corpctl";  ///< who stands in the change feed
    bool verbose = false;
    std::string command;                                      ///< "sync", "dept create"
    std::vector<std::string> operands;                        ///< of the command, as many as it has
    std::map<std::string, std::string, std::less<>> options;  ///< of the command; a flag's value is empty
    std::string corp;                ///< or auths.Name; empty for a command that takes many
    std::vector<std::string> corps;  ///< of a command that takes many; empty: all there are

    corps::SyncOptions sync;
    WatchOptions watch;
    corps::StatusFilter status = corps::StatusFilter::all;
    corps::Field<corps::Gender> gender{};

    [[nodiscard]] bool has(std::string_view option) const { return options.find(option) != options.end(); }
    /** The first word of the command. */
    [[nodiscard]] std::string family() const { return command.substr(0, command.find(' ')); }
    [[nodiscard]] std::optional<std::string> value(std::string_view option) const {
        auto const it = options.find(option);
        return it == options.end() ? std::nullopt : std::optional<std::string>(it->second);
    }
    [[nodiscard]] std::string const& operand(std::size_t i) const { return operands.at(i); }
};

/** Throws UsageError. */
[[nodiscard]] Arguments parse(int argc, char const* const* argv);

/** How corpctl is used; of one command ("sync", "dept create") or of a family ("dept"), when it is named. */
[[nodiscard]] std::string usage(std::string_view about = {});
[[nodiscard]] bool isCommandOrFamily(std::string_view name);

/** "a,b" as ids; empty parts are none. */
template <class IdType>
[[nodiscard]] std::vector<IdType> splitIds(std::string_view text) {
    std::vector<IdType> out;
    while (!text.empty()) {
        std::size_t const comma = text.find(',');
        std::string_view const id = text.substr(0, comma);
        if (!id.empty()) out.emplace_back(id);
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return out;
}

}  // namespace corpctl
