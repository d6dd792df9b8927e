#!/bin/sh
# Makes dist/: plain JavaScript of src and migrations, with the generated code beside it.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"

rm -rf dist
tsc -p tsconfig.build.json
mkdir -p dist/src/gen
cp -R src/gen/. dist/src/gen/
