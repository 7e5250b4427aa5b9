#include "corpctl.hpp"

#include <corps/app.hpp>
#include <corps/corps.hpp>
#include <corps/storage/memory.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/transport/https.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

constexpr std::string_view kUsage =
    R"(usage: corpctl --app DIR --store sqlite:FILE|memory [--verbose] COMMAND corps.Name

  init                        make the root department; sync if the store was never synced
  sync [--dry-run] [--approve DIGEST | --allow-removals] [--json]
                              bring the store in line with the platform
  tree                        departments with their leaders and the number of their members
  members [--status all|active|offline]
  export FILE                 everything held here of active members, as JSON; "-" is standard output
  export --org FILE           the same as an organisation file
  info                        title, type and configuration, without secrets
  admin [--set ID,ID]         administrators; --set replaces those that are set here
  verify                      prove that the store is consistent
  check                       credentials, missing permissions, what the application sees; writes nothing, needs no --store

DIR holds the elements: corps/Name/e.json and corps/Name/Name.json. {{NAME}} in them is taken from the environment.
--verbose logs to standard error. Exit codes: 0 done; 1 failed, nothing written; 2 wrong usage; 3 done, but something was
held or incomplete: the text says which.
)";

class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

enum Exit : int { kDone = 0, kFailed = 1, kUsageError = 2, kUnfinished = 3 };

struct Arguments {
    std::string app;
    std::string store;
    std::string command;
    std::string corp;
    std::string file;  // of export
    bool verbose = false;
    bool json = false;
    bool org = false;
    corps::SyncOptions sync;
    corps::StatusFilter status = corps::StatusFilter::all;
    std::optional<std::vector<corps::MemberId>> admins;
};

