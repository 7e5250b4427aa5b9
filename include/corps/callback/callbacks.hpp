#pragma once

/**
 * @file
 * handleCallback() of the official types: WeCom's, DingTalk's and Feishu's callbacks. Needs OpenSSL's
 * libcrypto (corps::crypto).
 */

#include <corps/callback/dd_callbacks.hpp>
#include <corps/callback/dialect.hpp>
#include <corps/callback/fs_callbacks.hpp>
#include <corps/callback/message_crypt.hpp>
#include <corps/callback/qywx_callbacks.hpp>
#include <corps/callback/replay_guard.hpp>
#include <corps/callback/request.hpp>
#include <corps/callback/xml.hpp>
