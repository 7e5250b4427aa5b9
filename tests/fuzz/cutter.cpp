// The first byte chooses the path of the list, the rest is a page. The cutter is held against Boost.JSON: of
// a page that is JSON it makes the same units and the same rest; of any other page it makes an Error, or
// views into the page.
#include <corps/client/cutter.hpp>
#include <corps/error/error.hpp>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace json = boost::json;

using Path = std::span<std::string_view const>;
constexpr std::array<std::string_view, 3> kLongest = {"data", "items", "list"};
constexpr std::array<std::string_view, 2> kIds = {"id", "data"};
constexpr std::array<std::string_view, 2> kInnerIds = {"data", "id"};

void require(bool fine, char const* what) {
    if (fine) return;
    std::fputs(what, stderr);
    std::fputc('\n', stderr);
    std::abort();
}

json::parse_options deepOptions() {
    json::parse_options out;
    out.max_depth = 1000;  // what the cutter allows, with a margin
    return out;
}

/**
 * Equal, where a fraction may differ in its last digits: Boost.JSON rounds in another way where more bytes
 * follow a number, and it makes a NaN of 0E400.
 */
bool same(json::value const& a, json::value const& b) {
    if (a.kind() != b.kind()) return false;
    if (a.is_double()) {
        double const x = a.get_double();
        double const y = b.get_double();
        if (!std::isfinite(x) || !std::isfinite(y)) return std::isfinite(x) == std::isfinite(y);
        return std::abs(x - y) <= 1e-9 * std::max(std::abs(x), std::abs(y)) + 1e-300;
    }
    if (a.is_array()) {
        return std::ranges::equal(a.get_array(), b.get_array(), same);
    }
    if (a.is_object()) {
        json::object const& x = a.get_object();
        json::object const& y = b.get_object();
        return x.size() == y.size() && std::ranges::all_of(x, [&y](json::key_value_pair const& member) {
                   json::value const* const other = y.if_contains(member.key());
                   return other != nullptr && same(member.value(), *other);
               });
    }
    return a == b;
}

/** Looks for keys of a path that stand twice in one object, which a json::value does not show. */
class TwiceHandler {
public:
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    explicit TwiceHandler(Path path) : path_(path) {}
    [[nodiscard]] bool twice() const noexcept { return twice_; }

    using Code = boost::system::error_code;
    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_object_begin(Code&) { return enter(true); }
    bool on_object_end(std::size_t, Code&) { return leave(); }
    bool on_array_begin(Code&) { return enter(false); }
    bool on_array_end(std::size_t, Code&) { return leave(); }
    bool on_key_part(json::string_view s, std::size_t, Code&) {
        key_.append(s.data(), s.size());
        return true;
    }
    bool on_key(json::string_view s, std::size_t, Code&) {
        key_.append(s.data(), s.size());
        Level& level = levels_.back();
        next_ = false;
        if (level.onPath && level.depth < path_.size() && key_ == path_[level.depth]) {
            twice_ = twice_ || level.seen;
            level.seen = true;
            next_ = true;
        }
        key_.clear();
        return true;
    }
    bool on_string_part(json::string_view, std::size_t, Code&) { return true; }
    bool on_string(json::string_view, std::size_t, Code&) { return true; }
    bool on_number_part(json::string_view, Code&) { return true; }
    bool on_int64(std::int64_t, json::string_view, Code&) { return true; }
    bool on_uint64(std::uint64_t, json::string_view, Code&) { return true; }
    bool on_double(double, json::string_view, Code&) { return true; }
    bool on_bool(bool, Code&) { return true; }
    bool on_null(Code&) { return true; }
    bool on_comment_part(json::string_view, Code&) { return true; }
    bool on_comment(json::string_view, Code&) { return true; }

private:
    struct Level {
        bool onPath;
        std::size_t depth;
        bool seen = false;
    };
    bool enter(bool object) {
        bool const onPath = object && (levels_.empty() || (levels_.back().onPath && next_));
        levels_.push_back(Level{onPath, levels_.size()});
        next_ = false;
        return true;
    }
    bool leave() {
        levels_.pop_back();
        next_ = false;
        return true;
    }

