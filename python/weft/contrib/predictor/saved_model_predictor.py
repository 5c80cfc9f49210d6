"""Predictors: see contrib.predictor."""
from weft.python.client import session
from weft.python.framework import ops
from weft.python.saved_model import loader_impl, signature_constants, utils_impl


class Predictor:
    """A function of {name: value}; it has a session of its own."""

    _graph = _session = _feed_tensors = _fetch_tensors = None

    @property
    def graph(self):
        """The Graph."""
        return self._graph

    @property
    def session(self):
        """The Session."""
        return self._session

    @property
    def feed_tensors(self):
        """{name: Tensor} of what may be fed."""
        return self._feed_tensors

    @property
    def fetch_tensors(self):
        """{name: Tensor} of what comes back."""
        return self._fetch_tensors

    def __repr__(self):
        return "%s with feed tensors %s and fetch_tensors %s" % (
            type(self).__name__, self._feed_tensors, self._fetch_tensors)

    def __call__(self, input_dict):
        """Runs it; ValueError for names that are none of the inputs'."""
        unknown = set(input_dict).difference(self._feed_tensors)
        if unknown:
            raise ValueError("Got unexpected keys in input_dict: {}\nexpected: {}".format(
                unknown, list(self._feed_tensors)))
        return self._session.run(self._fetch_tensors, {
            self._feed_tensors[name]: value for name, value in input_dict.items()})


class SavedModelPredictor(Predictor):
    """Runs a signature of a SavedModel: see contrib.predictor.from_saved_model()."""

    def __init__(self, export_dir, signature_def_key=None, signature_def=None, input_names=None,
                 output_names=None, tags=None, graph=None, config=None):
        if (input_names is None) != (output_names is None):
            raise ValueError("input_names and output_names must both be specified or both be "
                             "unspecified.")
        if sum(x is not None for x in (signature_def_key, signature_def, input_names)) > 1:
            raise ValueError("You must specify at most one of signature_def_key OR signature_def "
                             "OR (input_names AND output_names).")
        self._graph = graph or ops.Graph()
        self._session = session.Session(graph=self._graph, config=config)
        loaded = loader_impl.load(self._session, (tags or "serve").split(","), export_dir)
        if input_names is not None:
            self._feed_tensors = self._named(input_names)
            self._fetch_tensors = self._named(output_names)
            return
        if signature_def is None:
            signature_def = _signature(loaded, signature_def_key)
        self._feed_tensors = self._told(signature_def.inputs)
        self._fetch_tensors = self._told(signature_def.outputs)

    def _named(self, names):
        return {key: self._graph.get_tensor_by_name(name) for key, name in names.items()}

    def _told(self, infos):
        return {key: utils_impl.get_tensor_from_tensor_info(info, self._graph)
                for key, info in infos.items()}


def _signature(meta_graph_def, key):
    key = key or signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    if key not in meta_graph_def.signature_def:
        raise ValueError("Got signature_def_key \"{}\". Available signatures are {}.".format(
            key, list(meta_graph_def.signature_def)))
    return meta_graph_def.signature_def[key]
