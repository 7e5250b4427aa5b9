#!/usr/bin/env bash
# Lists an organisation of corps-emulator with the official SDKs of the platforms, and with clients of WeCom, which nobody here wrote;
# lets them take the events that it sends (PLATFORM.callbacks.*);
# and lets a library of WeCom read and write encrypted messages with ours (crypto.mjs):
#
#   bash tests/sdk/run.sh [FILE...]     (default: every FILE beside this one that is named PLATFORM*.mjs, .go, .java or .py)
#
# Not part of the ordinary test run: it fetches the SDKs with npm, go, mvn or pip, as the system is set up for them; what is
# not there is skipped and said. The tools: sh tests/install-deps.sh sdk (Go comes as you like). All that is made lies under
# build/sdk. CORPS_EMULATOR=PATH uses a corps-emulator that is built already.
#
# A FILE names its SDK in a line "sdk: PACKAGE@VERSION". It is called with the emulator's address and the organisation
# file, and with the application's id and secret in SDK_APP_ID and SDK_APP_SECRET (of WeCom SDK_CORP_ID, SDK_AGENT_ID,
# SDK_APP_SECRET and SDK_CONTACT_SECRET; of a provider SDK_CORP_ID, SDK_SUITE_ID, SDK_APP_SECRET and SDK_PROVIDER_SECRET, and the
# file is that of the first of two enterprises); it prints what it found wrong and exits with 1, or says in a line what it saw.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$PWD/build/sdk
mkdir -p "$work"
export SDK_APP_ID=cli_sdk_test SDK_APP_SECRET='only the owner knows'
export SDK_CORP_ID=ww0123456789abcdef SDK_AGENT_ID=1000002 SDK_CONTACT_SECRET='the contacts too'
export SDK_SUITE_ID=dk0123456789abcdef SDK_PROVIDER_SECRET='whose template it is'

if [ $# -gt 0 ]; then files=("$@"); else files=(tests/sdk/*.mjs tests/sdk/*.go tests/sdk/*.java tests/sdk/*.py); fi

# Whether one of the files needs an emulator: what is called crypto.* is held against tests/sdk/message_crypt.cpp.
emulated=
for file in "${files[@]}"; do case $(basename "$file") in crypto.*) ;; *) emulated=1 ;; esac; done

emulator=${CORPS_EMULATOR:-}
if [ -z "$emulator" ] && [ -n "$emulated" ]; then
  . tests/support/jobs.sh
  cmake --preset release >"$work/configure.log" 2>&1 || { cat "$work/configure.log"; exit 1; }
  cmake --build --preset release --target corps-emulator
  emulator=$PWD/build/release/corps-emulator
fi

pid=
stop() { [ -z "$pid" ] || { kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; pid=; } || :; }
trap stop EXIT
trap 'exit 1' HUP INT TERM

# start PLATFORM: an emulator with an organisation of its own; sets address. For crypto: our program; address is its path.
start() {
  if [ "$1" = crypto ]; then
    address=$work/message_crypt
    "${CXX:-g++}" -std=c++20 -O1 -Iinclude tests/sdk/message_crypt.cpp -lcrypto -o "$address"
    return
  fi
  local log=$work/$1.log organisations=(--org "$work/$1.org.json")
  "$emulator" --platform "$1" --generate 700:7 --print-org >"$work/$1.org.json"
  if [ "$1" = wecom-proxy ]; then
    mkdir -p "$work/$1.orgs"
    cp "$work/$1.org.json" "$work/$1.orgs/1.json"
    "$emulator" --platform "$1" --generate 30:8 --print-org >"$work/$1.orgs/2.json"
    organisations=(--org-dir "$work/$1.orgs")
    printf '{"suiteId":"%s","suiteSecret":"%s","token":"orgSyncToken01","encodingAESKey":"%s","providerCorpId":"%s","providerSecret":"%s"}\n' \
      "$SDK_SUITE_ID" "$SDK_APP_SECRET" AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8 "$SDK_CORP_ID" "$SDK_PROVIDER_SECRET" \
      >"$work/$1.keys.json"
  elif [ "$1" = wecom ]; then
    printf '{"corpId":"%s","agentId":"%s","secret":"%s","contactSecret":"%s"}\n' \
      "$SDK_CORP_ID" "$SDK_AGENT_ID" "$SDK_APP_SECRET" "$SDK_CONTACT_SECRET" >"$work/$1.keys.json"
  else
    printf '{"appId":"%s","appKey":"%s","appSecret":"%s"}\n' "$SDK_APP_ID" "$SDK_APP_ID" "$SDK_APP_SECRET" >"$work/$1.keys.json"
  fi
  : >"$log"
  "$emulator" --platform "$1" "${organisations[@]}" --credentials "$work/$1.keys.json" >"$log" 2>&1 &
  pid=$!
  for _ in $(seq 100); do
    address=$(sed -n 's/^listening on \([0-9.]*:[0-9]*\).*/\1/p' "$log")
    [ -z "$address" ] || return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  echo "the emulator does not start:" >&2
  cat "$log" >&2
  exit 1
}

