"""Every tutorial trains to what it says it reaches; each asserts that itself."""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("WEFT_BUILD", "build")
MNIST = pathlib.Path(os.environ.get("WEFT_SHARED", ROOT.parent / "shared")) / "mnist"
TUTORIALS = sorted((ROOT / "examples/python/tutorials").glob("*.py"))


@pytest.mark.parametrize("script", TUTORIALS, ids=lambda p: p.stem)
def test_tutorial(script):
    learns_digits = "MNIST" in script.read_text()
    if learns_digits and not MNIST.exists():
        pytest.skip("%s is not there" % MNIST)
    arguments = [str(MNIST)] if learns_digits else []
    run = subprocess.run([str(BUILD / "weft"), "py", str(script)] + arguments,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
                         timeout=500)
    assert run.returncode == 0, run.stdout + run.stderr
    print(run.stdout)
