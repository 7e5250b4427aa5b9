#pragma once

#include <corps/config/business_keys.hpp>
#include <corps/error/error.hpp>
#include <corps/suite/suite_config.hpp>

#include <algorithm>
#include <string_view>

namespace corps {

CORPS_DECL SuiteConfig SuiteConfig::fromConfig(CorpConfig const& auth) {
    try {
        static_cast<void>(auth.credentials());  // nested or flat, not both
        std::string const place = auth.place();
        detail::BusinessKeys const read(auth.business, place);
        SuiteConfig out;
        out.fullName = auth.fullName;
        out.suiteId = read.credential("suiteId");
        out.suiteSecret = read.secret("suiteSecret");
        out.token = read.secret("token");
        out.encodingAESKey = read.secret("encodingAESKey");
        std::string_view const key = out.encodingAESKey.reveal();
        bool const base64 = std::all_of(key.begin(), key.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
                   c == '/';
        });
        if (key.size() != 43 || !base64)
            read.refuse("encodingAESKey", "43 letters and digits, as the provider's console shows them");
        out.providerCorpId = read.credential("providerCorpId");
        out.providerSecret = read.secretIfAny("providerSecret");
        out.baseUrl = read.baseUrl("baseUrl", out.baseUrl);
        return out;
    } catch (Error const& e) {
        Diagnostics d = e.diagnostics();
        d.corp = auth.fullName;
        std::string text = e.message();
        if (!auth.businessFound && text.find("does not exist") == std::string::npos)
            text += "; the file does not exist";
        throw Error(e.code(), std::move(text), std::move(d));
    }
}

}  // namespace corps
