"""What a layer says of its inputs, and the check that they are so."""
from weft.python.framework import ops, tensor_shape
from weft.python.util import nest

__all__ = ["InputSpec", "assert_input_compatibility"]


class InputSpec:
    """Rank, shape, dtype and sizes of axes that a layer expects of one input; None is anything."""

    def __init__(self, dtype=None, shape=None, ndim=None, max_ndim=None, min_ndim=None, axes=None):
        self.dtype = dtype
        if shape is not None:
            shape = tuple(tensor_shape.TensorShape(shape).as_list())
        self.shape = shape
        self.ndim = ndim if shape is None else len(shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): value for axis, value in (axes or {}).items()}
        self._check_axes()

    def _check_axes(self):
        known = self.ndim or self.max_ndim
        if self.axes and known is not None and max(self.axes) > known - 1:
            raise ValueError("Axis {} is greater than the maximum allowed value: {}"
                             .format(max(self.axes), known - 1))

    def __repr__(self):
        said = [(name, getattr(self, name))
                for name in ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")]
        return "InputSpec(%s)" % ", ".join("%s=%s" % pair for pair in said if pair[1])


def _refuse(index, layer_name, what):
    raise ValueError("Input %d of layer %s is incompatible with the layer: %s"
                     % (index, layer_name, what))


def _check_rank(spec, shape, refuse):
    ndim, full = shape.ndims, ". Full shape received: "
    if ndim is None:
        refuse("its rank is undefined, but the layer requires a defined rank.")
    if spec.ndim is not None and ndim != spec.ndim:
        refuse("expected ndim=%d, found ndim=%d%s%s" % (spec.ndim, ndim, full, shape.as_list()))
    if spec.max_ndim is not None and ndim > spec.max_ndim:
        refuse("expected max_ndim=%d, found ndim=%d" % (spec.max_ndim, ndim))
    if spec.min_ndim is not None and ndim < spec.min_ndim:
        refuse(": expected min_ndim=%d, found ndim=%d%s%s"
               % (spec.min_ndim, ndim, full, shape.as_list()))


def _check_axes(spec, shape, refuse):
    for axis, value in spec.axes.items():
        value = getattr(value, "value", value)
        if value is not None and shape[axis] not in (value, None):
            refuse("expected axis %d of input shape to have value %s but received input with "
                   "shape %s" % (axis, value, shape))


def _check_shape(spec, shape, refuse):
    for wanted, found in zip(spec.shape, shape):
        if wanted is not None and found is not None and wanted != found:
            refuse("expected shape=%s, found shape=%s" % (spec.shape, shape))


def _check_one(index, spec, x, layer_name):
    def refuse(what):
        _refuse(index, layer_name, what)

    if not (spec.ndim is None and spec.min_ndim is None and spec.max_ndim is None):
        _check_rank(spec, x.shape, refuse)
    if spec.dtype is not None and x.dtype != spec.dtype:
        refuse("expected dtype=%s, found dtype=%s" % (spec.dtype, x.dtype))
    if x.shape.ndims is None:
        return
    _check_axes(spec, x.shape.as_list(), refuse)
    if spec.shape is not None:
        _check_shape(spec, x.shape.as_list(), refuse)


def assert_input_compatibility(input_spec, inputs, layer_name) -> None:
    """ValueError unless `inputs` (a structure of tensors) are what `input_spec` says."""
    if not input_spec:
        return
    inputs = [ops.convert_to_tensor(x) for x in nest.flatten(inputs)]
    specs = nest.flatten(input_spec)
    if len(inputs) != len(specs):
        raise ValueError("Layer %s expects %d inputs, but it received %d input tensors. "
                         "Inputs received: %s" % (layer_name, len(specs), len(inputs), inputs))
    for index, (x, spec) in enumerate(zip(inputs, specs)):
        if spec is not None:
            _check_one(index, spec, x, layer_name)
