"""tf.nn.dynamic_rnn and its kin: RNNs that loop in the graph, over as many steps as there are."""
from weft.python.framework import constant_op, dtypes, ops, tensor_shape
from weft.python.ops import (
    array_ops, control_flow_ops, math_ops, rnn_cell_impl, tensor_array_ops,      # noqa: F401
    variable_scope as vs)
from weft.python.ops.rnn_cell_base import assert_like_rnncell, concat_sizes, static_size
from weft.python.ops.rnn_static import (                                          # noqa: F401
    static_bidirectional_rnn, static_rnn, static_state_saving_rnn)
from weft.python.ops.rnn_steps import (                                           # noqa: F401
    cache_near_rnn, copy_through, infer_state_dtype, initial_state_of, is_keras_cell, reverse,
    reverse_list as _reverse_seq, rnn_step, transpose_batch_time as _transpose_batch_time)
from weft.python.util import nest
from weft.python.util.deprecation import deprecated

__all__ = ["bidirectional_dynamic_rnn", "dynamic_rnn", "raw_rnn", "static_bidirectional_rnn",
           "static_rnn", "static_state_saving_rnn"]


# ---- dynamic_rnn ----

def _best_effort_input_batch_size(flat_inputs):
    """Of inputs [time, batch, ...]: a number if any of them knows, else a tensor."""
    for x in flat_inputs:
        if x.shape.ndims is None:
            continue
        if x.shape.ndims < 2:
            raise ValueError("Expected input tensor %s to have rank at least 2" % x)
        if x.shape.as_list()[1] is not None:
            return x.shape.as_list()[1]
    return array_ops.shape(flat_inputs[0])[1]


def _checked_lengths(sequence_length, batch_size):
    """The lengths, which fail at run time if they are not as many as the batch is large."""
    wanted_shape = array_ops.shape(sequence_length)
    shape = array_ops.stack([batch_size])
    fits = control_flow_ops.Assert(
        math_ops.reduce_all(math_ops.equal(wanted_shape, shape)),
        ["Expected shape for Tensor %s is " % sequence_length.name, shape,
         " but saw shape: ", wanted_shape])
    with ops.control_dependencies([fits]):
        return array_ops.identity(sequence_length, name="CheckSeqLen")


@deprecated(None, "Please use `keras.layers.RNN(cell)`, which is equivalent to this API")
def dynamic_rnn(cell, inputs, sequence_length=None, initial_state=None, dtype=None,
                parallel_iterations=None, swap_memory=False, time_major=False, scope=None):
    """The outputs and the last state of `cell` stepping over the time of `inputs`, in a loop.

    Args:
      cell: the cell.
      inputs: [batch, time, ...], or a structure of such tensors.
      sequence_length: [batch] of integers: where a sequence ends, after which its outputs are 0
        and its state stays.
      initial_state: to begin with; zeros if left out, for which `dtype` is needed.
      dtype: of the state and the outputs, where there is no initial state.
      parallel_iterations: how many steps may be under way at once, 32 by default.
      swap_memory: taken and kept in the nodes.
      time_major: inputs and outputs are [time, batch, ...], which saves a transposition.
      scope: the variable scope, "rnn" by default.

    Returns:
      The outputs, [batch, time, output_size], and the last state.
    """
    assert_like_rnncell("cell", cell)
    with vs.variable_scope(scope or "rnn") as varscope:
        cache_near_rnn(varscope)
        flat = nest.flatten(inputs)
        if not time_major:
            flat = [_transpose_batch_time(x)
                    for x in [ops.convert_to_tensor(x) for x in flat]]
        if sequence_length is not None:
            sequence_length = math_ops.to_int32(sequence_length)
            if sequence_length.get_shape().ndims not in (None, 1):
                raise ValueError("sequence_length must be a vector of length batch_size, but saw "
                                 "shape: %s" % sequence_length.get_shape())
            sequence_length = array_ops.identity(sequence_length, name="sequence_length")
        batch_size = _best_effort_input_batch_size(flat)
        state = initial_state
        if state is None:
            if not dtype:
                raise ValueError("If there is no initial_state, you must give a dtype.")
            state = initial_state_of(cell, batch_size, dtype)
        if sequence_length is not None:
            sequence_length = _checked_lengths(sequence_length, batch_size)
        loop = _DynamicLoop(cell, nest.pack_sequence_as(inputs, flat), sequence_length, state,
                            dtype)
        outputs, final_state = loop.run(state, parallel_iterations or 32, swap_memory)
        if not time_major:
            outputs = nest.map_structure(_transpose_batch_time, outputs)
        return outputs, final_state


