#pragma once

#include <corps/model/record.hpp>

#include <string>

namespace corps {

/** A user of the pool, as one enterprise on one platform knows them. */
struct ThirdAuth {
    std::string platform{};     ///< "feishu", "dingtalk", "wecom"
    std::string thirdCorpId{};  ///< the platform's id of the enterprise
    std::string thirdUserId{};  ///< the platform's id of the person there
    Field<UserId> userId{};
    Field<std::string> unionId{};
    Field<JsonText> profile{};  ///< without what varies at every pull

    friend bool operator==(ThirdAuth const&, ThirdAuth const&) = default;
};

CORPS_RECORD(ThirdAuth, shared(), key(platform, thirdCorpId, thirdUserId), local(userId),
             upstream(unionId, profile), index(userId), index(platform, unionId))

}  // namespace corps
