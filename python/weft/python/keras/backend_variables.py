"""Keras's variables, placeholders and constants, and their values in its session."""
import math

import numpy as np

from weft.python.framework import constant_op, dtypes, ops
from weft.python.keras import backend_config, backend_random, backend_session
from weft.python.ops import array_ops, init_ops, linalg_ops, math_ops, state_ops, variables
from weft.python.training import moving_averages

__all__ = ["batch_get_value", "batch_set_value", "cast", "cast_to_floatx", "constant",
           "count_params", "dtype", "eval", "eye", "get_value", "identity", "int_shape",
           "is_placeholder", "is_sparse", "moving_average_update", "ndim", "ones", "ones_like",
           "placeholder", "random_normal_variable", "random_uniform_variable", "set_value",
           "shape", "to_dense", "update", "update_add", "update_sub", "variable", "zeros",
           "zeros_like"]


def cast_to_floatx(x):
    """A tensor or array in the dtype `floatx()`."""
    if isinstance(x, (ops.Tensor, variables.Variable)):
        return math_ops.cast(x, dtype=backend_config.floatx())
    return np.asarray(x, dtype=backend_config.floatx())


def variable(value, dtype=None, name=None, constraint=None):
    """A resource variable that `get_session` initializes (D19)."""
    made = variables.Variable(
        value, dtype=dtypes.as_dtype(dtype or backend_config.floatx()), name=name,
        constraint=constraint, use_resource=True)
    backend_session.track_variable(made)
    return made


def constant(value, dtype=None, shape=None, name=None):
    """A constant, of dtype `floatx()` if not said otherwise."""
    return constant_op.constant(value, dtype=dtype or backend_config.floatx(), shape=shape,
                                name=name or "Const")


def placeholder(shape=None, ndim=None, dtype=None, sparse=False, name=None):
    """A tensor to be fed, of `shape` or of `ndim` unknown axes."""
    if not shape and ndim:
        shape = (None,) * ndim
    dtype = dtype or backend_config.floatx()
    if sparse:
        return array_ops.sparse_placeholder(dtype, shape=shape, name=name)
    return array_ops.placeholder(dtype, shape=shape, name=name)


def is_placeholder(x) -> bool:
    """Whether `x` is the output of a Placeholder."""
    return getattr(getattr(x, "op", None), "type", None) == "Placeholder"


def is_sparse(tensor) -> bool:
    """Whether it is a SparseTensor."""
    from weft.python.framework import sparse_tensor
    return isinstance(tensor, sparse_tensor.SparseTensor)


def to_dense(tensor):
    """A SparseTensor as a dense one; other tensors as they are."""
    if not is_sparse(tensor):
        return tensor
    from weft.python.ops import sparse_ops
    return sparse_ops.sparse_tensor_to_dense(tensor)


def shape(x):
    """The shape as a tensor."""
    return array_ops.shape(x)


def int_shape(x):
    """The shape as a tuple with None for what is not known; None if the rank is not."""
    static = x.shape
    return None if static.ndims is None else tuple(static.as_list())


def ndim(x):
    """The rank, or None."""
    return x.shape.ndims


def dtype(x) -> str:
    """The dtype's name."""
    return x.dtype.base_dtype.name


def eval(x):
    """The value in Keras's session."""
    return get_value(x)


def zeros(shape, dtype=None, name=None):
    """A variable of zeros (a tensor where the shape is not fully known)."""
    return _filled(array_ops.zeros, shape, dtype, name)


def ones(shape, dtype=None, name=None):
    """A variable of ones (a tensor where the shape is not fully known)."""
    return _filled(array_ops.ones, shape, dtype, name)


def _filled(fill, shape, dtype, name):
    dtype = dtypes.as_dtype(dtype or backend_config.floatx())
    with ops.init_scope():
        values = fill(shape=shape, dtype=dtype, name=name)
    if values.shape.is_fully_defined():
        return variable(values, dtype=dtype, name=name)
    return values


def eye(size, dtype=None, name=None):
    """A variable that holds an identity matrix."""
    dtype = dtypes.as_dtype(dtype or backend_config.floatx())
    return variable(linalg_ops.eye(size, dtype=dtype), dtype, name)


def zeros_like(x, dtype=None, name=None):
    """Zeros of the shape of `x`."""
    return array_ops.zeros_like(x, dtype=dtype, name=name)


def ones_like(x, dtype=None, name=None):
    """Ones of the shape of `x`."""
    return array_ops.ones_like(x, dtype=dtype, name=name)


def identity(x, name=None):
    """The same values as another tensor."""
    return array_ops.identity(x, name=name)


def random_uniform_variable(shape, low, high, dtype=None, name=None, seed=None):
    """A variable with uniform initial values."""
    dtype = dtypes.as_dtype(dtype or backend_config.floatx())
    init = init_ops.RandomUniform(low, high, seed=_seed(seed), dtype=dtype)
    return variable(init(shape), dtype=dtype, name=name)


def random_normal_variable(shape, mean, scale, dtype=None, name=None, seed=None):
    """A variable with normal initial values."""
    dtype = dtypes.as_dtype(dtype or backend_config.floatx())
    init = init_ops.RandomNormal(mean, scale, seed=_seed(seed), dtype=dtype)
    return variable(init(shape), dtype=dtype, name=name)


def _seed(seed):
    return backend_random.drawn_seed() if seed is None else seed


def count_params(x) -> int:
    """How many numbers `x` holds."""
    return math.prod(x.shape.as_list())


def cast(x, dtype):
    """`x` in another dtype."""
    return math_ops.cast(x, dtype)


# Updates.

def update(x, new_x):
    """An assignment of `new_x` to the variable `x`."""
    return state_ops.assign(x, new_x)


def update_add(x, increment):
    """An addition to the variable `x`."""
    return state_ops.assign_add(x, increment)


def update_sub(x, decrement):
    """A subtraction from the variable `x`."""
    return state_ops.assign_sub(x, decrement)


def moving_average_update(x, value, momentum):
    """Moves the variable `x` towards `value` by the fraction 1 - momentum, without bias at 0."""
    return moving_averages.assign_moving_average(x, value, momentum, zero_debias=True)


# Values.

def get_value(x):
    """The value of a variable or tensor in Keras's session."""
    return backend_session.get_session().run(x)


def batch_get_value(tensors) -> list:
    """The values of several, of one run."""
    return backend_session.get_session().run(tensors) if tensors else []


def set_value(x, value) -> None:
    """Gives a variable a value in Keras's session; adds nothing to the graph."""
    batch_set_value([(x, value)])


def batch_set_value(tuples) -> None:
    """Gives each variable of (variable, value) pairs its value, in one run."""
    if not tuples:
        return
    session = backend_session.get_session()
    feeds = {x.initializer.inputs[1]: np.asarray(value, dtype=x.dtype.base_dtype.as_numpy_dtype)
             for x, value in tuples}
    session.run([x.initializer for x, _ in tuples], feed_dict=feeds)
