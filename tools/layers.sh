#!/bin/sh
# layers.sh - refuse every #include "folder/..." under src/ that LAYERS does not allow.
# Tests may include anything.
cd "$(dirname "$0")/.." || exit 1
grep -Rno '^ *# *include *"[a-z]*/' --include='*.[ch]' --include='*.inc' src |
grep -v '_test\.c:' |
awk -F'[:/"]' '
FILENAME == "LAYERS" { if (!/^#/) { from = $1; sub(/^[^:]*:/, ""); allow[from] = " " from $0 " " } next }
!($2 in allow) { next }
index(allow[$2] " ", " " $(NF - 1) " ") == 0 { print $0 "... is not below " $2; bad = 1 }
END { exit bad }' LAYERS -
