#include "arguments.hpp"

#include <corps/sync/plan.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <system_error>

namespace corpctl {
namespace {

struct Option {
    std::string_view name;
    std::string_view value{};  ///< what stands for its value in the usage; empty: a flag
};

/** What a command is about, named after its operands. */
enum class About { corp, corps, suite };

struct Command {
    std::string_view name;
    std::vector<std::string_view> operands;  ///< before the corp
    std::vector<Option> options;
    std::string_view help;
    About about = About::corp;
};

std::vector<Command> const& commands() {
    static std::vector<Command> const all{
        {"init",
         {},
         {},
         "make the root department, and the first member if the business file has one; sync if the store was "
         "never synced"},
        {"sync",
         {},
         {{"--dry-run"}, {"--approve", "DIGEST"}, {"--allow-removals"}, {"--migrate"}, {"--json"}},
         "bring the store in line with the platform; --approve lets the held removals of that digest go, "
         "--allow-removals all of them; --migrate once when the application or the id types of the business "
         "file have changed"},
        {"watch",
         {},
         {{"--interval", "SECONDS"},
          {"--listen", "HOST:PORT"},
          {"--settle", "SECONDS"},
          {"--distance", "SECONDS"},
          {"--parallel", "N"}},
         "sync the corps and suites that are named, or all, every --interval (3600), and, with --listen, "
         "sooner when "
         "their "
         "platforms call back: --settle (5) after the first change, at least --distance (60) after the last "
         "sync; "
         "at most --parallel (4) at once; until SIGTERM or SIGINT. SIGUSR1 prints how they stand",
         About::corps},
        {"authorize",
         {"CODE"},
         {},
         "exchange the authorisation code that an enterprise's authorisation of a suite brought, where no "
         "callback can bring it; CORPS_SUITE_TICKET in the environment is the suite's ticket, unless the "
         "store has a newer one; prints the enterprise's id and name, and as which corp `watch` runs it",
         About::suite},
        {"check",
         {},
         {},
         "credentials, missing permissions, what the application sees; writes nothing, needs no --store"},
        {"tree", {}, {}, "departments with their leaders and the number of their members"},
        {"members", {}, {{"--status", "all|active|offline"}}, "members, one a line"},
        {"info", {}, {}, "title, type and configuration, without secrets"},
        {"admin", {}, {{"--set", "MEMBER,..."}}, "administrators; --set replaces those that are set here"},
        {"verify", {}, {}, "prove that the store is consistent"},
        {"export",
         {"FILE"},
         {{"--org"}},
         "everything held here of active members, as JSON; with --org, as an organisation file; \"-\" is "
         "standard output"},
        {"import",
         {"FILE"},
         {{"--json"}},
         "bring what an organisation file names into a corp that is edited here: all of it or nothing; "
         "whoever and whatever it does not name stays; \"-\" is standard input"},
        {"dept create",
         {"NAME"},
         {{"--parent", "DEPT"}, {"--id", "DEPT"}, {"--json"}},
         "make a department below the root, or below --parent; prints its id and name"},
        {"dept rename", {"DEPT", "NAME"}, {{"--json"}}, "give a department another name"},
        {"dept move",
         {"DEPT", "PARENT"},
         {{"--json"}},
         "put a department, with all below it, below another one"},
        {"dept delete", {"DEPT"}, {}, "delete a department that has no departments and no active members"},
        {"dept leaders",
         {"DEPT"},
         {{"--set", "MEMBER,..."}},
         "who leads a department, the main leader first; --set replaces them"},
        {"member show", {"MEMBER"}, {}, "everything about a member, as JSON"},
        {"member add",
         {"NICK"},
         {{"--dept", "DEPT,..."},
          {"--role", "ROLE,..."},
          {"--phone", "PHONE"},
          {"--username", "NAME"},
          {"--ask-password"},
          {"--id", "MEMBER"},
          {"--user", "USER"},
          {"--json"}},
         "add a member to these departments, or to the root; the first is the main one; prints id and nick; "
         "--ask-password as in passwd"},
        {"member update",
         {"MEMBER"},
         {{"--nick", "NICK"},
          {"--phone", "PHONE"},
          {"--email", "EMAIL"},
          {"--photo", "URL"},
          {"--gender", "unknown|male|female|other"},
          {"--extend", "JSON"},
          {"--json"}},
         "change what is given and nothing else; \"\" takes a value away; --extend replaces the whole "
         "object"},
        {"member resign",
         {"MEMBER,..."},
         {},
         "from now on they count as resigned; in a corp that follows a platform, by a mark that outlasts "
         "syncs"},
        {"member reinstate", {"MEMBER,..."}, {}, "the inverse of resign"},
        {"member delete", {"MEMBER,..."}, {}, "delete members who have resigned"},
        {"member departments",
         {"MEMBER"},
         {{"--add", "DEPT"}, {"--remove", "DEPT"}},
         "where a member stands; --add or --remove changes one"},
        {"role list", {}, {}, "role groups and their roles, with the number of who has them"},
        {"role create",
         {"NAME", "GROUP"},
         {{"--id", "ROLE"}, {"--json"}},
         "make a role in a role group; prints its id and name"},
        {"role rename", {"ROLE", "NAME"}, {{"--json"}}, "give a role another name"},
        {"role delete", {"ROLE"}, {}, "delete a role, with who has it and their limits"},
        {"role members",
         {"ROLE"},
         {{"--add", "MEMBER,..."}, {"--remove", "MEMBER,..."}},
         "who has a role; --add or --remove changes it"},
        {"role limit",
         {"ROLE", "MEMBER"},
         {{"--set", "DEPT,..."}},
         "departments that a member's role is limited to; --set replaces them, --set \"\" lifts the limit"},
        {"role group create",
         {"NAME"},
         {{"--id", "GROUP"}, {"--json"}},
         "make a role group; prints its id and name"},
        {"role group rename", {"GROUP", "NAME"}, {{"--json"}}, "give a role group another name"},
        {"role group delete", {"GROUP"}, {}, "delete a role group without roles"},
        {"passwd",
         {"MEMBER"},
         {{"--username", "NAME"}},
         "set a member's password, and the name to sign in with: asked for on the terminal, or one line of "
         "standard input; never an argument"}};
    return all;
}

Command const* findCommand(std::string_view name) {
    auto const it = std::ranges::find(commands(), name, &Command::name);
    return it == commands().end() ? nullptr : &*it;
}

bool isFamily(std::string_view name) {
    return std::ranges::any_of(commands(), [&](Command const& c) {
        return c.name.size() > name.size() && c.name.starts_with(name) && c.name[name.size()] == ' ';
    });
}

constexpr std::size_t kHelpColumn = 30;
constexpr std::size_t kWidth = 110;

/** Text in lines of bearable length: pieces go to the next one, at `margin`, when they do not fit. */
class Lines {
public:
    Lines(std::string start, std::size_t margin)
        : text_(std::move(start)), margin_(margin), column_(text_.size()) {}
    void add(std::string_view piece) {
        if (!begins_ && column_ + 1 + piece.size() > kWidth) {
            newLine(margin_);
        } else if (!begins_) {
            text_ += ' ';
            ++column_;
        }
        text_ += piece;
        column_ += piece.size();
        begins_ = false;
    }
    /** Goes on at this column: on this line, if it is not beyond it. */
    void to(std::size_t column) {
        margin_ = column;
        if (column_ + 2 > column) {
            newLine(column);
        } else {
            text_.append(column - column_, ' ');
            column_ = column;
            begins_ = true;
        }
    }
    [[nodiscard]] std::string take() && { return std::move(text_) + "\n"; }

private:
    void newLine(std::size_t column) {
        text_ += '\n';
        text_.append(column, ' ');
        column_ = column;
        begins_ = true;
    }

