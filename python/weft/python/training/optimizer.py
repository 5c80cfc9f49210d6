"""What all optimizers share: from a loss to gradients, from gradients to one op that updates
variables.

A subclass says which slots (variables beside the trained ones) it keeps and how one variable is
updated; `Optimizer` differentiates, makes slots, names ops and groups the updates. An optimizer
belongs to its user and may serve several graphs: slots are kept by graph and name of the variable.
"""

from weft.python.framework import dtypes
from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.ops import gradients
from weft.python.util import nest

__all__ = ["Optimizer"]


class Optimizer(object):
    """The base of optimizers. Not used itself.

    A subclass has `_apply_dense(grad, var)` and `_apply_sparse(grad, var)` for ref variables,
    `_resource_apply_dense(grad, var)` and `_resource_apply_sparse(grad, var, indices)` for resource
    variables; each returns the op that updates `var`. It may have `_create_slots(var_list)`,
    `_prepare()` (makes tensors of its numbers) and `_finish(update_ops, name_scope)`.
    """

    GATE_NONE = 0       # gradients may be used as soon as they are there
    GATE_OP = 1         # those of one op only together
    GATE_GRAPH = 2      # all only together

    def __init__(self, use_locking, name):
        """`use_locking`: do updates exclude each other? `name`: of the ops and slots that are
        made."""
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking
        self._name = name
        self._slots = {}                # slot name -> (graph, variable's name) -> variable
        self._non_slot_dict = {}        # (name, graph) -> variable

    def get_name(self):
        """The name given at construction."""
        return self._name

    def minimize(self, loss, global_step=None, var_list=None, gate_gradients=GATE_OP,
                 aggregation_method=None, colocate_gradients_with_ops=False, name=None,
                 grad_loss=None):
        """An operation that makes `loss` smaller: `compute_gradients`, then `apply_gradients`.

        Args: see those two.

        Raises:
          ValueError: there are no variables, or none that the loss depends on.
        """
        grads_and_vars = self.compute_gradients(
            loss, var_list=var_list, gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops, grad_loss=grad_loss)
        if all(grad is None for grad, _ in grads_and_vars):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not "
                "support gradients, between variables %s and loss %s."
                % ([str(var) for _, var in grads_and_vars], loss))
        return self.apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def compute_gradients(self, loss, var_list=None, gate_gradients=GATE_OP,
                          aggregation_method=None, colocate_gradients_with_ops=False,
                          grad_loss=None):
        """The gradient of `loss` for each variable.

        Args:
          loss: a tensor of a floating dtype, or a function without arguments that returns one.
          var_list: variables; by default the trainable ones of the default graph.
          gate_gradients: GATE_NONE, GATE_OP or GATE_GRAPH.
          aggregation_method, colocate_gradients_with_ops: as of tf.gradients.
          grad_loss: what the gradient of `loss` begins with; ones by default.

        Returns:
          A list of pairs (gradient or None, variable).

        Raises:
          ValueError: an argument does not fit, or there are no variables.
        """
        if callable(loss):
            return self._gradients_of_call(loss, var_list, grad_loss)
        if gate_gradients not in (Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH):
            raise ValueError("gate_gradients must be one of: Optimizer.GATE_NONE, "
                             "Optimizer.GATE_OP, Optimizer.GATE_GRAPH.  Not %s" % gate_gradients)
        self._assert_valid_dtypes([loss] if grad_loss is None else [loss, grad_loss])
        var_list = _variables_to_train(var_list)
        grads = gradients.gradients(
            loss, [_Trained(var).target for var in var_list], grad_ys=grad_loss,
            gate_gradients=gate_gradients == Optimizer.GATE_OP,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops)
        if gate_gradients == Optimizer.GATE_GRAPH:
            from weft.python.ops import control_flow_ops
            grads = control_flow_ops.tuple(grads)
        self._assert_valid_dtypes([var for grad, var in zip(grads, var_list)
                                   if grad is not None and var.dtype != dtypes.resource])
        return list(zip(grads, var_list))

    def _gradients_of_call(self, loss, var_list, grad_loss):
        """Those of a loss that is given as a function; by default of the variables that it uses."""
        value = loss()
        with ops.control_dependencies([value]):
            found = self.compute_gradients(value, var_list=var_list, grad_loss=grad_loss,
                                           gate_gradients=Optimizer.GATE_NONE)
        return [pair for pair in found if var_list is not None or pair[0] is not None]

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        """An operation that updates each variable by its gradient.

        Args:
          grads_and_vars: pairs (gradient, variable), as from `compute_gradients`; a gradient is a
            tensor, an IndexedSlices, or None to leave the variable alone.
          global_step: a variable to add one to after the updates.
          name: of the operation; by default the optimizer's.

        Raises:
          TypeError: something is no gradient.
          ValueError: there is nothing to update.
        """
        pairs = [(_as_gradient(grad), _Trained(var)) for grad, var in grads_and_vars]
        if not pairs:
            raise ValueError("No variables provided.")
        given = [(grad, trained) for grad, trained in pairs if grad is not None]
        if not given:
            raise ValueError("No gradients provided for any variable: %s."
                             % ([str(trained.var) for _, trained in pairs],))
        with ops.init_scope():
            self._create_slots([trained.var for _, trained in given])
        with ops.name_scope(name, self._name) as scope:
            self._prepare()
            updates = [self._update(grad, trained) for grad, trained in given]
            if global_step is None:
                train_op = self._finish(updates, scope)
            else:
                train_op = self._counted(self._finish(updates, "update"), global_step, scope)
        return _in_collection(train_op)

    def _update(self, grad, trained):
        with ops.name_scope("update_" + trained.var.op.name), ops.colocate_with(trained.var.op):
            return trained.update(self, grad)

    def _counted(self, finished, global_step, scope):
        """The increment of `global_step` after `finished`, named exactly `scope`."""
        from weft.python.ops import state_ops
        with ops.control_dependencies([finished]), ops.colocate_with(global_step.op):
            if _is_resource(global_step):
                one = ops.convert_to_tensor(1, dtype=global_step.dtype)
                return gen.AssignAddVariableOp(global_step.handle, one, name=scope)
            return state_ops.assign_add(global_step, 1, name=scope)

    # ---- slots ----

    def get_slot(self, var, name):
        """The variable that is slot `name` of `var`, or None."""
        return self._slots.get(name, {}).get(_var_key(var))

    def get_slot_names(self):
        """The names of the slots there are, sorted."""
        return sorted(self._slots)

    def variables(self):
        """The optimizer's own variables in the default graph, sorted by name."""
        own = list(self._non_slot_variables())
        for slots in self._slots.values():
            own.extend(slots.values())
        graph = ops.get_default_graph()
        return sorted((v for v in own if v.op.graph is graph), key=lambda v: v.name)

    def _slot_dict(self, slot_name):
        return self._slots.setdefault(slot_name, {})

    def _made_once(self, var, slot_name, make):
        slots, key = self._slot_dict(slot_name), _var_key(var)
        if key not in slots:
            slots[key] = make()
        return slots[key]

    def _get_or_make_slot(self, var, val, slot_name, op_name):
        """Slot `slot_name` of `var`; made with the initial value `val` if there is none."""
        from weft.python.training import slot_creator
        return self._made_once(var, slot_name, lambda: slot_creator.create_slot(var, val, op_name))

    def _get_or_make_slot_with_initializer(self, var, initializer, shape, dtype, slot_name,
                                           op_name):
        """Slot `slot_name` of `var`; made by an initializer if there is none."""
        from weft.python.training import slot_creator
        return self._made_once(
            var, slot_name, lambda: slot_creator.create_slot_with_initializer(
                var, initializer, shape, dtype, op_name))

    def _zeros_slot(self, var, slot_name, op_name):
        """Slot `slot_name` of `var`; made of zeros if there is none."""
        from weft.python.training import slot_creator
        return self._made_once(var, slot_name,
                               lambda: slot_creator.create_zeros_slot(var, op_name))

    def _create_non_slot_variable(self, initial_value, name, colocate_with):
        """A variable that belongs to the graph of `colocate_with`, not to one variable."""
        from weft.python.ops import variable_scope
        key = (name, colocate_with.graph)
        if key not in self._non_slot_dict:
            with ops.colocate_with(colocate_with.op):
                self._non_slot_dict[key] = variable_scope.variable(
                    initial_value, name=name, trainable=False,
                    use_resource=_is_resource(colocate_with))
        return self._non_slot_dict[key]

    def _get_non_slot_variable(self, name, graph=None):
        return self._non_slot_dict.get((name, graph))

    def _non_slot_variables(self):
        return self._non_slot_dict.values()

    # ---- for subclasses to have ----

    def _valid_dtypes(self):
        """The dtypes that losses and variables may have."""
        return {dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64}

    def _assert_valid_dtypes(self, tensors):
        valid = self._valid_dtypes()
        for t in tensors:
            if t.dtype.base_dtype not in valid:
                raise ValueError("Invalid type %r for %s, expected: %s."
                                 % (t.dtype.base_dtype, t.name, list(valid)))

    def _create_slots(self, var_list):
        """Makes the slots of these variables."""

    def _prepare(self):
        """Makes the tensors that updates share, within the train op's name scope."""

    def _apply_dense(self, grad, var):
        """The op that updates the ref variable `var` by a tensor of its shape."""
        raise NotImplementedError()

    def _resource_apply_dense(self, grad, handle):
        """The op that updates the resource variable `handle` by a tensor of its shape."""
        raise NotImplementedError()

    def _apply_sparse(self, grad, var):
        """The op that updates rows of the ref variable `var` by an IndexedSlices without
        repeats."""
        raise NotImplementedError()

    def _resource_apply_sparse(self, grad, handle, indices):
        """The op that updates rows `indices`, none twice, of the resource variable by `grad`."""
        raise NotImplementedError()

    def _apply_sparse_duplicate_indices(self, grad, var):
        """As `_apply_sparse`; indices may repeat, and their rows are summed here."""
        values, indices = _deduplicate_indexed_slices(grad.values, grad.indices)
        return self._apply_sparse(ops.IndexedSlices(values, indices, grad.dense_shape), var)

    def _resource_apply_sparse_duplicate_indices(self, grad, handle, indices):
        """As `_resource_apply_sparse`; indices may repeat, and their rows are summed here."""
        values, indices = _deduplicate_indexed_slices(grad, indices)
        return self._resource_apply_sparse(values, handle, indices)

    def _finish(self, update_ops, name_scope):
        """One op, named `name_scope`, that does all of `update_ops`."""
        from weft.python.ops import control_flow_ops
        return control_flow_ops.group(*update_ops, name=name_scope)

    # ---- helpers for subclasses ----

    def _call_if_callable(self, param):
        """`param()` if it is a function, else `param`."""
        return param() if callable(param) else param

    def _number(self, value, name):
        """A tensor, called `name`, of a number that may be given as a function."""
        return ops.convert_to_tensor(self._call_if_callable(value), name=name)


