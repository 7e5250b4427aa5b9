#!/bin/sh
# corps/src.hpp compiles every body there is; one that is forgotten fails to link in somebody's program.
set -eu
cd "$1"
failed=0
for body in $(cd include && find corps -name '*.ipp' | sort); do
  grep -qF "#include <$body>" include/corps/src.hpp include/corps/emulator/src.hpp && continue
  # A part of another body, or of a header that is a test by itself.
  grep -rqF --include='*.ipp' "#include <$body>" include && continue
  [ "$body" = corps/testing/impl/storage_conformance.ipp ] && continue
  echo "include/corps/src.hpp does not include <$body>"
  failed=1
done
exit $failed
