#pragma once

#include "../../../examples/corpctl/corpctl.hpp"

#include <functional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

/** What one call printed and returned. */
struct Ran {
    int code = 0;
    std::string out, err;
};

/** What it reads and whom it asks. */
struct Input {
    std::string text{};
    bool terminal = false;
    std::function<std::string(std::string const& prompt)> askSecret{};
};

inline Ran run(std::vector<std::string> const& words, Input input = Input()) {
    std::vector<char const*> argv{"corpctl"};
    for (std::string const& w : words) argv.push_back(w.c_str());
    std::ostringstream out, err;
    std::istringstream in(input.text);
    Ran r;
    r.code = corpctlMain(static_cast<int>(argv.size()), argv.data(),
                         Console{out, err, in, input.terminal, std::move(input.askSecret)});
    r.out = out.str();
    r.err = err.str();
    return r;
}

inline bool has(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace
