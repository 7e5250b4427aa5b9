#include "terminal.hpp"

#include <cstddef>
#include <stdexcept>
#include <termios.h>
#include <unistd.h>

namespace corpctl {
namespace {

/** Keys come one by one and unseen, until this ends. */
class Unseen {
public:
    Unseen() {
        if (tcgetattr(STDIN_FILENO, &before_) != 0) throw std::runtime_error("standard input is no terminal");
        termios raw = before_;
        // Without signals: who gives up with Ctrl-C gets a terminal back that shows what is typed.
        raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
    }
    Unseen(Unseen const&) = delete;
    Unseen& operator=(Unseen const&) = delete;
    ~Unseen() { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }

private:
    termios before_{};
};

void say(std::string const& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        ssize_t const n = write(STDERR_FILENO, text.data() + done, text.size() - done);
        if (n <= 0) return;
        done += static_cast<std::size_t>(n);
    }
}

/** A character of UTF-8 from the end. */
void eraseLast(std::string& text) {
    while (!text.empty()) {
        bool const inside = (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U;
        text.pop_back();
        if (!inside) return;
    }
}

}  // namespace

std::string askSecret(std::string const& prompt) {
    Unseen const unseen;
    say(prompt);
    std::string out;
    char c = 0;
    while (read(STDIN_FILENO, &c, 1) == 1) {
        switch (c) {
            case '\n':
            case '\r': say("\n"); return out;
            case 0x03:  // Ctrl-C
            case 0x04:  // Ctrl-D
                say("\n");
                throw std::runtime_error("given up");
            case 0x08:
            case 0x7f: eraseLast(out); break;
            case 0x15: out.clear(); break;  // Ctrl-U
            default: out += c;
        }
    }
    say("\n");
    throw std::runtime_error("the terminal is gone");
}

}  // namespace corpctl
