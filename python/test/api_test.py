"""The table of public names, and what finds them."""
import importlib
import subprocess
import sys

import pytest
import weft as tf
from weft import _alias, _api, _coverage

_alias.claim("tensorflow")


def every_name():
    return [(space, name) for space in _api.API for name in _alias.names(space)]


@pytest.mark.parametrize("space", _api.API)
def test_every_name_in_the_table_is_there(space):
    module = importlib.import_module("weft." + space) if space else tf
    for name in _alias.names(space):
        getattr(module, name)
        assert name in dir(module)


def test_every_other_name_of_a_module_is_there():
    for path in _api.MODULES:
        importlib.import_module("tensorflow." + path)


def test_a_name_stands_once_in_a_namespace():
    for space, modules in _api.API.items():
        words = [word.partition("=")[0] for names in modules.values() for word in names.split()]
        assert len(words) == len(set(words)), space


def test_modules_are_the_same_objects_by_all_names():
    import tensorflow
    import tensorflow.compat.v1 as v1
    import tensorflow.nn
    from tensorflow.python.framework import errors_impl
    from tensorflow.python.framework import ops
    from weft.python.framework import errors
    from weft.python.framework import ops as same
    assert tensorflow is tf is v1 and tf.compat.v1 is tf and tensorflow.nn is tf.nn is v1.nn
    assert ops is same is tf.python.framework.ops and errors_impl is errors
    assert importlib.import_module("tensorflow.compat.v1.nn") is tf.nn
    assert tf.__name__ == "weft" and tf.__spec__.name == "weft" and tf.nn.__name__ == "weft.nn"


def test_names_that_are_not_there():
    for path, words in (("nope", "module 'tensorflow' has no attribute 'nope'$"),
                        ("reduce_maen", "no attribute 'reduce_maen'; did you mean 'reduce_mean'"),
                        ("nn.sofmax", "no attribute 'nn.sofmax'; did you mean 'nn.softmax'"),
                        ("mul", "no attribute 'mul'; TensorFlow 1 calls it 'multiply'"),
                        ("tpu", "no attribute 'tpu': Weft has no TPUs yet"),
                        ("estimator", "no attribute 'estimator': Weft has no estimators yet")):
        module = tf
        *spaces, name = path.split(".")
        for space in spaces:
            module = getattr(module, space)
        with pytest.raises(AttributeError, match=words):
            getattr(module, name)
    with pytest.raises(ModuleNotFoundError, match="No module named 'tensorflow.nope'"):
        import tensorflow.nope
    with pytest.raises(ModuleNotFoundError, match="contrib.cluster_resolver': Weft has no TPUs"):
        from tensorflow.contrib import cluster_resolver
    with pytest.raises(ModuleNotFoundError, match="backprop': Weft has no eager execution"):
        import tensorflow.python.eager.backprop
    assert not hasattr(tf, "nope") and not hasattr(tf.nn, "__wrapped__")


def test_what_is_promised_for_later_is_not_there_now():
    for subject, names in _api.LATER.items():
        for name in names.split():
            assert not _coverage.is_there("tf." + name), "%s is in LATER (%s)" % (name, subject)


def test_other_names_lead_somewhere():
    later = {name for names in _api.LATER.values() for name in names.split()}
    for old, new in _api.RENAMED.items():
        assert not _coverage.is_there("tf." + old), old
        assert _coverage.is_there("tf." + new) or new in later or new.split(".")[0] in later, new


def weft_version():
    from weft import _core
    return _core.version


def test_all_names_at_once():
    space = {}
    exec("from tensorflow.errors import *\nfrom tensorflow import *", space)
    assert space["NotFoundError"] is tf.errors.NotFoundError and space["float32"] is tf.float32
    assert "os" not in dir(tf) and "__git_version__" not in space


def test_versions():
    assert tf.__version__ == tf.VERSION == tf.version.VERSION == "1.15.0"
    assert tf.version == weft_version()
    assert tf.version.GRAPH_DEF_VERSION == 134 and isinstance(tf.version, str)
    assert tf.__git_version__ == tf.GIT_VERSION and tf.__compiler_version__


def test_switches_of_version_2():
    assert tf.executing_eagerly() is False
    tf.compat.v1.disable_eager_execution()
    tf.disable_v2_behavior()
    with pytest.raises(RuntimeError, match="no eager execution"):
        tf.enable_eager_execution()
    tf.enable_resource_variables()
    assert tf.resource_variables_enabled()
    tf.disable_resource_variables()
    assert not tf.resource_variables_enabled()
    tf.enable_v2_tensorshape()
    assert tf.TensorShape([2])[0] == 2 and isinstance(tf.TensorShape([2])[0], int)
    tf.disable_v2_behavior()
    assert isinstance(tf.TensorShape([2])[0], tf.Dimension)


def test_raw_ops():
    from tensorflow.python.ops import gen_math_ops
    assert tf.raw_ops.MatMul(a=[[1.0]], b=[[2.0]]).op.type == "MatMul"
    with pytest.raises(TypeError):
        tf.raw_ops.MatMul([[1.0]], [[2.0]])
    with pytest.raises(AttributeError, match="raw_ops.*Nope"):
        tf.raw_ops.Nope
    assert gen_math_ops.mat_mul([[1.0]], [[2.0]]).op.type == "MatMul"
    with pytest.raises(AttributeError):
        gen_math_ops.nope


def test_namespaces_can_be_imported_from():
    code = ("import weft.nn; from weft.python.framework.dtypes import float32; import weft.errors\n"
            "from weft.train import AdamOptimizer; import weft\n"
            "assert weft.nn.relu and 'tensorflow' not in __import__('sys').modules\n"
            "try: import tensorflow\nexcept ImportError as e: pass\n"
            "else: assert tensorflow is not weft")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_it_is_quick():
    code = ("import time, numpy\nt = time.perf_counter()\nimport weft as tf\n"
            "print(time.perf_counter() - t)")
    times = [float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True,
                                  text=True).stdout) for _ in range(5)]
    assert min(times) < 0.04


def test_coverage(tmp_path, capsys):
    table = tmp_path / "t.tsv"
    table.write_text("symbol\trepos\ttier\n"
                     "tf.Session\t3\t1\ntf.nope\t3\t1\ntf.python.framework.ops.Graph\t1\t2\n"
                     "tf.[internal].concat\t1\t2\n")
    _coverage.report(str(table))
    out = capsys.readouterr().out
    assert "+ tf.Session" in out and "- tf.nope" in out
    assert "tier 1: 1 of 2 symbols are there (50.0%)" in out and "tier 2: 2 of 2" in out
    (tmp_path / "list").write_text("tf.Session\nnn.relu\n")
    _coverage.report(str(tmp_path / "list"))
    assert "tier all: 2 of 2" in capsys.readouterr().out
