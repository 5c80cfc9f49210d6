#!/bin/sh
# deps.sh - install what the build and its tests need and is missing (Debian 12); says what.
# Without root it prints the one line to run.
need="gcc libc6-dev clang libclang-rt-14-dev make meson ninja-build pkg-config libdnnl-dev
      libopenblas-serial-dev libcmocka-dev libprotobuf-c-dev protobuf-c-compiler
      protobuf-compiler libzip-dev zlib1g-dev universal-ctags
      python3-dev python3-numpy python3-protobuf python3-pytest graphviz
      libsnappy-dev libgraphviz-dev libjpeg62-turbo-dev libpng-dev libgif-dev libpcre2-dev
      libfftw3-dev"

command -v dpkg-query >/dev/null || { echo "Not a Debian system; needed: "$need; exit 0; }

missing=
for p in $need; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q ' installed$' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" != 0 ]; then
    echo "Some packages are missing. Run this, then try again:"
    echo "    sudo apt-get install -y --no-install-recommends$missing"
    exit 1
fi

echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y --no-install-recommends $missing >"$log" 2>&1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The package lists may be absent or too old: fetch them when what there is does not do.
install || { apt-get update >"$log" 2>&1 && install; } || { cat "$log"; exit 1; }
