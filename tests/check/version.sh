#!/bin/sh
# The version stands in version.hpp; CMake and the Conan recipe read it there. The vcpkg files cannot: they must agree.
set -eu
cd "$1"
part() { awk -v name="CORPS_VERSION_$1" '$1 == "#define" && $2 == name { print $3 }' include/corps/version.hpp; }
version=$(part MAJOR).$(part MINOR).$(part PATCH)
failed=0
for file in vcpkg.json tests/package/vcpkg/ports/corps/vcpkg.json; do
  found=$(awk -F'"' '$2 == "version" { print $4; exit }' "$file")
  if [ "$found" != "$version" ]; then
    echo "$file says $found, version.hpp says $version"
    failed=1
  fi
done
# The port's manifest is the project's without the tests and with what a port needs to build.
dependencies() { grep -o '{"name": "[a-z0-9-]*"[^}]*}\|"openssl"\|"sqlite3"' "$1" | grep -v '"host"' | sort; }
port=$(dependencies tests/package/vcpkg/ports/corps/vcpkg.json)
own=$(dependencies vcpkg.json)
if [ "$port" != "$own" ]; then
  printf 'vcpkg.json needs\n%s\nbut its port needs\n%s\n' "$own" "$port"
  failed=1
fi
exit $failed
