"""Functions: Defun, what it captures, its gradients; functional ops; libraries of graphs."""
import gc
import weakref

import numpy as np
import pytest
import weft as tf
from weft.python.framework import function
from weft.python.framework import ops
from weft.python.ops import functional_ops


def run(fetch, feeds=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetch, feeds)


@pytest.fixture(autouse=True)
def _graph():
    with tf.Graph().as_default():
        yield


# ---- what a Defun is ----


def test_a_call_is_one_operation():
    @function.Defun(tf.float32, tf.float32, func_name="MyMul")
    def multiply(x, y):
        return x * y

    z = multiply(tf.constant(2.0), 3.0, name="z")
    assert (z.op.type, z.op.name) == ("MyMul", "z")
    assert run(z) == 6.0
    library = tf.get_default_graph().as_graph_def().library
    assert [f.signature.name for f in library.function] == ["MyMul"]
    assert tf.get_default_graph()._is_function("MyMul")
    assert tf.get_default_graph().as_graph_def().versions.min_consumer == 12


def test_names_follow_tensorflow():
    @function.Defun(tf.float32)
    def half(x):
        """Halves."""
        return x / 2.0

    definition = half.definition
    assert definition.signature.description == "Halves."
    assert [x.name for x in definition.signature.input_arg] == ["x"]
    assert [x.name for x in definition.signature.output_arg] == ["truediv"]
    assert [n.name for n in definition.node_def] == ["truediv/y", "truediv_0"]
    assert definition.ret["truediv"] == "truediv_0:z:0"
    assert half.name.startswith("half_") and len(half.name) == len("half_") + 11
    assert half(4.0).op.name == half.name


def test_several_results_and_none():
    @function.Defun(tf.int32, out_names=["double", "same"])
    def two(x):
        return x + x, x

    @function.Defun(tf.int32)
    def nothing(x):
        tf.add(x, 1)

    a, b = two(5)
    assert run([a, b]) == [10, 5]
    assert sorted(two.definition.ret) == ["double", "same"]
    assert isinstance(nothing(5), tf.Operation)

    @function.Defun(tf.int32)
    def none_of_two(x):
        return x, None

    with pytest.raises(ValueError, match="can not return None"):
        none_of_two.name


def test_types_by_the_call():
    @function.Defun()
    def add(x, y):
        return x + y

    assert run(add(1.5, 2.0)) == 3.5
    assert run(add(1, 2)) == 3
    assert len(tf.get_default_graph()._functions) == 2


def test_refusals():
    with pytest.raises(ValueError, match="must be callable"):
        function.Defun()(3)
    with pytest.raises(ValueError, match="argument defaults or keywords"):
        function.Defun()(lambda x=1: x)
    with pytest.raises(ValueError, match="fewer arguments"):
        function.Defun(tf.float32, tf.float32)(lambda x: x)
    with pytest.raises(ValueError, match="Unknown keyword"):
        function.Defun(tf.float32, unknown=1)(lambda x: x).name
    f = function.Defun(tf.float32, func_name="f")(lambda x: x)
    with pytest.raises(ValueError, match="Expected number of arguments: 1, received: 2"):
        f(1.0, 2.0)
    f(1.0)
    g = function.Defun(tf.float32, func_name="f")(lambda x: -x)
    with pytest.raises(ValueError, match="different function with the same name"):
        tf.get_default_graph()._add_function(g)


def test_shape_function():
    @function.Defun(tf.float32, shape_func=lambda op: [op.inputs[0].get_shape()])
    def same(x):
        return tf.py_func(lambda v: v, [x], tf.float32)

    assert same(tf.zeros([2, 3])).shape.as_list() == [2, 3]
    np.testing.assert_array_equal(run(same(tf.ones([2]))), [1, 1])


def test_noinline_is_said():
    f = function.Defun(tf.float32, noinline=True, func_name="f")(lambda x: x + 1.0)
    assert f.definition.attr["_noinline"].b
    y = f(1.0, noinline=True)
    assert y.op.get_attr("_noinline") is True


