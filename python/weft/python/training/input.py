"""The files and tensors that a program reads, by way of queues and threads that fill them."""
from weft.python.framework import constant_op, dtypes, ops, smart_cond, tensor_shape
from weft.python.framework.sparse_tensor import convert_n_to_tensor_or_sparse_tensor
from weft.python.ops import (
    array_ops, control_flow_ops, data_flow_ops, io_ops, math_ops, random_ops, variable_scope,
    variables)
from weft.python.summary import summary
from weft.python.training import queue_runner_impl as queue_runner
from weft.python.training.input_sparse import restore_sparse_tensors, store_sparse_tensors_join

__all__ = ["batch", "batch_join", "input_producer", "limit_epochs", "match_filenames_once",
           "maybe_batch", "maybe_batch_join", "maybe_shuffle_batch", "maybe_shuffle_batch_join",
           "range_input_producer", "shuffle_batch", "shuffle_batch_join", "slice_input_producer",
           "string_input_producer"]


def match_filenames_once(pattern, name=None):
    """A local variable of the files that match a pattern when it is initialized."""
    with ops.name_scope(name, "matching_filenames", [pattern]) as name:
        return variables.Variable(
            initial_value=io_ops.matching_files(pattern), trainable=False, name=name,
            validate_shape=False, collections=[ops.GraphKeys.LOCAL_VARIABLES])


def limit_epochs(tensor, num_epochs=None, name=None):
    """`tensor`, so many times; then OutOfRangeError. The count is a local variable, which has to
    be initialized.

    Raises ValueError if num_epochs is not positive."""
    if num_epochs is None:
        return tensor
    if num_epochs <= 0:
        raise ValueError("num_epochs must be > 0 not %d." % num_epochs)
    with ops.name_scope(name, "limit_epochs", [tensor]) as name:
        zero64 = constant_op.constant(0, dtype=dtypes.int64)
        epochs = variable_scope.variable(zero64, name="epochs", trainable=False,
                                         collections=[ops.GraphKeys.LOCAL_VARIABLES])
        counter = epochs.count_up_to(num_epochs)
        with ops.control_dependencies([counter]):
            return array_ops.identity(tensor, name=name)


# ---- queues of the rows of a tensor ----

def input_producer(input_tensor, element_shape=None, num_epochs=None, shuffle=True, seed=None,
                   capacity=32, shared_name=None, summary_name=None, name=None, cancel_op=None):
    """A queue of the rows of a tensor, and a QueueRunner for it.

    Args:
      input_tensor: the rows.
      element_shape: the shape of one, where it is not known.
      num_epochs: how many times; None: without end.
      shuffle: in another order each time. seed: that order's.
      capacity: of the queue.
      shared_name: under which sessions share it.
      summary_name: a summary of that name tells how full the queue is.
      name: of the queue and the scope.
      cancel_op: the runner's.

    Raises:
      ValueError: the shape of a row is not known.
    """
    with ops.name_scope(name, "input_producer", [input_tensor]):
        input_tensor = ops.convert_to_tensor(input_tensor, name="input_tensor")
        element_shape = input_tensor.shape[1:].merge_with(element_shape)
        if not element_shape.is_fully_defined():
            raise ValueError("Either `input_tensor` must have a fully defined shape or "
                             "`element_shape` must be specified")
        if shuffle:
            input_tensor = random_ops.random_shuffle(input_tensor, seed=seed)
        input_tensor = limit_epochs(input_tensor, num_epochs)
        queue = data_flow_ops.FIFOQueue(
            capacity=capacity, dtypes=[input_tensor.dtype.base_dtype], shapes=[element_shape],
            shared_name=shared_name, name=name)
        enqueue = queue.enqueue_many([input_tensor])
        queue_runner.add_queue_runner(
            queue_runner.QueueRunner(queue, [enqueue], cancel_op=cancel_op))
        if summary_name is not None:
            summary.scalar(summary_name,
                           math_ops.cast(queue.size(), dtypes.float32) * (1. / capacity))
        return queue


