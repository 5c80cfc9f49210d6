#!/bin/sh
# py_stubs.sh PYTHON FOLDER - when the package is installed: write weft-stubs beside it.
cd "$(dirname "$0")/.." || exit 1
PYTHONPATH=python:$MESON_BUILD_ROOT/python exec "$1" tools/py_stubs.py "$DESTDIR$2"
