"""Helpers: they say what a decoder's cell gets at each step, and what its output means.

Training helpers read the inputs that are right; the others feed back what was sampled.
"""
from weft.python.framework import dtypes, ops, tensor_shape, tensor_util
from weft.python.ops import (
    array_ops, control_flow_ops, embedding_ops, math_ops, tensor_array_ops)
from weft.python.ops.distributions import bernoulli, categorical
from weft.python.ops.rnn_steps import transpose_batch_time
from weft.python.util import nest

__all__ = ["CustomHelper", "GreedyEmbeddingHelper", "Helper", "InferenceHelper",
           "SampleEmbeddingHelper", "ScheduledEmbeddingTrainingHelper",
           "ScheduledOutputTrainingHelper", "TrainingHelper"]


class Helper:
    """Base of helpers."""

    @property
    def batch_size(self):
        """How many sequences there are."""
        raise NotImplementedError

    @property
    def sample_ids_shape(self):
        """The shape of a sample, without the batch."""
        raise NotImplementedError

    @property
    def sample_ids_dtype(self):
        """The dtype of a sample."""
        raise NotImplementedError

    def initialize(self, name=None):
        """(finished, first inputs)."""
        raise NotImplementedError

    def sample(self, time, outputs, state, name=None):
        """What is sampled from the outputs."""
        raise NotImplementedError

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        """(finished, next inputs, next state)."""
        raise NotImplementedError


class CustomHelper(Helper):
    """A helper of three functions."""

    def __init__(self, initialize_fn, sample_fn, next_inputs_fn, sample_ids_shape=None,
                 sample_ids_dtype=None):
        self._initialize_fn = initialize_fn
        self._sample_fn = sample_fn
        self._next_inputs_fn = next_inputs_fn
        self._batch_size = None
        self._sample_ids_shape = tensor_shape.TensorShape(sample_ids_shape or [])
        self._sample_ids_dtype = sample_ids_dtype or dtypes.int32

    @property
    def batch_size(self):
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    @property
    def sample_ids_shape(self):
        return self._sample_ids_shape

    @property
    def sample_ids_dtype(self):
        return self._sample_ids_dtype

    def initialize(self, name=None):
        with ops.name_scope(name, "%sInitialize" % type(self).__name__):
            finished, next_inputs = self._initialize_fn()
            if self._batch_size is None:
                self._batch_size = array_ops.size(finished)
        return finished, next_inputs

    def sample(self, time, outputs, state, name=None):
        with ops.name_scope(name, "%sSample" % type(self).__name__, (time, outputs, state)):
            return self._sample_fn(time=time, outputs=outputs, state=state)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        with ops.name_scope(name, "%sNextInputs" % type(self).__name__, (time, outputs, state)):
            return self._next_inputs_fn(time=time, outputs=outputs, state=state,
                                        sample_ids=sample_ids)


class _NumberHelper(Helper):
    """A helper whose samples are numbers of symbols."""

    _batch_size = None

    @property
    def batch_size(self):
        return self._batch_size

    @property
    def sample_ids_shape(self):
        return tensor_shape.TensorShape([])

    @property
    def sample_ids_dtype(self):
        return dtypes.int32


# ---- training ----

def _is_structure(inputs) -> bool:
    """Whether it is a structure of tensors, and no tensor, nor a list of numbers."""
    return nest.is_sequence(inputs) and any(tensor_util.is_tensor(x)
                                            for x in nest.flatten(inputs))


def _unstacked(x):
    """The steps of [time, batch, ...] in a TensorArray."""
    return tensor_array_ops.TensorArray(
        dtype=x.dtype, size=array_ops.shape(x)[0], element_shape=x.get_shape()[1:]).unstack(x)


class TrainingHelper(_NumberHelper):
    """Gives the inputs that there are, [batch, time, ...] (or time first)."""

    def __init__(self, inputs, sequence_length, time_major=False, name=None):
        with ops.name_scope(name, "TrainingHelper", [inputs, sequence_length]):
            if not _is_structure(inputs):
                inputs = ops.convert_to_tensor(inputs, name="inputs")
            self._inputs = inputs
            if not time_major:
                inputs = nest.map_structure(transpose_batch_time, inputs)
            self._input_arrays = nest.map_structure(_unstacked, inputs)
            self._sequence_length = ops.convert_to_tensor(sequence_length, name="sequence_length")
            if self._sequence_length.get_shape().ndims != 1:
                raise ValueError("Expected sequence_length to be a vector, but received shape: %s"
                                 % self._sequence_length.get_shape())
            self._zero_inputs = nest.map_structure(
                lambda x: array_ops.zeros_like(x[0, :]), inputs)
            self._batch_size = array_ops.size(self._sequence_length)

    @property
    def inputs(self):
        """As they were given."""
        return self._inputs

    @property
    def sequence_length(self):
        """The lengths."""
        return self._sequence_length

    def _read(self, finished, time):
        """The inputs of a step, or zeros if all have finished: then there are none to read."""
        return control_flow_ops.cond(
            math_ops.reduce_all(finished), lambda: self._zero_inputs,
            lambda: nest.map_structure(lambda array: array.read(time), self._input_arrays))

    def initialize(self, name=None):
        with ops.name_scope(name, "TrainingHelperInitialize"):
            finished = math_ops.equal(0, self._sequence_length)
            return finished, self._read(finished, 0)

    def sample(self, time, outputs, state, name=None):
        with ops.name_scope(name, "TrainingHelperSample", [time, outputs]):
            return math_ops.cast(math_ops.argmax(outputs, axis=-1), dtypes.int32)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        with ops.name_scope(name, "TrainingHelperNextInputs", [time, outputs, state]):
            next_time = time + 1
            finished = next_time >= self._sequence_length
            return finished, self._read(finished, next_time), state


