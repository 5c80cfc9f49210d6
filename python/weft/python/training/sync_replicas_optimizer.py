"""Replicas that train together: their gradients are added up, and applied once a step."""
from weft.python.framework import dtypes, ops
from weft.python.ops import (
    array_ops, control_flow_ops, data_flow_ops, state_ops, variable_scope, variables)
from weft.python.training import optimizer, queue_runner_impl, session_manager, session_run_hook

__all__ = ["SyncReplicasOptimizer"]


class SyncReplicasOptimizer(optimizer.Optimizer):
    """An optimizer whose step is of several replicas.

    Each replica adds its gradients to accumulators and waits for a token; the chief's queue runner
    takes them when there are enough, applies them, and hands out tokens for the next step.
    Gradients of an earlier step are left out.

    Args:
      opt: the optimizer that applies them.
      replicas_to_aggregate: of how many gradients a step is the mean.
      total_num_replicas: how many replicas there are; as many by default.
      variable_averages: an ExponentialMovingAverage, applied after each step,
      variables_to_average: to these.
      use_locking: not used.
      name: of the scope.
    """

    def __init__(self, opt, replicas_to_aggregate, total_num_replicas=None,
                 variable_averages=None, variables_to_average=None, use_locking=False,
                 name="sync_replicas"):
        if total_num_replicas is None:
            total_num_replicas = replicas_to_aggregate
        super().__init__(use_locking, name)
        self._opt = opt
        self._replicas_to_aggregate = replicas_to_aggregate
        self._total_num_replicas = total_num_replicas
        self._tokens_per_step = max(total_num_replicas, replicas_to_aggregate)
        self._variable_averages = variable_averages
        self._variables_to_average = variables_to_average
        self._gradients_applied = False
        self._global_step = self._sync_token_queue = self._chief_queue_runner = None
        self._accumulator_list = []         # (accumulator, device)

    def compute_gradients(self, *args, **kwargs):
        """Those of the optimizer within."""
        return self._opt.compute_gradients(*args, **kwargs)

    def _accumulate(self, grad, var):
        """(the operation that adds a gradient, what is taken when there are enough)"""
        if grad is None:
            return None, None
        shared_name = var.name + "/grad_accum"
        if isinstance(grad, ops.Tensor):
            accumulator = data_flow_ops.ConditionalAccumulator(
                grad.dtype, shape=var.get_shape(), shared_name=shared_name)
            add = accumulator.apply_grad(grad, local_step=self._local_step)
            taken = accumulator.take_grad(self._replicas_to_aggregate)
        elif isinstance(grad, ops.IndexedSlices):
            accumulator = data_flow_ops.SparseConditionalAccumulator(
                grad.dtype, shape=(), shared_name=shared_name)
            add = accumulator.apply_indexed_slices_grad(grad, local_step=self._local_step)
            taken = accumulator.take_indexed_slices_grad(self._replicas_to_aggregate)
        else:
            raise ValueError("Unknown grad type!")
        self._accumulator_list.append((accumulator, var.device))
        return add, taken

    def _make_local_step(self, global_step):
        """The step that this replica's gradients are of."""
        with ops.colocate_with(control_flow_ops.no_op()):
            self._local_step = variable_scope.variable(
                initial_value=0, trainable=False, collections=[ops.GraphKeys.LOCAL_VARIABLES],
                dtype=global_step.dtype.base_dtype, name="sync_rep_local_step")
        self.local_step_init_op = state_ops.assign(self._local_step, global_step)
        self.ready_for_local_init_op = variables.report_uninitialized_variables(
            variables.global_variables())

    def _make_queues(self, global_step):
        """The queue of tokens, and one for the runner to close: tokens outlive it."""
        with ops.device(global_step.device), ops.name_scope(""):
            self._sync_token_queue = data_flow_ops.FIFOQueue(
                -1, global_step.dtype.base_dtype, shapes=(), name="sync_token_q",
                shared_name="sync_token_q")
            return data_flow_ops.FIFOQueue(1, dtypes.int32, shapes=(), name="dummy_queue",
                                           shared_name="dummy_queue")

    def _make_steps(self, global_step, adds, update_op, dummy_queue):
        """The operation of each replica; the chief's becomes its queue runner."""
        with ops.device(global_step.device), ops.name_scope(""):
            with ops.control_dependencies(adds):
                token = self._sync_token_queue.dequeue()
            train_op = state_ops.assign(self._local_step, token)
            with ops.control_dependencies([update_op]):
                # Read anew: the step's value is the one after the update.
                tokens = array_ops.fill([self._tokens_per_step], global_step.read_value())
                sync_op = self._sync_token_queue.enqueue_many((tokens,))
            if self._variable_averages is not None:
                with ops.control_dependencies([sync_op]), ops.name_scope(""):
                    sync_op = self._variable_averages.apply(self._variables_to_average)
            self._chief_queue_runner = queue_runner_impl.QueueRunner(dummy_queue, [sync_op])
        return train_op

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        """The operation that adds this replica's gradients and waits for the step.

        Raises ValueError without variables or global step."""
        if not grads_and_vars:
            raise ValueError("Must supply at least one variable")
        if global_step is None:
            raise ValueError("Global step is required to check staleness")
        self._global_step = global_step
        self._make_local_step(global_step)
        adds, together = [], []
        with ops.name_scope(None, self._name):
            for grad, var in grads_and_vars:
                with ops.device(var.device):
                    add, taken = self._accumulate(grad, var)
                adds += [] if add is None else [add]
                together.append((taken, var))
            with ops.device(global_step.device), ops.name_scope(""):
                update_op = self._opt.apply_gradients(together, global_step)
            train_op = self._make_steps(global_step, adds, update_op,
                                        self._make_queues(global_step))
            init_ops = [self.local_step_init_op]
            for accumulator, device in self._accumulator_list:
                with ops.device(device):
                    init_ops.append(accumulator.set_global_step(global_step,
                                                                name="SetGlobalStep"))
            self.chief_init_op = control_flow_ops.group(*init_ops)
            self._gradients_applied = True
            return train_op

    def get_chief_queue_runner(self):
        """The runner that applies the gradients, for the chief to start."""
        if not self._gradients_applied:
            raise ValueError("Should be called after apply_gradients().")
        return self._chief_queue_runner

    def get_init_tokens_op(self, num_tokens=-1):
        """The operation with which the chief hands out the first tokens."""
        if not self._gradients_applied:
            raise ValueError("get_init_tokens_op() should be called after apply_gradients().")
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

    def get_slot(self, *args, **kwargs):
        """Those of the optimizer within."""
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args, **kwargs):
        """Those of the optimizer within."""
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self):
        """Those of the optimizer within."""
        return self._opt.variables()

    def make_session_run_hook(self, is_chief, num_tokens=-1):
        """The hook that initializes, and for the chief starts what applies gradients."""
        return _SyncReplicasOptimizerHook(self, is_chief, num_tokens)


