"""Compares gradients with differences: tf.test.compute_gradient() and its error."""
import numpy as np

from weft.python.framework import dtypes, ops


def compute_gradient(x, x_shape, y, y_shape, x_init_value=None, delta=1e-3, init_targets=None,
                     extra_feed_dict=None):
    """(J, N): the Jacobian dy/dx by tf.gradients and by differences of width `delta`.

    Row i is for element i of x, column j for element j of y; complex numbers count as two.
    With lists of x and of their shapes, a list of such pairs. Runs in the default session, after
    `init_targets`. `x_init_value` is where x lies, a random point if not given.
    """
    session = ops.get_default_session()
    for target in _listed(init_targets):
        target.run()
    if not isinstance(x, list):
        feeds = dict(extra_feed_dict or {})
        return _compare(session, x, x_shape, y, y_shape, x_init_value, delta, feeds)
    values = x_init_value if x_init_value is not None else [None] * len(x)
    values = [_initial(t, shape, v) for t, shape, v in zip(x, x_shape, values)]
    feeds = {**(extra_feed_dict or {}), **dict(zip(x, values))}
    return [_compare(session, t, shape, y, y_shape, v, delta, feeds)
            for t, shape, v in zip(x, x_shape, values)]


def compute_gradient_error(x, x_shape, y, y_shape, x_init_value=None, delta=1e-3,
                           init_targets=None, extra_feed_dict=None):
    """The greatest difference between the two Jacobians of compute_gradient()."""
    pairs = compute_gradient(x, x_shape, y, y_shape, x_init_value, delta, init_targets,
                             extra_feed_dict)
    return max((np.fabs(j - n).max() for j, n in (pairs if isinstance(x, list) else [pairs])
                if j.size), default=0)


def _listed(targets):
    if targets is None:
        return []
    return targets if isinstance(targets, (list, tuple)) else [targets]


def _initial(x, shape, value):
    dtype = x.dtype.as_numpy_dtype
    if value is not None:
        return np.array(value, dtype)
    value = np.random.random_sample(shape)
    if x.dtype.is_complex:
        value = value + 1j * np.random.random_sample(shape)
    return value.astype(dtype)


def _compare(session, x, x_shape, y, y_shape, value, delta, feeds):
    allowed = [dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.complex64,
               dtypes.complex128]
    for what, t in ("x", x), ("y", y):
        if t.dtype.base_dtype not in allowed:
            raise TypeError("%s must have a floating or complex type, not %s" % (what, t.dtype))
    value = _initial(x, x_shape, value)
    return (_by_gradients(session, x, y, y_shape, value, feeds),
            _by_differences(session, x, y, y_shape, value, delta, feeds))


def _parts(array):
    """The elements in a row, complex ones as two real ones."""
    array = np.ascontiguousarray(array).ravel()
    return array.view(array.real.dtype)


def _by_gradients(session, x, y, y_shape, value, feeds):
    from weft.python.ops import array_ops, gradients
    seed = array_ops.placeholder(y.dtype.base_dtype, shape=y_shape, name="seed")
    dx = gradients.gradients(y, x, grad_ys=seed)[0]
    dtype = np.dtype(y.dtype.as_numpy_dtype)
    n_y = _parts(np.zeros(y_shape, dtype)).size
    jacobian = np.zeros((_parts(value).size, n_y), value.real.dtype)
    for j in range(n_y if dx is not None else 0):
        one = np.zeros(n_y, dtype.type(0).real.dtype)
        one[j] = 1
        given = one.view(dtype).reshape(y_shape)
        jacobian[:, j] = _column(session.run(dx, {**feeds, x: value, seed: given}), value)
    return jacobian


def _column(found, value):
    if not hasattr(found, "indices"):
        return _parts(found)
    dense = np.zeros_like(value)
    np.add.at(dense, found.indices, found.values)
    return _parts(dense)


def _by_differences(session, x, y, y_shape, value, delta, feeds):
    n_x = _parts(value).size
    n_y = _parts(np.zeros(y_shape, y.dtype.as_numpy_dtype)).size
    jacobian = np.zeros((n_x, n_y), value.real.dtype)
    scale = 1 / (2 * delta)
    for i in range(n_x):
        sides = []
        for step in (delta, -delta):
            moved = _parts(value).copy()
            moved[i] += step
            moved = moved.view(value.dtype).reshape(value.shape)
            sides.append(_parts(session.run(y, {**feeds, x: moved})))
        jacobian[i] = scale * (sides[0] - sides[1])
    return jacobian
