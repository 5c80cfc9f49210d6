"""TensorArray: tensors that are written and read an element at a time, in loops above all."""
import contextlib

from weft.python.framework import dtypes, gen, ops, tensor_shape, tensor_util
from weft.python.ops import array_ops, math_ops

__all__ = ["TensorArray"]

# What a handle brings with it, and so cannot be given beside one.
_OF_THE_MAKER = ("tensor_array_name", "size", "element_shape", "dynamic_size", "clear_after_read")


def _check_arguments(handle, flow, given):
    """A handle with a flow and nothing that its maker said, or a size."""
    if handle is not None and given["tensor_array_name"]:
        raise ValueError("Cannot construct with both handle and tensor_array_name")
    if handle is not None and not isinstance(handle, ops.Tensor):
        raise TypeError("Handle must be a Tensor")
    if handle is None and given["size"] is None:
        raise ValueError("Size must be provided if handle is not provided")
    for name in _OF_THE_MAKER[1:]:
        if handle is not None and given[name] is not None:
            raise ValueError("Cannot provide both a handle and %s at the same time" % (
                "a size" if name == "size" else name))
    if handle is not None and flow is None:
        raise ValueError("flow must not be None if handle is not None.")


class TensorArray:
    """An array of tensors of one dtype, each written once; methods that write return a new
    TensorArray, of the same array behind what was written, and it is that one which is to be used.

    With `dynamic_size` it grows as it is written; unless `clear_after_read` is False what was read
    is gone. `infer_shape`: all elements have the same shape. `handle` and `flow` are those of an
    array that is there already.
    """

    def __init__(self, dtype, size=None, dynamic_size=None, clear_after_read=None,
                 tensor_array_name=None, handle=None, flow=None, infer_shape=True,
                 element_shape=None, colocate_with_first_write_call=True, name=None):
        _check_arguments(handle, flow, {
            "tensor_array_name": tensor_array_name, "size": size, "element_shape": element_shape,
            "dynamic_size": dynamic_size, "clear_after_read": clear_after_read})
        self._dtype = dtypes.as_dtype(dtype).base_dtype
        self._dynamic_size = dynamic_size or False
        self._colocate_with_first_write_call = colocate_with_first_write_call
        # What the first write was with, and what is known of elements: shared with all that are
        # made of this one, so that what one learns the others know.
        self._colocate_with = [] if colocate_with_first_write_call else None
        self._element_shape = [tensor_shape.as_shape(element_shape)]
        self._infer_shape = infer_shape
        with ops.name_scope(name, "TensorArray", [handle, size, flow]) as scope:
            if handle is not None:
                self._handle, self._flow = handle, flow
            else:
                self._make(size, True if clear_after_read is None else clear_after_read,
                           tensor_array_name, scope)

    def _make(self, size, clear_after_read, tensor_array_name, scope):
        """The array, near nothing yet if it is to be where the first write is."""
        with contextlib.ExitStack() as stack:
            if self._colocate_with_first_write_call:
                stack.enter_context(ops.device(None))
                stack.enter_context(ops.colocate_with(None, ignore_existing=True))
            self._handle, self._flow = gen.TensorArrayV3(
                size, dtype=self._dtype, element_shape=self.element_shape,
                identical_element_shapes=self._infer_shape, dynamic_size=self._dynamic_size,
                clear_after_read=clear_after_read, tensor_array_name=tensor_array_name or "",
                name=scope)

    # ---- what it is ----

    @property
    def flow(self):
        """What puts the ops on the array in order."""
        return self._flow

    @property
    def dtype(self):
        """Of the elements."""
        return self._dtype

    @property
    def handle(self):
        """What names the array in a run."""
        return self._handle

    @property
    def element_shape(self):
        """What is known of the shape of every element."""
        return self._element_shape[0]

    @property
    def dynamic_size(self):
        """Does it grow as it is written?"""
        return self._dynamic_size

    def _check_element_shape(self, shape):
        if not shape.is_compatible_with(self.element_shape):
            raise ValueError("Inconsistent shapes: saw %s but expected %s (and infer_shape=True)"
                             % (shape, self.element_shape))
        if self._infer_shape:
            self._element_shape[0] = self.element_shape.merge_with(shape)

    @contextlib.contextmanager
    def _maybe_colocate_with(self, value):
        """With the first value that was written, if that was asked for."""
        if not self._colocate_with_first_write_call:
            yield
            return
        if not self._colocate_with:
            self._colocate_with.append(value)
        with ops.colocate_with(self._colocate_with[0]):
            yield

    # ---- an element at a time ----

    def identity(self):
        """The same array, behind what must run before now (control dependencies)."""
        return build_ta_with_new_flow(self, array_ops.identity(self._flow))

    def grad(self, source, flow=None, name=None):
        """The TensorArray of the gradients of this one that belongs to `source`, a name."""
        if flow is None:
            flow = self.flow
        with ops.name_scope(name, "TensorArrayGrad", [self._handle]):
            with ops.colocate_with(self._handle):
                handle, _ = gen.TensorArrayGradV3(self._handle, flow, source=source, name=name)
                with ops.control_dependencies([handle]):
                    flow = array_ops.identity(flow, name="gradient_flow")
                grad = TensorArray(dtype=self._dtype, handle=handle, flow=flow,
                                   infer_shape=self._infer_shape,
                                   colocate_with_first_write_call=False)
                grad._element_shape = self._element_shape
                return grad

    def read(self, index, name=None):
        """The tensor at an index."""
        value = gen.TensorArrayReadV3(self._handle, index, self._flow, dtype=self._dtype,
                                      name=name)
        value.set_shape(self.element_shape)
        return value

    def write(self, index, value, name=None):
        """The array with a tensor at an index."""
        with ops.name_scope(name, "TensorArrayWrite", [self._handle, index, value]):
            value = ops.convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
            self._check_element_shape(value.shape)
            with self._maybe_colocate_with(value):
                flow = gen.TensorArrayWriteV3(self._handle, index, value, self._flow, name=name)
            return build_ta_with_new_flow(self, flow)

    # ---- many elements ----

    def stack(self, name=None):
        """All elements as one tensor, along a new first dimension."""
        with ops.colocate_with(self._handle):
            with ops.name_scope(name, "TensorArrayStack", [self._handle]):
                return self.gather(math_ops.range(0, self.size()), name=name)

    def gather(self, indices, name=None):
        """The elements at these indices as one tensor, along a new first dimension."""
        value = gen.TensorArrayGatherV3(self._handle, indices, self._flow, dtype=self._dtype,
                                        element_shape=self.element_shape, name=name)
        if self.element_shape.dims is not None:
            value.set_shape([None] + self.element_shape.dims)
        return value

    def concat(self, name=None):
        """All elements, joined along their first dimension."""
        value, _ = gen.TensorArrayConcatV3(self._handle, self._flow, dtype=self._dtype,
                                           element_shape_except0=self.element_shape[1:],
                                           name=name)
        if self.element_shape.dims is not None:
            value.set_shape([None] + self.element_shape.dims[1:])
        return value

    def unstack(self, value, name=None):
        """The array with the rows of a tensor, each at its index."""
        with ops.name_scope(name, "TensorArrayUnstack", [self._handle, value]):
            num_elements = array_ops.shape(value)[0]
            return self.scatter(indices=math_ops.range(0, num_elements), value=value, name=name)

    def scatter(self, indices, value, name=None):
        """The array with the rows of a tensor at these indices."""
        with ops.name_scope(name, "TensorArrayScatter", [self._handle, value, indices]):
            value = ops.convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
            self._check_element_shape(value.shape[1:])
            with self._maybe_colocate_with(value):
                flow = gen.TensorArrayScatterV3(self._handle, indices, value, self._flow,
                                                name=name)
            return build_ta_with_new_flow(self, flow)

    def split(self, value, lengths, name=None):
        """The array with parts of a tensor, cut along its first dimension in these lengths."""
        with ops.name_scope(name, "TensorArraySplit", [self._handle, value, lengths]):
            value = ops.convert_to_tensor(value, dtype=self._dtype, name="value")
            with self._maybe_colocate_with(value):
                lengths = math_ops.cast(lengths, dtypes.int64)
                known = tensor_util.constant_value(lengths)
                if value.shape.dims is not None and known is not None and known.shape and \
                        known.max() == known.min():
                    self._check_element_shape(tensor_shape.TensorShape([known[0]]).concatenate(
                        value.shape[1:]))
                flow = gen.TensorArraySplitV3(self._handle, value, lengths, self._flow, name=name)
            return build_ta_with_new_flow(self, flow)

    def size(self, name=None):
        """How many elements there is room for."""
        return gen.TensorArraySizeV3(self._handle, self._flow, name=name)

    def close(self, name=None):
        """An op that gives back what the array holds: it is not to be used behind that."""
        return gen.TensorArrayCloseV3(self._handle, name=name)


def build_ta_with_new_flow(old_ta, flow):
    """The same array behind another flow: what a loop gives for a TensorArray that it was given."""
    ta = TensorArray(dtype=old_ta.dtype, handle=old_ta.handle, flow=flow,
                     infer_shape=old_ta._infer_shape,
                     colocate_with_first_write_call=old_ta._colocate_with_first_write_call)
    ta._dynamic_size = old_ta._dynamic_size
    ta._colocate_with = old_ta._colocate_with
    ta._element_shape = old_ta._element_shape
    return ta
