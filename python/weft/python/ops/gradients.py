"""Derivatives of tensors with respect to tensors: tf.gradients and tf.hessians.

The walk back is the core's, which knows the gradient of each op. Python has its say at each
operation on the way (`_PythonGradients`): gradients that a program registers or puts in the place
of an op's own.
"""

import contextlib
import enum
import warnings

from weft import _core
from weft.python.framework import constant_op
from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.framework import registry
from weft.python.framework.func_graph import of_default_graph

__all__ = ["AggregationMethod", "UnconnectedGradients", "gradients", "hessians"]


class AggregationMethod(object):
    """How contributions to one gradient are to be added. All give the same sum."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


class UnconnectedGradients(enum.Enum):
    """What stands for the gradient of an x that no y depends on: None, or zeros of x's shape."""

    NONE = "none"
    ZERO = "zero"


def gradients(ys, xs, grad_ys=None, name="gradients", colocate_gradients_with_ops=False,
              gate_gradients=False, aggregation_method=None, stop_gradients=None,
              unconnected_gradients=UnconnectedGradients.NONE):
    """For each x of `xs`, the sum over all `ys` of dy/dx.

    Args:
      ys: a tensor, or a list of them.
      xs: a tensor or variable, or a list of them. A variable stands for its value.
      grad_ys: for each y, what its own gradient begins with, of y's shape; None stands for ones.
      name: of the name scope of the ops that are added.
      colocate_gradients_with_ops: place each gradient where its op is.
      gate_gradients: let the gradients of one op be used only once all of them are there.
      aggregation_method: one of AggregationMethod.
      stop_gradients: tensors to be held constant.
      unconnected_gradients: one of UnconnectedGradients.

    Returns:
      A list with, for each x, a tensor of its shape, an IndexedSlices (of a table that was looked
      up), or None if no differentiable path leads from it to any y.

    Raises:
      LookupError: an op on the path has no gradient.
      ValueError: arguments, or what a registered gradient returned, do not fit.
      TypeError: a y or its `grad_ys` is of a type without gradient.
    """
    unconnected = _unconnected(unconnected_gradients)
    _check_aggregation(aggregation_method)
    ys, xs, stops = _as_list(ys), _as_list(xs), _as_list(stop_gradients)
    starts = [None] * len(ys) if grad_ys is None else _as_list(grad_ys)
    with ops.name_scope(name, "gradients", ys + xs + stops + starts) as scope:
        ys = [of_default_graph(ops.convert_to_tensor(y, name="y")) for y in ys]
        xs = [of_default_graph(_differentiated(x, "x")) for x in xs]
        stops = [_differentiated(x, "stop_gradients") for x in stops]
        colocate = bool(colocate_gradients_with_ops)
        starts = _starts(ys, starts, colocate)
        found = _walk(ys, xs, starts, stops, scope, colocate, bool(gate_gradients))
    if unconnected is UnconnectedGradients.ZERO:
        return [_zeros(x) if dx is None else dx for dx, x in zip(found, xs)]
    return found


def hessians(ys, xs, name="hessians", colocate_gradients_with_ops=False, gate_gradients=False,
             aggregation_method=None):
    """The second derivatives of the sum of `ys`, for each x of `xs`.

    Args:
      ys, xs: as of `gradients`; the shape of each x must be fully known.
      name: of the name scope of the ops that are added.
      colocate_gradients_with_ops, gate_gradients, aggregation_method: as of `gradients`.

    Returns:
      A list with, for each x, a tensor of the shape of x twice over.

    Raises:
      ValueError: an x has no known shape, or no second derivative.
    """
    how = {"colocate_gradients_with_ops": colocate_gradients_with_ops,
           "gate_gradients": gate_gradients, "aggregation_method": aggregation_method}
    xs = _as_list(xs)
    with ops.name_scope(name, "hessians", _as_list(ys) + xs):
        firsts = gradients(ys, xs, **how)
        return [_hessian(first, ops.convert_to_tensor(x), x, how)
                for first, x in zip(firsts, xs)]


