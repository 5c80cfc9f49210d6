"""Assertions on ranks, shapes and types: mostly settled while building."""

from functools import reduce

from weft.python.framework import dtypes, ops, tensor_shape, tensor_util
from weft.python.ops import array_ops, control_flow_ops, math_ops


def assert_type(tensor, tf_type, message=None, name=None):
    """A NoOp if the tensor is of this dtype; else raises TypeError."""
    with ops.name_scope(name, "assert_type", [tensor]):
        if not array_ops.is_sparse(tensor):
            tensor = ops.convert_to_tensor(tensor, name="tensor")
        if tensor.dtype.base_dtype != tf_type:
            raise TypeError("%s  %s must be of type %s"
                            % (message or "", getattr(tensor, "name", tensor), tf_type))
        return control_flow_ops.no_op("statically_determined_correct_type")


def assert_type_v2(tensor, tf_type, message=None, name=None):
    """assert_type() as TF 2 has it."""
    return assert_type(tensor, tf_type, message, name)


class _Wanted:
    """Which ranks are accepted: how it is said, and how it is tested."""

    def __init__(self, phrase, several, known, holds):
        self.phrase = phrase            # "must have rank ..."
        self.several = several          # whether a list of ranks is given
        self.known = known              # of two ints, whether the first is right
        self.holds = holds              # the same of two tensors


_EQUAL = _Wanted("", False, lambda rank, given: rank == given, math_ops.equal)
_AT_LEAST = _Wanted(" at least", False, lambda rank, given: rank >= given, math_ops.greater_equal)
_IN = _Wanted(" in", True, lambda rank, given: rank == given, math_ops.equal)


def _known_ranks(ranks):
    """The ranks as ints, None where a tensor is not known. Raises ValueError unless scalars."""
    known = []
    for rank in ranks:
        assert_type(rank, dtypes.int32)
        value = tensor_util.constant_value(rank)
        if value is not None and value.ndim != 0:
            raise ValueError("Rank must be a scalar.")
        known.append(None if value is None else int(value))
    return known


def _check_at_run(x, ranks, known, wanted, data, summarize):
    """The Assert for what is not known while building."""
    rank = array_ops.rank(x)
    holds = reduce(math_ops.logical_or, [wanted.holds(rank, given) for given in ranks])
    for given, value in zip(ranks, known):
        if value is None:
            scalar = assert_rank(given, 0,
                                 data=["Rank must be a scalar. Received rank: ", given])
            holds = control_flow_ops.with_dependencies([scalar], holds)
    return control_flow_ops.Assert(holds, data, summarize=summarize)


def _assert_rank(label, wanted, x, ranks, data, summarize, message, name):
    with ops.name_scope(name, label, [x] + list(ranks) + list(data or [])):
        if not array_ops.is_sparse(x):
            x = ops.convert_to_tensor(x, name="x")
        ranks = [ops.convert_to_tensor(rank, name="rank") for rank in ranks]
        message = message or ""
        title = getattr(x, "name", "")
        if data is None:
            data = [message, "Tensor %s must have rank%s" % (title, wanted.phrase), *ranks,
                    "Received shape: ", array_ops.shape(x)]
        known = _known_ranks(ranks)
        rank = x.get_shape().ndims
        if rank is None or None in known:
            return _check_at_run(x, ranks, known, wanted, data, summarize)
        if not any(wanted.known(rank, given) for given in known):
            raise ValueError("%s.  Tensor %s must have rank%s %s.  Received rank %d, shape %s" % (
                message, title, wanted.phrase, tuple(known) if wanted.several else known[0], rank,
                x.get_shape()))
        return control_flow_ops.no_op(name="static_checks_determined_all_ok")


def assert_rank(x, rank, data=None, summarize=None, message=None, name=None):
    """An op that fails unless x has this rank; raises ValueError at once where it is known."""
    return _assert_rank("assert_rank", _EQUAL, x, [rank], data, summarize, message, name)