std::vector<corps::MemberId> splitIds(std::string_view text) {
    std::vector<corps::MemberId> out;
    while (!text.empty()) {
        std::size_t const comma = text.find(',');
        std::string_view const id = text.substr(0, comma);
        if (!id.empty()) out.emplace_back(id);
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return out;
}

Arguments parse(int argc, char const* const* argv) {
    Arguments a;
    std::vector<std::string> words;    // what is no option
    std::vector<std::string> options;  // of the command
    for (int i = 1; i < argc; ++i) {
        std::string const arg = argv[i];
        auto const value = [&] {
            if (i + 1 >= argc) throw UsageError(arg + " needs a value");
            return std::string(argv[++i]);
        };
        if (arg.size() < 2 || arg[0] != '-') {
            words.push_back(arg);
            continue;
        }
        if (arg == "--app") {
            a.app = value();
        } else if (arg == "--store") {
            a.store = value();
        } else if (arg == "--verbose") {
            a.verbose = true;
        } else {
            options.push_back(arg);
            if (arg == "--dry-run") {
                a.sync.dryRun = true;
            } else if (arg == "--allow-removals") {
                a.sync.allowRemovals = true;
            } else if (arg == "--json") {
                a.json = true;
            } else if (arg == "--org") {
                a.org = true;
            } else if (arg == "--approve") {
                std::optional<corps::RemovalDigest> const digest = corps::RemovalDigest::parse(value());
                if (!digest || digest->empty())
                    throw UsageError("--approve needs a digest of 32 hex digits, as a report prints it");
                a.sync.approve = *digest;
            } else if (arg == "--status") {
                std::optional<corps::StatusFilter> const status = corps::findStatusFilter(value());
                if (!status) throw UsageError("--status needs all, active or offline");
                a.status = *status;
            } else if (arg == "--set") {
                a.admins = splitIds(value());
            } else {
                throw UsageError("there is no option " + arg);
            }
        }
    }

    static std::map<std::string, std::vector<std::string>> const kCommands{
        {"init", {}},          {"sync", {"--dry-run", "--approve", "--allow-removals", "--json"}},
        {"tree", {}},          {"members", {"--status"}},
        {"export", {"--org"}}, {"info", {}},
        {"admin", {"--set"}},  {"verify", {}},
        {"check", {}}};
    if (words.empty()) throw UsageError("a command is missing");
    a.command = words[0];
    auto const command = kCommands.find(a.command);
    if (command == kCommands.end()) throw UsageError("there is no command " + a.command);
    for (std::string const& option : options)
        if (std::find(command->second.begin(), command->second.end(), option) == command->second.end())
            throw UsageError(option + " is no option of " + a.command);
    if (a.sync.allowRemovals && !a.sync.approve.empty())
        throw UsageError("either --approve or --allow-removals");
    bool const file = a.command == "export";
    if (file && words.size() > 1) a.file = words[1];
    std::size_t const expected = file ? 3 : 2;
    if (words.size() < expected)
        throw UsageError(a.command + (file ? " needs a file and the name of a corp"
                                           : " needs the name of a corp: corps.Name"));
    if (words.size() > expected) throw UsageError("too many arguments: " + words[expected]);
    a.corp = words.back();
    if (a.corp.rfind("corps.", 0) != 0 || a.corp.size() == 6)
        throw UsageError("the name of a corp reads corps.Name, not " + a.corp);
    if (a.app.empty()) throw UsageError("--app DIR is missing");
    if (a.command == "check") return a;  // keeps nothing
    if (a.store.empty()) throw UsageError("--store is missing: sqlite:FILE or memory");
    if (a.store.rfind("postgres:", 0) == 0)
        throw UsageError("postgres: is no storage of this version; sqlite:FILE or memory");
    if (a.store != "memory" && (a.store.rfind("sqlite:", 0) != 0 || a.store.size() == 7))
        throw UsageError("--store needs sqlite:FILE or memory");
    return a;
}

/** One line on a terminal that says how far a pull is. */
class ProgressLine {
public:
    explicit ProgressLine(std::ostream& err) : err_(err) {}
    ~ProgressLine() { clear(); }
    void show(corps::Progress const& p) {
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
        err_ << '\r' << line << std::string(width_ > line.size() ? width_ - line.size() : 0, ' ')
             << std::flush;
        width_ = line.size();
    }
    void clear() {
        std::lock_guard<std::mutex> const lock(mutex_);
        if (width_ > 0) err_ << '\r' << std::string(width_, ' ') << '\r' << std::flush;
        width_ = 0;
    }

private:
    using Clock = std::chrono::steady_clock;
    std::ostream& err_;
    std::mutex mutex_;
    Clock::time_point begin_ = Clock::now();
    Clock::time_point last_ = begin_ - std::chrono::seconds(1);
    std::size_t width_ = 0;
};

/** Text of others: without what a terminal would take for commands. */
std::string printable(std::string_view text) {
    std::string out;
    for (char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    return out;
}

/** Writes the file whole or not at all; "-" is `out`. */
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

/** What is held here, as what an upstream would hold. */
template <class Corp>
corps::CorpData organisationOf(Corp const& corp) {
    corps::LocalCorpData const local = corp.getLocalCorpData();
    corps::CorpData out;
    out.corpId = corp.fullName();
    out.corpName = local.deptList.empty() ? corp.title() : local.deptList.front().name;
    out.userList = local.userList;
    out.deptList = local.deptList;
    out.deptMemberList = local.deptMemberList;
    out.roleList = local.roleList;
    out.roleGroupList = local.roleGroupList;
    out.roleMemberSet = local.roleMemberSet;
    out.adminIds = corp.getAdmin();
    for (corps::CorpDept const& dept : local.deptList) {
        std::int64_t rank = 0;
        for (corps::MemberId const& id : dept.leaderIds)
            out.deptLeaderList.push_back({dept.deptId, id, corps::LeaderSource::departmentList, rank++});
    }
    out.normalise();
    return out;
}

void printTree(std::vector<corps::CorpDept> const& depts, std::map<corps::DeptId, std::size_t> const& members,
               std::map<corps::MemberId, std::string> const& leaders, std::ostream& out) {
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
            auto const leader = leaders.find(id);
            out << before
                << printable(leader == leaders.end() || leader->second.empty() ? id.str() : leader->second);
            before = ", ";
        }
        out << '\n';
        auto const it = below.find(d.deptId);
        if (it != below.end()) open.insert(open.end(), it->second.rbegin(), it->second.rend());
    }
}