class _DynamicLoop:
    """The loop of dynamic_rnn over inputs [time, batch, ...]."""

    def __init__(self, cell, inputs, sequence_length, state, dtype):
        self._cell = cell
        self._inputs = inputs
        self._flat = nest.flatten(inputs)
        self._sizes = nest.flatten(cell.output_size)
        self._time_steps = array_ops.shape(self._flat[0])[0]
        batch_size = _best_effort_input_batch_size(self._flat)
        self._static_sizes = self._check_shapes()
        self._dtype = infer_state_dtype(dtype, state)
        zeros = [array_ops.zeros(concat_sizes(batch_size, size), self._dtype)
                 for size in self._sizes]
        self._longest = self._time_steps
        self._step = lambda time, state, call_cell: call_cell()
        if sequence_length is not None:
            shortest = math_ops.reduce_min(sequence_length)
            self._longest = math_ops.reduce_max(sequence_length)
            self._step = rnn_step(sequence_length, shortest, self._longest,
                                  nest.pack_sequence_as(cell.output_size, zeros),
                                  skip_conditionals=True)

    def _check_shapes(self):
        """Time and batch as far as they are known, the same for all inputs."""
        shapes = [x.get_shape().with_rank_at_least(3).as_list() for x in self._flat]
        for shape in shapes:
            if None in shape[2:]:
                raise ValueError("Input size (depth of inputs) must be accessible via shape "
                                 "inference, but saw value None.")
            if shape[0] != shapes[0][0]:
                raise ValueError("Time steps is not the same for all the elements in the input in "
                                 "a batch.")
            if shape[1] != shapes[0][1]:
                raise ValueError("Batch_size is not the same for all the elements in the input.")
        return shapes[0][:2]

    def _array(self, name, element_shape, dtype):
        return tensor_array_ops.TensorArray(
            dtype=dtype, size=self._time_steps, element_shape=element_shape,
            tensor_array_name=self._base_name + name)

    def _arrays(self):
        """Arrays for the outputs, and those that hold the inputs."""
        batch = tensor_shape.TensorShape(self._static_sizes[1:])
        outputs = tuple(
            self._array("output_%d" % i, batch.concatenate(static_size(size)), self._dtype)
            for i, size in enumerate(self._sizes))
        arrays = [self._array("input_%d" % i, x.shape[1:], x.dtype)
                  for i, x in enumerate(self._flat)]
        self._input_arrays = [array.unstack(x) for array, x in zip(arrays, self._flat)]
        return outputs

    def _body(self, time, output_arrays, state):
        flat = [array.read(time) for array in self._input_arrays]
        for x, whole in zip(flat, self._flat):
            x.set_shape(whole.get_shape()[1:])
        x = nest.pack_sequence_as(self._inputs, flat)
        wrapped = is_keras_cell(self._cell) and not nest.is_sequence(state)
        state = [state] if wrapped else state
        output, new_state = self._step(time, state, lambda: self._cell(x, state))
        output_arrays = tuple(array.write(time, part)
                              for array, part in zip(output_arrays, nest.flatten(output)))
        return time + 1, output_arrays, new_state[0] if wrapped else new_state

    def run(self, state, parallel_iterations, swap_memory):
        """The outputs [time, batch, ...] and the last state."""
        time = array_ops.constant(0, dtype=dtypes.int32, name="time")
        with ops.name_scope("dynamic_rnn") as scope:
            self._base_name = scope
        output_arrays = self._arrays()
        # One step is made at least, so that the arrays learn the shapes of what they hold.
        bound = math_ops.minimum(self._time_steps, math_ops.maximum(1, self._longest))
        _, output_arrays, final_state = control_flow_ops.while_loop(
            cond=lambda time, *_: time < bound, body=self._body,
            loop_vars=(time, output_arrays, state), parallel_iterations=parallel_iterations,
            maximum_iterations=self._time_steps, swap_memory=swap_memory)
        outputs = [array.stack() for array in output_arrays]
        for output, size in zip(outputs, self._sizes):
            output.set_shape(concat_sizes(self._static_sizes, size, static=True))
        return nest.pack_sequence_as(self._cell.output_size, outputs), final_state


@deprecated(None, "Please use `keras.layers.Bidirectional(keras.layers.RNN(cell))`, which is "
                  "equivalent to this API")
def bidirectional_dynamic_rnn(cell_fw, cell_bw, inputs, sequence_length=None,
                              initial_state_fw=None, initial_state_bw=None, dtype=None,
                              parallel_iterations=None, swap_memory=False, time_major=False,
                              scope=None):
    """Two dynamic RNNs, one of which goes back from the end: ((outputs forward, outputs backward),
    (last state forward, last state backward)); the arguments are those of dynamic_rnn."""
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    time_axis, batch_axis = (0, 1) if time_major else (1, 0)
    shared = dict(sequence_length=sequence_length, dtype=dtype, swap_memory=swap_memory,
                  parallel_iterations=parallel_iterations, time_major=time_major)

    def turned(x):
        return reverse(x, sequence_length, time_axis, batch_axis)

    with vs.variable_scope(scope or "bidirectional_rnn"):
        with vs.variable_scope("fw") as fw_scope:
            forward, state_fw = dynamic_rnn(cell_fw, inputs, initial_state=initial_state_fw,
                                            scope=fw_scope, **shared)
        with vs.variable_scope("bw") as bw_scope:
            backward, state_bw = dynamic_rnn(
                cell_bw, nest.map_structure(turned, inputs), initial_state=initial_state_bw,
                scope=bw_scope, **shared)
    return (forward, nest.map_structure(turned, backward)), (state_fw, state_bw)


