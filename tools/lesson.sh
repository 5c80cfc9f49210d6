#!/bin/sh
# lesson.sh PROGRAM EXPECTED - run a lesson: it must end well and print what EXPECTED holds.
out=$("$1") || { echo "$1: exit status $?"; exit 1; }
printf '%s\n' "$out" | diff -u "$2" -
