#pragma once

#include <corps/auth/fs_auth.hpp>
#include <corps/client/fs_client.hpp>
#include <corps/client/over.hpp>
#include <corps/corp.hpp>
#include <corps/model/records.hpp>
#include <corps/sync/local_authority.hpp>
#include <corps/sync/mirror.hpp>
#include <corps/transport/channel.hpp>

#include <memory>

namespace corps {

/** `corps.FSInnerType`: mirrors a Feishu or Lark organisation through a self-built application. */
template <class Transport, class Storage, class Records = StandardRecords>
using FSInnerType = Corp<FSAuth, Over<FSInnerClient, Transport>, Storage, Mirror<Records>>;

/** `corps.NormalType`: an organisation that is edited here. */
template <class Storage, class Records = StandardRecords>
using NormalType = Corp<NoAuth, NoUpstream, Storage, LocalAuthority<Records>>;

#ifdef CORPS_SEPARATE_COMPILATION
namespace detail {
extern template std::unique_ptr<UpstreamParts> makeUpstreamParts<FSAuth, FSInnerClient::Api>(
    Context const&, CorpConfig const&, std::shared_ptr<Channel>);
}
#endif

}  // namespace corps
