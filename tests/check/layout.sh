#!/bin/sh
# The house rules that a compiler cannot see: what lies where, and which room may include which.
set -eu
cd "$1"
failed=0
fail() {
  echo "$*"
  failed=1
}

for entry in *; do
  case $entry in
    CMakeLists.txt | CMakePresets.json | LICENSE | README.md | conanfile.py | vcpkg.json) ;;
    benchmarks | build | cmake | docs | examples | include | tests) ;;
    CMakeUserPresets.json) ;; # a developer's own, ignored by git
    *) fail "$entry: does not belong at the top" ;;
  esac
done

# The rooms, lower ones first. Data moves forward only: a header includes its own room and lower ones. What stands
# directly in include/corps is above them all, but for version.hpp.
rooms="detail error context model config crypto transport auth client storage sync callback suite emulator testing"

headers=$(find include -name '*.hpp' -o -name '*.ipp' | sort)
for header in $headers; do
  case $header in
    *.hpp) grep -q '^#pragma once$' "$header" || fail "$header: no #pragma once" ;;
  esac
  case $header in
    */[a-z]*.[hi]pp) ;;
    *) fail "$header: names are snake_case" ;;
  esac
done

# shellcheck disable=SC2086  # a list of files
awk -v rooms="$rooms" '
  BEGIN { n = split(rooms, list, " "); for (i = 1; i <= n; ++i) rank[list[i]] = i }
  function room(path,   parts) {  # of corps/<room>/...; the files above all rooms count as one more
    if (path == "corps/version.hpp" || path == "corps/fwd.hpp") return 1
    if (split(path, parts, "/") < 3) return n + 1
    return rank[parts[2]]
  }
  FNR == 1 {
    own = FILENAME; sub("^include/", "", own)
    mine = room(own)
    if (!mine) { print FILENAME ": a room that layout.sh does not know"; bad = 1; mine = n + 1 }
  }
  /^[ \t]*#[ \t]*include[ \t]*</ {
    path = $0; sub("^[^<]*<", "", path); sub(">.*", "", path)
    if (path ~ "^corps/" && room(path) > mine) { print FILENAME ":" FNR ": " path " is in a higher room"; bad = 1 }
    if (path == "boost/json/src.hpp") { print FILENAME ":" FNR ": never here; link Boost.JSON"; bad = 1 }
    if (path ~ "^boost/beast" && own !~ "^corps/(transport/impl/https|emulator/)") {
      print FILENAME ":" FNR ": Beast is for the HTTPS transport and the emulator"; bad = 1
    }
    if (path ~ "^(openssl/|boost/asio/ssl)" && own !~ "^corps/(crypto/|transport/(impl/)?https|emulator/)") {
      print FILENAME ":" FNR ": OpenSSL is for crypto, the HTTPS transport and the emulator"; bad = 1
    }
    if (path ~ "^sqlite3" && own !~ "^corps/storage/(impl/)?sqlite") {
      print FILENAME ":" FNR ": SQLite is for its storage"; bad = 1
    }
  }
  /^[ \t]*#[ \t]*include[ \t]*"/ && own ~ "^corps/" { print FILENAME ":" FNR ": write <corps/...>"; bad = 1 }
  /(stable_sort|stable_partition|inplace_merge)[ \t]*\(/ {
    print FILENAME ":" FNR ": clang warns of it in every program that includes libstdc++ 12; sort with a tie-break"; bad = 1
  }
  /^using namespace / && own ~ "^corps/" { print FILENAME ":" FNR ": no using namespace at file level"; bad = 1 }
  END { exit bad }
' $headers || failed=1

exit $failed
