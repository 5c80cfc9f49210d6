"""Weft: TensorFlow 1's graphs and sessions."""
import os
import sys

# The extension stands in the build folder until the package is installed.
__path__ += [p for p in (os.path.join(d, "weft") for d in sys.path)
             if p not in __path__ and os.path.isdir(p)]
