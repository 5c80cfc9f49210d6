"""Functions that go through the rows of tensors and carry a state: scan, foldl, foldr."""
from weft.python.framework import constant_op, ops
from weft.python.ops import control_flow_ops, tensor_array_ops
from weft.python.ops.map_fn import Rows, check_callable, flatten_like
from weft.python.util import nest

__all__ = ["foldl", "foldr", "scan"]


def _read(arrays, rows, i):
    return rows.pack([array.read(i) for array in arrays])


def _fold(fn, elems, initializer, default_name, name, reverse, options):
    check_callable(fn)
    with ops.name_scope(name, default_name, nest.flatten(elems)):
        rows = Rows(elems)
        n = rows.count()
        arrays = rows.arrays(n, with_shapes=False)
        i, state = n if reverse else constant_op.constant(0), initializer
        if initializer is None:
            i = n - 1 if reverse else constant_op.constant(1)
            state = _read(arrays, rows, i if reverse else 0)

        def forward(i, state):
            state = fn(state, _read(arrays, rows, i))
            return [i + 1, state]

        def backward(i, state):
            i -= 1
            state = fn(state, _read(arrays, rows, i))
            return [i, state]

        _, state = control_flow_ops.while_loop(
            (lambda i, _: i > 0) if reverse else (lambda i, _: i < n),
            backward if reverse else forward, [i, state], maximum_iterations=n, **options)
        return state


def foldl(fn, elems, initializer=None, parallel_iterations=10, back_prop=True, swap_memory=False,
          name=None):
    """fn(...fn(fn(initializer, row 0), row 1)..., last row).

    fn is called once. Without an initializer the first row is it. elems: a tensor, or a structure
    of tensors of as many rows, of which fn gets a structure; the others as for map_fn.
    """
    return _fold(fn, elems, initializer, "foldl", name, False, dict(
        parallel_iterations=parallel_iterations, back_prop=back_prop, swap_memory=swap_memory))


def foldr(fn, elems, initializer=None, parallel_iterations=10, back_prop=True, swap_memory=False,
          name=None):
    """fn(...fn(fn(initializer, last row), the one before)..., row 0); as foldl()."""
    return _fold(fn, elems, initializer, "foldr", name, True, dict(
        parallel_iterations=parallel_iterations, back_prop=back_prop, swap_memory=swap_memory))


def scan(fn, elems, initializer=None, parallel_iterations=10, back_prop=True, swap_memory=False,
         infer_shape=True, reverse=False, name=None):
    """What foldl() is behind each row, together in tensors: fn(state, row) is the next state.

    The state is of the structure of initializer or, without one, of elems, and then the first row
    is its own result. reverse: from the last row to the first. The others as for map_fn().
    """
    check_callable(fn)
    with ops.name_scope(name, "scan", nest.flatten(elems)):
        rows, like = Rows(elems), elems if initializer is None else initializer
        n = rows.count()
        arrays = rows.arrays(n)
        first = n - 1 if reverse else 0
        if initializer is None:
            values = [array.read(first) for array in arrays]
        else:
            values = [ops.convert_to_tensor(x) for x in nest.flatten(initializer)]
        i = constant_op.constant(0 if initializer is not None else 1)
        kept = [tensor_array_ops.TensorArray(
            dtype=x.dtype, size=n, element_shape=x.shape if infer_shape else None,
            dynamic_size=False, infer_shape=infer_shape) for x in values]
        if initializer is None:
            kept = [array.write(first, x) for array, x in zip(kept, values)]

        def compute(i, values, kept):
            state = nest.pack_sequence_as(like, values)
            out = flatten_like(like, fn(state, _read(arrays, rows, i)))
            kept = [array.write(i, value) for array, value in zip(kept, out)]
            return (i - 1 if reverse else i + 1), out, kept

        _, _, kept = control_flow_ops.while_loop(
            (lambda i, *_: i >= 0) if reverse else (lambda i, *_: i < n), compute,
            (n - 1 - i if reverse else i, values, kept), parallel_iterations=parallel_iterations,
            back_prop=back_prop, swap_memory=swap_memory, maximum_iterations=n)
        return nest.pack_sequence_as(like, rows.stacked(kept))
