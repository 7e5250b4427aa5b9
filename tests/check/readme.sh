#!/bin/sh
# The program in the README is a program that is compiled: the same text as the example it names.
set -eu
cd "$1"
status=0
grep '^<!-- begin ' README.md | sed 's/^<!-- begin \(.*\) -->$/\1/' | while read -r file; do
  sed -n "\\|^<!-- begin $file -->\$|,\\|^<!-- end -->\$|p" README.md | sed '1,2d;$d' | sed '$d' | diff -u "$file" - || exit 1
done || status=1
[ "$(grep -c '^<!-- begin ' README.md)" -gt 0 ] || { echo "README.md: no program"; status=1; }
exit $status