    Path path_;
    std::vector<Level> levels_;
    std::string key_;
    bool next_ = false;
    bool twice_ = false;
};

bool keyTwice(std::string_view page, Path path) {
    json::basic_parser<TwiceHandler> parser(deepOptions(), path);
    boost::system::error_code ec;
    parser.write_some(false, page.data(), page.size(), ec);
    return parser.handler().twice();
}

/** The value that the path leads to, or null. */
json::value* at(json::value& from, Path path) {
    json::value* v = &from;
    for (std::string_view const key : path) {
        json::object* const o = v->if_object();
        v = o == nullptr ? nullptr : o->if_contains(key);
        if (v == nullptr) return nullptr;
    }
    return v;
}

void checkViews(std::string_view page, corps::PageCut const& cut) {
    char const* from = page.data();
    char const* const end = page.data() + page.size();
    for (std::string_view const unit : cut.units) {
        require(!unit.empty() && unit.data() >= from &&
                    unit.size() <= static_cast<std::size_t>(end - unit.data()),
                "a unit outside the page, empty, or out of order");
        from = unit.data() + unit.size();
    }
    require(cut.found || cut.units.empty(), "units of a list that was not found");
}

void checkKey(std::string_view unit, json::value& parsed, Path path) {
    std::optional<std::string> const key = corps::keyOf(unit, path);  // well-formed: it must not throw
    json::value const* const v = at(parsed, path);
    bool const text = v != nullptr && v->is_string();
    bool const number = v != nullptr && v->is_number();
    require(key.has_value() == (text || number), "a key that is none, or none where there is one");
    if (text) require(*key == std::string_view(v->get_string()), "another text than that of the key");
    if (number) require(same(json::parse(*key), *v), "another number than that of the key");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    Path const path = Path(kLongest).first(data[0] % (kLongest.size() + 1));
    std::string_view const page(reinterpret_cast<char const*>(data + 1), size - 1);

    boost::system::error_code ec;
    json::value document = json::parse(page, ec, {}, deepOptions());
    corps::PageCut cut;
    bool accepted = true;
    try {
        corps::cutPage(page, path, cut);
    } catch (corps::Error const& e) {
        require(e.is(corps::Errc::protocol), "another error than documented");
        accepted = false;
    }
    if (accepted) {
        checkViews(page, cut);
        for (std::string_view const unit : cut.units) {
            for (Path const key : {Path(kIds).first(1), Path(kIds), Path(kInnerIds)}) {
                boost::system::error_code wrong;
                json::value parsed = json::parse(unit, wrong, {}, deepOptions());
                if (!wrong) {
                    checkKey(unit, parsed, key);
                    continue;
                }
                try {
                    static_cast<void>(corps::keyOf(unit, key));
                } catch (corps::Error const&) {
                }
            }
        }
    }
    if (ec) return 0;

    json::value* const list = at(document, path);
    bool const isList = list != nullptr && list->is_array();
    if (!accepted) {
        bool const wrongKind = list != nullptr && !isList && !list->is_null();
        require(wrongKind || keyTwice(page, path), "refused without a reason");
        return 0;
    }
    require(cut.found == isList, "found what is no list, or did not find one");
    if (isList) {
        json::array const& elements = list->get_array();
        require(cut.units.size() == elements.size(), "more or fewer units than elements");
        for (std::size_t i = 0; i < elements.size(); ++i)
            require(same(json::parse(cut.units[i], {}, deepOptions()), elements[i]),
                    "a unit is not the element");
        list->get_array().clear();
    }
    require(same(json::parse(cut.envelope, {}, deepOptions()), document), "the envelope is not the rest");
    return 0;
}
