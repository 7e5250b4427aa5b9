// An emulated platform in a process of its own, for tests that fork: a process that forks should have no
// threads.
#pragma once

#include <corps/emulator/emulator.hpp>

#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace processes {

namespace emulator = corps::emulator;

enum class Kind { feishu, dingTalk, weCom, proxy };

/** Serves what comes through a pipe, until it ends. */
template <class Server, class Receive, class Send>
void serve(Receive receive, Send send) {
    Server server;
    std::string const url = server.baseUrl();
    for (std::string text = receive(); !text.empty(); text = receive()) {
        server.setOrganisation(emulator::parseOrganisation(text));
        send(url);
    }
}

/** The same for an enterprise of a provider: what it answers are address and permanent code. */
template <class Receive, class Send>
void serveProvider(Receive receive, Send send) {
    std::string text = receive();
    if (text.empty()) return;
    emulator::WeComProxyOptions options;
    options.behaviour.encryptedIds = false;  // the pictures of two stores tell people by their ids
    emulator::Organisation const first = emulator::parseOrganisation(text);
    std::vector<emulator::Organisation> enterprises;
    enterprises.push_back(first);
    emulator::WeComProxyServer server(std::move(options), std::move(enterprises));
    std::string const answer = server.baseUrl() + " " + server.authorisation(first.corpId).permanentCode;
    for (; !text.empty(); text = receive()) {
        server.setOrganisation(emulator::parseOrganisation(text));
        send(answer);
    }
}

/**
 * An emulated platform in a process of its own, so that the process that forks has neither its thread nor its
 * sockets. It ends with this object, or with the pipe.
 */
class Platform {
public:
    Platform(Kind kind, emulator::Organisation const& organisation) {
        int to[2], from[2];
        if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        pid_ = ::fork();
        if (pid_ < 0) throw std::runtime_error("no process");
        if (pid_ == 0) {
            ::close(to[1]);
            ::close(from[0]);
            try {
                auto const in = [&] { return receive(to[0]); };
                auto const out = [&](std::string const& url) { send(from[1], url); };
                switch (kind) {
                    case Kind::feishu: serve<emulator::FeishuServer>(in, out); break;
                    case Kind::dingTalk: serve<emulator::DingTalkServer>(in, out); break;
                    case Kind::weCom: serve<emulator::WeComServer>(in, out); break;
                    case Kind::proxy: serveProvider(in, out); break;
                }
            } catch (...) {
            }
            ::_exit(0);
        }
        ::close(to[0]);
        ::close(from[1]);
        to_ = to[1];
        from_ = from[0];
        url_ = show(organisation);
        if (std::size_t const space = url_.find(' '); space != std::string::npos) {
            code_ = url_.substr(space + 1);
            url_.resize(space);
        }
    }
    Platform(Platform const&) = delete;
    Platform& operator=(Platform const&) = delete;
    ~Platform() {
        ::close(to_);
        ::close(from_);
        ::kill(pid_, SIGKILL);  // a child of a failed round may hold the other end of the pipe
        ::waitpid(pid_, nullptr, 0);
    }

    /** From now on it shows this. */
    std::string show(emulator::Organisation const& organisation) const {
        send(to_, emulator::writeOrganisation(organisation));
        std::string url = receive(from_);
        if (url.empty()) throw std::runtime_error("the platform has gone");
        return url;
    }
    [[nodiscard]] std::string const& baseUrl() const { return url_; }
    /** The permanent code of a provider's enterprise. */
    [[nodiscard]] std::string const& permanentCode() const { return code_; }

private:
    static void send(int to, std::string_view text) {
        std::size_t const size = text.size();
        std::string all(reinterpret_cast<char const*>(&size), sizeof size);
        all += text;
        for (std::size_t done = 0; done < all.size();) {
            ::ssize_t const n = ::write(to, all.data() + done, all.size() - done);
            if (n <= 0) throw std::runtime_error("the pipe is broken");
            done += static_cast<std::size_t>(n);
        }
    }
    /** Empty when the other end has gone. */
    static std::string receive(int from) {
        auto const fill = [from](char* to, std::size_t size) {
            for (std::size_t done = 0; done < size;) {
                ::ssize_t const n = ::read(from, to + done, size - done);
                if (n <= 0) return false;
                done += static_cast<std::size_t>(n);
            }
            return true;
        };
        std::size_t size = 0;
        if (!fill(reinterpret_cast<char*>(&size), sizeof size)) return {};
        std::string text(size, '\0');
        if (!fill(text.data(), size)) return {};
        return text;
    }

    ::pid_t pid_ = -1;
    int to_ = -1;
    int from_ = -1;
    std::string url_;
    std::string code_;
};

}  // namespace processes
