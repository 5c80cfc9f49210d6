"""tf.layers.Layer: a piece of a model with variables of its own.

A layer makes its variables in a variable scope that it takes when it is first called, and in the
same scope ever after: calling it again shares them.
"""
import copy
import inspect
import math

import numpy as np

from weft.python.framework import dtypes, ops, tensor_shape
from weft.python.keras import activations, names, regularizers
from weft.python.layers import utils
from weft.python.layers.input_spec import InputSpec, assert_input_compatibility
from weft.python.ops import array_ops, math_ops, variable_scope as vs
from weft.python.ops.variables import VariableAggregation, VariableSynchronization
from weft.python.util import nest

__all__ = ["InputSpec", "Layer"]


class Layer:
    """Base of all layers; a subclass makes variables in `build` and its result in `call`.

    `trainable` says whether the variables are; `name` is the name of the scope unless that is
    taken; `dtype` is that of the variables, by default that of the first input.
    """

    def __init__(self, trainable=True, name=None, dtype=None, **kwargs):
        scope = kwargs.pop("_scope", None)
        self._reuse = kwargs.pop("_reuse", None)
        self._activity_regularizer = regularizers.get(kwargs.pop("activity_regularizer", None))
        for unknown in kwargs:
            raise TypeError("Keyword argument not understood:", unknown)
        self.trainable = trainable
        self.built = False
        self.stateful = False
        self.input_spec = None
        self.supports_masking = False
        self._dtype = None if dtype is None else dtypes.as_dtype(dtype).base_dtype.name
        self._trainable_weights, self._non_trainable_weights = [], []
        self._updates, self._losses, self._calls = [], [], []
        self._graph = ops.get_default_graph()
        self._init_name(name)
        self._scope = self._current_scope = None
        if scope:
            with vs.variable_scope(scope) as captured:
                self._scope = captured

    def __deepcopy__(self, memo):
        """A layer like this one, of the same graph, and of the same scope if it has one."""
        made = memo[id(self)] = object.__new__(type(self))
        for name, value in vars(self).items():
            if name not in ("_graph", "_scope", "_current_scope"):
                value = copy.deepcopy(value, memo)
            setattr(made, name, value)
        return made

    # Names and scopes.

    def _init_name(self, name):
        self._base_name = name.name if isinstance(name, vs.VariableScope) else name
        self._name = name
        if not name or isinstance(name, vs.VariableScope):
            base = names.to_snake_case(type(self).__name__)
            self._name = names.unique_object_name(base)
            self._base_name = self._base_name or base

    def _set_scope(self, scope=None):
        """Takes a variable scope, once: `scope`, or one named after the layer."""
        if self._scope is not None:
            return
        if self._reuse:
            opened = vs.variable_scope(self._base_name if scope is None else scope)
        else:
            opened = vs.variable_scope(scope, default_name=self._base_name)
        with opened as captured:
            self._scope = captured

    def _name_scope(self):
        """The name scope that all ops of the layer are made in."""
        return self._scope.original_name_scope

    @property
    def name(self) -> str:
        return self._name

    @property
    def scope_name(self) -> str:
        """The name of the variable scope; ValueError before the first call."""
        if not self._scope:
            raise ValueError("No name available for layer scope because the layer \"%s\" has not "
                             "been used yet. The scope name  is determined the first time the "
                             "layer instance is called. You must therefore call the layer before "
                             "querying `scope_name`." % self._name)
        return self._scope.name

    @property
    def graph(self):
        return self._graph

    @property
    def dtype(self):
        """The name of the variables' dtype; None until it is known."""
        return self._dtype

    # Variables.

    def _inner_layers(self):
        """The layers that are attributes of this one, alone or in lists; but for those that never
        called Layer.__init__(), as recurrent cells of old scripts, and so hold nothing."""
        return [x for value in vars(self).values()
                for x in (value if isinstance(value, (list, tuple)) else [value])
                if isinstance(x, Layer) and "_trainable_weights" in vars(x)]

    def _gathered(self, own, name):
        """What this layer has of something, and what its inner layers have."""
        return own + [x for inner in self._inner_layers() for x in getattr(inner, name)]

    @property
    def trainable_weights(self) -> list:
        if not self.trainable:
            return []
        return self._gathered(self._trainable_weights, "trainable_weights")

    @property
    def non_trainable_weights(self) -> list:
        if self.trainable:
            return self._gathered(self._non_trainable_weights, "non_trainable_weights")
        return self._gathered(self._trainable_weights + self._non_trainable_weights, "weights")

    @property
    def weights(self) -> list:
        return self.trainable_weights + self.non_trainable_weights

    @property
    def variables(self) -> list:
        return self.weights

    @property
    def trainable_variables(self) -> list:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list:
        return self.non_trainable_weights

    def add_weight(self, name, shape, dtype=None, initializer=None, regularizer=None,
                   trainable=None, constraint=None, use_resource=None,
                   synchronization=VariableSynchronization.AUTO,
                   aggregation=VariableAggregation.NONE, partitioner=None):
        """A variable `name` in the layer's scope; shared when the layer is reused.

        Without `initializer` the scope's is used. `regularizer` adds a loss, once a variable.
        """
        trainable = _trainable(trainable, synchronization)
        self._set_scope(None)
        reuse = self.built or self._reuse
        with vs.variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False) as scope:
            self._current_scope = scope
            with ops.name_scope(self._name_scope()):
                made_before = ops.get_default_graph()._count()
                variable = vs.get_variable(
                    name, shape=shape, dtype=dtypes.as_dtype(dtype or self._dtype or "float32"),
                    initializer=initializer, trainable=trainable and self.trainable,
                    constraint=constraint, partitioner=partitioner, use_resource=use_resource,
                    synchronization=synchronization, aggregation=aggregation)
                for part in _parts(variable):
                    self._take(part, trainable)
                    if regularizer and part.op._number >= made_before:
                        self._regularize(name, part, regularizer)
        return variable

    add_variable = add_weight

    def _take(self, variable, trainable):
        """Lists a variable; a custom getter may have made it not trainable."""
        trainable = trainable and (getattr(variable, "trainable", True) or not self.trainable)
        kept = self._trainable_weights if trainable else self._non_trainable_weights
        if not any(variable is v for v in kept):
            kept.append(variable)

    def _regularize(self, name, variable, regularizer):
        with ops.name_scope(name + "/Regularizer"):
            loss = regularizer(variable)
        if loss is not None:
            self.add_loss(loss)

    def count_params(self) -> int:
        """How many numbers the variables hold; ValueError before they exist."""
        if not self.built:
            raise ValueError("You tried to call `count_params` on %s, but the layer isn't built. "
                             "You can build it manually via: `%s.build(batch_input_shape)`."
                             % (self.name, self.name))
        return sum(math.prod(w.shape.as_list()) for w in self.weights)

    def get_weights(self) -> list:
        """The variables' values, from the Keras session."""
        from weft.python.keras import backend
        return backend.batch_get_value(self.weights)

    def set_weights(self, weights) -> None:
        """Assigns arrays to the variables, in the Keras session."""
        from weft.python.keras import backend
        if len(weights) != len(self.weights):
            raise ValueError("You called `set_weights(weights)` on layer \"%s\" with a  weight "
                             "list of length %d, but the layer was expecting %d weights."
                             % (self.name, len(weights), len(self.weights)))
        backend.batch_set_value(list(zip(self.weights, weights)))

    # Losses and updates.

    def add_loss(self, losses, inputs=None) -> None:
        """Adds loss tensors (or functions that make them), also to REGULARIZATION_LOSSES.

        `inputs` are the tensors that the losses depend on; None means that there are none.
        """
        for loss in losses if isinstance(losses, (list, tuple)) else [losses]:
            loss = loss() if callable(loss) else loss
            if loss is None:
                continue
            loss = ops.convert_to_tensor(loss)
            self._losses.append((loss, inputs is None))
            ops.add_to_collection(ops.GraphKeys.REGULARIZATION_LOSSES, loss)

    @property
    def losses(self) -> list:
        return self._gathered([loss for loss, _ in self._losses], "losses")

    def get_losses_for(self, inputs) -> list:
        """The losses that depend on `inputs`; those that depend on no input for None."""
        if inputs is None:
            return [loss for loss, alone in self._losses if alone]
        bound = [loss for loss, alone in self._losses if not alone]
        reachable = utils.get_reachable_from_inputs(nest.flatten(inputs), bound)
        return [loss for loss in bound if loss in reachable]

    def add_update(self, updates, inputs=None) -> None:
        """Adds operations (or tensors, or functions that make them) to run beside a step."""
        for update in updates if isinstance(updates, (list, tuple)) else [updates]:
            update = update() if callable(update) else update
            if not isinstance(update, ops.Operation):
                update = update.op if hasattr(update, "op") else ops.convert_to_tensor(update)
            self._updates.append((update, inputs is None))

    @property
    def updates(self) -> list:
        if not self.trainable and not self.stateful:
            return []
        return self._gathered([update for update, _ in self._updates], "updates")

    def get_updates_for(self, inputs) -> list:
        """The updates that depend on `inputs`; for None, on no input of the layer."""
        if inputs is not None:
            reachable = utils.get_reachable_from_inputs(nest.flatten(inputs), self.updates)
            return [update for update in self.updates if update in reachable]
        own = [x for call in self._calls for x in nest.flatten(call[0])]
        reachable = utils.get_reachable_from_inputs(own, self.updates)
        return [update for update in self.updates if update not in reachable]

    @property
    def activity_regularizer(self):
        return self._activity_regularizer

    @activity_regularizer.setter
    def activity_regularizer(self, regularizer):
        self._activity_regularizer = regularizer

    def _add_activity_losses(self, inputs, outputs):
        """What the regularizer says of the outputs, a row of the batch."""
        if self._activity_regularizer is None:
            return
        with ops.name_scope("ActivityRegularizer"):
            for output in nest.flatten(outputs):
                loss = self._activity_regularizer(output)
                batch = math_ops.cast(array_ops.shape(output)[0], loss.dtype)
                self.add_loss(loss / batch, inputs=inputs)

    # Building and calling.

    def build(self, input_shape) -> None:
        """Makes the variables; `input_shape` is that of the first call's inputs."""
        self.built = True

    def call(self, inputs, **kwargs):
        """The layer's result; a subclass says what that is."""
        return inputs

    def _maybe_build(self, inputs):
        """Checks the inputs and, the first time, takes their dtype and makes the variables."""
        assert_input_compatibility(self.input_spec, inputs, self.name)
        if self.built:
            return
        tensors = nest.flatten(inputs)
        if self._dtype is None and tensors and hasattr(tensors[0], "dtype"):
            self._dtype = dtypes.as_dtype(tensors[0].dtype).base_dtype.name
        if all(hasattr(x, "shape") for x in tensors):
            shapes = nest.map_structure(lambda x: x.shape, inputs)
            self.build(shapes)
        self.built = True

    def __call__(self, inputs, *args, **kwargs):
        """The result of the layer on `inputs`; the variables are made by the first call."""
        self._set_scope(kwargs.pop("scope", None))
        reuse = True if self.built else self._reuse
        with vs.variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False) as scope:
            self._current_scope = scope
            if "scope" in inspect.signature(self.call).parameters:
                kwargs["scope"] = scope
            with ops.name_scope(self._name_scope()):
                inputs = nest.map_structure(_array_to_tensor, inputs)
                outputs = self._build_and_call(inputs, args, kwargs)
        self._calls.append((inputs, outputs))
        self._publish_updates()
        return outputs

    def _build_and_call(self, inputs, args, kwargs):
        self._maybe_build(inputs)
        outputs = self.call(inputs, *args, **kwargs)
        if outputs is None:
            raise ValueError("A layer's `call` method should return a Tensor or a list of Tensors, "
                             "not None (layer: %s)." % self.name)
        self._add_activity_losses(inputs, outputs)
        return outputs

    def _publish_updates(self):
        updates = self.updates
        known = set(ops.get_collection(ops.GraphKeys.UPDATE_OPS)) if updates else ()
        for update in updates:
            if update not in known:
                ops.add_to_collection(ops.GraphKeys.UPDATE_OPS, update)

    def apply(self, inputs, *args, **kwargs):
        """Same as calling the layer."""
        return self(inputs, *args, **kwargs)

    # What it was called with.

    def compute_output_shape(self, input_shape):
        """The shape of the result for inputs of `input_shape`; a subclass knows it."""
        raise NotImplementedError

    def _call_part(self, index, part, word):
        if not self._calls:
            raise AttributeError("The layer %s has never been called and thus has no defined %s."
                                 % (self.name, word))
        if index >= len(self._calls):
            raise ValueError("Asked to get %s at node %d, but the layer has only %d inbound nodes."
                             % (word, index, len(self._calls)))
        return self._calls[index][part]

    def _common_shape(self, part, word):
        """Of every call, if it is the same for all."""
        shapes = [nest.map_structure(_shape_tuple, call[part]) for call in self._calls]
        if shapes and all(shape == shapes[0] for shape in shapes):
            return shapes[0]
        return nest.map_structure(_shape_tuple, self._only_call_part(part, word))

    def _only_call_part(self, part, word):
        if not self._calls:
            raise AttributeError("Layer %s is not connected, no %s to return." % (self.name, word))
        if len(self._calls) > 1:
            raise AttributeError("Layer %s has multiple inbound nodes, hence the notion of \"layer "
                                 "%s\" is ill-defined. Use `get_%s_at(node_index)` instead."
                                 % (self.name, word, word))
        return self._calls[0][part]

    @property
    def input(self):
        """The inputs of the only call."""
        return self._only_call_part(0, "input")

    @property
    def output(self):
        """The result of the only call."""
        return self._only_call_part(1, "output")

    @property
    def input_shape(self):
        return self._common_shape(0, "input")

    @property
    def output_shape(self):
        return self._common_shape(1, "output")

    def get_input_at(self, node_index):
        return self._call_part(node_index, 0, "input")

    def get_output_at(self, node_index):
        return self._call_part(node_index, 1, "output")

    def get_input_shape_at(self, node_index):
        return nest.map_structure(_shape_tuple, self.get_input_at(node_index))

    def get_output_shape_at(self, node_index):
        return nest.map_structure(_shape_tuple, self.get_output_at(node_index))


