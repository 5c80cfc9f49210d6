#!/bin/sh
# pytest.sh FILE - run a test in Python against the build folder $WEFT_BUILD, or say that it was
# skipped (exit status 77). Under a sanitizer Python, which is not built with it, has to load the
# compiler's runtime first; what Python itself keeps to the end counts as no leak.
build=${WEFT_BUILD:-build}
skip() { echo "$1: $2: skipped"; exit 77; }

/usr/bin/python3 -c 'import numpy, pytest' 2>/dev/null ||
    skip "$1" "python3-numpy or python3-pytest is missing"
ls "$build"/python/weft/_core*.so >/dev/null 2>&1 ||
    skip "$1" "the extension was not built: python3-dev is missing"
[ "$CC $WEFT_SANITIZE" = "clang thread" ] &&
    skip "$1" "clang's runtime for threads cannot be loaded into Python"
case $WEFT_SANITIZE in
address*) name=asan ;;
thread) name=tsan ;;
*) name= ;;
esac
if [ $name ]; then
    runtime=lib$name.so
    [ "$CC" = clang ] && runtime=libclang_rt.$name-$(uname -m).so
    export LD_PRELOAD="$($CC -print-file-name=$runtime)"
    export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
    export TSAN_OPTIONS="$TSAN_OPTIONS:die_after_fork=0:suppressions=$PWD/tools/tsan.supp"
fi
export PYTHONPATH="$build/python/source:$build/python" PYTHONDONTWRITEBYTECODE=1
/usr/bin/python3 -m pytest -q -rs -p no:cacheprovider "$1"
code=$?
[ $code = 5 ] && skip "$1" "it holds nothing to run here"       # the file skipped itself
exit $code
