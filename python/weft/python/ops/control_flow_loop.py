"""Loops: tf.while_loop.

C makes the operations, in three steps between which the functions are called here.
"""
from weft.python.framework import constant_op, ops, tensor_shape
from weft.python.framework.func_graph import FuncGraph, of_default_graph
from weft.python.framework.indexed_slices import IndexedSlices
from weft.python.framework.sparse_tensor import SparseTensor
from weft.python.ops import control_flow_arrays as arrays
from weft.python.util import nest

__all__ = ["while_loop"]


def while_loop(cond, body, loop_vars, shape_invariants=None, parallel_iterations=10, back_prop=True,
               swap_memory=False, name=None, maximum_iterations=None,
               return_same_structure=False):
    """Goes from `loop_vars` to body(*loop_vars) as long as cond(*loop_vars) is true.

    Both functions are called once, now; the operations that they make are run in each iteration,
    and tensors from outside come in once.

    Args:
      cond: returns a bool scalar.
      body: returns as many values as there are loop_vars, of the same structure, dtypes and shapes.
      loop_vars: a list or tuple of tensors, TensorArrays, IndexedSlices and SparseTensors, and of
        structures of them.
      shape_invariants: a structure like loop_vars of the TensorShapes that all iterations keep,
        where those of loop_vars change.
      parallel_iterations: how many iterations may be under way at once.
      back_prop: whether there may be gradients.
      swap_memory: accepted.
      name: of the name scope.
      maximum_iterations: an int scalar, or None.
      return_same_structure: whether a list of one variable stays one.

    Returns:
      The variables after the last iteration, as body() returns them; one alone as it is.

    Raises:
      TypeError: a function is not callable, parallel_iterations no positive number, or body()
        returns other kinds of structures.
      ValueError: there are no loop_vars, or structures, dtypes or shapes change.
    """
    if not callable(cond):
        raise TypeError("cond must be callable.")
    if not callable(body):
        raise TypeError("body must be callable.")
    if parallel_iterations < 1:
        raise TypeError("parallel_iterations must be a positive integer.")
    with ops.name_scope(name, "while", loop_vars):
        if not loop_vars:
            raise ValueError("No loop variables provided")
        loop = _Loop(loop_vars, shape_invariants, _maximum(maximum_iterations))
        if isinstance(ops.get_default_graph(), FuncGraph):
            result = loop.call(cond, body)
        else:
            result = loop.build(cond, body, (parallel_iterations, back_prop, swap_memory))
        single = len(result) == 1 and loop.variables == 1 and not return_same_structure
        return result[0] if single else result


def _maximum(iterations):
    if iterations is None:
        return None
    iterations = ops.convert_to_tensor(iterations, name="maximum_iterations")
    if iterations.shape.ndims != 0:
        raise ValueError("maximum_iterations must be a scalar, saw shape: %s" % iterations.shape)
    return of_default_graph(iterations)


class _Loop:
    """The variables of a loop: as they were given, and as tensors."""

    def __init__(self, loop_vars, shape_invariants, maximum):
        self._given = loop_vars
        self._maximum = maximum
        self._counter = None if maximum is None else constant_op.constant(
            0, maximum.dtype, name="iteration_counter")
        if shape_invariants is not None:
            nest.assert_same_structure(loop_vars, shape_invariants)
        leaves = [_leaf(x) for x in nest.flatten(loop_vars)]
        shapes = ([None] * len(leaves) if shape_invariants is None
                  else nest.flatten(shape_invariants))
        self._shapes = [s for x, shape in zip(leaves, shapes) for s in _invariants(x, shape)]
        self._tensors = [of_default_graph(x) for x in nest.flatten(leaves, True)]
        self.variables = len(self._tensors)

    def build(self, cond, body, options):
        """What the variables are after the last iteration, in the structure that body() gave."""
        graph = ops.get_graph_from_inputs(self._tensors)
        context, inside = graph._begin_loop(self._tensors, self._shapes, self._maximum,
                                            self._counter, *options)
        if context.outer_context is None:
            ops.add_to_collection(ops.GraphKeys.WHILE_CONTEXT, context)
        try:
            test = ops.convert_to_tensor(cond(*self._packed(inside)))
            inside = context._test(of_default_graph(test))
            returned = self._checked(body(*self._packed(inside)), inside)
            leaves = nest.flatten(returned, True)
            tensors = [_tensor(x) for x in leaves]
        except BaseException:
            context.Exit()
            raise
        exits = context._end(tensors)
        exits = [arrays.from_flow(x, flow) for x, flow in zip(leaves, exits)]
        return nest.pack_sequence_as(returned, exits, True)

    def call(self, cond, body):
        """The same in the body of a tf.function, where the loop is one operation."""
        from weft.python.ops import while_v2
        return while_v2.while_v2(cond, body, self._given, self._tensors, self._shapes,
                                 self._maximum)

    def _packed(self, tensors):
        """These tensors in the place of the variables."""
        leaves = nest.flatten(self._given, True)
        tensors = [arrays.from_flow(x, flow) for x, flow in zip(leaves, tensors)]
        return nest.pack_sequence_as(self._given, tensors, True)

    def _checked(self, returned, inside):
        """What body() returned, as a sequence of the structure of the variables."""
        if not nest.is_sequence(returned):
            returned = [returned]
        nest.assert_same_structure(list(self._packed(inside)), list(returned),
                                   expand_composites=True)
        return returned


def _leaf(x):
    """A variable as a tensor or as something of several."""
    if isinstance(x, (IndexedSlices, SparseTensor)):
        return x
    return _tensor(x)


def _tensor(x):
    return of_default_graph(ops.convert_to_tensor(arrays.to_flow(x)))


def _invariants(x, shape):
    """The shapes that the tensors of a variable keep; `shape` is what was said of it, or None."""
    if shape is not None and not isinstance(shape, tensor_shape.TensorShape):
        raise ValueError("`shapes` must be a (possibly nested) list of shapes.")
    if isinstance(x, SparseTensor):
        rank = x.dense_shape.shape[0].value if shape is None else _only(shape, x)
        return [tensor_shape.TensorShape([None, rank]), tensor_shape.TensorShape([None]),
                tensor_shape.TensorShape([rank])]
    if isinstance(x, IndexedSlices):
        return _slices_invariants(x, shape)
    return [x.shape if shape is None else shape]


def _only(shape, x):
    if shape.ndims is not None and shape.ndims != 1:
        raise ValueError("The shape invariant of a SparseTensor is [rank], not %s" % shape)
    return None if shape.ndims is None else shape[0].value


def _slices_invariants(x, shape):
    if shape is None:
        return [part.shape for part in x._parts_()]
    rows = tensor_shape.TensorShape([None] if shape.ndims is None else [shape[0].value])
    rank = tensor_shape.TensorShape([shape.ndims])
    return [shape, rows, rank][:len(x._parts_())]