def _probability(value):
    return ops.convert_to_tensor(value, name="sampling_probability")


def _mixed(sampled, base_inputs, of_samples):
    """`of_samples(places)` for the rows that were sampled, the base inputs for the others."""
    taken = math_ops.cast(array_ops.where(sampled), dtypes.int32)
    others = math_ops.cast(array_ops.where(math_ops.logical_not(sampled)), dtypes.int32)
    kept = array_ops.gather_nd(base_inputs, others)
    fed = of_samples(taken)
    shape = array_ops.shape(base_inputs)
    return (array_ops.scatter_nd(indices=taken, updates=fed, shape=shape) +
            array_ops.scatter_nd(indices=others, updates=kept, shape=shape))


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """A TrainingHelper that now and then, by `sampling_probability`, gives the row of `embedding`
    (a table or a function) for a symbol sampled from the output."""

    def __init__(self, inputs, sequence_length, embedding, sampling_probability, time_major=False,
                 seed=None, scheduling_seed=None, name=None):
        with ops.name_scope(name, "ScheduledEmbeddingSamplingWrapper",
                            [embedding, sampling_probability]):
            self._embedding_fn = _function_of(embedding)
            self._sampling_probability = _probability(sampling_probability)
            if self._sampling_probability.get_shape().ndims not in (0, 1):
                raise ValueError("sampling_probability must be either a scalar or a vector. saw "
                                 "shape: %s" % self._sampling_probability.get_shape())
            self._seed = seed
            self._scheduling_seed = scheduling_seed
            super().__init__(inputs=inputs, sequence_length=sequence_length,
                             time_major=time_major, name=name)

    def sample(self, time, outputs, state, name=None):
        with ops.name_scope(name, "ScheduledEmbeddingTrainingHelperSample",
                            [time, outputs, state]):
            # TF: -1 where nothing is sampled.
            chosen = bernoulli.Bernoulli(probs=self._sampling_probability, dtype=dtypes.bool)
            chosen = chosen.sample(sample_shape=self.batch_size, seed=self._scheduling_seed)
            symbols = categorical.Categorical(logits=outputs)
            return array_ops.where(chosen, symbols.sample(seed=self._seed),
                                   array_ops.fill([self.batch_size], -1))

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        with ops.name_scope(name, "ScheduledEmbeddingTrainingHelperNextInputs",
                            [time, outputs, state, sample_ids]):
            finished, base_inputs, state = super().next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids, name=name)

            def mixed():
                return _mixed(sample_ids > -1, base_inputs, lambda places: self._embedding_fn(
                    array_ops.gather_nd(sample_ids, places)))

            next_inputs = control_flow_ops.cond(math_ops.reduce_all(finished),
                                                lambda: base_inputs, mixed)
            return finished, next_inputs, state