def _hessian(first, value, x, how):
    shape = value.shape
    if not shape.is_fully_defined():
        raise ValueError("The shape of %s must be known for its Hessian, got %s" % (value, shape))
    if first is None:
        raise ValueError("None values not supported.")
    first = gen.Reshape(first, [-1])
    rows = [gradients(first[i], x, **how)[0] for i in range(shape.num_elements())]
    if any(row is None for row in rows):
        raise ValueError("None values not supported.")
    return gen.Reshape(gen.Pack(rows), shape.as_list() * 2)


# ---- arguments ----


def _as_list(x):
    if x is None:
        return []
    return list(x) if isinstance(x, (list, tuple)) else [x]


def _unconnected(value):
    try:
        return UnconnectedGradients(value)
    except ValueError:
        raise ValueError("Unknown value for unconnected_gradients: %r" % (value,))


def _check_aggregation(method):
    known = (None, AggregationMethod.ADD_N, AggregationMethod.EXPERIMENTAL_TREE,
             AggregationMethod.EXPERIMENTAL_ACCUMULATE_N)
    if method not in known:
        raise ValueError("Invalid aggregation_method specified %s." % (method,))


def _differentiated(x, name):
    """The tensor that stands for x: of a variable, its reference or handle."""
    handle = getattr(x, "handle", None)
    if handle is not None and not isinstance(x, ops.Tensor):
        return handle
    return ops.internal_convert_to_tensor(x, name=name, as_ref=True)


def _zeros(x):
    """Zeros like the value that x stands for."""
    if x.dtype.name != "resource":
        return gen.ZerosLike(x, name="zeros_like")
    read = gen.ReadVariableOp(x, dtype=x.op.get_attr("dtype"))
    return gen.ZerosLike(read, name="zeros_like")


# ---- what the gradient of each y begins with ----


def _starts(ys, starts, colocate):
    if len(starts) != len(ys):
        raise ValueError("Passed %d grad_ys for %d ys" % (len(starts), len(ys)))
    found = []
    for i, (y, dy) in enumerate(zip(ys, starts)):
        with _beside(y.op, colocate):
            found.append(_ones(y, i) if dy is None else _given(y, dy, i))
    return found


def _beside(op, colocate):
    return ops.colocate_with(op) if colocate else contextlib.nullcontext()


def _ones(y, i):
    from weft.python.ops import array_ops
    if y.dtype.is_complex:
        raise TypeError("Gradients of complex tensors must set grad_ys (y.dtype = %r)" % y.dtype)
    if not (y.dtype.is_floating or y.dtype.is_integer):
        raise TypeError("Tensor %s with type %s must be numeric to obtain a default gradient"
                        % (y, y.dtype.base_dtype.name))
    return gen.Fill(array_ops.shape(y),
                    constant_op.constant(1, dtype=y.dtype.base_dtype, name="grad_ys_%d" % i))


def _given(y, dy, i):
    dy = ops.convert_to_tensor(dy, name="grad_y")
    _check_type(y, dy)
    return gen.Identity(dy, name="grad_ys_%d" % i)


def _check_type(y, dy):
    what = "Gradient type %s generated for %s tensor %s with type %s must be %s"
    if y.dtype.is_complex:
        fits, kind, wanted = dy.dtype.is_complex, "complex-valued", "complex"
    elif y.dtype.is_floating or y.dtype.is_integer:
        fits = dy.dtype.is_floating or dy.dtype.is_integer
        kind, wanted = "real or integer-valued", "real or integer"
    else:
        raise TypeError("Tensor %s with type %s must be numeric to obtain a default gradient"
                        % (y, y.dtype.base_dtype.name))
    if not fits:
        raise TypeError(what % (dy.dtype.base_dtype.name, kind, y, y.dtype.base_dtype.name, wanted))


# ---- the walk ----


def _walk(ys, xs, starts, stops, scope, colocate, gate):
    if not ys or not xs:
        return [None] * len(xs)
    graph = ys[0].graph
    found = _core.gradients(graph, ys, xs, starts, stops, scope, colocate, gate,
                            _PythonGradients(graph, colocate))
    return [_from_core(dx) for dx in found]


def _triple(dy):
    """A gradient as the core takes it: rows are (values, indices, dense_shape)."""
    if isinstance(dy, ops.IndexedSlices):
        return dy.values, dy.indices, dy.dense_shape
    return dy