/** The commands, on a corp of any type. */
template <class Corp>
class Commands {
public:
    Commands(Corp& corp, Arguments const& arguments, std::ostream& out, ProgressLine* progress)
        : corp_(corp), a_(arguments), out_(out), progress_(progress) {}

    int run() {
        if (a_.command == "init") return init();
        if (a_.command == "sync") return sync();
        if (a_.command == "tree") return tree();
        if (a_.command == "members") return members();
        if (a_.command == "export") return exportData();
        if (a_.command == "info") return info();
        if (a_.command == "admin") return admin();
        if (a_.command == "verify") return verify();
        return check();
    }

private:
    static constexpr bool kMirrors = Corp::Sync::kFollowsUpstream;

    void clearProgress() {
        if (progress_ != nullptr) progress_->clear();
    }

    int init() {
        corp_.initCorp();
        clearProgress();
        std::size_t active = 0;
        corp_.forEachMember([&active](corps::CorpMember const&) { ++active; }, corps::StatusFilter::active);
        out_ << corp_.fullName() << ": initialised, " << corp_.getDepts().size() << " departments, " << active
             << " active members\n";
        return kDone;
    }

    int sync() {
        if constexpr (kMirrors) {
            corps::SyncReport const report = corp_.syncCorp(a_.sync);
            clearProgress();
            out_ << (a_.json ? report.toJson() + "\n" : report.toText());
            bool const whole =
                report.outcome == corps::SyncOutcome::done || report.outcome == corps::SyncOutcome::unchanged;
            return whole ? kDone : kUnfinished;
        } else {
            throw std::runtime_error(corp_.fullName() + " is edited here; there is nothing to sync it with");
        }
    }

    int tree() {
        std::vector<corps::CorpDept> const depts = corp_.getDepts();
        corps::LocalCorpData const data = corp_.getLocalCorpData();
        std::map<corps::DeptId, std::size_t> count;
        for (corps::CorpDeptMember const& m : data.deptMemberList) ++count[m.deptId];
        std::map<corps::MemberId, std::string> leaders;
        for (corps::CorpMember const& m : data.userList) leaders.emplace(m.memberId, m.name());
        printTree(depts, count, leaders, out_);
        return kDone;
    }

    int members() {
        corp_.forEachMember(
            [this](corps::CorpMember const& m) {
                out_ << printable(m.memberId.view()) << '\t'
                     << (m.status == corps::MemberStatus::active ? "active" : "offline") << '\t'
                     << printable(m.name()) << '\t' << printable(m.position.valueOr()) << '\t'
                     << printable(m.phone.valueOr()) << '\t' << printable(m.email.valueOr()) << '\n';
            },
            a_.status);
        return kDone;
    }

    int exportData() {
        writeFile(a_.file, out_, [this](std::ostream& file) {
            if (a_.org)
                corps::writeJson(organisationOf(corp_), file);
            else
                corps::writeJson(corp_.getLocalCorpData(), file);
        });
        return kDone;
    }

    int info() {
        boost::json::object const info = corp_.getCorpInfo();
        char const* before = "{\n  ";
        for (auto const& entry : info) {
            out_ << before << boost::json::serialize(entry.key()) << ": "
                 << boost::json::serialize(entry.value());
            before = ",\n  ";
        }
        out_ << "\n}\n";
        return kDone;
    }

    int admin() {
        if (a_.admins) corp_.as("corpctl").setAdmin(*a_.admins);
        for (corps::MemberId const& id : corp_.getAdmin())
            out_ << printable(id.view()) << '\t' << printable(corp_.getMember(id).name()) << '\n';
        return kDone;
    }

    int verify() {
        corps::VerifyReport const report = corp_.verifyCorp();
        out_ << corp_.fullName()
             << (report.ok ? ": the store is consistent\n"
                           : ": the store is not consistent; the next sync reads everything anew\n");
        for (std::string const& problem : report.problems) out_ << "  " << printable(problem) << '\n';
        return report.ok ? kDone : kFailed;
    }

