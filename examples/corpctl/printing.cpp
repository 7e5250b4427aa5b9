#include "printing.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <ostream>
#include <stdexcept>

namespace corpctl {

void ProgressLine::show(corps::Progress const& p) {
    std::lock_guard<std::mutex> const lock(mutex_);
    Clock::time_point const now = Clock::now();
    if (now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    double const seconds = std::chrono::duration<double>(now - begin_).count();
    std::string line = std::to_string(p.pages) + " pages, " + std::to_string(p.units) + " records";
    if (p.calls > 0) line += ", " + std::to_string(p.calls) + " calls";
    line += ", " +
            std::to_string(static_cast<long>(static_cast<double>(p.pages) / std::max(seconds, 0.001))) +
            " pages/s";
    err_ << '\r' << line << std::string(width_ > line.size() ? width_ - line.size() : 0, ' ') << std::flush;
    width_ = line.size();
}

void ProgressLine::clear() {
    std::lock_guard<std::mutex> const lock(mutex_);
    if (width_ > 0) err_ << '\r' << std::string(width_, ' ') << '\r' << std::flush;
    width_ = 0;
}

std::string printable(std::string_view text) {
    std::string out;
    for (char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    return out;
}

void writeFile(std::string const& name, std::ostream& out, std::function<void(std::ostream&)> const& body) {
    if (name == "-") {
        body(out);
        out << '\n' << std::flush;
        return;
    }
    std::string const part = name + ".part";
    {
        std::ofstream file(part, std::ios::binary | std::ios::trunc);
        if (file) body(file);
        file << '\n';
        file.close();
        if (!file) {
            std::remove(part.c_str());
            throw std::runtime_error("cannot write " + name);
        }
    }
    if (std::rename(part.c_str(), name.c_str()) != 0) {
        std::remove(part.c_str());
        throw std::runtime_error("cannot write " + name);
    }
}

std::string readFile(std::string const& name, std::istream& in) {
    auto const all = [](std::istream& from) {
        return std::string(std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>());
    };
    if (name == "-") return all(in);
    std::ifstream file(name, std::ios::binary);
    std::string out = file ? all(file) : std::string();
    if (!file || file.bad() || file.peek() != std::ifstream::traits_type::eof())
        throw std::runtime_error("cannot read " + name);
    return out;
}

void printTree(std::vector<corps::CorpDept> const& depts, std::map<corps::DeptId, std::size_t> const& members,
               std::map<corps::MemberId, std::string> const& names, std::ostream& out) {
    std::map<corps::DeptId, std::vector<corps::CorpDept const*>> below;
    std::vector<corps::CorpDept const*> open;
    for (corps::CorpDept const& d : depts)
        if (d.path.size() <= 1)
            open.push_back(&d);
        else
            below[d.path[d.path.size() - 2]].push_back(&d);
    for (auto& [id, list] : below)
        std::sort(list.begin(), list.end(), [](corps::CorpDept const* a, corps::CorpDept const* b) {
            bool const first = a->order.known(), second = b->order.known();
            if (first != second) return first;
            if (first && a->order.value() != b->order.value()) return a->order.value() < b->order.value();
            return a->name != b->name ? a->name < b->name : a->deptId < b->deptId;
        });
    std::reverse(open.begin(), open.end());
    while (!open.empty()) {
        corps::CorpDept const& d = *open.back();
        open.pop_back();
        auto const count = members.find(d.deptId);
        out << std::string(2 * (d.path.empty() ? 0 : d.path.size() - 1), ' ') << printable(d.name) << " ["
            << printable(d.deptId.view()) << "] " << (count == members.end() ? 0 : count->second)
            << " members";
        char const* before = ", led by ";
        for (corps::MemberId const& id : d.leaderIds) {
            auto const leader = names.find(id);
            out << before
                << printable(leader == names.end() || leader->second.empty() ? id.str() : leader->second);
            before = ", ";
        }
        out << '\n';
        auto const it = below.find(d.deptId);
        if (it != below.end()) open.insert(open.end(), it->second.rbegin(), it->second.rend());
    }
}

void printMember(corps::CorpMember const& m, std::ostream& out) {
    out << printable(m.memberId.view()) << '\t'
        << (m.status == corps::MemberStatus::active ? "active" : "offline") << '\t' << printable(m.name())
        << '\t' << printable(m.position.valueOr()) << '\t' << printable(m.phone.valueOr()) << '\t'
        << printable(m.email.valueOr()) << '\n';
}

void printObject(boost::json::object const& object, std::ostream& out) {
    char const* before = "{\n  ";
    for (auto const& entry : object) {
        out << before << boost::json::serialize(entry.key()) << ": " << boost::json::serialize(entry.value());
        before = ",\n  ";
    }
    out << "\n}\n";
}

}  // namespace corpctl
