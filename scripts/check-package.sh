#!/bin/sh
# Packs the tarball, installs it as `npm install --global` would into a prefix of its own, and starts
# the installed command: what is published has to run without the checkout.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tarball=$(npm pack --silent --pack-destination "$work" | tail -n 1)
# npm hands the settings of this project down; whoever installs the tarball does not have them
unset npm_config_strict_allow_scripts
npm install --silent --global --prefix "$work/prefix" "$work/$tarball"

version=$("$work/prefix/bin/signet" version --output json)
case $version in
  *"$(node -p 'require("./package.json").version')"*) ;;
  *) echo "the installed signet says: $version" >&2; exit 1 ;;
esac
cd "$work"
printf 'trustDomain: example.org\n' > server.yaml
"$work/prefix/bin/signet" server validate -c server.yaml
