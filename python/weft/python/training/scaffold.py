"""Scaffold: the ops and the Saver that a training needs besides its step."""
from weft.python.framework import ops
from weft.python.ops import array_ops, control_flow_ops, lookup_ops, resources, variables
from weft.python.platform import tf_logging as logging
from weft.python.summary import summary
from weft.python.training import saver as saver_lib

__all__ = ["Scaffold"]


class Scaffold:
    """The ops and the Saver that a training needs; finalize() makes those that were not given,
    unless the collection of their name has one.

    Args:
      init_op: initializes the model, with `init_feed_dict`; then init_fn(scaffold, session) is
        called.
      ready_op, ready_for_local_init_op: string tensors, empty where the model is ready.
      local_init_op: run in each new session, with `local_init_feed_dict`.
      summary_op: a tensor of a Summary.
      saver: a tf.train.Saver.
      copy_from_scaffold: what is not given is that one's.
    """

    def __init__(self, init_op=None, init_feed_dict=None, init_fn=None, ready_op=None,
                 ready_for_local_init_op=None, local_init_op=None, summary_op=None, saver=None,
                 copy_from_scaffold=None, local_init_feed_dict=None):
        other = copy_from_scaffold
        if other is not None and not isinstance(other, Scaffold):
            raise TypeError("copy_from_scaffold is not a Scaffold instance.")

        def either(given, name):
            return given if given is not None or other is None else getattr(other, name)

        self._init_op = either(init_op, "init_op")
        self._ready_op = either(ready_op, "ready_op")
        self._ready_for_local_init_op = either(ready_for_local_init_op, "ready_for_local_init_op")
        self._local_init_op = either(local_init_op, "local_init_op")
        self._local_init_feed_dict = either(local_init_feed_dict, "local_init_feed_dict")
        self._summary_op = either(summary_op, "summary_op")
        self._saver = either(saver, "saver")
        self._init_feed_dict = either(init_feed_dict, "init_feed_dict")
        self._user_init_fn = either(init_fn, "_user_init_fn")

    def finalize(self):
        """Makes what is missing and finalizes the default graph; returns itself."""
        keys = ops.GraphKeys
        made = (("init_op", keys.INIT_OP, _default_init_op),
                ("ready_op", keys.READY_OP, _default_ready_op),
                ("ready_for_local_init_op", keys.READY_FOR_LOCAL_INIT_OP,
                 _default_ready_for_local_init_op),
                ("local_init_op", keys.LOCAL_INIT_OP, Scaffold.default_local_init_op),
                ("summary_op", keys.SUMMARY_OP, summary.merge_all))
        for name, key, make in made:
            if getattr(self, "_" + name) is None:
                setattr(self, "_" + name, Scaffold.get_or_default(name, key, make))
        if self._saver is None:
            self._saver = saver_lib._get_saver_or_default()
        self._saver.build()
        ops.get_default_graph().finalize()
        logging.info("Graph was finalized.")
        return self

    @property
    def init_fn(self):
        """What is called with a session after `init_op`, or None."""
        function = self._user_init_fn
        return None if function is None else lambda session: function(self, session)

    @property
    def init_op(self):
        """The op that initializes the model."""
        return self._init_op

    @property
    def ready_op(self):
        """The tensor that is empty where the model is ready."""
        return self._ready_op

    @property
    def ready_for_local_init_op(self):
        """The tensor that is empty where `local_init_op` may run."""
        return self._ready_for_local_init_op

    @property
    def local_init_op(self):
        """The op that each new session runs."""
        return self._local_init_op

    @property
    def local_init_feed_dict(self):
        """Its feeds."""
        return self._local_init_feed_dict

    @property
    def summary_op(self):
        """The tensor of all summaries, or None if there are none."""
        return self._summary_op

    @property
    def saver(self):
        """The Saver."""
        return self._saver

    @property
    def init_feed_dict(self):
        """The feeds of `init_op`."""
        return self._init_feed_dict

    @staticmethod
    def get_or_default(arg_name, collection_key, default_constructor):
        """The one element of a collection; if it is empty, what the function makes, which goes
        there.

        Raises:
          RuntimeError: there are several.
        """
        elements = ops.get_collection(collection_key)
        if len(elements) > 1:
            raise RuntimeError("More than one item in the collection \"%s\". Please indicate which "
                               "one to use by passing it to the tf.Scaffold constructor as:  "
                               "tf.Scaffold(%s=item to use)" % (collection_key, arg_name))
        if elements:
            return elements[0]
        made = default_constructor()
        if made is not None:
            ops.add_to_collection(collection_key, made)
        return made

    @staticmethod
    def default_local_init_op():
        """An op that initializes local variables, tables and local resources."""
        return control_flow_ops.group(
            variables.local_variables_initializer(), lookup_ops.tables_initializer(),
            resources.initialize_resources(resources.local_resources()))


def _default_init_op():
    return control_flow_ops.group(
        variables.global_variables_initializer(),
        resources.initialize_resources(resources.shared_resources()))


def _default_ready_op():
    return array_ops.concat([variables.report_uninitialized_variables(),
                             resources.report_uninitialized_resources()], 0)


def _default_ready_for_local_init_op():
    return array_ops.concat([
        variables.report_uninitialized_variables(variables.global_variables()),
        resources.report_uninitialized_resources(resources.shared_resources())], 0)