class RuleOptimizer(Optimizer):
    """An optimizer whose step is one training op: Apply<rule>, SparseApply<rule> and their two
    forms for resource variables, which take the same arguments."""

    def _rule(self):
        """The op's name without its form: "Momentum"."""
        raise NotImplementedError()

    def _arguments(self, var, cast):
        """The op's arguments besides var, grad, indices and use_locking, by name.

        A slot is given as the variable. `cast(x)` has the variable's dtype.
        """
        raise NotImplementedError()

    def _step(self, form, var, **gradient):
        from weft.python.ops import math_ops
        dtype = var.dtype.base_dtype
        arguments = self._arguments(var, lambda x: math_ops.cast(x, dtype))
        if form.startswith("Resource"):
            var = var.handle
            arguments = {name: x.handle if hasattr(x, "handle") else x
                         for name, x in arguments.items()}
        made = getattr(gen, form + self._rule())(var=var, use_locking=self._use_locking,
                                                 **arguments, **gradient)
        return made if isinstance(made, ops.Operation) else made.op

    def _apply_dense(self, grad, var):
        return self._step("Apply", var, grad=grad)

    def _resource_apply_dense(self, grad, var):
        return self._step("ResourceApply", var, grad=grad)

    def _apply_sparse(self, grad, var):
        return self._step("SparseApply", var, grad=grad.values, indices=grad.indices)

    def _resource_apply_sparse(self, grad, var, indices):
        return self._step("ResourceSparseApply", var, grad=grad, indices=indices)


