#!/bin/sh
# pytest.sh FILE - run a test in Python against the build folder $WEFT_BUILD, or say that it was
# skipped (exit status 77). Under a sanitizer Python must have its runtime loaded first.
build=${WEFT_BUILD:-build}
skip() { echo "$1: $2: skipped"; exit 77; }

/usr/bin/python3 -c 'import numpy, pytest' 2>/dev/null ||
    skip "$1" "python3-numpy or python3-pytest is missing"
ls "$build"/python/weft/_core*.so >/dev/null 2>&1 ||
    skip "$1" "the extension was not built: python3-dev is missing"
case $WEFT_SANITIZE in
none) ;;
address*)
    runtime=$($CC -print-file-name=libasan.so)
    [ "$CC" = clang ] && runtime=$(clang -print-file-name=libclang_rt.asan-x86_64.so)
    export LD_PRELOAD="$runtime" ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" ;;
*)  skip "$1" "Python does not run under this sanitizer" ;;
esac
export PYTHONPATH="$build/python/source:$build/python" PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -m pytest -q -p no:cacheprovider "$1"
