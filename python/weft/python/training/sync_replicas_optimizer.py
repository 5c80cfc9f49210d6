"""SyncReplicasOptimizer: gradients of several replicas become one step of the model.

Gradients go into accumulators of the variables; a thread of the chief takes their means, applies
them, and puts as many tokens into a queue as there are replicas, each of which waits for one before
its next step. A gradient of an older step than the current one is dropped.
"""
from weft.python.framework import dtypes, ops
from weft.python.ops import (
    array_ops, control_flow_ops, data_flow_ops, state_ops, variable_scope, variables)
from weft.python.platform import tf_logging as logging
from weft.python.training import (
    optimizer, queue_runner_impl, session_manager, session_run_hook)

__all__ = ["SyncReplicasOptimizer"]


class SyncReplicasOptimizer(optimizer.Optimizer):
    """Works as another optimizer, on the means of several replicas' gradients.

    Args:
      opt: the other optimizer.
      replicas_to_aggregate: of how many gradients the mean is taken.
      total_num_replicas: how many replicas there are; as many by default.
      variable_averages: an ExponentialMovingAverage of `variables_to_average`.
    """

    def __init__(self, opt, replicas_to_aggregate, total_num_replicas=None,
                 variable_averages=None, variables_to_average=None, use_locking=False,
                 name="sync_replicas"):
        total = replicas_to_aggregate if total_num_replicas is None else total_num_replicas
        super().__init__(use_locking, name)
        logging.info("SyncReplicasV2: replicas_to_aggregate=%s; total_num_replicas=%s",
                     replicas_to_aggregate, total)
        self._opt = opt
        self._replicas_to_aggregate = replicas_to_aggregate
        self._total_num_replicas = total
        self._variable_averages = variable_averages
        self._variables_to_average = variables_to_average
        self._gradients_applied = False
        self._global_step = self._sync_token_queue = self._chief_queue_runner = None

    def compute_gradients(self, *args, **kwargs):
        """The gradients, as the other optimizer computes them."""
        return self._opt.compute_gradients(*args, **kwargs)

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        """The op of a replica's step: it hands its gradients in and waits for the others.

        Raises:
          ValueError: there are no variables, or there is no global step.
        """
        grads_and_vars = list(grads_and_vars)
        if not grads_and_vars:
            raise ValueError("Must supply at least one variable")
        if global_step is None:
            raise ValueError("Global step is required to check staleness")
        self._global_step = global_step
        self._local_step = variable_scope.variable(
            0, trainable=False, collections=[ops.GraphKeys.LOCAL_VARIABLES],
            dtype=global_step.dtype.base_dtype, name="sync_rep_local_step")
        self.local_step_init_op = state_ops.assign(self._local_step, global_step)
        self.ready_for_local_init_op = variables.report_uninitialized_variables(
            variables.global_variables())
        with ops.name_scope(None, self._name):
            handed_in, means, accumulators = self._accumulate(grads_and_vars)
            with ops.device(global_step.device), ops.name_scope(""):
                update = self._opt.apply_gradients(means, global_step)
                train = self._tokens(handed_in, update)
            init = [self.local_step_init_op]
            for accumulator, device in accumulators:
                with ops.device(device):
                    init.append(accumulator.set_global_step(global_step, name="SetGlobalStep"))
            self.chief_init_op = control_flow_ops.group(*init)
        self._gradients_applied = True
        return train

    def _accumulate(self, grads_and_vars):
        """(ops that hand gradients in, [(mean, variable)], [(accumulator, device)])."""
        handed_in, means, accumulators = [], [], []
        for grad, var in grads_and_vars:
            with ops.device(var.device):
                if grad is None:
                    means.append((None, var))
                    continue
                is_dense = isinstance(grad, ops.Tensor)
                kind = data_flow_ops.ConditionalAccumulator if is_dense else \
                    data_flow_ops.SparseConditionalAccumulator
                accumulator = kind(grad.dtype, shape=var.get_shape() if is_dense else None,
                                   shared_name=var.name + "/grad_accum")
                hand_in = accumulator.apply_grad if is_dense else \
                    accumulator.apply_indexed_slices_grad
                take = accumulator.take_grad if is_dense else \
                    accumulator.take_indexed_slices_grad
                handed_in.append(hand_in(grad, local_step=self._local_step))
                means.append((take(self._replicas_to_aggregate), var))
                accumulators.append((accumulator, var.device))
        return handed_in, means, accumulators

    def _tokens(self, handed_in, update):
        """Makes the queue of tokens and its thread; a replica's step, which waits for a token."""
        step = self._global_step
        self._sync_token_queue = data_flow_ops.FIFOQueue(
            -1, step.dtype.base_dtype, shapes=(), name="sync_token_q", shared_name="sync_token_q")
        unused = data_flow_ops.FIFOQueue(1, dtypes.int32, shapes=(), name="dummy_queue",
                                         shared_name="dummy_queue")
        with ops.control_dependencies(handed_in):
            token = self._sync_token_queue.dequeue()
        train = state_ops.assign(self._local_step, token)
        with ops.control_dependencies([update]):
            count = max(self._total_num_replicas, self._replicas_to_aggregate)
            # TF: a read that was made before shows what the update has written; here it does not.
            now = step.read_value() if hasattr(step, "read_value") else array_ops.identity(step)
            sync = self._sync_token_queue.enqueue_many((array_ops.fill([count], now),))
        if self._variable_averages is not None:
            with ops.control_dependencies([sync]):
                sync = self._variable_averages.apply(self._variables_to_average)
        # The runner closes a queue when it ends; the tokens' queue shall go on.
        self._chief_queue_runner = queue_runner_impl.QueueRunner(unused, [sync])
        return train

    def get_chief_queue_runner(self):
        """The QueueRunner whose thread the chief runs.

        Raises:
          ValueError: apply_gradients() was not called yet.
        """
        if not self._gradients_applied:
            raise ValueError("Should be called after apply_gradients().")
        return self._chief_queue_runner

    def get_init_tokens_op(self, num_tokens=-1):
        """The op that puts the first tokens into the queue: as many as gradients are wanted, by
        default.

        Raises:
          ValueError: apply_gradients() was not called yet, or there are too few.
        """
        if not self._gradients_applied:
            raise ValueError(
                "get_init_tokens_op() should be called after apply_gradients().")
        needed = self._replicas_to_aggregate - self._total_num_replicas
        if num_tokens == -1:
            num_tokens = self._replicas_to_aggregate
        elif num_tokens < needed:
            raise ValueError("Too few tokens to finish the first step: %d (given) vs %d (needed)"
                             % (num_tokens, needed))
        if num_tokens <= 0:
            return control_flow_ops.no_op(name="no_init_tokens")
        with ops.device(self._global_step.device), ops.name_scope(""):
            tokens = array_ops.fill([num_tokens], self._global_step)
            return self._sync_token_queue.enqueue_many((tokens,))

    def make_session_run_hook(self, is_chief, num_tokens=-1):
        """The hook that a MonitoredSession needs."""
        return _SyncReplicasOptimizerHook(self, is_chief, num_tokens)

    def get_slot(self, *args, **kwargs):
        """A slot of the other optimizer."""
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args, **kwargs):
        """The names of its slots."""
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self):
        """Its variables."""
        return self._opt.variables()