    std::string text_;
    std::size_t margin_;
    std::size_t column_;
    bool begins_ = false;
};

/** "dept create NAME [--parent DEPT]", and its help beside or below it. */
std::string describe(Command const& c) {
    Lines out("  " + std::string(c.name), 6);
    for (std::string_view operand : c.operands) out.add(operand);
    for (Option const& o : c.options) {
        std::string option = "[" + std::string(o.name);
        if (!o.value.empty()) option.append(" ").append(o.value);
        out.add(option + "]");
    }
    if (c.about == About::corps) out.add("[NAME ...]");
    if (c.about == About::suite) out.add("auths.Name");
    out.to(kHelpColumn);
    std::string_view rest = c.help;
    while (!rest.empty()) {
        std::size_t const space = rest.find(' ');
        out.add(rest.substr(0, space));
        rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
    }
    return std::move(out).take();
}

constexpr std::string_view kSynopsis =
    "usage: corpctl --app DIR --store sqlite:FILE|memory [--as NAME] [--verbose] COMMAND corps.Name\n";

/** A number of an option, from `least` on. */
template <class T>
T number(Arguments const& a, std::string_view option, T least, T most, T otherwise) {
    std::optional<std::string> const text = a.value(option);
    if (!text) return otherwise;
    T out{};
    auto const [end, ec] = std::from_chars(text->data(), text->data() + text->size(), out);
    if (ec != std::errc() || end != text->data() + text->size() || out < least || out > most)
        throw UsageError(std::string(option) + " needs a number from " + std::to_string(least) + " to " +
                             std::to_string(most),
                         a.command);
    return out;
}

/** "127.0.0.1:8080", "[::1]:8080", "localhost:0" */
std::pair<std::string, std::uint16_t> hostAndPort(std::string_view text, std::string const& command) {
    std::size_t const colon = text.rfind(':');
    std::string_view host = text.substr(0, colon);
    bool const bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    std::uint16_t port = 0;
    bool good = colon != std::string_view::npos && !host.empty() &&
                (bracketed || host.find(':') == std::string_view::npos);
    if (good) {
        std::string_view const digits = text.substr(colon + 1);
        auto const [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
        good = ec == std::errc() && end == digits.data() + digits.size();
    }
    if (!good)
        throw UsageError("--listen needs HOST:PORT, like 127.0.0.1:8080; port 0 is any that is free",
                         command);
    return {std::string(host), port};
}

constexpr std::string_view kClosing = R"(
DIR holds the elements: corps/Name/e.json and corps/Name/Name.json. {{NAME}} in them is taken from the environment.
CORPS_STORE_KEY in the environment is what the secrets of suites are sealed with in the store.
--as NAME stands in the change feed as who made the change. --verbose logs to standard error. "--" ends the options.
Exit codes: 0 done; 1 failed, nothing written; 2 wrong usage; 3 done, but something was held or incomplete: the text says
which.
)";

/** What the options say, checked before anything is opened. */
void interpret(Arguments& a) {
    a.sync.dryRun = a.has("--dry-run");
    a.sync.allowRemovals = a.has("--allow-removals");
    a.sync.migrate = a.has("--migrate");
    if (std::optional<std::string> const text = a.value("--approve")) {
        std::optional<corps::RemovalDigest> const digest = corps::RemovalDigest::parse(*text);
        if (!digest || digest->empty())
            throw UsageError("--approve needs a digest of 32 hex digits, as a report prints it", a.command);
        if (a.sync.allowRemovals) throw UsageError("either --approve or --allow-removals", a.command);
        a.sync.approve = *digest;
    }
    if (std::optional<std::string> const text = a.value("--status")) {
        std::optional<corps::StatusFilter> const status = corps::findStatusFilter(*text);
        if (!status) throw UsageError("--status needs all, active or offline", a.command);
        a.status = *status;
    }
    if (std::optional<std::string> const text = a.value("--gender")) {
        static constexpr std::array<std::pair<std::string_view, corps::Gender>, 4> kGenders{
            {{"unknown", corps::Gender::unknown},
             {"male", corps::Gender::male},
             {"female", corps::Gender::female},
             {"other", corps::Gender::other}}};
        auto const it =
            std::ranges::find(kGenders, std::string_view(*text), [](auto const& g) { return g.first; });
        if (it == kGenders.end())
            throw UsageError("--gender needs unknown, male, female or other", a.command);
        a.gender = it->second;
    }
    constexpr std::int64_t kYear = 365 * 24 * 3600;
    WatchOptions const usual;
    auto const seconds = [&](std::string_view option, std::int64_t least, std::chrono::seconds otherwise) {
        return std::chrono::seconds(number<std::int64_t>(a, option, least, kYear, otherwise.count()));
    };
    a.watch.interval = seconds("--interval", 1, usual.interval);
    a.watch.settle = seconds("--settle", 0, usual.settle);
    a.watch.distance = seconds("--distance", 0, usual.distance);
    a.watch.parallel = number<std::size_t>(a, "--parallel", 1, 1000, usual.parallel);
    if (std::optional<std::string> const text = a.value("--listen"))
        a.watch.listen = hostAndPort(*text, a.command);
    if (a.has("--add") && a.has("--remove")) throw UsageError("either --add or --remove", a.command);
}

void checkPlaces(Arguments const& a, About about) {
    auto const isA = [](std::string const& name, std::string_view kind) {
        return name.starts_with(kind) && name.size() > kind.size();
    };
    for (std::string const& name : a.corps)
        if (!isA(name, "corps.") && !isA(name, "auths."))
            throw UsageError("the name of a corp reads corps.Name, that of a suite auths.Name, not " + name,
                             a.command);
    if (about == About::corp && !isA(a.corp, "corps."))
        throw UsageError("the name of a corp reads corps.Name, not " + a.corp, a.command);
    if (about == About::suite && !isA(a.corp, "auths."))
        throw UsageError("the name of a suite reads auths.Name, not " + a.corp, a.command);
    if (a.app.empty()) throw UsageError("--app DIR is missing");
    if (a.command == "check" && a.store.empty()) return;  // keeps nothing
    if (a.store.empty()) throw UsageError("--store is missing: sqlite:FILE or memory");
    if (a.store.rfind("postgres:", 0) == 0)
        throw UsageError("postgres: is no storage of this version; sqlite:FILE or memory");
    if (a.store != "memory" && (a.store.rfind("sqlite:", 0) != 0 || a.store.size() == 7))
        throw UsageError("--store needs sqlite:FILE or memory");
}

/** The first words that name a command: "sync", "dept create". Takes them away. */
Command const& takeCommand(std::vector<std::string>& words) {
    if (words.empty()) throw UsageError("a command is missing");
    std::string name;
    for (std::size_t n = 0; n < words.size(); ++n) {
        name += (n == 0 ? "" : " ") + words[n];
        if (Command const* const c = findCommand(name)) {
            words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(n + 1));
            return *c;
        }
        if (!isFamily(name)) {
            std::string const family = name.substr(0, name.size() - words[n].size());
            if (family.empty()) throw UsageError("there is no command " + name);
            throw UsageError("there is no command " + name, family.substr(0, family.size() - 1));
        }
    }
    throw UsageError(name + " needs to know what to do", name);
}

}  // namespace

