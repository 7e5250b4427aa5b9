#pragma once

/**
 * @file
 * The bodies of the library, for programs that define CORPS_SEPARATE_COMPILATION in all of their files: exactly one of
 * them includes this file, after the opt-in headers that the program uses (https.hpp, sqlite.hpp, emulator.hpp, testing/).
 */
#ifndef CORPS_SEPARATE_COMPILATION
#error "corps/src.hpp is for programs that define CORPS_SEPARATE_COMPILATION in every file; without it the headers suffice"
#endif

#include <corps/corps.hpp>

#include <corps/error/impl/errc.ipp>
#include <corps/error/impl/error.ipp>
#include <corps/storage/impl/memory.ipp>
#include <corps/transport/impl/message.ipp>
#include <corps/context/impl/context.ipp>
#include <corps/context/impl/event.ipp>
#include <corps/context/impl/rate_limiter.ipp>
#include <corps/context/impl/system_clock.ipp>
#include <corps/context/impl/token_store.ipp>
#include <corps/model/impl/records.ipp>
#include <corps/model/impl/json.ipp>
#include <corps/model/impl/corp_data.ipp>
#if __has_include(<corps/sync/impl/options.ipp>)
#include <corps/sync/impl/options.ipp>
#endif
#if __has_include(<corps/sync/impl/plan.ipp>)
#include <corps/sync/impl/plan.ipp>
#endif
#if __has_include(<corps/sync/impl/engine.ipp>)
#include <corps/sync/impl/engine.ipp>
#endif

#ifdef CORPS_INCLUDED_HTTPS
#include <corps/transport/impl/https.ipp>
#endif
#ifdef CORPS_INCLUDED_SQLITE
#include <corps/storage/impl/sqlite.ipp>
#endif
#ifdef CORPS_INCLUDED_EMULATOR
#include <corps/emulator/impl/faults.ipp>
#include <corps/emulator/impl/generate.ipp>
#include <corps/emulator/impl/http_server.ipp>
#include <corps/emulator/impl/organisation.ipp>
#if __has_include(<corps/emulator/impl/feishu.ipp>)
#include <corps/emulator/impl/feishu.ipp>
#endif
#endif
#ifdef CORPS_INCLUDED_TESTING
#include <corps/testing/impl/manual_clock.ipp>
#include <corps/testing/impl/scripted_transport.ipp>
#endif