class ScheduledOutputTrainingHelper(TrainingHelper):
    """A TrainingHelper that now and then gives the output itself, or `next_inputs_fn` of it;
    `auxiliary_inputs` stand beside all inputs."""

    def __init__(self, inputs, sequence_length, sampling_probability, time_major=False, seed=None,
                 next_inputs_fn=None, auxiliary_inputs=None, name=None):
        with ops.name_scope(name, "ScheduledOutputTrainingHelper",
                            [inputs, auxiliary_inputs, sampling_probability]):
            self._sampling_probability = _probability(sampling_probability)
            if self._sampling_probability.get_shape().ndims not in (0, 1):
                raise ValueError("sampling_probability must be either a scalar or a vector. saw "
                                 "shape: %s" % self._sampling_probability.get_shape())
            self._auxiliary_arrays = None
            if auxiliary_inputs is not None:
                inputs = ops.convert_to_tensor(inputs, name="inputs")
                auxiliary = ops.convert_to_tensor(auxiliary_inputs, name="auxiliary_inputs")
                inputs = array_ops.concat((inputs, auxiliary), -1)
                auxiliary = auxiliary if time_major else transpose_batch_time(auxiliary)
                self._auxiliary_arrays = _unstacked(auxiliary)
            self._seed = seed
            self._next_inputs_fn = next_inputs_fn
            super().__init__(inputs=inputs, sequence_length=sequence_length,
                             time_major=time_major, name=name)

    def sample(self, time, outputs, state, name=None):
        with ops.name_scope(name, "ScheduledOutputTrainingHelperSample", [time, outputs, state]):
            chosen = bernoulli.Bernoulli(probs=self._sampling_probability)
            return chosen.sample(sample_shape=self.batch_size, seed=self._seed)

    def _beside(self, outputs, next_time, places=None):
        """Outputs with the auxiliary inputs of the next step."""
        if self._auxiliary_arrays is None:
            return outputs
        auxiliary = self._auxiliary_arrays.read(next_time)
        if places is not None:
            auxiliary = array_ops.gather_nd(auxiliary, places)
        return array_ops.concat((outputs, auxiliary), -1)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        with ops.name_scope(name, "ScheduledOutputTrainingHelperNextInputs",
                            [time, outputs, state, sample_ids]):
            finished, base_inputs, state = super().next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids, name=name)
            sampled = math_ops.cast(sample_ids, dtypes.bool)

            def mixed():
                if self._next_inputs_fn is None:
                    return array_ops.where(sampled, self._beside(outputs, time + 1), base_inputs)
                return _mixed(sampled, base_inputs, lambda places: self._beside(
                    self._next_inputs_fn(array_ops.gather_nd(outputs, places)), time + 1, places))

            nothing = math_ops.logical_or(math_ops.reduce_all(finished),
                                          math_ops.logical_not(math_ops.reduce_any(sampled)))
            return finished, control_flow_ops.cond(nothing, lambda: base_inputs, mixed), state


# ---- inference ----

def _function_of(embedding):
    """A function from symbols to inputs: `embedding` itself, or look-ups in it."""
    if callable(embedding):
        return embedding
    return lambda ids: embedding_ops.embedding_lookup(embedding, ids)


class GreedyEmbeddingHelper(_NumberHelper):
    """Gives the row of `embedding` for the likeliest symbol, until that is `end_token`."""

    def __init__(self, embedding, start_tokens, end_token):
        self._embedding_fn = _function_of(embedding)
        self._start_tokens = ops.convert_to_tensor(start_tokens, dtype=dtypes.int32,
                                                   name="start_tokens")
        self._end_token = ops.convert_to_tensor(end_token, dtype=dtypes.int32, name="end_token")
        if self._start_tokens.get_shape().ndims != 1:
            raise ValueError("start_tokens must be a vector")
        self._batch_size = array_ops.size(start_tokens)
        if self._end_token.get_shape().ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._start_inputs = self._embedding_fn(self._start_tokens)

    def initialize(self, name=None):
        return array_ops.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time, outputs, state, name=None):
        _check_one_tensor(outputs)
        return math_ops.argmax(outputs, axis=-1, output_type=dtypes.int32)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        finished = math_ops.equal(sample_ids, self._end_token)
        next_inputs = control_flow_ops.cond(
            math_ops.reduce_all(finished), lambda: self._start_inputs,
            lambda: self._embedding_fn(sample_ids))
        return finished, next_inputs, state


def _check_one_tensor(outputs):
    if not isinstance(outputs, ops.Tensor):
        raise TypeError("Expected outputs to be a single Tensor, got: %s" % type(outputs))


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """The same with a symbol drawn by its chance; a `softmax_temperature` above 1 evens the
    chances out."""

    def __init__(self, embedding, start_tokens, end_token, softmax_temperature=None, seed=None):
        super().__init__(embedding, start_tokens, end_token)
        self._softmax_temperature = softmax_temperature
        self._seed = seed

    def sample(self, time, outputs, state, name=None):
        _check_one_tensor(outputs)
        if self._softmax_temperature is not None:
            outputs = outputs / self._softmax_temperature
        return categorical.Categorical(logits=outputs).sample(seed=self._seed)


class InferenceHelper(Helper):
    """Gives what `sample_fn` makes of the outputs, or `next_inputs_fn` of that, until `end_fn` says
    so."""

    def __init__(self, sample_fn, sample_shape, sample_dtype, start_inputs, end_fn,
                 next_inputs_fn=None):
        self._sample_fn = sample_fn
        self._end_fn = end_fn
        self._sample_shape = tensor_shape.TensorShape(sample_shape)
        self._sample_dtype = sample_dtype
        self._next_inputs_fn = next_inputs_fn
        self._batch_size = array_ops.shape(start_inputs)[0]
        self._start_inputs = ops.convert_to_tensor(start_inputs, name="start_inputs")

    @property
    def batch_size(self):
        return self._batch_size

    @property
    def sample_ids_shape(self):
        return self._sample_shape

    @property
    def sample_ids_dtype(self):
        return self._sample_dtype

    def initialize(self, name=None):
        return array_ops.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time, outputs, state, name=None):
        return self._sample_fn(outputs)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        if self._next_inputs_fn is None:
            next_inputs = sample_ids
        else:
            next_inputs = self._next_inputs_fn(sample_ids)
        return self._end_fn(sample_ids), next_inputs, state
