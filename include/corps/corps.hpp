#pragma once

/**
 * @file
 * Everything that needs Boost alone. Include what reaches further beside it, where it is used:
 *
 *   corps/transport/https.hpp     HTTPS (OpenSSL)
 *   corps/storage/sqlite.hpp      SQLite
 *   corps/app.hpp                 elements from a directory
 *   corps/sync/auto_sync.hpp      syncs by schedule
 *   corps/emulator/emulator.hpp   servers that answer as the platforms do (OpenSSL)
 */
#include <corps/config/corp_config.hpp>
#include <corps/context/context.hpp>
#include <corps/error/error.hpp>
#include <corps/model/corp_data.hpp>
#include <corps/model/local_corp_data.hpp>
#include <corps/model/records.hpp>
#include <corps/storage/memory.hpp>
#include <corps/types.hpp>
#include <corps/version.hpp>
