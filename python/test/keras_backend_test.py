"""tf.keras.backend: each statement of SEMANTICS.md D, and what the functions compute."""
import gc
import threading
import weakref

import numpy as np
import pytest
import weft as tf
from weft.python.client import session as session_module
from weft.python.keras import backend as K, backend_session


@pytest.fixture(autouse=True)
def fresh():
    K.clear_session()
    K.manual_variable_initialization(False)


class Recorded(session_module.Session):
    """A session that remembers what it was made of."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.config = kwargs.get("config")


# ---- the session ----

@pytest.mark.fact("D1")
def test_the_session_is_the_default_one_or_the_process_s_own(monkeypatch):
    monkeypatch.setattr(session_module, "Session", Recorded)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    own = K.get_session()
    assert own.graph is tf.get_default_graph() and K.get_session() is own
    assert own.config.allow_soft_placement and own.config.intra_op_parallelism_threads == 2
    with tf.Session() as default:
        assert K.get_session() is default
    assert K.get_session() is own


@pytest.mark.fact("D1")
def test_the_session_stays_with_the_graph_it_was_made_in():
    own = K.get_session()
    with tf.Graph().as_default() as other:
        assert K.get_session() is own and own.graph is not other


@pytest.mark.fact("D2")
def test_get_session_initializes_what_has_no_value():
    v, w = K.variable(3.0), K.variable(4.0)
    with tf.Session() as sess:
        v.load(5.0, sess)
        assert K.get_session() is sess
        assert sess.run([v, w]) == [5.0, 4.0]


@pytest.mark.fact("D3")
def test_each_variable_is_looked_at_once_in_its_life():
    v = K.variable(3.0)
    assert K.get_value(v) == 3.0
    K.set_session(tf.Session())
    with pytest.raises(tf.errors.FailedPreconditionError,
                       match="Error while reading resource variable"):
        K.get_value(v)


@pytest.mark.fact("D4")
def test_other_variables_are_left_alone():
    v = tf.Variable(1.0)
    with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value Variable"):
        K.get_session().run(v)


@pytest.mark.fact("D5")
def test_set_session():
    first, graph = K.get_session(), tf.get_default_graph()
    with tf.Graph().as_default():
        second = tf.Session()
    K.set_session(second)
    assert K.get_session() is second and tf.get_default_graph() is graph
    assert first.run(tf.constant(1)) == 1


@pytest.mark.fact("D6")
def test_clear_session_takes_another_graph_and_session():
    session, graph = K.get_session(), tf.get_default_graph()
    K.get_uid("dense")
    with tf.Graph().as_default() as other:
        K.get_uid("dense")
        K.set_learning_phase(1)
    K.clear_session()
    assert tf.get_default_graph() is not graph
    assert K.get_session() is not session
    assert K.get_uid("dense") == 1
    assert K.learning_phase().name == "keras_learning_phase:0"
    with other.as_default():
        assert K.get_uid("dense") == 1
        assert isinstance(K.learning_phase(), tf.Tensor)


@pytest.mark.fact("D6")
@pytest.mark.parametrize("context", [lambda: tf.Graph().as_default(), lambda: tf.Session(),
                                     lambda: tf.name_scope("a")])
def test_clear_session_inside_of_contexts(context):
    session = K.get_session()
    with context():
        with pytest.raises(AssertionError, match="Do not use tf.reset_default_graph"):
            K.clear_session()
    assert K.get_session() is session


@pytest.mark.fact("D7")
def test_clear_session_drops_what_is_not_of_keras_too():
    tf.constant(1, name="mine")
    K.clear_session()
    with pytest.raises(KeyError, match="does not exist"):
        tf.get_default_graph().get_tensor_by_name("mine:0")


@pytest.mark.fact("D8")
def test_what_clear_session_keeps():
    v = K.variable(3.0)
    old = K.get_session()
    assert old.run(v) == 3.0
    K.manual_variable_initialization(True)
    K.set_epsilon(1e-3)
    K.set_image_data_format("channels_first")
    K.set_floatx("float64")
    try:
        K.clear_session()
        assert backend_session._manual_initialization
        assert (K.epsilon(), K.image_data_format(), K.floatx()) == (1e-3, "channels_first",
                                                                    "float64")
        assert old.run(v) == 3.0
        with pytest.raises(ValueError, match="must be from the same graph as"):
            v + tf.constant(1.0)
    finally:
        K.set_epsilon(1e-7)
        K.set_image_data_format("channels_last")
        K.set_floatx("float32")


@pytest.mark.fact("D9")
def test_memory_goes_with_the_last_reference():
    x = K.placeholder((1,))
    f = K.function([x], [x * 2])
    f([[1.0]])
    old = weakref.ref(K.get_session())
    K.clear_session()
    gc.collect()
    assert old() is not None and f._made_for[0] is old()
    del x, f
    gc.collect()
    assert old() is None


@pytest.mark.fact("D10")
def test_the_new_graph_has_the_learning_phase_only():
    K.clear_session()
    assert [(op.name, op.type) for op in tf.get_default_graph().get_operations()] == [
        ("keras_learning_phase/input", "Const"), ("keras_learning_phase", "PlaceholderWithDefault")]
    assert tf.get_default_graph().version == 2


@pytest.mark.fact("D11")
def test_names_of_layers_restart():
    from weft.python.keras.names import unique_object_name
    assert [unique_object_name("dense", zero_based=True) for _ in range(2)] == ["dense", "dense_1"]
    assert tf.layers.Dense(1).name == "dense_3"
    K.clear_session()
    assert unique_object_name("dense", zero_based=True) == "dense"
    K.clear_session()
    assert tf.layers.Dense(1).name == "dense_1"


# ---- the learning phase ----

@pytest.mark.fact("D12")
def test_the_learning_phase_is_one_for_each_graph():
    phase = K.learning_phase()
    assert phase is K.learning_phase()
    assert phase.dtype == tf.bool and phase.shape.as_list() == []
    assert phase.op.type == "PlaceholderWithDefault" and not K.get_session().run(phase)
    with tf.Graph().as_default():
        K.set_learning_phase(1)
        assert K.learning_phase() == 1
    assert K.learning_phase() is phase
    for wrong in (2, "train", None):
        with pytest.raises(ValueError, match="Expected learning phase to be 0 or 1."):
            K.set_learning_phase(wrong)


@pytest.mark.fact("D13")
def test_the_learning_phase_is_fed():
    x = tf.ones([1000])
    y = K.in_train_phase(lambda: K.dropout(x, 0.5), x)
    z = K.in_test_phase(tf.constant(1), tf.constant(2))
    sess = tf.Session()
    assert np.all(sess.run(y) == 1.0) and sess.run(z) == 1
    assert 300 < np.sum(sess.run(y, {K.learning_phase(): 1}) == 0.0) < 700
    assert sess.run(z, {K.learning_phase(): True}) == 2


def test_a_phase_that_is_pinned_chooses_at_once():
    one, other = tf.constant(1), tf.constant(2)
    K.set_learning_phase(1)
    assert K.in_train_phase(one, other) is one
    K.set_learning_phase(0)
    assert K.in_train_phase(lambda: one, lambda: other) is other
    assert K.in_train_phase(one, other, training=True) is one


# ---- variables ----

@pytest.mark.fact("D14")
def test_manual_initialization():
    v = K.variable(3.0)
    K.manual_variable_initialization(True)
    with pytest.raises(tf.errors.FailedPreconditionError):
        K.get_session().run(v)
    K.manual_variable_initialization(False)
    assert K.get_session().run(v) == 3.0


@pytest.mark.fact("D15")
def test_uids():
    assert [K.get_uid("a"), K.get_uid("a"), K.get_uid("b")] == [1, 2, 1]
    with tf.Graph().as_default():
        assert K.get_uid("a") == 1
        K.reset_uids()
    assert K.get_uid("a") == 1


@pytest.mark.fact("D16")
def test_functions():
    x, y = K.placeholder((2,)), K.placeholder((2,))
    v = K.variable([1.0, 2.0])
    f = K.function([x, y], [x + y, x * v], updates=[(v, v + x), K.update_add(v, [0.0, 0.0])])
    total, product = f([[1, 2], [3, 4]])
    assert total.tolist() == [4, 6] and product.tolist() == [1, 4]
    assert K.get_value(v).tolist() == [2, 4]
    compiled = f._callable
    f([[1, 2], [3, 4]])
    assert f._callable is compiled
    K.set_session(tf.Session())
    K.get_session().run(v.initializer)
    f([[1, 2], [3, 4]])
    assert f._callable is not compiled
    with pytest.raises(TypeError, match="`inputs` should be a list or tuple."):
        K.function(x, [x])
    with pytest.raises(TypeError, match="`inputs` should be a list or tuple."):
        f(np.ones(2))
    with pytest.raises(ValueError, match="Invalid argument \"nope\" passed to K.function"):
        K.function([x], [x], nope=1)


@pytest.mark.fact("D17")
def test_another_thread_has_the_session_and_another_graph():
    x = K.placeholder((1,))
    session, graph = K.get_session(), tf.get_default_graph()
    f = K.function([x], [x * 2])
    said = {}

    def elsewhere():
        said["session"], said["graph"] = K.get_session(), tf.get_default_graph()
        try:
            K.get_session().run(tf.constant(1.0))
        except ValueError as error:
            said["error"] = str(error)
        with graph.as_default():
            said["cured"] = session.run(tf.constant(1.0))
        said["built before"] = f([[3.0]])[0][0]

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert said["session"] is session and said["graph"] is not graph
    assert "is not an element of this graph." in said["error"]
    assert said["cured"] == 1.0 and said["built before"] == 6.0


@pytest.mark.fact("D18")
def test_tables_keep_no_graph_alive():
    with tf.Graph().as_default() as graph:
        K.learning_phase()
        K.variable(1.0)
        K.get_uid("dense")
        tf.layers.dense(tf.ones([1, 2]), 2)
    gone = weakref.ref(graph)
    del graph
    gc.collect()
    assert gone() is None
    K.learning_phase()
    gone = weakref.ref(tf.get_default_graph())
    tf.reset_default_graph()
    gc.collect()
    assert gone() is None


@pytest.mark.fact("D19")
def test_variables_are_resources():
    v = K.variable(np.arange(3), name="v")
    assert v.op.type == "VarHandleOp" and v.dtype == tf.float32 and v.name == "v:0"
    assert K.variable([1, 2], dtype="int32", constraint=tf.nn.relu).constraint is tf.nn.relu


def test_values():
    v, w = K.zeros((2, 3)), K.ones((2,), dtype="int32")
    assert K.eval(v).tolist() == [[0] * 3] * 2 and K.get_value(w).tolist() == [1, 1]
    before = tf.get_default_graph().version
    K.set_value(v, np.ones((2, 3)))
    K.batch_set_value([(w, [3, 4])])
    assert tf.get_default_graph().version == before
    a, b = K.batch_get_value([v, w])
    assert a.tolist() == [[1] * 3] * 2 and b.tolist() == [3, 4]
    assert K.count_params(v) == 6 and K.batch_get_value([]) == []
    assert K.eval(K.update(v, tf.zeros([2, 3]))).sum() == 0
    assert K.eval(K.update_sub(w, [1, 1])).tolist() == [2, 3]
    assert K.eval(K.eye(2)).tolist() == [[1, 0], [0, 1]]
    assert K.eval(K.random_uniform_variable((4,), 1, 2)).min() >= 1
    layer = tf.layers.Dense(2)
    layer(tf.ones([1, 3]))
    layer.set_weights([np.ones((3, 2)), np.zeros(2)])
    assert layer.get_weights()[0].tolist() == [[1, 1]] * 3


def test_tensors_and_what_is_known_of_them():
    x = K.placeholder(ndim=2)
    assert K.int_shape(x) == (None, None) and K.ndim(x) == 2 and K.dtype(x) == "float32"
    assert K.int_shape(tf.placeholder(tf.float32)) is None
    assert K.is_placeholder(x) and not K.is_placeholder(x + 1)
    assert K.constant([1, 2]).dtype == tf.float32
    assert K.cast(K.constant(1.5), "int32").dtype == tf.int32
    assert K.cast_to_floatx([1, 2]).dtype == np.float32
    with pytest.raises(ValueError, match="Unknown floatx type"):
        K.set_floatx("int8")
    with pytest.raises(ValueError, match="Unknown data_format"):
        K.set_image_data_format("nope")


# ---- what is computed ----

RNG = np.random.RandomState(0)
A, B = RNG.rand(3, 4).astype("f"), RNG.rand(4, 5).astype("f")
CUBE = RNG.rand(2, 3, 4).astype("f")


def value(x):
    return K.eval(x)


def test_dot():
    np.testing.assert_allclose(value(K.dot(K.constant(A), K.constant(B))), A @ B, rtol=1e-5)
    np.testing.assert_allclose(value(K.dot(K.constant(CUBE), K.constant(B))), CUBE @ B, rtol=1e-5)
    other = RNG.rand(2, 4, 3).astype("f")
    np.testing.assert_allclose(value(K.dot(K.constant(CUBE), K.constant(other))),
                               np.dot(CUBE, other), rtol=1e-5)


def test_batch_dot():
    x, y = RNG.rand(2, 3, 4).astype("f"), RNG.rand(2, 4, 5).astype("f")
    np.testing.assert_allclose(value(K.batch_dot(K.constant(x), K.constant(y))), x @ y, rtol=1e-5)
    np.testing.assert_allclose(
        value(K.batch_dot(K.constant(x), K.constant(y.transpose(0, 2, 1)), axes=2)), x @ y,
        rtol=1e-5)
    v = RNG.rand(2, 4).astype("f")
    np.testing.assert_allclose(value(K.batch_dot(K.constant(v), K.constant(v), axes=1)),
                               np.sum(v * v, 1, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(value(K.batch_dot(K.constant(x), K.constant(v), axes=(2, 1))),
                               np.einsum("bij,bj->bi", x, v), rtol=1e-5)
    np.testing.assert_allclose(value(K.batch_dot(K.constant(v), K.constant(x), axes=(1, 2))),
                               np.einsum("bj,bij->bi", v, x), rtol=1e-5)


@pytest.mark.parametrize("ours, theirs", [
    (K.sum, np.sum), (K.mean, np.mean), (K.max, np.max), (K.min, np.min), (K.prod, np.prod),
    (K.std, np.std), (K.var, np.var)])
def test_reductions(ours, theirs):
    x = K.constant(CUBE)
    np.testing.assert_allclose(value(ours(x)), theirs(CUBE), rtol=1e-5)
    np.testing.assert_allclose(value(ours(x, axis=1)), theirs(CUBE, axis=1), rtol=1e-5)
    np.testing.assert_allclose(value(ours(x, axis=-1, keepdims=True)),
                               theirs(CUBE, axis=-1, keepdims=True), rtol=1e-5)


def test_reductions_of_flags_and_places():
    flags = tf.constant([[True, False], [True, True]])
    assert value(K.mean(flags)) == 0.75
    assert value(K.any(flags, axis=0)).tolist() == [True, True]
    assert value(K.all(flags, axis=0)).tolist() == [True, False]
    assert value(K.argmax(K.constant(A))).tolist() == A.argmax(1).tolist()
    assert value(K.argmin(K.constant(A))).tolist() == A.argmin(1).tolist()
    np.testing.assert_allclose(value(K.cumsum(K.constant(A), 1)), A.cumsum(1), rtol=1e-5)
    np.testing.assert_allclose(value(K.logsumexp(K.constant(A))), np.log(np.exp(A).sum()),
                               rtol=1e-5)


def test_elementwise():
    x = np.array([-2.0, -0.5, 0.0, 0.5, 4.0], "f")
    t = K.constant(x)
    np.testing.assert_allclose(value(K.relu(t)), np.maximum(x, 0))
    np.testing.assert_allclose(value(K.relu(t, alpha=0.5)), np.where(x > 0, x, 0.5 * x))
    np.testing.assert_allclose(value(K.relu(t, max_value=1.0)), np.clip(x, 0, 1))
    np.testing.assert_allclose(value(K.relu(t, threshold=1.0)), np.where(x > 1, x, 0))
    np.testing.assert_allclose(value(K.relu(t, alpha=0.5, max_value=6)),
                               np.where(x > 0, x, 0.5 * x))
    np.testing.assert_allclose(value(K.elu(t, 2.0)), np.where(x > 0, x, 2 * np.expm1(x)), rtol=1e-5)
    np.testing.assert_allclose(value(K.hard_sigmoid(t)), np.clip(0.2 * x + 0.5, 0, 1))
    np.testing.assert_allclose(value(K.clip(t, -1, 1)), np.clip(x, -1, 1))
    np.testing.assert_allclose(value(K.clip(t, 1, None)), np.maximum(x, 1))
    np.testing.assert_allclose(value(K.sqrt(t)), np.sqrt(np.maximum(x, 0)))
    np.testing.assert_allclose(value(K.square(t)), x * x)
    np.testing.assert_allclose(value(K.softmax(K.constant(A))),
                               np.exp(A) / np.exp(A).sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(value(K.l2_normalize(K.constant(A), axis=1)),
                               A / np.linalg.norm(A, axis=1, keepdims=True), rtol=1e-5)


def test_losses():
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], "f")
    label = np.array([[1, 0, 0], [0, 1, 0]], "f")
    wanted = -np.log([0.7, 0.8])
    for output, logits in ((K.constant(p), False), (K.constant(np.log(p)), True),
                           (tf.nn.softmax(K.constant(np.log(p))), False)):
        np.testing.assert_allclose(
            value(K.categorical_crossentropy(K.constant(label), output, logits)), wanted, rtol=1e-5)
        np.testing.assert_allclose(
            value(K.sparse_categorical_crossentropy(K.constant([0, 1]), output, logits)), wanted,
            rtol=1e-5)
    q = np.array([0.9, 0.2], "f")
    for output, logits in ((K.constant(q), False), (K.constant(np.log(q / (1 - q))), True),
                           (tf.sigmoid(K.constant(np.log(q / (1 - q)))), False)):
        np.testing.assert_allclose(
            value(K.binary_crossentropy(K.constant([1.0, 0.0]), output, logits)),
            -np.log([0.9, 0.8]), rtol=1e-4)


def test_shaping():
    x = K.constant(CUBE)
    assert value(K.flatten(x)).shape == (24,) and value(K.batch_flatten(x)).shape == (2, 12)
    assert value(K.permute_dimensions(x, (2, 0, 1))).shape == (4, 2, 3)
    assert value(K.expand_dims(x, 1)).shape == (2, 1, 3, 4)
    assert value(K.concatenate([x, x], 1)).shape == (2, 6, 4)
    np.testing.assert_array_equal(value(K.repeat_elements(x, 2, 1)), CUBE.repeat(2, 1))
    np.testing.assert_array_equal(value(K.repeat(K.constant(A), 2)), np.stack([A, A], 1))
    assert value(K.tile(K.constant([1, 2]), 2)).tolist() == [1, 2, 1, 2]
    assert value(K.arange(3)).tolist() == [0, 1, 2]
    assert value(K.one_hot(tf.constant([1]), 3)).tolist() == [[0, 1, 0]]
    assert value(K.temporal_padding(x)).shape == (2, 5, 4)
    assert value(K.spatial_2d_padding(K.ones((1, 2, 2, 1)))).shape == (1, 4, 4, 1)
    assert value(K.reverse(K.constant([1, 2]), 0)).tolist() == [2, 1]
    assert value(K.stack([x, x])).shape == (2, 2, 3, 4)
    assert value(K.gather(K.constant(A), tf.constant([2]))).tolist() == A[2:].tolist()


def test_switch():
    flags = tf.constant([True, False])
    one, other = K.constant([[1, 2], [3, 4]]), K.constant([[5, 6], [7, 8]])
    assert value(K.switch(flags, one, other)).tolist() == [[1, 2], [7, 8]]
    assert value(K.switch(tf.constant(0), lambda: one, lambda: other)).tolist() == [[5, 6], [7, 8]]


def test_images():
    x = RNG.rand(1, 4, 4, 2).astype("f")
    t = K.constant(x)
    assert value(K.conv2d(t, K.ones((2, 2, 2, 3)))).shape == (1, 3, 3, 3)
    np.testing.assert_allclose(value(K.pool2d(t, (4, 4))).ravel(), x.max((0, 1, 2)))
    np.testing.assert_allclose(value(K.pool2d(t, (4, 4), pool_mode="avg")).ravel(),
                               x.mean((0, 1, 2)), rtol=1e-5)
    assert value(K.bias_add(t, K.constant([1, 2]))).shape == (1, 4, 4, 2)
    normal, mean, _ = K.normalize_batch_in_training(t, K.ones((2,)), K.zeros((2,)), [0, 1, 2])
    np.testing.assert_allclose(value(mean), x.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(value(normal).mean(), 0, atol=1e-5)


def test_larger_images():
    x = K.constant(np.arange(4.0).reshape(1, 2, 2, 1))
    larger = K.resize_images(x, 2, 3, "channels_last")
    assert larger.shape.as_list() == [1, 4, 6, 1]
    assert value(larger)[0, :, :, 0].tolist() == [[0] * 3 + [1] * 3] * 2 + [[2] * 3 + [3] * 3] * 2


def test_larger_volumes_and_transposed_convolution():
    assert value(K.resize_volumes(K.ones((1, 2, 2, 2, 1)), 2, 1, 3, "channels_last")).shape == (
        1, 4, 2, 6, 1)
    up = K.conv2d_transpose(K.ones((1, 2, 2, 1)), K.ones((2, 2, 3, 1)), (1, 4, 4, 3), (2, 2))
    assert value(up).shape == (1, 4, 4, 3)


def test_gradients_and_random_values():
    v = K.variable([1.0, 2.0])
    grad, = K.gradients(K.sum(K.square(v)), [v])
    assert value(grad).tolist() == [2, 4]
    assert K.gradients(K.sum(K.stop_gradient(v * 2)), [v]) == [None]
    np.random.seed(1)
    a = value(K.random_normal((100,), seed=3))
    assert a.tolist() == value(K.random_normal((100,), seed=3)).tolist()
    assert set(value(K.random_binomial((100,), p=0.5))) == {0.0, 1.0}
    assert 2 <= value(K.random_uniform((10,), 2, 3)).min() <= 3


def test_moving_average():
    v = K.variable([0.0])
    update = K.moving_average_update(v, K.constant([1.0]), 0.9)
    sess = K.get_session()
    sess.run(tf.global_variables_initializer())
    sess.run(update)
    np.testing.assert_allclose(sess.run(v), [1.0], rtol=1e-5)


def test_print(capfd):
    x = K.print_tensor(K.constant([1.0]), "here ")
    assert value(x).tolist() == [1.0]
    assert "here [1]" in capfd.readouterr().err


def test_keras_by_name():
    from weft.python.keras import activations, constraints, initializers, regularizers
    assert activations.get("tanh") is activations.tanh
    assert activations.get(None) is activations.linear
    with pytest.raises(ValueError, match="Unknown activation function"):
        activations.get("nope")
    for name in ("glorot_uniform", "he_normal", "zeros", "ones", "random_normal", "identity"):
        assert K.eval(initializers.get(name)((3, 3))).shape == (3, 3)
    with pytest.raises(ValueError, match="Unknown initializer"):
        initializers.get("nope")
    w = K.constant([[3.0], [-4.0]])
    assert value(regularizers.get("l2")(w)) == pytest.approx(0.25)
    assert value(regularizers.l1_l2(0.1, 0.1)(w)) == pytest.approx(3.2)
    np.testing.assert_allclose(value(constraints.get("max_norm")(w)), [[1.2], [-1.6]], rtol=1e-5)
    np.testing.assert_allclose(value(constraints.unit_norm()(w)), [[0.6], [-0.8]], rtol=1e-5)
    assert value(constraints.non_neg()(w)).tolist() == [[3.0], [0.0]]