def _from_core(dx):
    return ops.IndexedSlices(*dx) if isinstance(dx, tuple) else dx


class _PythonGradients(object):
    """Called for each operation on the way back: gradients that Python gives, or None."""

    def __init__(self, graph, colocate):
        self._graph = graph
        self._colocate = colocate

    def __call__(self, op, scope, dys):
        found, function = self._look_up(op)
        if not found:
            return None
        if function is None:            # gradients stop here
            return [None] * len(op.inputs)
        with self._graph.as_default(), _beside(op, self._colocate):
            dys = [_zeros_where_missing(y, _from_core(dy)) for y, dy in zip(op.outputs, dys)]
            with self._graph.name_scope(scope):
                dxs = function(op, *dys)
        dxs = list(dxs) if isinstance(dxs, (list, tuple)) else [dxs]
        return [_triple(dx) for dx in _checked(op, dxs)]

    def _look_up(self, op):
        """(is there a gradient of Python's for op, the function or None)."""
        try:
            name = op.get_attr("_gradient_op_type").decode()
        except ValueError:
            found, function = registry.registered_gradient(op.type)
            return (found, function) if found else self._of_function(op)
        own = custom_gradients(self._graph).get(name)
        if own is not None:
            return True, own
        found, function = registry.registered_gradient(name)
        if not found and not gen.has(name):     # else the core has the gradient of that op
            raise LookupError("No gradient defined for operation '%s' (op type: %s)"
                              % (op.name, op.type))
        return found, function


    def _of_function(self, op):
        """The gradient that a Defun was given for the function that op calls."""
        own = self._graph._python_gradients
        name = op.type
        if own and op.type in ("PartitionedCall", "StatefulPartitionedCall"):
            name = op.get_attr("f").name
        return name in own, own.get(name)


def custom_gradients(graph):
    """{name: function} of the gradients that belong to this graph alone (tf.custom_gradient)."""
    return graph.__dict__.setdefault("_custom_gradients", {})


def _zeros_where_missing(y, dy):
    if dy is not None or not (y.dtype.is_floating or y.dtype.is_complex):
        return dy
    return gen.ZerosLike(y, name="zeros_like")


def _checked(op, dxs):
    """What a registered gradient returned, if it can be gradients of op's inputs (F6)."""
    if len(dxs) != len(op.inputs):
        raise ValueError("Num gradients %d generated for op %s do not match num inputs %d"
                         % (len(dxs), op.node_def, len(op.inputs)))
    for i, (x, dx) in enumerate(zip(op.inputs, dxs)):
        if dx is None or isinstance(dx, ops.IndexedSlices):
            continue
        if not isinstance(dx, ops.Tensor):
            raise TypeError("gradients have to be either all Tensors or all IndexedSlices")
        if x.dtype.name != "resource":
            _check_shape(op, i, x, dx)
    return dxs


def _check_shape(op, i, x, dx):
    try:
        dx.set_shape(x.get_shape())
    except ValueError:
        raise ValueError(
            "Incompatible shapes between op input and calculated input gradient. Forward "
            "operation: %s. Input index: %d. Original input shape: %s. Calculated input gradient "
            "shape: %s"
            % (op.name, i, x.get_shape(), dx.get_shape()))


# ---- rows to whole tensors ----

_MANY_ELEMENTS = 100000000


def dense_from_slices(value, dtype=None, name=None, as_ref=False):
    """The whole tensor that an IndexedSlices stands for (F9); ValueError if its shape is not
    told."""
    if dtype is not None and not dtype.is_compatible_with(value.dtype):
        raise ValueError("Tensor conversion requested dtype %s for IndexedSlices with dtype %s"
                         % (dtype.name, value.dtype.name))
    if value.dense_shape is None:
        raise ValueError("Tensor conversion requested for IndexedSlices without dense_shape: %s"
                         % (value,))
    size = value.shape.num_elements()
    if size is None or size >= _MANY_ELEMENTS:
        how_many = "of unknown shape" if size is None else "with %d elements" % size
        warnings.warn("Converting sparse IndexedSlices to a dense Tensor %s. This may consume a "
                      "large amount of memory." % how_many)
    return gen.UnsortedSegmentSum(value.values, value.indices, value.dense_shape[0], name=name)
