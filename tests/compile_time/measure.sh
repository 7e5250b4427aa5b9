#!/usr/bin/env bash
# The compile-time gate: a program with one corp type on memory, bodies compiled separately, may cost at most half as
# much again as a file that includes boost/json.hpp and boost/asio/awaitable.hpp. The header-only form is measured too,
# without a limit.
#
#   tests/compile_time/measure.sh [ROUNDS]      (CXX: the compiler, g++ by default)
#
# g++ is judged by the memory that it allocates while it compiles, the same on every machine and every day; its time, of
# which that ratio is a good guess, is shown. Another compiler tells no such figure and is judged by its user
# processor time, the least of several interleaved rounds, which moves by a tenth: so its limit is 1.6.
set -euo pipefail
cd "$(dirname "$0")"
rounds=${1:-5} limit=1.5 time_limit=1.6
cxx=${CXX:-g++}
flags=(-std=c++20 -O0 -I ../../include ${CPPFLAGS:-})
# g++ collects its garbage once when its heap passes a size that follows from the machine's memory: a fifth of a second
# that comes or goes with a few more megabytes. It shall not.
if "$cxx" --version | grep -q 'Free Software Foundation'; then flags+=(--param ggc-min-heapsize=2097152); fi
object=$(mktemp)
trap 'rm -f "$object"' EXIT

megabytes() { # that g++ has allocated by the end
  "$cxx" "${flags[@]}" "$@" -ftime-report -c -o "$object" 2>&1 | awk '$1 == "TOTAL" && sub(/M$/, "", $NF) { print $NF }'
}
seconds() { # of user time for one compile
  local TIMEFORMAT=%U
  { time "$cxx" "${flags[@]}" "$@" -c -o "$object" 2>&3; } 3>&2 2>&1
}
less() { awk -v a="$1" -v b="${2:-1e9}" 'BEGIN { print (a < b ? a : b) }'; }

base='' separate='' header_only=''
for ((i = 0; i < rounds; ++i)); do
  base=$(less "$(seconds baseline.cpp)" "$base")
  separate=$(less "$(seconds -DCORPS_SEPARATE_COMPILATION one_corp.cpp)" "$separate")
done
header_only=$(seconds one_corp.cpp)

base_memory=$(megabytes baseline.cpp) separate_memory=$(megabytes -DCORPS_SEPARATE_COMPILATION one_corp.cpp)

awk -v cxx="$("$cxx" --version | head -n 1)" -v base="$base" -v separate="$separate" -v header_only="$header_only" \
  -v base_memory="$base_memory" -v separate_memory="$separate_memory" -v limit="$limit" -v time_limit="$time_limit" '
  BEGIN {
    printf "%s, user seconds, least of the rounds\n", cxx
    printf "  json.hpp and awaitable.hpp        %6.2f  %4d MB\n", base, base_memory
    printf "  one corp type, bodies separate    %6.2f  %4d MB  (%.2f x the time)\n", separate, separate_memory, separate / base
    printf "  one corp type, header-only        %6.2f  (%.1f x, one round)\n", header_only, header_only / base
    if (base_memory) { what = "of memory"; ratio = separate_memory / base_memory }
    else { what = "of time"; ratio = separate / base; limit = time_limit }
    printf "ratio %.2f %s, limit %.2f\n", ratio, what, limit
    exit !(ratio <= limit)
  }'
