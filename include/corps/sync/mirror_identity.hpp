#pragma once

#include <string>

namespace corps {

/** What a store remembers of the upstream it mirrors; opening it with another is refused. */
struct MirrorIdentity {
    std::string platform;  ///< "feishu", "dingtalk", "wecom"
    std::string appId;
    std::string idTypes;  ///< "open_id/open_department_id"; empty where a platform has one kind
};

}  // namespace corps