# ---- captures ----


def test_tensors_of_outside_become_arguments():
    c = tf.constant([1.0, 2.0])

    @function.Defun(tf.float32)
    def add(x):
        return x + c + c

    y = add(3.0)
    assert add.captured_inputs == [c]
    assert [x.name for x in y.op.inputs] == ["Const_1:0", "Const:0"]
    np.testing.assert_array_equal(run(y), [5, 7])


def test_captures_through_functions_in_functions():
    c = tf.constant(2.0)

    @function.Defun(tf.float32)
    def outer(x):
        d = x * c

        @function.Defun(tf.float32)
        def inner(y):
            return y + d + c

        return inner(x)

    assert run(outer(3.0)) == 3 + 6 + 2
    assert len(tf.get_default_graph()._functions) == 2


def test_variables_are_made_outside():
    @function.Defun(tf.float32)
    def scaled(x):
        w = tf.get_variable("w", initializer=2.0)
        v = tf.get_variable("v", initializer=10.0, use_resource=True)
        return x * w + v

    with tf.variable_scope("layer"):
        y = scaled(3.0)
        z = function.Defun(tf.float32)(
            lambda x: x + tf.get_variable("a", initializer=1.0))(2.0)
    assert run([y, z]) == [16.0, 3.0]
    assert sorted(v.name for v in tf.global_variables()) == ["layer/a:0", "layer/v:0", "layer/w:0"]
    assert len(function.get_extra_vars()) == 0


def test_capture_by_value():
    c = tf.constant(4.0, name="c")
    d = c * 2.0
    p = tf.placeholder(tf.float32)

    @function.Defun(tf.float32, capture_by_value=True)
    def add(x):
        return x + d

    assert add.captured_inputs == []
    assert run(add(1.0)) == 9.0
    with pytest.raises(ValueError, match="Cannot capture a placeholder"):
        function.Defun(tf.float32, capture_by_value=True)(lambda x: x + p).name
    r = tf.random_uniform([])
    with pytest.raises(ValueError, match="Cannot capture a stateful node"):
        function.Defun(tf.float32, capture_by_value=True)(lambda x: x + r).name


def test_what_is_captured_is_told_while_it_is_traced():
    c = tf.constant(4.0)
    seen = []

    @function.Defun(tf.float32)
    def f(x):
        y = x + c
        seen.extend([function.get_extra_inputs(), function.get_extra_args()])
        assert ops.get_default_graph().building_function
        with tf.init_scope():
            assert not ops.get_default_graph().building_function
        return y

    f(1.0)
    assert seen[0] == [c] and seen[1][0].op.type == "Placeholder"


# ---- gradients ----


def test_gradient_of_a_call_is_symbolic():
    @function.Defun(tf.float32)
    def cube(x):
        return x * x * x

    x = tf.constant(3.0)
    dx, = tf.gradients(cube(x), x)
    assert dx.op.type == "SymbolicGradient"
    assert dx.op.get_attr("f").name == cube.name
    assert run(dx) == 27.0


def test_gradient_function():
    @function.Defun(tf.float32, tf.float32)
    def gradient(x, dy):
        return dy * 5.0

    @function.Defun(tf.float32, grad_func=gradient)
    def f(x):
        return x * x

    x = tf.constant(3.0)
    assert run(tf.gradients(f(x), x)) == [5.0]
    library = tf.get_default_graph().as_graph_def().library
    assert [(g.function_name, g.gradient_func) for g in library.gradient] == [
        (f.name, gradient.name)]


def test_python_gradient_function():
    def gradient(op, dy):
        return dy * 7.0

    @function.Defun(tf.float32, python_grad_func=gradient)
    def f(x):
        return x * x

    x = tf.constant(3.0)
    assert run(tf.gradients(f(x), x)) == [7.0]
    both = function.Defun(tf.float32, python_grad_func=gradient, func_name="both",
                          grad_func=function.Defun(tf.float32, tf.float32)(lambda x, dy: dy))
    with pytest.raises(ValueError, match="Gradient defined twice"):
        both(lambda x: x)(1.0)


