#!/usr/bin/env bash
# Makes the Conan package and its test package, against the system's libraries: tests/package/conan.sh
# Uses the conan on PATH, or puts one into build/conan/venv where pip can.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$PWD/build/conan
mkdir -p "$work"

conan=$(command -v conan || :)
if [ -z "$conan" ]; then
  if [ ! -x "$work/venv/bin/conan" ]; then
    if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install --quiet --disable-pip-version-check 'conan>=2,<3'; } >"$work/pip.log" 2>&1; then
      rm -rf "$work/venv"
      echo "skipped: no conan on PATH, and python3 -m venv or pip cannot bring it (build/conan/pip.log)"
      exit 0
    fi
  fi
  conan=$work/venv/bin/conan
fi

export CONAN_HOME=$work/home TMP=$work/tmp # a home of its own: nothing of the developer's is used or changed
rm -rf "$CONAN_HOME" "$TMP"
mkdir -p "$TMP"
. tests/support/jobs.sh

"$conan" profile detect
"$conan" remote disable '*'
standin() { "$conan" export tests/package/conan/standin --name "$1" --version "$2"; }
boost=$(awk '$1 == "#define" && $2 == "BOOST_LIB_VERSION" { gsub(/"/, "", $3); gsub(/_/, ".", $3); print $3 }' /usr/include/boost/version.hpp)
standin boost "$(printf '%s.0' "$boost" | cut -d. -f1-3)"
standin openssl "$(openssl version | cut -d' ' -f2)"
standin sqlite3 "$(awk '$1 == "#define" && $2 == "SQLITE_VERSION" { gsub(/"/, "", $3); print $3 }' /usr/include/sqlite3.h)"

"$conan" create . -pr:a tests/package/conan/profile --build=missing

# An older standard must be refused.
if "$conan" create . -pr:a tests/package/conan/profile --build=missing -s compiler.cppstd=17 >"$work/cppstd.log" 2>&1; then
  echo "C++17 was not refused" >&2
  exit 1
fi
grep -q 'Current cppstd (17) is lower' "$work/cppstd.log" || { cat "$work/cppstd.log"; exit 1; }
echo "C++17 is refused"
