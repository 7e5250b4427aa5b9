#pragma once

#include <corps/config/corp_config.hpp>
#include <corps/config/element.hpp>
#include <corps/config/file_tree.hpp>
#include <corps/context/context.hpp>
#include <corps/detail/config.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

struct AppOptions {
    TemplateVariables variables{};
    bool init = true;  ///< run initCorp the first time a corp is used
};

/** The part of App that knows no types. */
class AppElements {
public:
    CORPS_DECL AppElements(std::shared_ptr<FileTree const> files, Context context, AppOptions options);

    [[nodiscard]] Context const& context() const noexcept { return context_; }
    [[nodiscard]] bool initialises() const noexcept { return options_.init; }
    /** Full names of all elements there are, sorted. */
    [[nodiscard]] CORPS_DECL std::vector<std::string> names() const;
    /** An element as it is configured, auths.* too. Errors: see loadElement. */
    [[nodiscard]] CORPS_DECL CorpConfig element(std::string const& fullName) const;
    /** Throws Error(config) that names file and key: an element's type is none of these. */
    [[noreturn]] CORPS_DECL static void refuseType(CorpConfig const& config,
                                                   std::vector<std::string_view> const& known, bool another);

private:
    std::shared_ptr<FileTree const> files_;
    Context context_;
    AppOptions options_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/config/impl/app_elements.ipp>
#endif