bool isCommandOrFamily(std::string_view name) { return findCommand(name) != nullptr || isFamily(name); }

std::string usage(std::string_view about) {
    std::string out(kSynopsis);
    out += '\n';
    for (Command const& c : commands())
        if (about.empty() || c.name == about ||
            (c.name.starts_with(about) && c.name.substr(about.size()).starts_with(' ')))
            out += describe(c);
    if (about.empty()) out += kClosing;
    return out;
}

Arguments parse(int argc, char const* const* argv) {
    Arguments a;
    std::vector<std::string> words;
    std::vector<std::pair<std::string, std::string>> options;
    auto const findOption = [](std::string_view name) -> Option const* {
        for (Command const& c : commands())
            for (Option const& o : c.options)
                if (o.name == name) return &o;
        return nullptr;
    };
    bool wordsOnly = false;
    for (int i = 1; i < argc; ++i) {
        std::string const arg = argv[i];
        auto const value = [&] {
            if (i + 1 >= argc) throw UsageError(arg + " needs a value");
            return std::string(argv[++i]);
        };
        if (wordsOnly || arg.size() < 2 || arg[0] != '-') {
            words.push_back(arg);
        } else if (arg == "--") {
            wordsOnly = true;
        } else if (arg == "--app") {
            a.app = value();
        } else if (arg == "--store") {
            a.store = value();
        } else if (arg == "--as") {
            a.caller = value();
        } else if (arg == "--verbose") {
            a.verbose = true;
        } else if (Option const* const o = findOption(arg)) {
            options.emplace_back(arg, o->value.empty() ? std::string() : value());
        } else {
            throw UsageError("there is no option " + arg);
        }
    }
    if (a.caller.empty()) throw UsageError("--as needs a name");

    Command const& c = takeCommand(words);
    a.command = c.name;
    for (auto& [name, value] : options) {
        if (std::ranges::find(c.options, std::string_view(name), &Option::name) == c.options.end())
            throw UsageError(name + " is no option of " + a.command, a.command);
        if (!a.options.emplace(name, std::move(value)).second)
            throw UsageError(name + " stands there twice", a.command);
    }
    if (c.about == About::corps) {
        a.corps = std::move(words);
        std::ranges::sort(a.corps);
        auto const twice = std::ranges::adjacent_find(a.corps);
        if (twice != a.corps.end()) throw UsageError(*twice + " stands there twice", a.command);
        interpret(a);
        checkPlaces(a, c.about);
        return a;
    }
    if (words.size() < c.operands.size() + 1) {
        std::string needed;
        for (std::string_view operand : c.operands) needed.append(operand).append(" ");
        throw UsageError(
            a.command + " needs " + needed + (c.about == About::suite ? "auths.Name" : "corps.Name"),
            a.command);
    }
    if (words.size() > c.operands.size() + 1)
        throw UsageError("too many arguments: " + words[c.operands.size() + 1], a.command);
    a.corp = std::move(words.back());
    words.pop_back();
    a.operands = std::move(words);
    interpret(a);
    checkPlaces(a, c.about);
    return a;
}

}  // namespace corpctl