def assert_rank_v2(x, rank, message=None, name=None):
    """assert_rank() as TF 2 has it."""
    return assert_rank(x, rank, message=message, name=name)


def assert_rank_at_least(x, rank, data=None, summarize=None, message=None, name=None):
    """An op that fails unless x has this rank or more; ValueError at once where it is known."""
    return _assert_rank("assert_rank_at_least", _AT_LEAST, x, [rank], data, summarize, message,
                        name)


def assert_rank_at_least_v2(x, rank, message=None, name=None):
    """assert_rank_at_least() as TF 2 has it."""
    return assert_rank_at_least(x, rank, message=message, name=name)


def assert_rank_in(x, ranks, data=None, summarize=None, message=None, name=None):
    """An op that fails unless x has one of these ranks; ValueError at once where it is known."""
    return _assert_rank("assert_rank_in", _IN, x, ranks, data, summarize, message, name)


def assert_rank_in_v2(x, ranks, message=None, name=None):
    """assert_rank_in() as TF 2 has it."""
    return assert_rank_in(x, ranks, message=message, name=name)


def assert_scalar(tensor, name=None, message=None):
    """The tensor, if it is a scalar; else raises ValueError."""
    with ops.name_scope(name, "assert_scalar", [tensor]) as scope:
        tensor = ops.convert_to_tensor(tensor, name=scope)
        if tensor.get_shape().ndims != 0:
            raise ValueError("%sExpected scalar shape for %s, saw shape: %s."
                             % (message or "", tensor.name, tensor.get_shape()))
        return tensor


def assert_scalar_v2(tensor, message=None, name=None):
    """assert_scalar() with TF 2's order of arguments."""
    return assert_scalar(tensor, name, message)


def assert_shapes(shapes, data=None, summarize=None, message=None, name=None):
    """An op that fails unless each tensor, a key of `shapes`, has the dimensions named for it.

    A dimension is a number, None (any) or a name, which means one size wherever it stands."""
    message = message or ""
    with ops.name_scope(name, "assert_shapes", [shapes, data]):
        pairs = shapes.items() if isinstance(shapes, dict) else shapes
        sizes, checks = {}, []
        for x, dims in pairs:
            x = ops.convert_to_tensor(x)
            dims = [dims] if isinstance(dims, (int, str)) else list(dims)
            if x.get_shape().ndims is None:
                checks.append(assert_rank(x, len(dims), data, summarize, message))
            elif x.get_shape().ndims != len(dims):
                raise ValueError("%s.  Specified by tensor %s dimension ... must have rank %d.  "
                                 "Received rank %d, shape %s" % (message, x.name, len(dims),
                                                                 x.get_shape().ndims,
                                                                 x.get_shape()))
            for i, wanted in enumerate(dims):
                checks += _check_dimension(x, i, wanted, sizes, data, summarize, message)
        return control_flow_ops.group(*checks, name="shape_checks")


def _check_dimension(x, i, wanted, sizes, data, summarize, message):
    """Whether dimension i is what is wanted, or what its name stands for so far: a list of ops."""
    if wanted is None or wanted == ".":
        return []
    known = x.get_shape()[i].value if x.get_shape().ndims is not None else None
    size = array_ops.shape(x)[i] if known is None else known
    if isinstance(wanted, tensor_shape.Dimension):
        wanted = wanted.value
    name = wanted
    if isinstance(wanted, str):
        wanted = sizes.setdefault(name, size)
    if isinstance(wanted, int) and known is not None:
        if wanted != known:
            raise ValueError("%s.  Specified by tensor %s dimension %d.  Tensor %s dimension %s "
                             "must have size %d.  Received size %d, shape %s"
                             % (message, x.name, i, x.name, i, wanted, known, x.get_shape()))
        return []
    if wanted is size:
        return []
    if data is None:
        data = [message, "Tensor %s dimension" % x.name, i, "must have size", wanted,
                "Received shape: ", array_ops.shape(x)]
    return [control_flow_ops.Assert(math_ops.equal(size, wanted), data, summarize)]