def string_input_producer(string_tensor, num_epochs=None, shuffle=True, seed=None, capacity=32,
                          shared_name=None, name=None, cancel_op=None):
    """A queue of strings, of the names of files mostly; see input_producer().

    Raises ValueError if it is an empty list; a run fails where a tensor is empty."""
    not_null = "string_input_producer requires a non-null input tensor"
    if not isinstance(string_tensor, ops.Tensor) and not string_tensor:
        raise ValueError(not_null)
    with ops.name_scope(name, "input_producer", [string_tensor]) as name:
        string_tensor = ops.convert_to_tensor(string_tensor, dtype=dtypes.string)
        with ops.control_dependencies([
                control_flow_ops.Assert(math_ops.greater(array_ops.size(string_tensor), 0),
                                        [not_null])]):
            string_tensor = array_ops.identity(string_tensor)
        return input_producer(
            input_tensor=string_tensor, element_shape=[], num_epochs=num_epochs, shuffle=shuffle,
            seed=seed, capacity=capacity, shared_name=shared_name, name=name,
            summary_name="fraction_of_%d_full" % capacity, cancel_op=cancel_op)


def range_input_producer(limit, num_epochs=None, shuffle=True, seed=None, capacity=32,
                         shared_name=None, name=None):
    """A queue of the integers below `limit`; see input_producer()."""
    with ops.name_scope(name, "input_producer", [limit]) as name:
        range_tensor = math_ops.range(limit)
        return input_producer(range_tensor, [], num_epochs, shuffle, seed, capacity, shared_name,
                              "fraction_of_%d_full" % capacity, name)


def slice_input_producer(tensor_list, num_epochs=None, shuffle=True, seed=None, capacity=32,
                         shared_name=None, name=None):
    """The rows of several tensors, as a list of one of each; see input_producer().

    Raises ValueError if there is no tensor."""
    with ops.name_scope(name, "input_producer", tensor_list):
        tensor_list = ops.convert_n_to_tensor_or_indexed_slices(tensor_list)
        if not tensor_list:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        range_size = array_ops.shape(tensor_list[0])[0]
        queue = range_input_producer(range_size, num_epochs=num_epochs, shuffle=shuffle,
                                     seed=seed, capacity=capacity, shared_name=shared_name)
        index = queue.dequeue()
        return [array_ops.gather(t, index) for t in tensor_list]


# ---- what batches are made of ----

def _as_tensor_list(tensors):
    if isinstance(tensors, dict):
        return [tensors[k] for k in sorted(tensors, key=str)]
    return tensors


def _as_tensor_lists(tensors_list):
    if not tensors_list:
        raise ValueError("Expected at least one set of tensors")
    if isinstance(tensors_list[0], dict):
        keys = set(tensors_list[0].keys())
        for tensors in tensors_list[1:]:
            if set(tensors.keys()) != keys:
                raise ValueError("All dictionaries in tensors_list must have the same keys")
        return [_as_tensor_list(tensors) for tensors in tensors_list]
    return tensors_list


def _as_original_type(original, tensors):
    """A dictionary where the elements were, a single tensor where there is one."""
    if isinstance(original, dict):
        tensors = tensors if isinstance(tensors, (list, tuple)) else [tensors]
        return dict(zip(sorted(original, key=str), tensors))
    return tensors


def _validate_keep_input(keep_input, enqueue_many):
    keep_input = ops.convert_to_tensor(keep_input)
    if keep_input.shape.ndims is None:
        raise ValueError("`keep_input` dimensions must be known at graph construction.")
    if not enqueue_many and keep_input.shape.ndims == 1:
        raise ValueError("`keep_input` cannot be a vector when `enqueue_many=False`.")
    if keep_input.shape.ndims > 1:
        raise ValueError("`keep_input` must be 0 or 1 dimensions.")
    return keep_input


def _dtypes(tensor_lists):
    all_types = [[t.dtype for t in tl] for tl in tensor_lists]
    for other in all_types[1:]:
        if other != all_types[0]:
            raise TypeError("Expected types to be consistent: %s vs. %s."
                            % (", ".join(x.name for x in all_types[0]),
                               ", ".join(x.name for x in other)))
    return all_types[0]


def _merge_shapes(shapes, enqueue_many):
    shapes = [tensor_shape.as_shape(s) for s in shapes]
    if enqueue_many:
        shapes = [s.with_rank_at_least(1)[1:] for s in shapes]
    merged = shapes[0]
    for s in shapes[1:]:
        merged = merged.merge_with(s)
    return merged.as_list()


def _shapes(tensor_lists, shapes, enqueue_many):
    if shapes is not None:
        return shapes
    for tl in tensor_lists:
        for t in tl:
            if t.shape.ndims is None:
                raise ValueError("Cannot infer Tensor's rank: %s" % t)
    return [_merge_shapes([tl[i].shape.as_list() for tl in tensor_lists], enqueue_many)
            for i in range(len(tensor_lists[0]))]


