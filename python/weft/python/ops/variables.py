"""Variables: values that a session keeps from one run to the next.

`Variable` makes one of two kinds: a RefVariable, whose op gives a reference that other ops read
and write at whatever moment they run, or a ResourceVariable, whose op gives a handle that is read
and written by ops of their own. Here is what both share, and the functions on the lists of
variables that a graph keeps.
"""

import enum
import functools

from weft.python.framework import dtypes
from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.ops import variable_protos
from weft.python.ops import variable_record


class VariableSynchronization(enum.Enum):
    """When copies of a variable on several devices are brought together."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregationV2(enum.Enum):
    """How updates of copies of a variable on several devices become one."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


class VariableAggregation(enum.Enum):
    """How updates of copies of a variable on several devices become one."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3
    ONLY_FIRST_TOWER = 3


def validate_synchronization_aggregation_trainable(synchronization, aggregation, trainable, name):
    """The three with their defaults filled in.

    Raises:
      ValueError: no such mode, or a trainable variable that is brought together on reads only.
    """
    if aggregation is None:
        aggregation = VariableAggregation.NONE
    elif not isinstance(aggregation, (VariableAggregation, VariableAggregationV2)):
        raise ValueError("Invalid variable aggregation mode: {} for variable: {}".format(
            aggregation, name))
    if synchronization is None:
        synchronization = VariableSynchronization.AUTO
    elif not isinstance(synchronization, VariableSynchronization):
        raise ValueError("Invalid variable synchronization mode: {} for variable: {}".format(
            synchronization, name))
    on_read = synchronization == VariableSynchronization.ON_READ
    if trainable is None:
        trainable = not on_read
    elif trainable and on_read:
        raise ValueError("Synchronization value can be set to VariableSynchronization.ON_READ only "
                         "for non-trainable variables. You have specified trainable=True and "
                         "synchronization=VariableSynchronization.ON_READ.")
    return synchronization, aggregation, trainable


class _VariableType(type):
    """Calling Variable makes the kind of variable that scope, switches and creators ask for."""

    def __call__(cls, *args, **kwargs):
        if cls is not Variable:
            return super().__call__(*args, **kwargs)
        return _create(*args, **kwargs)


def _create(initial_value=None, trainable=None, collections=None, validate_shape=True,
            caching_device=None, name=None, variable_def=None, dtype=None, expected_shape=None,
            import_scope=None, constraint=None, use_resource=None,
            synchronization=VariableSynchronization.AUTO, aggregation=VariableAggregation.NONE,
            shape=None):
    """Hands the arguments to the creators that are in force, the innermost first."""
    kwargs = dict(locals())
    from weft.python.ops import variable_scope

    def default(**kwargs):
        return variable_scope.default_variable_creator(None, **kwargs)

    create = default
    for creator in variable_scope.variable_creators():
        create = functools.partial(creator, create)
    return create(**kwargs)


class Variable(variable_record.Facade, metaclass=_VariableType):
    """A value that a session keeps; each session has its own.

    Args:
      initial_value: a tensor, what converts to one, or a callable without arguments that returns
        one and is called where the variable's op is made, outside of loops and conditionals.
      trainable: also put it into TRAINABLE_VARIABLES, which optimizers take.
      collections: the collections it goes into; [GLOBAL_VARIABLES] if None.
      validate_shape: False: the shape may change, and need not be known.
      caching_device: where its value is read to.
      name: "Variable" if None; made unique.
      dtype: what initial_value is converted to.
      variable_def: a VariableDef instead of all else: the variable is in the graph already, below
        `import_scope`.
      expected_shape: ignored.
      constraint: a function from the value to a value, which optimizers apply after an update.
      use_resource: a ResourceVariable; None: as the scope or `enable_resource_variables` says.
      synchronization, aggregation: for copies on several devices.
      shape: the variable's shape, if not that of initial_value.

    Raises:
      ValueError: initial_value missing, of unknown shape with validate_shape, or a tensor from
        inside of a loop or conditional; collections that are no list.
    """

    # NumPy leaves `array * variable` to the variable.
    __array_priority__ = 100

    def __repr__(self):
        return "<tf.Variable '%s' shape=%s dtype=%s>" % (self.name, self.shape, self.dtype.name)

    # ---- what it is ----

    @property
    def graph(self):
        """The Graph it is in."""
        return self._graph

    @property
    def name(self):
        """The name of its first output, "v:0"."""
        return self._name

    @property
    def _shared_name(self):
        return self._name[:self._name.index(":")]

    @property
    def dtype(self):
        """The DType of its values: `float32_ref` of a ref variable."""
        return self._dtype

    @property
    def trainable(self):
        """Is it to be changed by optimizers?"""
        return self._trainable

    @property
    def synchronization(self):
        """When copies of it are brought together."""
        return self._synchronization

    @property
    def aggregation(self):
        """How updates of its copies become one."""
        return self._aggregation

    @property
    def constraint(self):
        """The function that its values must go through after an update, or None."""
        return self._constraint

    @property
    def initializer(self):
        """The Operation that gives it its initial value."""
        return self._initializer_op

    @property
    def initial_value(self):
        """The tensor that its initializer assigns; None if an old meta graph does not tell."""
        return self._initial_value

    @property
    def device(self):
        """The device asked for, or ''."""
        return self.op.device

    @property
    def shape(self):
        """Its static shape, a TensorShape."""
        return self.get_shape()

    # ---- reading and writing ----

    def eval(self, session=None):
        """Its value in `session`, or in the default session, as a NumPy array."""
        return self._as_graph_element().eval(session=session)

    def load(self, value, session=None):
        """Gives it `value` in the session, through the initializer's input: no op is added.

        Raises:
          ValueError: no session is given and there is no default one.
        """
        session = session or ops.get_default_session()
        if session is None:
            raise ValueError("Either session argument should be provided or default session should "
                             "be established")
        session.run(self.initializer, {self.initializer.inputs[1]: value})

    def initialized_value(self):
        """A tensor: its value if it is initialized when that is computed, else its initial value.
        """
        from weft.python.ops import control_flow_ops
        with ops.init_scope():
            return control_flow_ops.cond(is_variable_initialized(self), self.read_value,
                                         lambda: self.initial_value)

    # ---- conversion ----

    def _AsTensor(self):
        return self.value()

    def _tensor(self, dtype=None, name=None, as_ref=False):
        """What this variable is where a tensor is asked for."""
        if dtype is not None and not dtype.is_compatible_with(self.dtype):
            raise ValueError("Incompatible type conversion requested to type '%s' for variable of "
                             "type '%s'" % (dtype.name, self.dtype.name))
        return self._ref() if as_ref else self.value()

    def __iter__(self):
        raise TypeError("'Variable' object is not iterable.")

    def __getitem__(self, indices):
        """A slice of its value, on which `assign` may be called."""
        from weft.python.ops import array_ops
        return array_ops._SliceHelperVar(self, indices)

    # ---- in meta graphs ----

    def to_proto(self, export_scope=None):
        """This variable as a VariableDef; None if it is not in `export_scope`."""
        return variable_protos.to_proto(self, export_scope)

    @staticmethod
    def from_proto(variable_def, import_scope=None):
        """The variable of the default graph that a VariableDef describes."""
        return variable_protos.from_proto(variable_def, import_scope)

    _read_proto = variable_protos.read_proto

    # ---- slices of a bigger variable ----

    SaveSliceInfo = variable_protos.SaveSliceInfo

    def _set_save_slice_info(self, save_slice_info):
        self._save_slice_info = save_slice_info

    def _get_save_slice_info(self):
        return self._save_slice_info


VariableV1 = Variable

_OPERATORS = ("__add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __div__ __rdiv__ __truediv__ "
              "__rtruediv__ __floordiv__ __rfloordiv__ __mod__ __rmod__ __pow__ __rpow__ "
              "__matmul__ __rmatmul__ __lt__ __le__ __gt__ __ge__ __and__ __rand__ __or__ __ror__ "
              "__xor__ __rxor__ __neg__ __invert__ __abs__").split()


def _overload(operator):
    def method(self, *args):
        return getattr(ops.Tensor, operator)(self.value(), *args)

    method.__name__ = operator
    method.__doc__ = "As of a tensor, on this variable's value."
    setattr(Variable, operator, method)


for _operator in _OPERATORS:
    _overload(_operator)


def _variable_to_tensor(value, dtype=None, name=None, as_ref=False):
    return value._tensor(dtype, name, as_ref)


ops.register_tensor_conversion_function(Variable, _variable_to_tensor)


class Creation:
    """What the two kinds of variables do alike when they are made: checks, and the initial value.
    """

    def __init__(self, initial_value, trainable, collections, name, constraint, synchronization,
                 aggregation):
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        if collections is None:
            collections = [ops.GraphKeys.GLOBAL_VARIABLES]
        if not isinstance(collections, (list, tuple, set)):
            raise ValueError("collections argument to Variable constructor must be a list, tuple, "
                             "or set. Got %s of type %s" % (collections, type(collections)))
        if constraint is not None and not callable(constraint):
            raise ValueError("The `constraint` argument must be a callable.")
        self.synchronization, self.aggregation, self.trainable = (
            validate_synchronization_aggregation_trainable(synchronization, aggregation, trainable,
                                                           name))
        if self.trainable and ops.GraphKeys.TRAINABLE_VARIABLES not in collections:
            collections = list(collections) + [ops.GraphKeys.TRAINABLE_VARIABLES]
        self.initial_value = initial_value
        self.collections = collections
        self.constraint = constraint
        self.name = name

    def scope(self):
        """The name scope of the variable's ops, in the graph that its initial value is in."""
        values = [] if callable(self.initial_value) else [self.initial_value]
        return ops.name_scope(self.name, "Variable", values)

    def value(self, dtype):
        """The initial value as a tensor named "initial_value"."""
        value = self.initial_value() if callable(self.initial_value) else self.initial_value
        return ops.convert_to_tensor(value, name="initial_value", dtype=dtype)

    def finish(self, variable, **fields):
        """Gives `variable` its attributes and puts it into its collections."""
        variable._attach(ops.get_default_graph())
        fields.update(_trainable=self.trainable, _synchronization=self.synchronization,
                      _aggregation=self.aggregation, _constraint=self.constraint,
                      _save_slice_info=None)
        for name, value in fields.items():
            setattr(variable, name, value)
        ops.add_to_collections(self.collections, variable)


