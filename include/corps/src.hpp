#pragma once

/**
 * @file
 * The bodies of the library, for programs that define CORPS_SEPARATE_COMPILATION in all of their files:
 * exactly one of them includes this file, after the opt-in headers that the program uses (crypto/,
 * callbacks.hpp, https.hpp, sqlite.hpp, emulator.hpp, testing/). The emulators' bodies may stand in a second
 * file: see emulator/src.hpp.
 */
#ifndef CORPS_SEPARATE_COMPILATION
#error \
    "corps/src.hpp is for programs that define CORPS_SEPARATE_COMPILATION in every file; without it the headers suffice"
#endif

#include <corps/auth/impl/dd_auth.ipp>
#include <corps/auth/impl/fs_auth.ipp>
#include <corps/auth/impl/qywx_auth.ipp>
#include <corps/callback/impl/request.ipp>
#include <corps/callback/impl/xml.ipp>
#include <corps/client/impl/caller.ipp>
#include <corps/client/impl/cutter.ipp>
#include <corps/client/impl/dd_client.ipp>
#include <corps/client/impl/fs_client.ipp>
#include <corps/client/impl/phone.ipp>
#include <corps/client/impl/qywx_client.ipp>
#include <corps/client/impl/qywx_proxy_client.ipp>
#include <corps/client/impl/task_group.ipp>
#include <corps/config/impl/app_elements.ipp>
#include <corps/config/impl/business_keys.ipp>
#include <corps/config/impl/corp_config.ipp>
#include <corps/config/impl/element.ipp>
#include <corps/config/impl/file_tree.ipp>
#include <corps/context/impl/context.ipp>
#include <corps/context/impl/event.ipp>
#include <corps/context/impl/rate_limiter.ipp>
#include <corps/context/impl/system_clock.ipp>
#include <corps/context/impl/token_store.ipp>
#include <corps/error/impl/errc.ipp>
#include <corps/error/impl/error.ipp>
#include <corps/model/impl/corp_data.ipp>
#include <corps/model/impl/date.ipp>
#include <corps/model/impl/json.ipp>
#include <corps/model/impl/links.ipp>
#include <corps/model/impl/member_status.ipp>
#include <corps/model/impl/record.ipp>
#include <corps/model/impl/records.ipp>
#include <corps/storage/impl/memory.ipp>
#include <corps/suite/impl/qywx_proxy_auth.ipp>
#include <corps/suite/impl/suite_book.ipp>
#include <corps/suite/impl/suite_config.ipp>
#include <corps/sync/impl/announced_change.ipp>
#include <corps/sync/impl/auto_sync.ipp>
#include <corps/sync/impl/binding.ipp>
#include <corps/sync/impl/change_signal.ipp>
#include <corps/sync/impl/change_writer.ipp>
#include <corps/sync/impl/columns.ipp>
#include <corps/sync/impl/corp_core.ipp>
#include <corps/sync/impl/corp_reader.ipp>
#include <corps/sync/impl/engine.ipp>
#include <corps/sync/impl/erasure.ipp>
#include <corps/sync/impl/findings.ipp>
#include <corps/sync/impl/local_core.ipp>
#include <corps/sync/impl/local_edits.ipp>
#include <corps/sync/impl/local_import.ipp>
#include <corps/sync/impl/login.ipp>
#include <corps/sync/impl/migration.ipp>
#include <corps/sync/impl/migration_text.ipp>
#include <corps/sync/impl/mirror.ipp>
#include <corps/sync/impl/mirror_identity.ipp>
#include <corps/sync/impl/new_member.ipp>
#include <corps/sync/impl/options.ipp>
#include <corps/sync/impl/organisation_edits.ipp>
#include <corps/sync/impl/plan.ipp>
#include <corps/sync/impl/planner.ipp>
#include <corps/sync/impl/planner_changes.ipp>
#include <corps/sync/impl/planner_departments.ipp>
#include <corps/sync/impl/planner_holds.ipp>
#include <corps/sync/impl/planner_members.ipp>
#include <corps/sync/impl/planner_next.ipp>
#include <corps/sync/impl/planner_stored.ipp>
#include <corps/sync/impl/record_reader.ipp>
#include <corps/sync/impl/registration.ipp>
#include <corps/sync/impl/rename.ipp>
#include <corps/sync/impl/runs.ipp>
#include <corps/sync/impl/tables.ipp>
#include <corps/transport/impl/message.ipp>

// Templates that the official types use: compiled here, and only declared elsewhere.
#include <corps/types.hpp>
namespace corps::detail {
template std::unique_ptr<UpstreamParts> makeUpstreamParts<FSAuth, FSInnerClient::Api>(AuthEnvironment const&,
                                                                                      CorpConfig const&);
template std::unique_ptr<UpstreamParts> makeUpstreamParts<DDAuth, DDInnerClient::Api>(AuthEnvironment const&,
                                                                                      CorpConfig const&);
template std::unique_ptr<UpstreamParts> makeUpstreamParts<QywxAuth, QywxInnerClient::Api>(
    AuthEnvironment const&, CorpConfig const&);
template std::unique_ptr<UpstreamParts> makeUpstreamParts<QywxProxyAuth, QywxProxyClient::Api>(
    AuthEnvironment const&, CorpConfig const&);
}  // namespace corps::detail

#ifdef CORPS_INCLUDED_CRYPTO
#include <corps/callback/impl/message_crypt.ipp>
#include <corps/crypto/impl/base64.ipp>
#include <corps/crypto/impl/cipher.ipp>
#include <corps/crypto/impl/digest.ipp>
#include <corps/crypto/impl/password.ipp>
#include <corps/crypto/impl/store_key.ipp>
#endif
#ifdef CORPS_INCLUDED_SUITE
#include <corps/suite/impl/suite_calls.ipp>
#include <corps/suite/impl/suite_core.ipp>
#include <corps/suite/impl/suite_erasure.ipp>
#endif
#ifdef CORPS_INCLUDED_CALLBACKS
#include <corps/callback/impl/dd_callbacks.ipp>
#include <corps/callback/impl/dialect.ipp>
#include <corps/callback/impl/fs_callbacks.ipp>
#include <corps/callback/impl/qywx_callbacks.ipp>
#endif
#ifdef CORPS_INCLUDED_HTTPS
#include <corps/transport/impl/https.ipp>
#endif
#ifdef CORPS_INCLUDED_SQLITE
#include <corps/storage/impl/sqlite.ipp>
#endif
#ifdef CORPS_INCLUDED_EMULATOR
#include <corps/emulator/src.hpp>
#endif
#ifdef CORPS_INCLUDED_TESTING
#include <corps/testing/impl/manual_clock.ipp>
#include <corps/testing/impl/scripted_transport.ipp>
#endif