class _Trained(object):
    """A variable to train: what is differentiated, and how it is updated."""

    def __init__(self, var):
        self.var = var
        self._resource = _is_resource(var)
        self._tensor = isinstance(var, ops.Tensor)
        if not (self._resource or self._tensor or hasattr(var, "_ref")):
            raise NotImplementedError("Trying to optimize unsupported type ", var)

    @property
    def target(self):
        """What to differentiate with respect to."""
        if self._resource or self._tensor:
            return self.var
        return self.var._ref()

    def update(self, optimizer, grad):
        """The op that updates the variable, and holds it to its constraint."""
        if self._tensor:
            raise NotImplementedError("Trying to update a Tensor ", self.var)
        if isinstance(grad, ops.IndexedSlices):
            return self._update_rows(optimizer, grad)
        apply = optimizer._resource_apply_dense if self._resource else optimizer._apply_dense
        done = apply(grad, self.var)
        if self.var.constraint is None:
            return done
        with ops.control_dependencies([done]):
            now = self.var if self._resource else self.var.read_value()
            return self.var.assign(self.var.constraint(now))

    def _update_rows(self, optimizer, grad):
        if self.var.constraint is not None:
            raise RuntimeError("Cannot use a constraint function on a sparse variable.")
        if self._resource:
            return optimizer._resource_apply_sparse_duplicate_indices(grad.values, self.var,
                                                                      grad.indices)
        return optimizer._apply_sparse_duplicate_indices(grad, self.var)