class _SyncReplicasOptimizerHook(session_run_hook.SessionRunHook):
    """Makes a session ready for the optimizer."""

    def __init__(self, sync_optimizer, is_chief, num_tokens):
        self._sync_optimizer = sync_optimizer
        self._is_chief = is_chief
        self._num_tokens = num_tokens

    def begin(self):
        opt = self._sync_optimizer
        if not opt._gradients_applied:
            raise ValueError("SyncReplicasOptimizer.apply_gradient should be called before using "
                             "the hook.")
        self._ready_op = opt.ready_for_local_init_op
        self._init_op = opt.chief_init_op if self._is_chief else opt.local_step_init_op
        self._runner = opt.get_chief_queue_runner() if self._is_chief else None
        self._tokens_op = opt.get_init_tokens_op(self._num_tokens) if self._is_chief else None

    def after_create_session(self, session, coord):
        ready, why = session_manager._ask(
            self._ready_op, session, "Model is not ready for SyncReplicasOptimizer local init")
        if not ready:
            raise RuntimeError("Init operations did not make model ready for "
                               "SyncReplicasOptimizer local_init. Init op: %s, error: %s"
                               % (self._init_op.name, why))
        session.run(self._init_op)
        if self._tokens_op is not None:
            session.run(self._tokens_op)
        if self._runner is not None:
            self._runner.create_threads(session, coord=coord, daemon=True, start=True)
