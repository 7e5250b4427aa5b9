#!/bin/sh
# Installs what corps needs, on Debian 12, Debian 13 and Ubuntu 24.04. Run it again as often as you like: when all is
# there it does nothing and asks nobody.
#
#   sh tests/install-deps.sh [build] [test] [lint] [bench] [sdk]      (default: build test)
#
#   build   compiler, CMake, Ninja, Boost, OpenSSL, SQLite: the library and the programs in examples/
#   test    Catch2
#   lint    the oldest and the newest clang that there are, the latter with its sanitizers, clang-tidy, clang-format
#   bench   Google Benchmark
#   sdk     what fetches and runs the platforms' official SDKs: tests/sdk/run.sh
#
# Needs root or sudo. Exits 3 on a system it does not know; README.md says what is needed there.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

say() { echo "install-deps: $*"; }

ID=unknown VERSION_ID=''
[ ! -r /etc/os-release ] || . /etc/os-release
clang=19 oldest_clang=16 catch2=libcatch2-dev
case "$ID:$VERSION_ID" in
  debian:12) boost=1.81 ;;
  debian:13) boost=1.83 oldest_clang=17 ;;
  ubuntu:24.04) boost=1.83 clang=18 catch2=catch2 ;;
  *)
    say "$ID $VERSION_ID is not a system this script knows; see README.md for what is needed" >&2
    exit 3 ;;
esac

wanted=
for group in ${*:-build test}; do
  case $group in
    build) wanted="$wanted g++ cmake ninja-build libboost$boost-dev libboost-json$boost-dev libssl-dev libsqlite3-dev openssl" ;;
    test) wanted="$wanted $catch2" ;;
    lint) wanted="$wanted clang-$oldest_clang clang-$clang libclang-rt-$clang-dev llvm-$clang clang-tidy-$clang clang-format-$clang" ;;
    bench) wanted="$wanted libbenchmark-dev" ;;
    sdk) # what came from elsewhere stays
      wanted="$wanted python3-venv"
      command -v npm >/dev/null 2>&1 || wanted="$wanted nodejs npm"
      command -v javac >/dev/null 2>&1 || wanted="$wanted default-jdk-headless"
      command -v mvn >/dev/null 2>&1 || wanted="$wanted maven"
      ;;
    *) say "there is no group $group" >&2; exit 2 ;;
  esac
done

# Those of $wanted that are not installed.
missing() {
  for package in $wanted; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf ' %s' "$package"
  done
}

todo=$(missing)
if [ -z "$todo" ]; then
  say "nothing to do"
  exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
  as_root() { "$@"; }
elif command -v sudo >/dev/null 2>&1; then
  as_root() { sudo env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"; }
else
  say "run it as root or install sudo; missing:$todo" >&2
  exit 1
fi
apt() { as_root apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -q "$@"; }

say "installing$todo"
apt update

# add_source PACKAGE SUITE COMPONENT: where no source has the package, takes this suite in, from the mirror that the machine
# already uses.
add_source() {
  case " $todo " in *" $1 "*) ;; *) return 0 ;; esac
  [ -z "$(apt-cache search --names-only "^$1\$")" ] || return 0
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk -v codename="$VERSION_CODENAME" '$2 == codename { print $1; exit }')
  [ -n "$mirror" ] || { say "no package source for $VERSION_CODENAME found; add $2 $3 by hand" >&2; exit 1; }
  keyring=/usr/share/keyrings/$ID-archive-keyring.gpg
  {
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\n' "$mirror" "$2" "$3"
    [ ! -e "$keyring" ] || printf 'Signed-By: %s\n' "$keyring"
  } | as_root tee "/etc/apt/sources.list.d/corps-$3.sources" >/dev/null
  apt update
}
case $ID:$VERSION_ID in
  debian:12) add_source libcatch2-dev bookworm-backports main ;; # backports rank below the release: nothing else changes
  ubuntu:24.04) add_source ninja-build noble universe ;;
esac

# shellcheck disable=SC2086  # a list of words
apt install -y --no-install-recommends $todo

todo=$(missing)
if [ -n "$todo" ]; then
  say "still missing:$todo" >&2
  exit 1
fi
say "done"
