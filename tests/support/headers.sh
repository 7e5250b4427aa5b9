#!/usr/bin/env bash
# Every public header compiled alone, followed by its own body, with warnings as errors:
#
#   bash tests/support/headers.sh [COMPILER [FLAG...]]                    g++ unless told
#   bash tests/support/headers.sh --declarations [COMPILER [FLAG...]]     without the bodies, in half the time
#
# Other headers give their declarations only, so what a header or its body forgets to include is missing here, and no body
# is compiled more than once. The long form, all bodies behind each header: configure with
# -DCMAKE_VERIFY_INTERFACE_HEADER_SETS=ON and build all_verify_interface_header_sets.
set -uo pipefail
script=$(realpath "$0")
cd "$(dirname "$0")/../.." || exit
. tests/support/jobs.sh

if [ "${1:-}" = --one ]; then
  header=$2 bodies=$3
  shift 3
  { echo "#include <${header#include/}>"; grep -E "$bodies" "$header" || :; } |
    "$@" -x c++ -std=c++20 -fsyntax-only -DCORPS_SEPARATE_COMPILATION -Iinclude -Wall -Wextra -Wpedantic -Wshadow \
      -Wconversion -Werror - || { echo "FAILED: $header" >&2; exit 1; }
  exit
fi

bodies='^#include <[^>]+\.ipp>'
if [ "${1:-}" = --declarations ]; then
  bodies='^$'
  shift
fi
[ $# -gt 0 ] || set -- g++
git ls-files --cached --others --exclude-standard 'include/*.hpp' | grep -vE '/impl/|/src\.hpp$' |
  xargs -P "$CMAKE_BUILD_PARALLEL_LEVEL" -I{} bash "$script" --one {} "$bodies" "$@"
