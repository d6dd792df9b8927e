#!/bin/sh
# Generates src/gen from proto. With --check it changes nothing, and fails if the committed code is
# not what proto gives.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"

into=$(mktemp -d)
trap 'rm -rf "$into"' EXIT
find proto -name '*.proto' | sort | xargs protoc --proto_path=proto \
  --es_out="$into" --es_opt=target=js+dts,import_extension=js

if [ "${1-}" = --check ]; then
  if ! diff -r "$into" src/gen; then
    echo 'src/gen is not what proto gives: run npm run generate and commit the result' >&2
    exit 1
  fi
else
  rm -rf src/gen
  mkdir -p src/gen
  cp -R "$into/." src/gen/
fi