def _trainable(trainable, synchronization):
    """Whether a variable is trainable: those read through an aggregate (ON_READ) never are."""
    if synchronization != VariableSynchronization.ON_READ:
        return trainable is None or trainable
    if trainable:
        raise ValueError("Synchronization value can be set to VariableSynchronization.ON_READ only "
                         "for non-trainable variables. You have specified trainable=True and "
                         "synchronization=VariableSynchronization.ON_READ.")
    return False


def _parts(variable):
    """A partitioned variable's parts, or the variable alone."""
    return list(variable) if hasattr(variable, "_get_partitions") else [variable]


def _array_to_tensor(x):
    return ops.convert_to_tensor(x) if isinstance(x, (np.ndarray, float, int)) else x


def _shape_tuple(tensor):
    shape = tensor_shape.TensorShape(tensor.shape)
    return None if shape.ndims is None else tuple(shape.as_list())


def finish(outputs, activation):
    """`activation` applied to `outputs`; None is no activation."""
    return outputs if activation is None else activation(outputs)


def activation_of(activation):
    """An activation function given as such, by name, or None."""
    return None if activation is None else activations.get(activation)


def call_layer(layer, arguments):
    """A functional form: a `layer` made of the function's arguments, applied to its `inputs`."""
    inputs, reuse = arguments.pop("inputs"), arguments.pop("reuse")
    made = layer(_scope=arguments["name"], _reuse=reuse, **arguments)
    return made.apply(inputs)
