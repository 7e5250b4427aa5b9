#pragma once

#include <corps/emulator/http_server.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace emulator_test {

/** Who gets the events of an emulator: keeps every request, and answers as it is told. */
class Receiver {
public:
    using Answer = std::function<corps::emulator::HttpReply(const corps::emulator::HttpRequest&)>;

    explicit Receiver(Answer answer = {},
                      corps::emulator::HttpServerOptions options = corps::emulator::HttpServerOptions())
        : answer_(std::move(answer)),
          scheme_(options.certificateFile.empty() ? "http" : "https"),
          server_(std::move(options),
                  [this](const corps::emulator::HttpRequest& request) { return take(request); }) {}

    std::string url(const std::string& path = "/callback") const {
        return scheme_ + "://127.0.0.1:" + std::to_string(server_.port()) + path;
    }
    std::vector<corps::emulator::HttpRequest> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    /** What came since the last call of this. */
    std::vector<corps::emulator::HttpRequest> fresh() {
        const std::lock_guard lock(mutex_);
        std::vector<corps::emulator::HttpRequest> out(requests_.begin() + static_cast<std::ptrdiff_t>(read_),
                                                      requests_.end());
        read_ = requests_.size();
        return out;
    }
    void answer(Answer answer) {
        const std::lock_guard lock(mutex_);
        answer_ = std::move(answer);
    }
    /** Nobody listens from now on. */
    void stop() { server_.stop(); }

private:
    corps::emulator::HttpReply take(const corps::emulator::HttpRequest& request) {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        return answer_ ? answer_(request) : corps::emulator::HttpReply{};
    }

    mutable std::mutex mutex_;
    Answer answer_;
    std::vector<corps::emulator::HttpRequest> requests_;
    std::size_t read_ = 0;
    std::string scheme_;
    corps::emulator::HttpServer server_;
};

inline corps::emulator::HttpReply replyOf(int status, std::string body) {
    corps::emulator::HttpReply out;
    out.status = status;
    out.body = std::move(body);
    return out;
}

/** The connection breaks, and nothing was said. */
inline corps::emulator::HttpReply cutOff(const corps::emulator::HttpRequest&) {
    corps::emulator::HttpReply out = replyOf(200, "success");
    out.ending = corps::emulator::HttpReply::Ending::reset;
    out.afterBytes = 0;
    return out;
}

/** An answer after everybody has gone. */
inline corps::emulator::HttpReply tooLate(const corps::emulator::HttpRequest&) {
    corps::emulator::HttpReply out;
    out.delay = std::chrono::hours(1);
    return out;
}

}  // namespace emulator_test