skip() {
  echo "skipped: $1: $2"
  return 0
}

# try FILE PLATFORM PACKAGE VERSION, by the language of the file. The SDK is fetched into a directory of its own.
try_mjs() {
  local dir=$work/node/$2
  command -v node >/dev/null && command -v npm >/dev/null || { skip "$1" "no node or no npm"; return; }
  mkdir -p "$dir"
  [ -e "$dir/package.json" ] || echo '{"private":true}' >"$dir/package.json"
  if ! (cd "$dir" && npm install --no-audit --no-fund --save-exact "$3@$4") >"$dir/npm.log" 2>&1; then
    skip "$1" "npm cannot bring $3 ($dir/npm.log)"
    return
  fi
  cp "$1" "$dir/main.mjs"
  start "$2"
  if [ "$2" = crypto ]; then node "$dir/main.mjs" "$address"; else node "$dir/main.mjs" "http://$address" "$work/$2.org.json"; fi
}
try_go() {
  local dir=$work/go/$2
  command -v go >/dev/null || { skip "$1" "no go"; return; }
  mkdir -p "$dir"
  cp "$1" "$dir/main.go"
  printf 'module sdk\n\ngo 1.21\n\nrequire %s %s\n' "$3" "$4" >"$dir/go.mod"
  if ! (cd "$dir" && go mod tidy) >"$dir/go.log" 2>&1; then
    skip "$1" "go cannot bring $3 ($dir/go.log)"
    return
  fi
  (cd "$dir" && go build -o main .)
  start "$2"
  "$dir/main" "http://$address" "$work/$2.org.json"
}
try_java() {
  local dir=$work/java/$2
  command -v mvn >/dev/null && command -v java >/dev/null || { skip "$1" "no mvn or no java"; return; }
  mkdir -p "$dir"
  {
    echo '<project><modelVersion>4.0.0</modelVersion>'
    echo '<groupId>sdk</groupId><artifactId>sdk</artifactId><version>1</version><dependencies><dependency>'
    echo "<groupId>${3%%:*}</groupId><artifactId>${3##*:}</artifactId><version>$4</version>"
    echo '</dependency></dependencies></project>'
  } >"$dir/pom.xml"
  if ! (cd "$dir" && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib) >"$dir/mvn.log" 2>&1; then
    skip "$1" "mvn cannot bring $3 ($dir/mvn.log)"
    return
  fi
  start "$2"
  java -cp "$dir/lib/*" "$1" "http://$address" "$work/$2.org.json"
}
try_py() {
  local dir=$work/python/$2
  command -v python3 >/dev/null || { skip "$1" "no python3"; return; }
  [ -x "$dir/bin/pip" ] || python3 -m venv "$dir" >"$work/venv.log" 2>&1 || { rm -rf "$dir"; skip "$1" "python3 -m venv fails"; return; }
  if ! "$dir/bin/pip" install --quiet --disable-pip-version-check "$3==$4" >"$dir/pip.log" 2>&1; then
    skip "$1" "pip cannot bring $3 ($dir/pip.log)"
    return
  fi
  start "$2"
  "$dir/bin/python" "$1" "http://$address" "$work/$2.org.json"
}

failed=0
for file in "${files[@]}"; do
  [ -e "$file" ] || continue
  name=$(basename "$file")
  sdk=$(sed -n 's/^[^a-z]*sdk: \(.*\)@\([^@]*\)$/\1 \2/p' "$file" | head -n 1)
  [ -n "$sdk" ] || { echo "$file: no line \"sdk: PACKAGE@VERSION\"" >&2; exit 2; }
  echo "== $file: $sdk"
  # shellcheck disable=SC2086  # two words
  "try_${name##*.}" "$file" "${name%%.*}" $sdk || { echo "failed: $file"; failed=1; }
  stop
done
exit $failed
