// What every command works with.
#pragma once

#include "arguments.hpp"
#include "corpctl.hpp"
#include "printing.hpp"

#include <corps/model/json.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <istream>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace corpctl {

enum Exit : int { kDone = 0, kFailed = 1, kUsageError = 2, kUnfinished = 3 };

struct Session {
    Arguments const& arguments;
    Console const& console;
    ProgressLine* progress;  ///< null: none is shown

    [[nodiscard]] std::ostream& out() const { return console.out; }
    void clearProgress() const {
        if (progress != nullptr) progress->clear();
    }
    [[nodiscard]] std::string const& operand(std::size_t i) const { return arguments.operand(i); }
    template <class IdType>
    [[nodiscard]] IdType id(std::size_t i) const {
        return IdType(arguments.operand(i));
    }
    /** The ids of an option; empty without it. */
    template <class IdType>
    [[nodiscard]] std::vector<IdType> ids(std::string_view option) const {
        return splitIds<IdType>(arguments.value(option).value_or(std::string()));
    }

    /** A record that was made or changed: its id and name, or all of it with --json. */
    template <class Record, class IdType>
    int show(Record const& record, IdType const& id, std::string_view name) const {
        if (arguments.has("--json"))
            out() << boost::json::serialize(corps::toJson(record)) << '\n';
        else
            line(id, name);
        return kDone;
    }
    template <class IdType>
    void line(IdType const& id, std::string_view name) const {
        out() << printable(id.view()) << '\t' << printable(name) << '\n';
    }

    /** A new password: asked for twice on the terminal, or one line of standard input. */
    [[nodiscard]] std::string newPassword() const {
        std::string out;
        if (console.askSecret) {
            out = console.askSecret("New password: ");
            if (console.askSecret("Once more: ") != out) throw std::runtime_error("the two are not the same");
        } else {
            std::getline(console.in, out);
            if (!out.empty() && out.back() == '\r') out.pop_back();
        }
        if (out.empty()) throw std::runtime_error("a password must not be empty");
        return out;
    }
};

/** What can only be done where the organisation is edited. */
[[noreturn]] inline void refuseMirror(std::string const& corp) {
    throw std::runtime_error(corp + " follows a platform: this is changed there, and a sync brings it here");
}

}  // namespace corpctl