def test_gradients_reach_what_was_captured():
    w = tf.get_variable("w", initializer=2.0)
    v = tf.get_variable("v", initializer=4.0, use_resource=True)

    @function.Defun(tf.float32)
    def f(x):
        return x * w * v

    x = tf.constant(3.0)
    assert run(tf.gradients(f(x), [x, w, v])) == [8.0, 12.0, 6.0]


# ---- functional ops ----


def test_if():
    @function.Defun(tf.float32)
    def double(x):
        return x * 2.0

    @function.Defun(tf.float32)
    def negative(x):
        return -x

    p = tf.placeholder(tf.bool)
    y, = functional_ops.If(p, [3.0], double, negative)
    assert y.op.type == "StatelessIf"
    with tf.Session() as sess:
        assert sess.run(y, {p: True}) == 6.0
        assert sess.run(y, {p: False}) == -3.0


def test_while():
    @function.Defun(tf.int32, tf.float32)
    def below(n, x):
        return n < 10

    c = tf.constant(1.5)

    @function.Defun(tf.int32, tf.float32)
    def step(n, x):
        return n + 1, x + c

    n, x = functional_ops.While([0, 1.0], below, step)
    assert run([n, x]) == [10, 16.0]


def test_for():
    c = tf.constant(1.0)

    @function.Defun(tf.int32, tf.float32)
    def step(i, x):
        return x + tf.cast(i, tf.float32) * c

    y, = functional_ops.For(0, 5, 1, [2.0], step)
    assert run(y) == 12.0


def test_calls():
    @function.Defun(tf.float32, func_name="double")
    def double(x):
        return x * 2.0

    y, = functional_ops.remote_call(args=[3.0], Tout=[tf.float32], f=double, target="/cpu:0")
    z, = functional_ops.partitioned_call([4.0], double)
    g = functional_ops.symbolic_gradient([5.0, 1.0], [tf.float32], double)
    assert run([y, z] + g) == [6.0, 8.0, 2.0]
    assert z.op.type == "PartitionedCall" and z.op.get_attr("f").name == "double"
    with pytest.raises(TypeError, match="func"):
        functional_ops.symbolic_gradient([5.0, 1.0], [tf.float32], 3)
    named = tf.NameAttrList(name="double")
    assert run(functional_ops.symbolic_gradient([5.0, 3.0], [tf.float32], named)) == [6.0]
    named.attr["T"].i = 3
    with pytest.raises(NotImplementedError, match="attributes of its own"):
        functional_ops.symbolic_gradient([5.0, 1.0], [tf.float32], named)


def test_gradients_of_if():
    a = tf.get_variable("a", initializer=3.0, use_resource=True)
    x = tf.placeholder(tf.float32, [])
    p = tf.placeholder(tf.bool)
    times = function.Defun(tf.float32)(lambda v: v * a)
    plus = function.Defun(tf.float32)(lambda v: v + a)
    y, = functional_ops.If(p, [x], times, plus)
    grads = tf.gradients(y, [x, a])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run([y] + grads, {p: True, x: 5.0}) == [15.0, 3.0, 5.0]
        assert sess.run([y] + grads, {p: False, x: 5.0}) == [8.0, 1.0, 1.0]


def test_gradients_of_while():
    below = function.Defun(tf.int32, tf.float32)(lambda n, v: n < 3)
    step = function.Defun(tf.int32, tf.float32)(lambda n, v: (n + 1, v * v))
    x = tf.constant(2.0)
    _, y = functional_ops.While([0, x], below, step)
    dx, = tf.gradients(y, x)
    assert run([y, dx]) == [256.0, 8 * 2.0 ** 7]
    message = tf.get_default_graph().as_graph_def()
    with tf.Graph().as_default():               # what was added is the library's, and goes with it
        again = tf.import_graph_def(message, return_elements=[y.name, dx.name])
        assert run(again) == [256.0, 8 * 2.0 ** 7]