def check_outside_control_flow(value, name):
    """Refuses an initial value that only exists inside of a loop or conditional."""
    if value.op._get_control_flow_context() is not None:
        raise ValueError("Initializer for variable %s is from inside a control-flow construct, "
                         "such as a loop or conditional. When creating a variable inside a loop or "
                         "conditional, use a lambda as the initializer." % name)


# ---- lists of variables ----

def global_variables(scope=None):
    """The variables of GLOBAL_VARIABLES; with `scope`, those whose name matches from its
    beginning."""
    return ops.get_collection(ops.GraphKeys.GLOBAL_VARIABLES, scope)


def all_variables():
    """`global_variables` under its older name."""
    return global_variables()


def local_variables(scope=None):
    """The variables of LOCAL_VARIABLES: not saved, often counters of one process."""
    return ops.get_collection(ops.GraphKeys.LOCAL_VARIABLES, scope)


def model_variables(scope=None):
    """The variables of MODEL_VARIABLES."""
    return ops.get_collection(ops.GraphKeys.MODEL_VARIABLES, scope)


def trainable_variables(scope=None):
    """The variables of TRAINABLE_VARIABLES, which optimizers change."""
    return ops.get_collection(ops.GraphKeys.TRAINABLE_VARIABLES, scope)


def moving_average_variables(scope=None):
    """The variables whose moving averages are kept."""
    return ops.get_collection(ops.GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def _global_variables_and_local():
    return global_variables() + local_variables()


def _global_saveable_objects(scope=None):
    return (ops.get_collection(ops.GraphKeys.GLOBAL_VARIABLES, scope) +
            ops.get_collection(ops.GraphKeys.SAVEABLE_OBJECTS, scope))


_all_saveable_objects = _global_saveable_objects


# ---- initializing ----

def variables_initializer(var_list, name="init"):
    """An Operation that runs the initializers of these variables, in no order; a NoOp for none."""
    from weft.python.ops import control_flow_ops
    if var_list:
        return control_flow_ops.group(*[v.initializer for v in var_list], name=name)
    return control_flow_ops.no_op(name=name)


def initialize_variables(var_list, name="init"):
    """`variables_initializer` under its older name."""
    return variables_initializer(var_list, name=name)


def global_variables_initializer():
    """An Operation that initializes the global variables that there are now."""
    return variables_initializer(global_variables())


def initialize_all_variables():
    """`global_variables_initializer` under its older name."""
    return global_variables_initializer()


def local_variables_initializer():
    """An Operation that initializes the local variables that there are now."""
    return variables_initializer(local_variables())


def initialize_local_variables():
    """`local_variables_initializer` under its older name."""
    return local_variables_initializer()


def is_variable_initialized(variable):
    """A scalar bool tensor: does the variable hold a value?"""
    from weft.python.ops import state_ops
    return state_ops.is_variable_initialized(variable)


def _listed(var_list):
    """`var_list`, or the global and local variables, or whatever variable ops there are."""
    if var_list is not None:
        return var_list
    found = _global_variables_and_local()
    if found:
        return found
    return [op.outputs[0] for op in ops.get_default_graph().get_operations()
            if op.type in ("Variable", "VariableV2", "AutoReloadVariable")]


def report_uninitialized_variables(var_list=None, name="report_uninitialized_variables"):
    """A 1-D string tensor: the names of those of the variables that hold no value."""
    from weft.python.framework import constant_op
    from weft.python.ops import array_ops
    var_list = _listed(var_list)
    with ops.name_scope(name):
        initialized = [is_variable_initialized(v) for v in var_list]
        with ops.device("/cpu:0"):
            if not var_list:
                return constant_op.constant([], dtype=dtypes.string)
            mask = gen.LogicalNot(array_ops.stack(initialized))
            names = constant_op.constant([v.op.name for v in var_list])
            return array_ops.boolean_mask(names, mask)


def assert_variables_initialized(var_list=None):
    """An op that fails with FailedPrecondition unless all of the variables hold values.

    Returns:
      The op's result, or None where there are no variables.
    """
    from weft.python.ops import array_ops
    var_list = _listed(var_list)
    ranks = []
    for variable in var_list:
        with ops.colocate_with(variable.op):
            ranks.append(gen.Rank(variable))
    if not ranks:
        return None
    return ranks[0] if len(ranks) == 1 else array_ops.stack(ranks)


_ELSEWHERE = {"RefVariable": "ref_variable", "PartitionedVariable": "partitioned_variable"}


def __getattr__(name):
    """RefVariable and PartitionedVariable are at home in files of their own, which import this
    one."""
    if name not in _ELSEWHERE:
        raise AttributeError("module '%s' has no attribute '%s'" % (__name__, name))
    import importlib
    return getattr(importlib.import_module("weft.python.ops." + _ELSEWHERE[name]), name)