    int check() {
        if constexpr (kMirrors) {
            corps::CorpData const data = corp_.getThirdCorpData();
            clearProgress();
            corps::CorpDataProof const& proof = data.proof;
            out_ << corp_.fullName() << ": the credentials are good\n";
            out_ << "  enterprise: "
                 << printable(data.corpName.empty() ? "(its name may not be read)" : data.corpName);
            if (!data.corpId.empty()) out_ << " [" << printable(data.corpId) << "]";
            out_ << "\n  sees: "
                 << (proof.fullScope ? "the whole organisation" : "a part of the organisation") << ", "
                 << data.deptList.size() << " departments, " << data.userList.size() << " members, "
                 << data.roleList.size() << " roles\n";
            if (!proof.fullScope)
                for (corps::DeptId const& id : proof.visibleRoots)
                    out_ << "    department " << printable(id.view()) << " and below\n";
            for (std::string const& p : proof.missingPermissions)
                out_ << "  missing permission: " << printable(p) << '\n';
            for (corps::CorpDataFault const& f : proof.faults)
                out_ << "  could not read " << printable(f.place) << ": " << printable(f.message) << '\n';
            return proof.missingPermissions.empty() && proof.faults.empty() ? kDone : kUnfinished;
        } else {
            out_ << corp_.fullName() << ": edited here; there are no credentials to check\n";
            return kDone;
        }
    }

    Corp& corp_;
    Arguments const& a_;
    std::ostream& out_;
    ProgressLine* progress_;
};

template <class Storage>
int runOn(Storage storage, Arguments const& a, corps::Context context, std::ostream& out,
          ProgressLine* progress) {
    corps::AppOptions options;
    options.init = false;  // `init` does it itself
    corps::App<corps::FSInnerType<corps::HttpsTransport, Storage>, corps::NormalType<Storage>> app(
        corps::directoryFiles(a.app), std::move(context), std::move(options), corps::HttpsTransport(),
        std::move(storage));
    return app.visit(a.corp, [&](auto& corp) {
        return Commands<std::remove_reference_t<decltype(corp)>>(corp, a, out, progress).run();
    });
}

int run(Arguments const& a, std::ostream& out, std::ostream& err, bool terminal) {
    std::unique_ptr<ProgressLine> progress;
    if (terminal && !a.verbose) progress = std::make_unique<ProgressLine>(err);
    std::mutex logging;
    corps::ContextOptions options;
    if (progress != nullptr)
        options.progress = [line = progress.get()](corps::Progress const& p) { line->show(p); };
    if (a.verbose)
        options.logger = [&](corps::LogLevel, std::string_view line) {
            std::lock_guard<std::mutex> const lock(logging);
            err << printable(line) << std::endl;
        };
    corps::Context const context(std::move(options));
    if (a.command == "check" || a.store == "memory")
        return runOn(corps::MemoryStorage(), a, context, out, progress.get());
    return runOn(corps::SqliteStorage(a.store.substr(7)), a, context, out, progress.get());
}

}  // namespace

int corpctlMain(int argc, char const* const* argv, std::ostream& out, std::ostream& err, bool terminal) {
    for (int i = 1; i < argc; ++i) {
        std::string_view const arg = argv[i];
        if (arg == "--help" || arg == "-h") {
            out << kUsage;
            return kDone;
        }
        if (arg == "--version") {
            out << "corpctl " CORPS_VERSION_STRING "\n";
            return kDone;
        }
    }
    try {
        Arguments const arguments = parse(argc, argv);
        int const code = run(arguments, out, err, terminal);
        out.flush();
        return code;
    } catch (UsageError const& e) {
        err << "corpctl: " << e.what() << "\n\n" << kUsage;
        return kUsageError;
    } catch (corps::Error const& e) {
        err << "corpctl: " << printable(e.what()) << '\n';
        if (!e.diagnostics().upstreamMessage.empty())
            err << "  the platform says: " << printable(e.diagnostics().upstreamMessage) << '\n';
        return kFailed;
    } catch (std::exception const& e) {
        err << "corpctl: " << e.what() << '\n';
        return kFailed;
    }
}
