#pragma once

#include <corps/config/element.hpp>
#include <corps/error/error.hpp>

#include <boost/json/array.hpp>
#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {
namespace detail {

class ElementReader {
public:
    ElementReader(FileTree const& files, std::string const& fullName, TemplateVariables const& variables)
        : files_(files), variables_(variables) {
        config_.fullName = fullName;
    }

    CorpConfig read() {
        std::string const folder = folderOf();
        std::string const elementPath = folder + "/e.json";
        config_.elementFile = files_.describe(elementPath);
        std::optional<std::string> text = readFile(elementPath);
        if (!text) throw error(config_.elementFile, "", "the file does not exist; " + knownElements());
        config_.element = parse(*text, config_.elementFile);

        config_.title = requireText("title");
        config_.type = requireText("type");
        std::string const fullName = findText("fullName", config_.fullName);
        if (fullName != config_.fullName)
            throw error(config_.elementFile, "fullName",
                        "`fullName` must be \"" + config_.fullName + "\", as the directory says");
        requireNumberOrBool("allowJoin");
        requireNumberOrBool("refSpace");
        static_cast<void>(findText("backendBundleEntry", "."));

        std::string const name = folder.substr(folder.rfind('/') + 1);
        bool const named = config_.element.contains("frontBundleEntry");
        std::string const businessPath = inside(folder, findText("frontBundleEntry", "./" + name + ".json"));
        config_.businessFile = files_.describe(businessPath);
        std::optional<std::string> business = readFile(businessPath);
        if (business)
            config_.business = parse(*business, config_.businessFile);
        else if (named)
            throw error(config_.businessFile, "",
                        "`frontBundleEntry` of e.json names a file that does not exist");
        config_.businessFound = business.has_value();
        return std::move(config_);
    }

private:
    Error error(std::string const& file, std::string const& key, std::string message) const {
        Diagnostics d;
        d.corp = config_.fullName;
        d.place = key.empty() ? file : file + ": " + key;
        return Error(Errc::config, std::move(message), std::move(d));
    }

    std::optional<std::string> readFile(std::string const& path) const {
        try {
            return files_.read(path);
        } catch (Error const& e) {
            throw e.withCorp(config_.fullName);
        }
    }
    /** What somebody who mistyped a name wants to see. */
    std::string knownElements() const {
        std::string const kind = config_.fullName.substr(0, config_.fullName.find('.') + 1);
        std::vector<std::string> names = elementNames(files_);
        std::erase_if(names, [&](std::string const& name) { return !name.starts_with(kind); });
        if (names.empty()) return "nor does any other element " + kind + "Name";
        std::string out = "there are ";
        for (std::size_t i = 0; i < names.size() && i < kMostNames; ++i)
            out += (i == 0 ? "" : ", ") + names[i];
        if (names.size() > kMostNames) out += " and " + std::to_string(names.size() - kMostNames) + " more";
        return out;
    }
    static constexpr std::size_t kMostNames = 20;

    /** "corps/Name" of "corps.Name". */
    std::string folderOf() const {
        std::string const& name = config_.fullName;
        std::string out;
        std::size_t parts = 0;
        for (std::size_t begin = 0; begin <= name.size();) {
            std::size_t end = name.find('.', begin);
            if (end == std::string::npos) end = name.size();
            std::string const part = name.substr(begin, end - begin);
            if (part.empty() || part.find_first_of("/\\:") != std::string::npos ||
                part.find('\0') != std::string::npos)
                throw notAName();
            out += (parts == 0 ? "" : "/") + part;
            ++parts;
            begin = end + 1;
        }
        bool const corp = name.compare(0, 6, "corps.") == 0 && parts == 2;
        bool const auth = name.compare(0, 6, "auths.") == 0 && parts >= 2;
        if (!corp && !auth) throw notAName();
        return out;
    }
    Error notAName() const {
        Diagnostics d;
        d.corp = config_.fullName;
        return Error(Errc::config, "an element's name reads \"corps.Name\" or \"auths.Name\"", std::move(d));
    }

    /** The path that an entry of e.json names, inside the element's directory. */
    std::string inside(std::string const& folder, std::string const& entry) const {
        auto const refuse = [&] {
            return error(
                config_.elementFile, "frontBundleEntry",
                "`frontBundleEntry` must be a file in the element's own directory, like \"./Name.json\"");
        };
        if (entry.empty() || entry.front() == '/' || entry.find_first_of("\\:") != std::string::npos ||
            entry.find('\0') != std::string::npos)
            throw refuse();
        std::string out = folder;
        for (std::size_t begin = 0; begin <= entry.size();) {
            std::size_t end = entry.find('/', begin);
            if (end == std::string::npos) end = entry.size();
            std::string const part = entry.substr(begin, end - begin);
            if (part == "..") throw refuse();
            if (!part.empty() && part != ".") out += "/" + part;
            begin = end + 1;
        }
        if (out == folder) throw refuse();
        return out;
    }

