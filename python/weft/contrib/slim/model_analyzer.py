"""How large a model is: counts of its variables and tensors, listed on request."""
import math

__all__ = ["analyze_ops", "analyze_vars", "tensor_description"]


def tensor_description(var) -> str:
    """Dtype and shape, "float32_ref 3x5"."""
    sizes = var.shape.as_list()
    return "(%s %s)" % (var.dtype.name, "x".join(str(size) for size in sizes))


def analyze_ops(graph, print_info=False) -> int:
    """The number of elements of all op outputs of known shape; lists the ops if wanted."""
    if print_info:
        print("---------\nOperations: name -> (type shapes) [size]\n---------")
    total = 0
    for op in graph.get_operations():
        size, shapes = 0, []
        for output in op.outputs:
            known = output.shape.is_fully_defined()
            size += math.prod(output.shape.as_list()) if known else 0
            if output.shape.ndims is not None:
                shapes.append(tensor_description(output))
        if print_info:
            print(op.name, "\t->", ", ".join(shapes), "[%d]" % size)
        total += size
    return total


def analyze_vars(variables, print_info=False):
    """(elements, bytes) of all variables; lists them if wanted."""
    if print_info:
        print("---------\nVariables: name (type shape) [size]\n---------")
    elements = total_bytes = 0
    for var in variables:
        size = math.prod(var.shape.as_list()) if var.shape.is_fully_defined() else 0
        own_bytes = size * var.dtype.size
        elements, total_bytes = elements + size, total_bytes + own_bytes
        if print_info:
            print(var.name, tensor_description(var), "[%d, bytes: %d]" % (size, own_bytes))
    if print_info:
        print("Total size of variables: %d\nTotal bytes of variables: %d"
              % (elements, total_bytes))
    return elements, total_bytes
