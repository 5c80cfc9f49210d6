"""einsum, and special functions that are compositions."""

import re

from weft.python.framework import gen, ops
from weft.python.ops import array_ops, math_ops

__all__ = ["einsum", "lbeta"]


def lbeta(x, name=None):
    """The logarithm of the beta function of the last axis: sum(lgamma(x)) - lgamma(sum(x))."""
    with ops.name_scope(name, "lbeta", [x]):
        x = ops.convert_to_tensor(x, name="x")
        logs = math_ops.reduce_sum(gen.Lgamma(x), axis=[-1])
        return math_ops.subtract(logs, gen.Lgamma(math_ops.reduce_sum(x, axis=[-1])))


# einsum: inputs are folded from the left; each step is one batched matrix product.

def einsum(equation, *inputs, **kwargs):
    """The sum of products that an equation such as "ij,jk->ik" describes.

    Each input is a row of letters, one an axis; the axes that the result does not name are summed
    over. An axis may stand once in an input; ellipses are refused with ValueError."""
    name = kwargs.pop("name", None)
    if kwargs:
        raise TypeError("invalid keyword arguments for this function: " +
                        ", ".join(sorted(kwargs)))
    with ops.name_scope(name, "einsum", [equation, inputs]):
        terms, result = _parse_equation(equation, len(inputs))
        tensors = [ops.convert_to_tensor(x) for x in inputs]
        for tensor, labels in zip(tensors, terms):
            _check_term(tensor, labels, equation)
        value, labels = _drop(tensors[0], terms[0], "".join(terms[1:]) + result)
        for i in range(1, len(terms)):
            wanted = "".join(terms[i + 1:]) + result
            right, right_labels = _drop(tensors[i], terms[i], labels + wanted)
            value, labels = _multiply(value, labels, right, right_labels, wanted)
        return _arrange(value, labels, result)


def _parse_equation(equation, count):
    equation = equation.replace(" ", "")
    if "..." in equation:
        raise ValueError("Subscripts with ellipses are not yet supported.")
    match = re.match("^([a-zA-Z,]+)(->[a-zA-Z]*)?$", equation)
    if not match:
        raise ValueError("Indices have incorrect format: %s" % equation)
    terms = match.group(1).split(",")
    if len(terms) != count:
        raise ValueError('Got %d arguments for equation "%s", expecting %d' %
                         (count, equation, len(terms)))
    letters = "".join(terms)
    if match.group(2) is None:
        return terms, "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    result = match.group(2)[2:]
    for c in result:
        if c not in letters:
            raise ValueError("Output axis %s of equation %s is in none of the inputs" %
                             (c, equation))
    return terms, result


def _check_term(tensor, labels, equation):
    if len(set(labels)) < len(labels):
        raise ValueError("Subscript not supported: an axis appears more than once: %s" % labels)
    ndims = tensor.shape.ndims
    if ndims is not None and ndims != len(labels):
        raise ValueError("An input of rank %d stands for %s in equation %s" %
                         (ndims, labels, equation))


def _drop(x, labels, wanted):
    """Sums over the axes that nobody wants any more."""
    unwanted = [i for i, c in enumerate(labels) if c not in wanted]
    if unwanted:
        x = gen.Sum(x, unwanted)
    return x, "".join(c for c in labels if c in wanted)


def _multiply(a, a_labels, b, b_labels, wanted):
    """The product of two inputs, summed over the axes that both have and nobody else wants."""
    shared = [c for c in a_labels if c in b_labels]
    batch = [c for c in shared if c in wanted]
    summed = [c for c in shared if c not in wanted]
    a_free = [c for c in a_labels if c not in shared]
    b_free = [c for c in b_labels if c not in shared]
    a_matrix = _grouped(a, a_labels, [batch, a_free, summed])
    b_matrix = _grouped(b, b_labels, [batch, summed, b_free])
    product = math_ops.matmul(a_matrix, b_matrix)
    labels = batch + a_free + b_free
    sizes = {}
    for x, names in ((b, b_labels), (a, a_labels)):
        sizes.update(zip(names, _sizes(x, names)))
    return _reshape(product, [sizes[c] for c in labels]), "".join(labels)


def _sizes(x, labels):
    """The size of each axis: a number if it is known, else a tensor."""
    static = x.shape.as_list() if x.shape.ndims is not None else [None] * len(labels)
    if None not in static:
        return static
    shape = array_ops.shape(x)
    return [shape[i] if size is None else size for i, size in enumerate(static)]


def _grouped(x, labels, groups):
    """x with its axes in the order of the groups, and each group made one axis."""
    sizes = dict(zip(labels, _sizes(x, labels)))
    x = _arrange(x, labels, [c for group in groups for c in group])
    return _reshape(x, [_total([sizes[c] for c in group]) for group in groups])


def _total(sizes):
    total = 1
    for size in sizes:
        total = size if isinstance(total, int) and total == 1 else total * size
    return total


def _reshape(x, sizes):
    if all(isinstance(size, int) for size in sizes):
        return array_ops.reshape(x, sizes)
    result = array_ops.reshape(x, array_ops.stack(sizes))
    result.set_shape([size if isinstance(size, int) else None for size in sizes])
    return result


def _arrange(x, labels, order):
    if list(labels) == list(order):
        return x
    return array_ops.transpose(x, [labels.index(c) for c in order])
