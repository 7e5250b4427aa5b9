#pragma once

/**
 * @file
 * The official types, complete: FSInnerType, DDInnerType, QywxInnerType, QywxProxyType, NormalType (declared
 * in fwd.hpp).
 */

#include <corps/auth/dd_auth.hpp>
#include <corps/auth/fs_auth.hpp>
#include <corps/auth/qywx_auth.hpp>
#include <corps/client/dd_client.hpp>
#include <corps/client/fs_client.hpp>
#include <corps/client/over.hpp>
#include <corps/client/qywx_client.hpp>
#include <corps/client/qywx_proxy_client.hpp>
#include <corps/corp.hpp>
#include <corps/fwd.hpp>
#include <corps/model/records.hpp>
#include <corps/suite/qywx_proxy_auth.hpp>
#include <corps/sync/local_authority.hpp>
#include <corps/sync/mirror.hpp>
#include <corps/transport/channel.hpp>

#include <memory>

namespace corps {

#ifdef CORPS_SEPARATE_COMPILATION
namespace detail {
extern template std::unique_ptr<UpstreamParts> makeUpstreamParts<FSAuth, FSInnerClient::Api>(
    AuthEnvironment const&, CorpConfig const&);
extern template std::unique_ptr<UpstreamParts> makeUpstreamParts<DDAuth, DDInnerClient::Api>(
    AuthEnvironment const&, CorpConfig const&);
extern template std::unique_ptr<UpstreamParts> makeUpstreamParts<QywxAuth, QywxInnerClient::Api>(
    AuthEnvironment const&, CorpConfig const&);
extern template std::unique_ptr<UpstreamParts> makeUpstreamParts<QywxProxyAuth, QywxProxyClient::Api>(
    AuthEnvironment const&, CorpConfig const&);
}  // namespace detail
#endif

}  // namespace corps
