#pragma once

#include <corps/config/corp_config.hpp>
#include <corps/config/file_tree.hpp>
#include <corps/detail/config.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

/** What `{{name}}` in an element's files stands for: the app's own variables first, then the environment. */
struct TemplateVariables {
    std::map<std::string, std::string, std::less<>> values;
    bool environment = true;  ///< look into the environment for what `values` lacks
};

/**
 * Reads one element: "corps.Name" from corps/Name/e.json, "auths.A.B" from auths/A/B/e.json, with the
 * business file beside it (the last part of the name, or the file that `frontBundleEntry` names).
 *
 * Errors      Error(config), with file, key and what was expected: a name that is none, a missing file, bad
 * JSON, a missing or mistyped key, a `fullName` that differs, an entry that leads out of the element's
 * directory, a `{{name}}` that nothing resolves. A missing business file is an error only if
 * `frontBundleEntry` names it.
 */
[[nodiscard]] CORPS_DECL CorpConfig loadElement(FileTree const& files, std::string const& fullName,
                                                TemplateVariables const& variables = {});

/** Full names of all elements there are, sorted. */
[[nodiscard]] CORPS_DECL std::vector<std::string> elementNames(FileTree const& files);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/config/impl/element.ipp>
#endif
