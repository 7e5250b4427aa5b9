#pragma once

/**
 * @file
 * The bodies of the emulators, for programs that define CORPS_SEPARATE_COMPILATION in all of their files.
 * corps/src.hpp includes it after emulator.hpp; a program that compiles both at once, on two processors,
 * includes emulator.hpp and this in a second file, and no emulator in the one with corps/src.hpp.
 */
#ifndef CORPS_SEPARATE_COMPILATION
#error \
    "corps/emulator/src.hpp is for programs that define CORPS_SEPARATE_COMPILATION in every file; without it the headers suffice"
#endif

#include <corps/emulator/impl/callback_sender.ipp>
#include <corps/emulator/impl/callbacks.ipp>
#include <corps/emulator/impl/dingtalk.ipp>
#include <corps/emulator/impl/faults.ipp>
#include <corps/emulator/impl/feishu.ipp>
#include <corps/emulator/impl/feishu_login.ipp>
#include <corps/emulator/impl/generate.ipp>
#include <corps/emulator/impl/http_server.ipp>
#include <corps/emulator/impl/organisation.ipp>
#include <corps/emulator/impl/server.ipp>
#include <corps/emulator/impl/wecom.ipp>
#include <corps/emulator/impl/wecom_proxy.ipp>