class _SyncReplicasOptimizerHook(session_run_hook.SessionRunHook):
    """Initializes what is a replica's own, and starts the chief's thread."""

    def __init__(self, sync_optimizer, is_chief, num_tokens):
        self._optimizer = sync_optimizer
        self._is_chief = is_chief
        self._num_tokens = num_tokens

    def begin(self):
        if not self._optimizer._gradients_applied:
            raise ValueError("SyncReplicasOptimizer.apply_gradient should be called before using "
                             "the hook.")
        self._init_tokens_op = self._queue_runner = None
        self._local_init_op = self._optimizer.local_step_init_op
        if self._is_chief:
            self._local_init_op = self._optimizer.chief_init_op
            self._queue_runner = self._optimizer.get_chief_queue_runner()
            self._init_tokens_op = self._optimizer.get_init_tokens_op(self._num_tokens)

    def after_create_session(self, session, coord):
        is_ready, why = session_manager._ready(
            self._optimizer.ready_for_local_init_op, session,
            "Model is not ready for SyncReplicasOptimizer local init.")
        if not is_ready:
            raise RuntimeError("Init operations did not make model ready for SyncReplicasOptimizer "
                               "local_init. Init op: %s, error: %s"
                               % (self._local_init_op.name, why))
        session.run(self._local_init_op)
        if self._init_tokens_op is not None:
            session.run(self._init_tokens_op)
        if self._queue_runner is not None:
            self._queue_runner.create_threads(session, coord=coord, daemon=True, start=True)
