"""The global step: one integer variable of a graph that counts training steps."""

from weft.python.framework import dtypes
from weft.python.framework import ops

__all__ = ["assert_global_step", "create_global_step", "get_global_step",
           "get_or_create_global_step", "global_step"]

_READ_KEY = "global_step_read_op_cache"


def global_step(sess, global_step_tensor):
    """The step's value in the session, as a Python int."""
    return int(sess.run(global_step_tensor))


def get_global_step(graph=None):
    """The graph's global step, a variable or tensor, or None if there is none (or several).

    Args:
      graph: the default graph by default.

    Raises:
      TypeError: what is there is no integer scalar.
    """
    graph = graph or ops.get_default_graph()
    found = graph.get_collection(ops.GraphKeys.GLOBAL_STEP)
    if len(found) > 1:
        from weft.python.platform import tf_logging
        tf_logging.error("Multiple tensors in global_step collection.")
        return None
    if found:
        step = found[0]
    else:
        try:
            step = graph.get_tensor_by_name("global_step:0")
        except KeyError:
            return None
    assert_global_step(step)
    return step


def create_global_step(graph=None):
    """Makes the graph's global step: an int64 scalar variable "global_step", not trainable.

    Raises:
      ValueError: there is one.
    """
    from weft.python.ops import init_ops
    from weft.python.ops import variable_scope
    graph = graph or ops.get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default(), graph.name_scope(None):
        return variable_scope.get_variable(
            ops.GraphKeys.GLOBAL_STEP, shape=[], dtype=dtypes.int64,
            initializer=init_ops.zeros_initializer(), trainable=False,
            collections=[ops.GraphKeys.GLOBAL_VARIABLES, ops.GraphKeys.GLOBAL_STEP])


def get_or_create_global_step(graph=None):
    """The graph's global step, which is made if there is none."""
    graph = graph or ops.get_default_graph()
    step = get_global_step(graph)
    return create_global_step(graph) if step is None else step


def assert_global_step(global_step_tensor):
    """Refuses, by TypeError, what is no integer scalar variable or tensor."""
    step = global_step_tensor
    if not (isinstance(step, ops.Tensor) or hasattr(step, "_as_graph_element")):
        raise TypeError('Existing "global_step" must be a Variable or Tensor: %s.' % (step,))
    if not step.dtype.base_dtype.is_integer:
        raise TypeError('Existing "global_step" does not have integer type: %s' % step.dtype)
    shape = step.get_shape()
    if shape.ndims != 0 and shape.is_fully_defined():
        raise TypeError('Existing "global_step" is not scalar: %s' % shape)


def _get_or_create_global_step_read(graph=None):
    """The step as it was when a run began to need it, or None if there is no step."""
    graph = graph or ops.get_default_graph()
    found = graph.get_collection(_READ_KEY)
    if found:
        return found[0]
    step = get_global_step(graph)
    if step is None:
        return None
    with graph.as_default(), graph.name_scope(None), graph.name_scope(step.op.name + "/"):
        read = _value(step) + 0
    graph.add_to_collection(_READ_KEY, read)
    return read


def _value(step):
    """The step's value; that of a variable that has none is its initial value."""
    return step if isinstance(step, ops.Tensor) else step.initialized_value()


def _increment_global_step(increment, graph=None):
    """The op that adds `increment` to the step, after it was read.

    Raises:
      ValueError: there is no step.
    """
    from weft.python.ops import state_ops
    graph = graph or ops.get_default_graph()
    step = get_global_step(graph)
    if step is None:
        raise ValueError("Global step tensor should be created by "
                         "tf.train.get_or_create_global_step before calling increment.")
    read = _get_or_create_global_step_read(graph)
    with graph.as_default(), graph.name_scope(None), graph.name_scope(step.op.name + "/"):
        with ops.control_dependencies([read]):
            return state_ops.assign_add(step, increment)
