#!/bin/sh
# sizes.sh - list functions past 60 lines, files past 600, lines past 100: questions, not a gate.
cd "$(dirname "$0")/.." || exit 1
files=$(find src cli examples bench fuzz tools include python/core -name '*.[ch]' -o -name '*.inc' 2>/dev/null)
ctags -x --languages=C --kinds-C=f --langmap=C:+.inc \
      --_xformat='function %{input}:%n %{name} %{end} %n' $files 2>/dev/null |
    awk '$4 - $5 >= 60 { print $2 ": " $3 " is " $4 - $5 + 1 " lines" }'
files="$files $(find python -name '*.py')"
wc -l $files | awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines" }'
awk 'length > 100 { print FILENAME ":" FNR ": " length " columns" }' $files
exit 0
