#pragma once

/**
 * @file
 * Everything of the emulators: servers that answer as the platforms do, for tests without the platforms.
 *
 * An opt-in header: it needs Boost.JSON and OpenSSL at link time.
 */
#include <corps/emulator/callbacks.hpp>
#include <corps/emulator/dingtalk.hpp>
#include <corps/emulator/faults.hpp>
#include <corps/emulator/feishu.hpp>
#include <corps/emulator/generate.hpp>
#include <corps/emulator/http_server.hpp>
#include <corps/emulator/organisation.hpp>
#include <corps/emulator/server.hpp>
#include <corps/emulator/stats.hpp>
#include <corps/emulator/wecom.hpp>
#include <corps/emulator/wecom_proxy.hpp>

/** Tells corps/src.hpp to compile the emulators too. */
#define CORPS_INCLUDED_EMULATOR 1