# ---- into the queue, and out of it ----

def _enqueue_op(queue, tensors, enqueue_many, keep_input):
    add = queue.enqueue_many if enqueue_many else queue.enqueue
    if keep_input.shape.ndims == 1:
        which = math_ops.cast(keep_input, dtypes.int32)
        return add([data_flow_ops.dynamic_partition(t, which, num_partitions=2)[1]
                    for t in tensors])
    return smart_cond.smart_cond(keep_input, lambda: add(tensors), control_flow_ops.no_op)


def _enqueue(queue, lists, threads, enqueue_many, keep_input):
    adding = [_enqueue_op(queue, tl, enqueue_many, keep_input) for tl in lists]
    queue_runner.add_queue_runner(queue_runner.QueueRunner(
        queue, adding if threads is None else adding * threads))


def _fifo(capacity, dynamic_pad):
    """What makes the queue and its summary."""
    kind = data_flow_ops.PaddingFIFOQueue if dynamic_pad else data_flow_ops.FIFOQueue

    def make(types, shapes, shared_name):
        return kind(capacity=capacity, dtypes=types, shapes=shapes, shared_name=shared_name)

    def summarize(queue):
        summary.scalar("fraction_of_%d_full" % capacity,
                       math_ops.cast(queue.size(), dtypes.float32) * (1. / capacity))

    return make, summarize


def _shuffled(capacity, min_after_dequeue, seed):
    over = capacity - min_after_dequeue

    def make(types, shapes, shared_name):
        return data_flow_ops.RandomShuffleQueue(
            capacity=capacity, min_after_dequeue=min_after_dequeue, seed=seed, dtypes=types,
            shapes=shapes, shared_name=shared_name)

    def summarize(queue):
        full = math_ops.cast(math_ops.maximum(0, queue.size() - min_after_dequeue),
                             dtypes.float32) * (1. / over)
        summary.scalar("fraction_over_%d_of_%d_full" % (min_after_dequeue, over), full)

    return make, summarize


def _dequeue(queue, batch_size, allow_smaller, infos, original, name):
    take = queue.dequeue_up_to if allow_smaller else queue.dequeue_many
    return _as_original_type(original, restore_sparse_tensors(take(batch_size, name=name), infos))


def _check_sizes(capacity, min_after_dequeue):
    if capacity <= min_after_dequeue:
        raise ValueError("capacity %d must be bigger than min_after_dequeue %d."
                         % (capacity, min_after_dequeue))


def _batch_of(kind, lists, original, batch_size, keep_input, enqueue_many, shapes,
              allow_smaller_final_batch, shared_name, name, threads=None, check=None):
    """Batches of lists of tensors.

    kind: (make, summarize). original: an element as it was given. name: the scope's, and the one
    by default. threads: how many enqueue the one list; None: there are several, each with a thread
    of its own. check: a capacity and how many elements of it stay."""
    name, default_name = name
    with ops.name_scope(name, default_name,
                        [t for tl in lists for t in tl] + [keep_input]) as scope:
        if check:
            _check_sizes(*check)
        lists = [convert_n_to_tensor_or_sparse_tensor(tl) for tl in lists]
        if threads is not None and not lists[0]:
            raise ValueError("Expected at least one tensor in batch().")
        keep_input = _validate_keep_input(keep_input, enqueue_many)
        lists, infos = store_sparse_tensors_join(lists, enqueue_many, keep_input)
        types = _dtypes(lists)
        shapes = _shapes(lists, shapes, enqueue_many)
        queue = kind[0](types, shapes, shared_name)
        _enqueue(queue, lists, threads, enqueue_many, keep_input)
        kind[1](queue)
        return _dequeue(queue, batch_size, allow_smaller_final_batch, infos, original, scope)


# ---- batches in the order of the elements ----

def batch(tensors, batch_size, num_threads=1, capacity=32, enqueue_many=False, shapes=None,
          dynamic_pad=False, allow_smaller_final_batch=False, shared_name=None, name=None):
    """Batches of what the tensors are in one run after the other, by way of a queue.

    Args:
      tensors: a list or a dictionary of tensors, which may be sparse: an element.
      batch_size: how many elements a batch has.
      num_threads: how many threads enqueue; with more than one the order is by chance.
      capacity: of the queue.
      enqueue_many: the tensors are several elements, as rows.
      shapes: of an element, where they are not known.
      dynamic_pad: elements may be of different sizes; they are padded.
      allow_smaller_final_batch: the last batch may have fewer elements.
      shared_name: under which sessions share the queue.
      name: of the scope.

    Returns: the batch, as `tensors` is; one tensor where there is one.
    Raises ValueError if a shape is not known."""
    return maybe_batch(tensors, True, batch_size, num_threads, capacity, enqueue_many, shapes,
                       dynamic_pad, allow_smaller_final_batch, shared_name, name)


