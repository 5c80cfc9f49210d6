"""Seeds of random ops.

A random op has two seeds: the graph's and its own. Which pair an op gets depends on what was set,
and, where only the graph has a seed, on how many op ids the graph has handed out before: scripts'
printed numbers depend on it.
"""

from weft.python.framework import ops

DEFAULT_GRAPH_SEED = 87654321
_MODULUS = 2 ** 31 - 1


def get_seed(op_seed):
    """The pair of seeds for an op about to be created in the default graph.

    Args:
      op_seed: an int, or None where the caller asked for none.

    Returns:
      `(seed, seed2)`, or `(None, None)` where neither the graph nor the op has a seed: such an op
      draws its seeds when it first runs.
    """
    graph = ops.get_default_graph()
    if graph.seed is None:
        if op_seed is None:
            return None, None
        pair = DEFAULT_GRAPH_SEED, op_seed % _MODULUS
    else:
        own = graph._last_id if op_seed is None else op_seed
        pair = graph.seed % _MODULUS, own % _MODULUS
    # (0, 0) would mean "not seeded" to the kernels.
    return (0, _MODULUS) if pair == (0, 0) else pair


def set_random_seed(seed):
    """Sets the seed of the default graph, for the random ops that are created from now on."""
    ops.get_default_graph().seed = seed
