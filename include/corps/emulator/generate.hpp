#pragma once

#include <corps/detail/config.hpp>
#include <corps/emulator/organisation.hpp>

#include <cstddef>
#include <cstdint>

namespace corps::emulator {

/**
 * Makes a realistic organisation.
 *
 * About one department for every 12 to 20 members, of skewed sizes (many small ones, a few with hundreds), up
 * to twelve levels below the root; a few direct members of the root; 8 % of the members in two or three
 * departments; Chinese and other names, some of them shared by several people; mostly mainland phone numbers,
 * some foreign, some absent; leaders, deputies, and a few leaders from outside their department; roles in
 * groups; administrators. Every member is active. Ids are valid on every platform (department ids are
 * numeric, the root is "1").
 *
 * @param members How many, 0 to some millions.
 * @param seed    The same numbers give the same organisation, on every platform. Another size gives another
 * organisation.
 *
 * Cost  Linear: a million members take a few seconds and about half a gigabyte.
 */
[[nodiscard]] CORPS_DECL Organisation generate(std::size_t members, std::uint64_t seed = 1);

}  // namespace corps::emulator

#ifdef CORPS_HEADER_ONLY
#include <corps/emulator/impl/generate.ipp>
#endif
