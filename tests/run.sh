#!/bin/sh
# Builds corps and runs all its tests: sh tests/run.sh
# Installs what is missing first (as root, or with sudo). Whatever it makes is under build/.
set -eu
cd "$(dirname "$0")/.."

sh tests/install-deps.sh build test || {
  status=$?
  [ "$status" -eq 3 ] || exit "$status" # an unknown system may have all that is needed; CMake will say
}
. tests/support/jobs.sh

cmake --preset dev
cmake --build --preset dev
ctest --preset dev
