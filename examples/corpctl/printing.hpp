// What corpctl writes, and the line that says how far a pull is.
#pragma once

#include <corps/context/context.hpp>
#include <corps/model/records.hpp>

#include <boost/json/fwd.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace corpctl {

/** One line on a terminal that says how far a pull is. */
class ProgressLine {
public:
    explicit ProgressLine(std::ostream& err) : err_(err) {}
    ProgressLine(ProgressLine const&) = delete;
    ProgressLine& operator=(ProgressLine const&) = delete;
    ~ProgressLine() { clear(); }
    void show(corps::Progress const& p);
    void clear();

private:
    using Clock = std::chrono::steady_clock;
    std::ostream& err_;
    std::mutex mutex_;
    Clock::time_point begin_ = Clock::now();
    Clock::time_point last_ = begin_ - std::chrono::seconds(1);
    std::size_t width_ = 0;
};

/** Text of others: without what a terminal would take for commands. */
[[nodiscard]] std::string printable(std::string_view text);

/** Writes the file whole or not at all; "-" is `out`. */
void writeFile(std::string const& name, std::ostream& out, std::function<void(std::ostream&)> const& body);
/** The whole text of a file; "-" is `in`. */
[[nodiscard]] std::string readFile(std::string const& name, std::istream& in);

/** @param members how many stand in each department. @param names of leaders. */
void printTree(std::vector<corps::CorpDept> const& depts, std::map<corps::DeptId, std::size_t> const& members,
               std::map<corps::MemberId, std::string> const& names, std::ostream& out);
/** One line: id, status, name, position, phone, email, with tabs between. */
void printMember(corps::CorpMember const& m, std::ostream& out);
/** An object with one line for each key. */
void printObject(boost::json::object const& object, std::ostream& out);

}  // namespace corpctl
