"""weft py: scripts in which `import tensorflow` is Weft."""
import os
import signal
import subprocess
import time

import pytest

if "clang_rt" in os.environ.get("LD_PRELOAD", ""):
    pytest.skip("the command and Python would each load a sanitizer", allow_module_level=True)

BUILD = os.path.join(os.getcwd(), os.environ.get("WEFT_BUILD", "build"))
WEFT = os.path.join(BUILD, "weft")


def weft(*arguments, status=0, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([WEFT, "py", *arguments], capture_output=True, text=True,
                          env={**environ, **options.pop("env", {})}, **options)
    assert done.returncode == status, done.stderr
    return done


@pytest.fixture
def script(tmp_path):
    def write(text, name="script.py"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)
    return write


def test_a_script(script, tmp_path):
    script("N = 5\n", "helper.py")
    path = script("""
import sys, tensorflow as tf
import tensorflow.compat.v1 as v1
from tensorflow.python.framework import ops
import helper, pickle
class C: pass
pickle.loads(pickle.dumps(C()))
assert tf is v1 and __name__ == '__main__' and __file__ == sys.argv[0]
with tf.Session() as sess:
    print(sess.run(tf.constant(2) + helper.N), sys.argv[1:], tf.__version__)
""")
    assert weft(path, "a", "-b").stdout == "7 ['a', '-b'] 1.15.0\n"
    assert weft("script.py", cwd=tmp_path).stdout == "7 [] 1.15.0\n"


def test_code_module_and_input(script, tmp_path):
    script("import sys, tensorflow as tf\nprint(tf.float32.name, sys.argv[1:], __name__)", "m.py")
    assert weft("-c", "import sys, tensorflow; print(sys.argv)", "x").stdout == "['-c', 'x']\n"
    assert weft("-m", "m", "1", cwd=tmp_path).stdout == "float32 ['1'] __main__\n"
    for arguments in ["-"], []:
        done = weft(*arguments, stdin=None, input="import tensorflow as tf; print(tf.int32.name)")
        assert done.stdout == "int32\n"


def test_switches_of_python(script):
    path = script("import sys; print(sys.flags.dont_write_bytecode, sys.warnoptions, sys.argv[1:])")
    assert weft("-uB", "-W", "ignore", path, "-u").stdout == "1 ['ignore'] ['-u']\n"
    assert weft("-B", "-c", "import sys; print(sys.flags.dont_write_bytecode)").stdout == "1\n"


def test_tracebacks_are_the_scripts(script):
    path = script("import tensorflow as tf\ndef f():\n    tf.nope\nf()\n")
    error = weft(path, status=1).stderr
    assert error.startswith("Traceback (most recent call last):\n  File \"%s\", line 4" % path)
    assert "no attribute 'nope'" in error.splitlines()[-1]
    error = weft(script("x = (\n", "bad.py"), status=1).stderr
    assert "SyntaxError" in error and "__main__" not in error
    error = weft("-m", "nope_nope", status=1).stderr
    assert "No module named nope_nope" in error


def test_the_exit_status_is_the_scripts(script):
    weft("-c", "import sys; sys.exit(7)", status=7)
    assert weft("-c", "raise SystemExit('words')", status=1).stderr == "words\n"
    assert "can't open file" in weft("nope.py", status=2).stderr
    assert "no option '--nope'" in weft("--nope", status=2).stderr
    assert "needs an argument" in weft("-c", status=2).stderr


def test_interrupts_end_the_script(script):
    path = script("import time, tensorflow\nprint('ready', flush=True)\ntime.sleep(60)\n")
    process = subprocess.Popen([WEFT, "py", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT and b"KeyboardInterrupt" in error


def test_other_pythons_are_not_touched(script):
    path = script("import subprocess, sys, tensorflow\n"
                  "print(subprocess.run([sys.executable, '-c', 'import tensorflow'],"
                  " capture_output=True).returncode)")
    assert weft(path).stdout == "1\n"


def test_which_python(script):
    path = script("import sys; print(sys.executable)")
    assert weft(path, env={"WEFT_PYTHON": "/usr/bin/python3"}).stdout == "/usr/bin/python3\n"
    assert "cannot run /nope" in weft(path, status=1, env={"WEFT_PYTHON": "/nope"}).stderr


def test_an_installed_one(tmp_path):
    """What make install-python and make install put in place works from there."""
    if "sanitize" in BUILD or os.environ.get("LD_PRELOAD"):
        pytest.skip("sanitizers' builds are not for installing")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir",
                    str(tmp_path)], check=True, capture_output=True)
    commands = [p for p in tmp_path.rglob("bin/weft")]
    prefix = commands[0].parent.parent
    libraries = next(prefix.rglob("libweft.so")).parent
    code = "import tensorflow as tf, weft; print(tf.Session().run(tf.constant(3)), weft.__file__)"
    done = subprocess.run([commands[0], "py", "-c", code], capture_output=True, text=True,
                          cwd="/", env={"LD_LIBRARY_PATH": str(libraries), "PATH": "/usr/bin"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 %s" % prefix)


def test_help_names_it():
    done = subprocess.run([WEFT, "--help"], capture_output=True, text=True, check=True)
    assert "py " in done.stdout and "--coverage" in done.stdout


@pytest.mark.parametrize("end", ["", "raise SystemExit(0)"])
def test_functions_that_a_pipeline_calls_end_with_the_program(script, end):
    """A session is still open, and threads of its pipeline are in Python."""
    path = script("""
import tensorflow as tf
numbers = tf.data.Dataset.range(10 ** 6).map(
    lambda x: tf.py_func(lambda y: y, [x], tf.int64), num_parallel_calls=4).prefetch(10)
session = tf.Session()
print(session.run(numbers.make_one_shot_iterator().get_next()))
""" + end)
    assert weft(path, timeout=60).stdout == "0\n"
