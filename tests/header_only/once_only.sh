#!/bin/sh
# sh tests/header_only/once_only.sh OBJECT...: none may define a function or variable for the whole program, but main.
set -eu
for object in "$@"; do
  defined=$(nm --defined-only --extern-only --demangle "$object")
  found=$(echo "$defined" | grep -E ' [TDBRGSC] ' | grep -vE ' T main$') || continue
  echo "$object defines for the whole program, so that two files that include it cannot be linked:"
  echo "$found"
  exit 1
done
