"""Tensors as TensorInfo and back, and the folders of a SavedModel."""

import os

from weft.python.framework import dtypes
from weft.python.framework import messages
from weft.python.framework import ops
from weft.python.framework import sparse_tensor
from weft.python.framework import tensor_shape
from weft.python.lib.io import file_io
from weft.python.saved_model import constants
from weft.python.util import compat

__all__ = ["build_tensor_info", "build_tensor_info_from_op", "get_element_from_tensor_info",
           "get_tensor_from_tensor_info"]


def build_tensor_info(tensor):
    """The TensorInfo of a Tensor, variable or SparseTensor: name, dtype and shape."""
    info = messages.TensorInfo(dtype=dtypes.as_dtype(tensor.dtype).base_dtype.as_datatype_enum,
                               tensor_shape=tensor.get_shape().as_proto())
    if isinstance(tensor, sparse_tensor.SparseTensor):
        info.coo_sparse.values_tensor_name = tensor.values.name
        info.coo_sparse.indices_tensor_name = tensor.indices.name
        info.coo_sparse.dense_shape_tensor_name = tensor.dense_shape.name
    else:
        info.name = tensor.name
    return info


def build_tensor_info_from_op(op):
    """A TensorInfo that names an Operation."""
    return messages.TensorInfo(name=op.name, dtype=messages.DT_INVALID,
                               tensor_shape=tensor_shape.unknown_shape().as_proto())


def get_tensor_from_tensor_info(tensor_info, graph=None, import_scope=None):
    """The Tensor or SparseTensor that a TensorInfo names, in the graph or the default graph.

    Raises:
      KeyError: there is none of that name.
      ValueError: it names none.
    """
    graph = graph or ops.get_default_graph()

    def tensor(name):
        return graph.get_tensor_by_name(ops.prepend_name_scope(name, import_scope))

    encoding = tensor_info.WhichOneof("encoding")
    if encoding == "name":
        return tensor(tensor_info.name)
    if encoding == "coo_sparse":
        parts = tensor_info.coo_sparse
        return sparse_tensor.SparseTensor(tensor(parts.indices_tensor_name),
                                          tensor(parts.values_tensor_name),
                                          tensor(parts.dense_shape_tensor_name))
    raise ValueError("Invalid TensorInfo.encoding: %s" % encoding)


def get_element_from_tensor_info(tensor_info, graph=None, import_scope=None):
    """The Tensor or Operation that a TensorInfo names."""
    graph = graph or ops.get_default_graph()
    return graph.as_graph_element(ops.prepend_name_scope(tensor_info.name, import_scope))


# ---- folders ----

def _path(*parts):
    return os.path.join(*(compat.as_text(compat.path_to_str(part)) for part in parts))


def get_assets_dir(export_dir):
    """The folder of the files that the model needs."""
    return _path(export_dir, constants.ASSETS_DIRECTORY)


def get_or_create_assets_dir(export_dir):
    """get_assets_dir(), which is made if it is not there."""
    file_io.recursive_create_dir(get_assets_dir(export_dir))
    return get_assets_dir(export_dir)


def get_variables_dir(export_dir):
    """The folder of the variables' checkpoint."""
    return _path(export_dir, constants.VARIABLES_DIRECTORY)


def get_or_create_variables_dir(export_dir):
    """get_variables_dir(), which is made if it is not there."""
    file_io.recursive_create_dir(get_variables_dir(export_dir))
    return get_variables_dir(export_dir)


def get_variables_path(export_dir):
    """The prefix of the variables' checkpoint."""
    return _path(get_variables_dir(export_dir), constants.VARIABLES_FILENAME)
