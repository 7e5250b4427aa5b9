#pragma once

#include <corps/config/app_elements.hpp>
#include <corps/error/error.hpp>

#include <utility>

namespace corps {

CORPS_DECL AppElements::AppElements(std::shared_ptr<FileTree const> files, Context context,
                                    AppOptions options)
    : files_(std::move(files)), context_(std::move(context)), options_(std::move(options)) {}

CORPS_DECL std::vector<std::string> AppElements::names() const { return elementNames(*files_); }

CORPS_DECL CorpConfig AppElements::element(std::string const& fullName) const {
    return loadElement(*files_, fullName, options_.variables);
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
