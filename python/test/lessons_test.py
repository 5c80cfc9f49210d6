"""Every lesson of examples/python prints what stands beside it: as a script that imports tensorflow,
under `weft py`, and as one that imports weft; in the plain spelling and in that of compat.v1."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("WEFT_BUILD", "build")
LESSONS = sorted(p for p in (ROOT / "examples/python").glob("*.py")
                 if p.with_suffix(".txt").exists())


def spelled(text, compat, ours):
    text = re.sub(r"\btf\.", "tf.compat.v1.", text) if compat else text
    return text.replace("import tensorflow as tf", "import weft as tf") if ours else text


def test_there_are_lessons():
    assert len(LESSONS) >= 15


@pytest.mark.parametrize("ours", [False, True], ids=["weft_py", "import_weft"])
@pytest.mark.parametrize("compat", [False, True], ids=["plain", "compat_v1"])
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)
def test_lesson(lesson, compat, ours, tmp_path):
    if not ours and "clang_rt" in os.environ.get("LD_PRELOAD", ""):
        pytest.skip("clang links its runtime into the command, and Python needs it preloaded")
    script = tmp_path / lesson.name
    script.write_text(spelled(lesson.read_text(), compat, ours))
    command = [sys.executable] if ours else [str(BUILD / "weft"), "py"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    if ours:
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "python"), str(BUILD / "python")])
    run = subprocess.run(command + [str(script)], env=environment,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         universal_newlines=True, cwd=str(ROOT), timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout == lesson.with_suffix(".txt").read_text()
