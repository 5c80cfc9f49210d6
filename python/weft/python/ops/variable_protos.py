"""Variables in meta graphs: VariableDef, which names the nodes that a variable is made of."""

from weft.python.framework import ops


class SaveSliceInfo:
    """Which slice of a bigger variable one is, for checkpoints."""

    def __init__(self, full_name=None, full_shape=None, var_offset=None, var_shape=None,
                 save_slice_info_def=None, import_scope=None):
        if save_slice_info_def is not None:
            full_name = ops.prepend_name_scope(save_slice_info_def.full_name, import_scope)
            full_shape = list(save_slice_info_def.full_shape)
            var_offset = list(save_slice_info_def.var_offset)
            var_shape = list(save_slice_info_def.var_shape)
        self.full_name = full_name
        self.full_shape = full_shape
        self.var_offset = var_offset
        self.var_shape = var_shape

    @property
    def spec(self):
        """As checkpoints spell it: "full shape offset,length:offset,length"."""
        full = " ".join("%d" % d for d in self.full_shape) + " "
        return full + ":".join("%d,%d" % pair for pair in zip(self.var_offset, self.var_shape))

    def to_proto(self, export_scope=None):
        """As a SaveSliceInfoDef; None if the whole is not in `export_scope`."""
        if export_scope and not self.full_name.startswith(export_scope):
            return None
        from weft.python.framework import messages
        return messages.SaveSliceInfoDef(
            full_name=ops.strip_name_scope(self.full_name, export_scope),
            full_shape=map(int, self.full_shape), var_offset=map(int, self.var_offset),
            var_shape=map(int, self.var_shape))


def to_proto(variable, export_scope=None):
    """The VariableDef of a variable; None if it is not in `export_scope`."""
    from weft.python.framework import messages
    from weft.python.ops import resource_variable_ops
    name, snapshot = variable._proto_names()
    if export_scope and not name.startswith(export_scope):
        return None

    def seen(name):
        return ops.strip_name_scope(name, export_scope)

    initial = variable.initial_value
    message = messages.VariableDef(
        variable_name=seen(name), initializer_name=seen(variable.initializer.name),
        snapshot_name=seen(snapshot), initial_value_name=seen(initial.name) if initial is not None
        else "", is_resource=isinstance(variable, resource_variable_ops.ResourceVariable),
        trainable=variable.trainable, synchronization=variable.synchronization.value,
        aggregation=variable.aggregation.value)
    if variable._save_slice_info is not None:
        message.save_slice_info_def.MergeFrom(variable._save_slice_info.to_proto(export_scope))
    return message


def read_proto(variable, message, import_scope, initial_value):
    """Makes a new variable the one that a VariableDef describes, in the default graph."""
    from weft.python.ops import variables
    if initial_value is not None:
        raise ValueError("variable_def and initial_value are mutually exclusive.")
    graph = ops.get_default_graph()

    def full(name):
        return ops.prepend_name_scope(name, import_scope) if name else name

    def element(name):
        return graph.as_graph_element(full(name)) if name else None

    own = element(message.variable_name)
    info = message.save_slice_info_def
    variable._attach(graph)
    fields = variable._proto_fields(own, full(message.snapshot_name))
    fields.update(
        _name=own.name, _initializer_op=element(message.initializer_name),
        _initial_value=element(message.initial_value_name), _trainable=message.trainable,
        _synchronization=variables.VariableSynchronization(message.synchronization),
        _aggregation=variables.VariableAggregation(message.aggregation), _constraint=None,
        _caching_device=None, _save_slice_info=SaveSliceInfo(
            save_slice_info_def=info, import_scope=import_scope)
        if message.HasField("save_slice_info_def") else None)
    for name, value in fields.items():
        setattr(variable, name, value)


def from_proto(message, import_scope=None):
    """The variable of the default graph that a VariableDef describes."""
    from weft.python.ops import ref_variable, resource_variable_ops
    kind = (resource_variable_ops.ResourceVariable if message.is_resource else
            ref_variable.RefVariable)
    return kind(variable_def=message, import_scope=import_scope)


def _to_proto(variable, export_scope=None):
    return variable.to_proto(export_scope)


for _key in ("GLOBAL_VARIABLES", "LOCAL_VARIABLES", "METRIC_VARIABLES", "MODEL_VARIABLES",
             "TRAINABLE_VARIABLES", "MOVING_AVERAGE_VARIABLES", "GLOBAL_STEP"):
    ops.register_proto_function(getattr(ops.GraphKeys, _key), "VariableDef", _to_proto, from_proto)