# ---- raw_rnn ----

def raw_rnn(cell, loop_fn, parallel_iterations=None, swap_memory=False, scope=None):
    """A loop in which `loop_fn` decides what each step gets, and when to stop.

    `loop_fn(time, cell_output, cell_state, loop_state)` returns (finished, next_input,
    next_state, emitted, next_loop_state). At the beginning all but time are None, and it gives the
    first input and state, and what is emitted in form (None: as the cell's output). A row that has
    finished emits zeros and keeps its state. `loop_state` is whatever it likes to carry, or None.

    Returns:
      TensorArrays of what was emitted, the last state, and the last loop state.
    """
    assert_like_rnncell("cell", cell)
    if not callable(loop_fn):
        raise TypeError("loop_fn must be a callable")
    with vs.variable_scope(scope or "rnn") as varscope:
        cache_near_rnn(varscope)
        time = constant_op.constant(0, dtype=dtypes.int32)
        finished, next_input, state, emit_structure, first_loop_state = loop_fn(
            time, None, None, None)
        loop_state = first_loop_state
        if loop_state is None:
            loop_state = constant_op.constant(0, dtype=dtypes.int32)
        static_batch_size = _common_batch_size(next_input)
        batch_size = static_batch_size
        if batch_size is None:
            batch_size = array_ops.shape(nest.flatten(next_input)[0])[0]
        nest.assert_same_structure(state, cell.state_size)
        state = nest.map_structure(ops.convert_to_tensor, state)
        loop = _RawLoop(cell, loop_fn)
        emit_arrays = loop.emit_arrays(emit_structure, state, batch_size, static_batch_size)
        emit_arrays, final_state, final_loop_state = control_flow_ops.while_loop(
            lambda time, finished, *_: math_ops.logical_not(math_ops.reduce_all(finished)),
            loop.body, loop_vars=[time, finished, next_input, emit_arrays, state, loop_state],
            parallel_iterations=parallel_iterations or 32, swap_memory=swap_memory)[-3:]
        return emit_arrays, final_state, None if first_loop_state is None else final_loop_state


def _common_batch_size(inputs):
    """The size of the batch, as far as the shapes tell it."""
    batch = tensor_shape.TensorShape([None])
    for x in nest.flatten(inputs):
        batch = batch.merge_with([tensor_shape.dimension_value(
            tensor_shape.dimension_at_index(x.get_shape(), 0))])
    return batch.as_list()[0]


class _RawLoop:
    """The loop of raw_rnn."""

    def __init__(self, cell, loop_fn):
        self._cell = cell
        self._loop_fn = loop_fn

    def emit_arrays(self, structure, state, batch_size, static_batch_size):
        """Arrays for what is emitted, which has this structure (None: that of the output)."""
        if structure is None:
            structure = self._cell.output_size
            sizes = nest.flatten(structure)
            types = [nest.flatten(state)[0].dtype] * len(sizes)
        else:
            emitted = nest.flatten(structure)
            sizes = [emit.shape if emit.shape.is_fully_defined() else array_ops.shape(emit)
                     for emit in emitted]
            types = [emit.dtype for emit in emitted]
        arrays = [tensor_array_ops.TensorArray(
            dtype=dtype, dynamic_size=True, size=0, name="rnn_output_%d" % i,
            element_shape=tensor_shape.TensorShape([static_batch_size]).concatenate(
                static_size(size))) for i, (dtype, size) in enumerate(zip(types, sizes))]
        zeros = [array_ops.zeros(concat_sizes(batch_size, size), dtype)
                 for size, dtype in zip(sizes, types)]
        self._zero_emit = nest.pack_sequence_as(structure, zeros)
        return nest.pack_sequence_as(structure, arrays)

    def body(self, time, finished, current_input, emit_arrays, state, loop_state):
        """One step."""
        output, cell_state = self._cell(current_input, state)
        nest.assert_same_structure(state, cell_state)
        nest.assert_same_structure(self._cell.output_size, output)
        next_time = time + 1
        next_finished, next_input, next_state, emitted, next_loop_state = self._loop_fn(
            next_time, output, cell_state, loop_state)
        nest.assert_same_structure(state, next_state)
        nest.assert_same_structure(current_input, next_input)
        nest.assert_same_structure(emit_arrays, emitted)

        def kept(old, new):
            return nest.map_structure(lambda o, n: copy_through(finished, o, n), old, new)

        emitted = kept(self._zero_emit, emitted)
        next_state = kept(state, next_state)
        emit_arrays = nest.map_structure(lambda array, emit: array.write(time, emit), emit_arrays,
                                         emitted)
        return (next_time, math_ops.logical_or(finished, next_finished), next_input, emit_arrays,
                next_state, loop_state if next_loop_state is None else next_loop_state)