    std::string findText(char const* key, std::string fallback) const {
        auto const* v = config_.element.if_contains(key);
        if (v == nullptr) return fallback;
        auto const* s = v->if_string();
        if (s == nullptr) throw error(config_.elementFile, key, "`" + std::string(key) + "` must be a text");
        return std::string(s->data(), s->size());
    }
    std::string requireText(char const* key) const {
        std::string out = findText(key, "");
        if (out.empty())
            throw error(config_.elementFile, key, "`" + std::string(key) + "` must be a text, and not empty");
        return out;
    }
    void requireNumberOrBool(char const* key) const {
        auto const* v = config_.element.if_contains(key);
        if (v == nullptr || v->is_bool()) return;
        if (v->is_int64() && (v->get_int64() == 0 || v->get_int64() == 1)) return;
        throw error(config_.elementFile, key, "`" + std::string(key) + "` must be 1 or 0");
    }

    boost::json::object parse(std::string_view text, std::string const& file) const {
        constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
        if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark)
            text.remove_prefix(kByteOrderMark.size());
        if (text.empty()) throw error(file, "", "the file must be JSON: it is empty");
        if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
            text.substr(0, 2).find('\0') != std::string_view::npos)
            throw error(file, "", "the file must be JSON in UTF-8: it looks like UTF-16");
        boost::json::stream_parser parser;
        boost::system::error_code ec;
        std::size_t const used = parser.write_some(text.data(), text.size(), ec);
        if (!ec && used < text.size()) ec = boost::json::make_error_code(boost::json::error::extra_data);
        if (!ec) parser.finish(ec);
        if (ec) {
            std::string_view const before = text.substr(0, used);
            auto const line = 1 + std::count(before.begin(), before.end(), '\n');
            std::size_t const column =
                used - (before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1) + 1;
            throw error(file, "line " + std::to_string(line) + ", column " + std::to_string(column),
                        "the file must be JSON: " + ec.message());
        }
        boost::json::value v = parser.release();
        auto* object = v.if_object();
        if (object == nullptr) throw error(file, "", "the file must hold a JSON object");
        replaceTemplates(*object, file, "");
        return std::move(*object);
    }

    void replaceTemplates(boost::json::object& o, std::string const& file, std::string const& path) const {
        for (auto& entry : o) {
            std::string const key(entry.key().data(), entry.key().size());
            std::string inner = path;
            if (!path.empty()) inner += '.';
            inner += key;
            replaceTemplates(entry.value(), file, inner);
        }
    }
    void replaceTemplates(boost::json::value& v, std::string const& file, std::string const& path) const {
        if (auto* s = v.if_string()) {
            std::string const before(s->data(), s->size());
            if (before.find("{{") != std::string::npos) *s = replaced(before, file, path);
        } else if (auto* o = v.if_object()) {
            replaceTemplates(*o, file, path);
        } else if (auto* a = v.if_array()) {
            for (std::size_t i = 0; i < a->size(); ++i)
                replaceTemplates((*a)[i], file, path + "[" + std::to_string(i) + "]");
        }
    }
    std::string replaced(std::string const& text, std::string const& file, std::string const& path) const {
        std::string out;
        for (std::size_t at = 0;;) {
            std::size_t const open = text.find("{{", at);
            std::size_t const close = open == std::string::npos ? open : text.find("}}", open + 2);
            if (close == std::string::npos) return out + text.substr(at);
            out += text.substr(at, open - at);
            std::size_t begin = open + 2, end = close;
            while (begin < end && text[begin] == ' ') ++begin;
            while (end > begin && text[end - 1] == ' ') --end;
            std::string const name = text.substr(begin, end - begin);
            out += lookUp(name, file, path);
            at = close + 2;
        }
    }
    std::string lookUp(std::string const& name, std::string const& file, std::string const& path) const {
        auto const it = variables_.values.find(name);
        if (it != variables_.values.end()) return it->second;
        if (variables_.environment && !name.empty() && name.find('\0') == std::string::npos)
            if (char const* value = std::getenv(name.c_str())) return value;
        throw error(file, path,
                    "`{{" + name + "}}` is not resolved: expected a variable of the application" +
                        (variables_.environment ? " or of the environment" : "") + " with this name");
    }

    FileTree const& files_;
    TemplateVariables const& variables_;
    CorpConfig config_;
};

}  // namespace detail

CORPS_DECL CorpConfig loadElement(FileTree const& files, std::string const& fullName,
                                  TemplateVariables const& variables) {
    return detail::ElementReader(files, fullName, variables).read();
}

CORPS_DECL std::vector<std::string> elementNames(FileTree const& files) {
    std::vector<std::string> out;
    for (std::string const& path : files.elementFiles()) {
        std::string name = path.substr(0, path.rfind('/'));
        std::size_t const slashes = static_cast<std::size_t>(std::count(name.begin(), name.end(), '/'));
        bool const corp = name.compare(0, 6, "corps/") == 0 && slashes == 1;
        bool const auth = name.compare(0, 6, "auths/") == 0;
        if (!corp && !auth) continue;
        std::replace(name.begin(), name.end(), '/', '.');
        out.push_back(std::move(name));
    }
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace corps
