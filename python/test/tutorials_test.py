"""The scripts of examples/python that train on MNIST run, here for some steps, and learn."""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("WEFT_BUILD", "build")
MNIST = ROOT.parent / "shared" / "mnist"

# script: (steps, what the number after "reached" is then at least or, below 0, at most)
SCRIPTS = {"logistic_regression": (60, 0.8), "mlp_mnist": (60, 0.8), "cnn_mnist": (30, 0.6),
           "autoencoder": (300, -0.075), "vae": (30, -280), "gan": (30, -0.37),
           "batch_norm": (60, 0.0)}


@pytest.mark.skipif(not MNIST.is_dir(), reason="no ../shared/mnist")
@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_tutorial(script):
    steps, bound = SCRIPTS[script]
    path = os.pathsep.join([str(ROOT / "python"), str(BUILD / "python")])
    run = subprocess.run(
        [str(BUILD / "weft"), "py", str(ROOT / "examples/python" / (script + ".py")), str(MNIST),
         str(steps)], env=dict(os.environ, PYTHONPATH=path), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, universal_newlines=True, timeout=300)
    assert run.returncode == 0, run.stderr
    last = run.stdout.splitlines()[-1]
    assert last.startswith("reached ") and last.endswith(" after %d steps" % steps)
    number = next(float(word) for word in last.split() if word.replace(".", "").isdigit())
    assert number >= bound if bound >= 0 else number <= -bound, last