def _is_resource(var):
    return getattr(var, "op", None) is not None and var.op.type == "VarHandleOp"


def _var_key(var):
    return var.op.graph, var.op.name


def _variables_to_train(var_list):
    if var_list is None:
        graph = ops.get_default_graph()
        found = (graph.get_collection(ops.GraphKeys.TRAINABLE_VARIABLES) +
                 graph.get_collection(ops.GraphKeys.TRAINABLE_RESOURCE_VARIABLES))
    else:
        found = nest.flatten(var_list)
    if not found:
        raise ValueError("No variables to optimize.")
    return found


def _as_gradient(grad):
    if grad is None:
        return None
    try:
        return ops.convert_to_tensor_or_indexed_slices(grad)
    except TypeError:
        raise TypeError("Gradient must be convertible to a Tensor or IndexedSlices, or None: %s"
                        % (grad,))


def _deduplicate_indexed_slices(values, indices):
    """(sums of the values of equal indices, those indices)."""
    from weft.python.ops import array_ops
    unique, position = array_ops.unique(indices)
    return gen.UnsortedSegmentSum(values, position, array_ops.shape(unique)[0]), unique


def _in_collection(train_op):
    """The train op, as an operation, which is put into the "train_op" collection once."""
    if isinstance(train_op, ops.Tensor):
        train_op = train_op.op
    graph = train_op.graph
    if train_op not in graph.get_collection(ops.GraphKeys.TRAIN_OP):
        graph.add_to_collection(ops.GraphKeys.TRAIN_OP, train_op)
    return train_op
