#pragma once

#include <corps/config/corp_config.hpp>
#include <corps/config/secret.hpp>
#include <corps/detail/config.hpp>

#include <string>

namespace corps {

/**
 * A suite of a service provider of WeCom (a template of proxy development; WeCom: document/path/97163), as an
 * auths.* element configures it.
 */
class SuiteConfig {
public:
    SuiteConfig() = default;
    /**
     * From the keys suiteId, suiteSecret, token, encodingAESKey, providerCorpId and, optional,
     * providerSecret, under `authConfig` or flat; beside them, optional, baseUrl. Errors Error(Errc::config)
     * with the file, the key and what was expected.
     */
    [[nodiscard]] CORPS_DECL static SuiteConfig fromConfig(CorpConfig const& auth);

    std::string fullName;  ///< "auths.Name"
    std::string suiteId;
    Secret suiteSecret;
    Secret token;                ///< of the template's callback address
    Secret encodingAESKey;       ///< of the template's callback address; 43 characters
    std::string providerCorpId;  ///< the provider's own enterprise
    Secret providerSecret;       ///< empty: nothing that needs it can be asked
    std::string baseUrl = "https://qyapi.weixin.qq.com";  ///< without a '/' at its end
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/suite/impl/suite_config.ipp>
#endif
