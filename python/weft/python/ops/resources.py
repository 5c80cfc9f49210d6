"""Tables and other resources of a graph that somebody has to make before they are used."""
import collections

from weft.python.framework import constant_op, dtypes, ops
from weft.python.ops import array_ops, control_flow_ops, math_ops

__all__ = ["initialize_resources", "local_resources", "register_resource",
           "report_uninitialized_resources", "shared_resources"]

_Resource = collections.namedtuple("_Resource", "handle create is_initialized")


def register_resource(handle, create_op, is_initialized_op, is_shared=True):
    """Puts a resource into a collection: its handle, the op that makes it, and a bool tensor."""
    key = ops.GraphKeys.RESOURCES if is_shared else ops.GraphKeys.LOCAL_RESOURCES
    ops.add_to_collection(key, _Resource(handle, create_op, is_initialized_op))


def shared_resources():
    """Those that all workers see."""
    return ops.get_collection(ops.GraphKeys.RESOURCES)


def local_resources():
    """Those of this process alone."""
    return ops.get_collection(ops.GraphKeys.LOCAL_RESOURCES)


def report_uninitialized_resources(resource_list=None, name="report_uninitialized_resources"):
    """A 1-D string tensor: the names of those that were not made."""
    if resource_list is None:
        resource_list = shared_resources() + local_resources()
    with ops.name_scope(name), ops.device("/cpu:0"):
        if not resource_list:
            return constant_op.constant([], dtype=dtypes.string)
        missing = math_ops.logical_not(array_ops.stack([r.is_initialized for r in resource_list]))
        names = constant_op.constant([r.handle.name for r in resource_list])
        return array_ops.boolean_mask(names, missing)


def initialize_resources(resource_list, name="init"):
    """The op that makes them."""
    if not resource_list:
        return control_flow_ops.no_op(name=name)
    return control_flow_ops.group(*[r.create for r in resource_list], name=name)
