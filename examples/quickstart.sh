#!/bin/sh
# From a clone to a synced organisation: sh examples/quickstart.sh
#
# Installs what is missing (as root, or with sudo), builds corpctl and corps-emulator, starts the emulator as a Feishu with
# some two thousand people behind TLS, and syncs them into SQLite, twice, with a change upstream between. Everything it
# makes is under build/; run it again as often as you like.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C

heading() { printf '\n== %s\n' "$*"; }

heading "What the build needs"
sh tests/install-deps.sh build || {
  status=$?
  [ "$status" -eq 3 ] || exit "$status" # an unknown system may have all that is needed; CMake will say
}

heading "Build corpctl and corps-emulator"
. tests/support/jobs.sh
mkdir -p build
cmake --preset release >build/quickstart-configure.log 2>&1 || { cat build/quickstart-configure.log; exit 1; }
cmake --build --preset release --target corpctl corps-emulator

bin=$PWD/build/release
mkdir -p build/quickstart
cd build/quickstart
rm -rf app tls org-before.json org-after.json corps.db corps.db-* emulator.log

heading "A certificate authority and a server certificate, for this run only"
mkdir tls
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls/ca.key -out tls/ca.pem -days 2 \
  -subj "/CN=corps quickstart CA" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>tls/log
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls/server.key -out tls/server.csr \
  -subj "/CN=localhost" 2>>tls/log
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' >tls/extensions
openssl x509 -req -in tls/server.csr -CA tls/ca.pem -CAkey tls/ca.key -CAcreateserial -days 2 -out tls/server.pem \
  -extfile tls/extensions 2>>tls/log
echo "build/quickstart/tls/ca.pem signs for localhost"

# The organisation before and after the change, made of one that corps-emulator invents (one person or department a line).
# Before, Lin Leaver is there; after, Jo Joiner is, three people have a new name and a department is renamed.
"$bin/corps-emulator" --platform feishu --generate 2000 --print-org >org.json
person() {
  printf '{"memberId":"%s","nick":"%s","phone":"%s","email":"%s@demo.example","departments":[{"deptId":"2"}]},' "$1" "$2" "$3" "$1"
}
edit() { # PERSON CHANGES: puts the person in; with CHANGES 1, makes the others too
  awk -v person="$1" -v changes="$2" '
    changes && !people && /"deptId":"5"/ { sub(/"name":"[^"]*/, "& (renamed)") }
    changes && people && ++people % 600 == 0 { sub(/"nick":"[^"]*/, "& (new name)") }
    { print }
    /^"userList"/ { people = 1; print person }' org.json
}
edit "$(person leaver 'Lin Leaver' +8613900000001)" 0 >org-before.json
edit "$(person joiner 'Jo Joiner' +8613900000002)" 1 >org-after.json

heading "Start a Feishu on this machine"
: >emulator.log # it has to be there when it is first looked into
"$bin/corps-emulator" --platform feishu --org org-before.json --tls tls/server.pem tls/server.key --port 0 >emulator.log 2>&1 &
emulator=$!
trap 'kill "$emulator" 2>/dev/null || :' EXIT
trap 'exit 1' HUP INT TERM
address=
tries=0
while [ -z "$address" ]; do
  address=$(sed -n 's/^listening on \([0-9.]*:[0-9]*\).*/\1/p' emulator.log)
  tries=$((tries + 1))
  if [ "$tries" -gt 100 ] || ! kill -0 "$emulator" 2>/dev/null; then
    echo "the emulator does not start:" >&2
    cat emulator.log >&2
    exit 1
  fi
  [ -n "$address" ] || sleep 0.1
done
echo "listening on https://$address; it answers as Feishu does: tokens, pages, errors, rate limits"

# Where a program that uses corps keeps what it knows of an organisation.
mkdir -p app/corps/Demo
cat >app/corps/Demo/e.json <<EOF
{
    "title": "Demo",
    "type": "corps.FSInnerType"
}
EOF
cat >app/corps/Demo/Demo.json <<EOF
{
    "appId": "cli_quickstart",
    "appSecret": "any secret will do for the emulator",
    "baseUrl": "https://$address",
    "caFile": "$PWD/tls/ca.pem",
    "userIdType": "user_id",
    "departmentIdType": "department_id"
}
EOF
corpctl() {
  printf '\n$ corpctl --app app --store sqlite:corps.db %s\n' "$*"
  "$bin/corpctl" --app app --store sqlite:corps.db "$@"
}

heading "The first sync brings everybody"
corpctl sync corps.Demo

heading "Again: nothing has changed, so nothing is written"
corpctl sync corps.Demo

heading "A change upstream: one person leaves, one joins, three names change, a department is renamed"
length=$(wc -c <org-after.json)
answer=$({
  printf 'PUT /_emulator/org HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n' "$address"
  printf 'Content-Length: %s\r\nConnection: close\r\n\r\n' "$length"
  cat org-after.json
} | timeout 60 openssl s_client -quiet -connect "$address" -CAfile tls/ca.pem -verify_return_error 2>tls/client.log | sed -n '1s/\r$//p')
case $answer in
  "HTTP/1.1 2"*) echo "PUT /_emulator/org: $answer" ;;
  *) echo "the emulator did not take the new organisation: $answer" >&2; exit 1 ;;
esac

heading "A dry run says what a sync would do"
corpctl sync --dry-run corps.Demo

heading "The second sync does it"
corpctl sync corps.Demo

heading "The organisation, as it now stands in build/quickstart/corps.db"
"$bin/corpctl" --app app --store sqlite:corps.db tree corps.Demo >tree.txt
printf '$ corpctl --app app --store sqlite:corps.db tree corps.Demo | head -n 20\n'
head -n 20 tree.txt
echo "... $(wc -l <tree.txt) lines in build/quickstart/tree.txt"

heading "Done"
echo "Left in build/quickstart: the application directory app/, the database corps.db, the organisations org-*.json"