def maybe_batch(tensors, keep_input, batch_size, num_threads=1, capacity=32, enqueue_many=False,
                shapes=None, dynamic_pad=False, allow_smaller_final_batch=False, shared_name=None,
                name=None):
    """batch() of those elements for which `keep_input`, a bool, is true; of rows where it is a
    vector."""
    return _batch_of(_fifo(capacity, dynamic_pad), [_as_tensor_list(tensors)], tensors, batch_size,
                     keep_input, enqueue_many, shapes, allow_smaller_final_batch, shared_name,
                     (name, "batch"), num_threads)


def batch_join(tensors_list, batch_size, capacity=32, enqueue_many=False, shapes=None,
               dynamic_pad=False, allow_smaller_final_batch=False, shared_name=None, name=None):
    """batch() of several lists of tensors, each with a thread of its own."""
    return maybe_batch_join(tensors_list, True, batch_size, capacity, enqueue_many, shapes,
                            dynamic_pad, allow_smaller_final_batch, shared_name, name)


def maybe_batch_join(tensors_list, keep_input, batch_size, capacity=32, enqueue_many=False,
                     shapes=None, dynamic_pad=False, allow_smaller_final_batch=False,
                     shared_name=None, name=None):
    """batch_join() of those elements for which `keep_input` is true."""
    lists = _as_tensor_lists(tensors_list)
    return _batch_of(_fifo(capacity, dynamic_pad), lists, tensors_list[0], batch_size, keep_input,
                     enqueue_many, shapes, allow_smaller_final_batch, shared_name,
                     (name, "batch_join"))


# ---- batches in a random order ----

def shuffle_batch(tensors, batch_size, capacity, min_after_dequeue, num_threads=1, seed=None,
                  enqueue_many=False, shapes=None, allow_smaller_final_batch=False,
                  shared_name=None, name=None):
    """batch() in a random order: each element is drawn from at least `min_after_dequeue`."""
    return maybe_shuffle_batch(tensors, batch_size, capacity, min_after_dequeue, True, num_threads,
                               seed, enqueue_many, shapes, allow_smaller_final_batch, shared_name,
                               name)


def maybe_shuffle_batch(tensors, batch_size, capacity, min_after_dequeue, keep_input,
                        num_threads=1, seed=None, enqueue_many=False, shapes=None,
                        allow_smaller_final_batch=False, shared_name=None, name=None):
    """shuffle_batch() of those elements for which `keep_input` is true."""
    return _batch_of(_shuffled(capacity, min_after_dequeue, seed), [_as_tensor_list(tensors)],
                     tensors, batch_size, keep_input, enqueue_many, shapes,
                     allow_smaller_final_batch, shared_name, (name, "shuffle_batch"), num_threads,
                     (capacity, min_after_dequeue))


def shuffle_batch_join(tensors_list, batch_size, capacity, min_after_dequeue, seed=None,
                       enqueue_many=False, shapes=None, allow_smaller_final_batch=False,
                       shared_name=None, name=None):
    """shuffle_batch() of several lists of tensors, each with a thread of its own."""
    return maybe_shuffle_batch_join(tensors_list, batch_size, capacity, min_after_dequeue, True,
                                    seed, enqueue_many, shapes, allow_smaller_final_batch,
                                    shared_name, name)


def maybe_shuffle_batch_join(tensors_list, batch_size, capacity, min_after_dequeue, keep_input,
                             seed=None, enqueue_many=False, shapes=None,
                             allow_smaller_final_batch=False, shared_name=None, name=None):
    """shuffle_batch_join() of those elements for which `keep_input` is true."""
    lists = _as_tensor_lists(tensors_list)
    return _batch_of(_shuffled(capacity, min_after_dequeue, seed), lists, tensors_list[0],
                     batch_size, keep_input, enqueue_many, shapes, allow_smaller_final_batch,
                     shared_name, (name, "shuffle_batch_join"),
                     check=(capacity, min_after_dequeue))
