#pragma once

#include <corps/context/logger.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::testing {

/** Keeps what is logged, to be looked at: `options.logger = log.logger();`. A cheap handle; copies share the
 * lines. Any thread. */
class RecordingLogger {
public:
    using Line = std::pair<LogLevel, std::string>;

    [[nodiscard]] Logger logger() const {
        return [state = state_](LogLevel level, std::string_view line) {
            std::lock_guard const lock(state->mutex);
            state->lines.emplace_back(level, line);
        };
    }
    [[nodiscard]] std::vector<Line> lines() const {
        std::lock_guard const lock(state_->mutex);
        return state_->lines;
    }
    /** Whether any line has `text` in it: to prove that a secret does not get out, too. */
    [[nodiscard]] bool contains(std::string_view text) const {
        for (Line const& line : lines()) {
            if (line.second.find(text) != std::string::npos) return true;
        }
        return false;
    }
    [[nodiscard]] std::size_t count(LogLevel level) const {
        std::size_t n = 0;
        for (Line const& line : lines()) n += line.first == level ? 1 : 0;
        return n;
    }

private:
    struct State {
        std::mutex mutex;
        std::vector<Line> lines;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace corps::testing
