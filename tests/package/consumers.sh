#!/bin/sh
# Installs corps into a folder and uses it as other projects do: sh tests/package/consumers.sh
set -eu
cd "$(dirname "$0")/../.."
. tests/support/jobs.sh
root=$PWD
work=$root/build/package
rm -rf "$work"
mkdir -p "$work"

step() { printf '\n-- %s\n' "$*"; }
consume() { # NAME PROGRAMS OPTION...: configures, builds and runs the consumer's programs
  name=$1 programs=$2
  shift 2
  cmake -G Ninja -S tests/package/consumer -B "$work/$name" "$@"
  # shellcheck disable=SC2086 # a list
  cmake --build "$work/$name" --target $programs
  for program in $programs; do (cd "$work/$name" && "./$program"); done
}
refuse() { # MESSAGE NAME OPTION...: configuring must fail and say MESSAGE
  message=$1 name=$2
  shift 2
  if cmake -G Ninja -S tests/package/consumer -B "$work/$name" "$@" >"$work/$name.log" 2>&1; then
    echo "configured, but must be refused: $*" >&2
    exit 1
  fi
  grep -q "$message" "$work/$name.log" || { cat "$work/$name.log"; echo "refused, but without: $message" >&2; exit 1; }
  echo "refused, as it must be: $message"
}

step "install: no tests, nothing built"
cmake -G Ninja -S . -B "$work/build" -DCMAKE_INSTALL_PREFIX="$work/prefix" -DCORPS_BUILD_TESTS=OFF -DCORPS_BUILD_EXAMPLES=OFF
cmake --install "$work/build" >/dev/null
installed=$(cd "$work/prefix/include" && find corps -type f | sort)
present=$(cd include && find corps -type f \( -name '*.hpp' -o -name '*.ipp' \) | sort)
[ "$installed" = "$present" ] || { echo "installed headers differ from include/:" >&2; echo "$installed" >&2; exit 1; }
# The installed package must not need this checkout.
if grep -rlF "$root/include" "$work/prefix/share"; then
  echo "the installed package names this checkout" >&2
  exit 1
fi

# Each is one long file: side by side.
step "find_package, header-only"
consume package header_only -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/package.log" 2>&1 &
package=$!
trap 'kill "$package" 2>/dev/null || :' EXIT

step "find_package, bodies and Boost.JSON compiled by the program"
consume package_json separate -DCMAKE_PREFIX_PATH="$work/prefix" -DCORPS_BOOST_JSON_HEADER_ONLY=ON
if command -v ldd >/dev/null && ldd "$work/package_json/separate" | grep -q boost_json; then
  echo "it links the compiled Boost.JSON nevertheless" >&2
  exit 1
fi

wait "$package" || { cat "$work/package.log"; exit 1; }
trap - EXIT

step "add_subdirectory"
consume subdirectory header_only -DCORPS_FROM="$root"

step "what must be refused"
refuse "requested version" newer -DCMAKE_PREFIX_PATH="$work/prefix" -DCORPS_WANTED=99.0
refuse "nosuchpart" component -DCMAKE_PREFIX_PATH="$work/prefix" "-DCORPS_PARTS=sqlite;nosuchpart"

step "done"
