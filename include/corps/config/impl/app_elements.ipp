#pragma once

#include <corps/config/app_elements.hpp>
#include <corps/error/error.hpp>

#include <boost/json/value.hpp>

#include <memory>
#include <utility>

namespace corps {

CORPS_DECL AppElements::AppElements(std::shared_ptr<FileTree const> files, Context context,
                                    AppOptions options)
    : files_(std::move(files)), context_(std::move(context)), options_(std::move(options)) {}

CORPS_DECL std::vector<std::string> AppElements::names() const { return elementNames(*files_); }

CORPS_DECL CorpConfig AppElements::element(std::string const& fullName) const {
    CorpConfig out = loadElement(*files_, fullName, options_.variables);
    auto const* const named = out.business.if_contains("authFullName");
    if (named == nullptr) return out;
    std::string const expected = "the name of an auths.* element, like \"auths.QywxProxyAuth\"";
    auto const* const text = named->if_string();
    if (text == nullptr || !text->starts_with("auths.")) throw out.errorAt("authFullName", expected);
    std::string const auth(text->data(), text->size());
    try {
        out.auth = std::make_shared<CorpConfig const>(loadElement(*files_, auth, options_.variables));
    } catch (Error const& e) {
        Diagnostics d = e.diagnostics();
        d.corp = fullName;
        throw Error(e.code(), e.message() + "; `authFullName` names it", std::move(d));
    }
    return out;
}

[[noreturn]] CORPS_DECL void AppElements::refuseType(CorpConfig const& config,
                                                     std::vector<std::string_view> const& known,
                                                     bool another) {
    std::string list;
    for (std::string_view name : known) list += (list.empty() ? "\"" : ", \"") + std::string(name) + "\"";
    Diagnostics d;
    d.corp = config.fullName;
    d.place = config.elementFile + ": type";
    std::string text =
        "`type` is \"" + config.type + "\"; expected " + (known.size() == 1 ? "" : "one of ") + list;
    text += another ? ", as which this corp is asked for" : ", the types that this application knows";
    throw Error(Errc::config, std::move(text), std::move(d));
}

}  // namespace corps
