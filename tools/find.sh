#!/bin/sh
# find.sh ROOT PATTERN... - files below ROOT whose path matches a pattern, sorted, without those
# that match a !PATTERN. A `*` goes through folders, as in `find -path`.
cd "$1" || exit 1
shift
set -f
want= not=
for p in "$@"; do
    case $p in
    !*) not="$not ! -path ${p#!}" ;;
    *) want="$want -o -path $p" ;;
    esac
done
folders=
for f in src cli examples bench fuzz python; do [ -d $f ] && folders="$folders $f"; done
find $folders -type f '(' ${want# -o } ')' $not | LC_ALL=C sort
