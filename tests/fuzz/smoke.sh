#!/usr/bin/env bash
# Fuzzes every target for a few seconds each, from its committed corpus: tests/fuzz/smoke.sh [SECONDS]
# The programs are those of the preset "asan", which shares their objects with the tests; for hours of fuzzing there is "fuzz".
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-15}
shopt -s nullglob
sources=(tests/fuzz/*.cpp)
if [ ${#sources[@]} -eq 0 ]; then
  echo "skipped: no fuzz targets"
  exit 0
fi
. tests/support/jobs.sh
targets=()
for source in "${sources[@]}"; do targets+=("fuzz_$(basename "$source" .cpp)"); done
cmake --preset asan
cmake --build --preset asan --target "${targets[@]}"
fuzz() {
  local work=build/asan/found/$1 # what it finds goes here, not into the committed corpus
  mkdir -p "$work"
  "build/asan/tests/fuzz_$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 -print_final_stats=0 \
    -artifact_prefix="$work-" "$work" "tests/fuzz/corpus/$1"
}
export -f fuzz
export seconds
basename -s .cpp "${sources[@]}" | xargs -P "$CMAKE_BUILD_PARALLEL_LEVEL" -I{} bash -c 'fuzz {}'