# ---- in loops and conditions, and these in functions ----


def test_functions_among_loops_and_conditions():
    c = tf.constant(2.0)
    x = tf.placeholder(tf.float32, [])

    @function.Defun(tf.float32)
    def choose(v):
        return tf.cond(v > 0.0, lambda: v * c, lambda: -v)

    @function.Defun(tf.float32)
    def loop(v):
        v.set_shape([])
        return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * v), [0, c])[1]

    @function.Defun(tf.float32)
    def deep(v):
        v.set_shape([])

        @function.Defun(tf.float32)
        def inner(y):
            return tf.cond(y > 1.0, lambda: y * v * c, lambda: y)

        return tf.while_loop(lambda i, y: i < 2,
                             lambda i, y: (i + 1, tf.reshape(inner(y), [])), [0, v])[1]

    inside = tf.while_loop(lambda i, v: i < 3,
                           lambda i, v: (i + 1, tf.reshape(choose(v), [])), [0, x])[1]
    either = tf.cond(x > 1.0, lambda: choose(x), lambda: loop(x))
    same = function.Defun(tf.float32)(lambda v: tf.cond(v > 0.0, lambda: c, lambda: v))(x)
    with tf.Session() as sess:
        fetches = [choose(x), loop(x), inside, either, deep(x), same]
        assert sess.run(fetches, {x: 1.5}) == [3.0, 6.75, 12.0, 3.0, 13.5, 2.0]
        assert sess.run(fetches, {x: -1.0}) == [1.0, -2.0, 4.0, -2.0, -1.0, -1.0]
        assert sess.run(tf.gradients(fetches[0], x) + tf.gradients(inside, x),
                        {x: 1.5}) == [2.0, 8.0]


# ---- libraries ----


def test_libraries_go_with_graphs():
    @function.Defun(tf.float32, func_name="double")
    def double(x):
        return x * 2.0

    double(tf.placeholder(tf.float32, name="x"), name="y")
    message = tf.get_default_graph().as_graph_def()
    with tf.Graph().as_default() as g:
        x, y = tf.import_graph_def(message, return_elements=["x:0", "y:0"], name="")
        assert list(g._functions) == ["double"]
        assert g._get_function("double").definition == double.definition
        assert run(y, {x: 4.0}) == 8.0
        assert run(tf.gradients(y, x), {x: 4.0}) == [2.0]
    made = function._from_library(message.library)
    assert [f.name for f in made] == ["double"]
    with tf.Graph().as_default():
        assert run(made[0](3.0)) == 6.0


def test_recursion_is_refused():
    @function.Defun(tf.float32, func_name="again")
    def again(x):
        return x + 1.0

    definition = again.definition
    definition.node_def.add(name="more", op="again", input=["add_0:z:0"])
    definition.ret["add"] = "more:add:0"
    self_calling = function._from_definition(definition)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Function again calls itself"):
        run(self_calling(1.0))


def test_shared_libraries_are_refused(tmp_path):
    with pytest.raises(tf.errors.NotFoundError):
        tf.load_op_library(str(tmp_path / "none.so"))
    library = tmp_path / "ops.so"
    library.write_bytes(b"")
    with pytest.raises(NotImplementedError, match="compiled against TensorFlow's C\\+\\+ library"):
        tf.load_op_library(str(library))
    with pytest.raises(OSError):
        tf.load_library(str(tmp_path / "none"))


def test_bodies_do_not_outlive_their_tracing():
    bodies = []

    @function.Defun(tf.float32)
    def f(x):
        bodies.append(weakref.ref(ops.get_default_graph()))
        return x + 1.0

    gc.disable()
    try:
        f(1.0)
        assert bodies[0]() is None
    finally:
        gc.enable()
