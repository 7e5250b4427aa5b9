// The bodies of corps, compiled once: first the opt-in headers that the program uses, then src.hpp. All other
// files see declarations only.
#include <corps/callback/callbacks.hpp>
#include <corps/corps.hpp>
#include <corps/crypto/digest.hpp>
#include <corps/crypto/password.hpp>
#include <corps/crypto/store_key.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/suite.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/scripted_transport.hpp>
#include <corps/transport/https.hpp>

#include <corps/src.hpp>
