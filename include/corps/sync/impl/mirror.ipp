#pragma once

#include <corps/error/error.hpp>
#include <corps/sync/mirror.hpp>

namespace corps::detail {

[[noreturn]] CORPS_DECL void rethrowConfigError(Error const& e, CorpConfig const& config) {
    if (!e.is(Errc::config) || config.businessFile.empty()) throw e.withCorp(config.fullName);
    Diagnostics d = e.diagnostics();
    if (config.auth && !d.corp.empty() && d.corp == config.auth->fullName) throw e;  // names that file
    if (d.corp.empty()) d.corp = config.fullName;
    if (d.place.compare(0, config.fullName.size(), config.fullName) ==
        0)  // a client knows the corp's name only
        d.place.replace(0, config.fullName.size(), config.businessFile);
    if (d.place.find(config.businessFile) == std::string::npos)
        d.place = config.businessFile + (d.place.empty() ? "" : ": " + d.place);
    std::string text = e.message();
    if (!config.businessFound) text += "; the file does not exist";
    throw Error(e.code(), std::move(text), std::move(d));
}

CORPS_DECL std::string caFileOf(CorpConfig const& config) {
    auto const* const v = config.business.if_contains("caFile");
    if (v == nullptr) return config.auth ? caFileOf(*config.auth) : std::string();
    auto const* const text = v->if_string();
    if (text == nullptr || text->empty()) throw config.errorAt("caFile", "the name of a PEM file");
    std::string file(text->data(), text->size());
    std::size_t const slash = config.businessFile.rfind('/');
    if (file.front() != '/' && slash != std::string::npos)
        file = config.businessFile.substr(0, slash + 1) + file;
    return file;
}

[[noreturn]] CORPS_DECL void refuseCaFile(CorpConfig const& config) {
    throw config.errorAt("caFile", "absent: the transport of this corp has no `withCaFile(std::string)`");
}

}  // namespace corps::detail
