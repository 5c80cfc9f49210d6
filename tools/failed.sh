#!/bin/sh
# failed.sh TESTLOG - all that the tests that failed have printed, from Meson's log of all tests.
awk '/^=+ [0-9]+\/[0-9]+ =+$/ { if (bad) printf "%s", text; text = ""; bad = 0 }
     /^result: / && !/exit status (0|77)$/ { bad = 1 }
     !/^command: / { text = text $0 "\n" }
     END { if (bad) printf "%s", text }' "$1"
