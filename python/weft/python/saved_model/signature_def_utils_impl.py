"""Signatures: which tensors of a meta graph to feed and fetch, under which names, and for what."""

from weft.python.framework import dtypes
from weft.python.framework import messages
from weft.python.framework import ops
from weft.python.saved_model import signature_constants as words
from weft.python.saved_model import utils_impl as utils

__all__ = ["build_signature_def", "classification_signature_def", "is_valid_signature",
           "load_op_from_signature_def", "op_signature_def", "predict_signature_def",
           "regression_signature_def"]


def build_signature_def(inputs=None, outputs=None, method_name=None):
    """A SignatureDef of {name: TensorInfo} for inputs and outputs, and a method's name."""
    made = messages.SignatureDef(method_name=method_name)
    for fields, given in ((made.inputs, inputs), (made.outputs, outputs)):
        for name, info in (given or {}).items():
            fields[name].CopyFrom(info)
    return made


def predict_signature_def(inputs, outputs):
    """The signature of a model that predicts: {name: Tensor} for inputs and outputs.

    Raises:
      ValueError: there are none.
    """
    for word, tensors in (("inputs", inputs), ("outputs", outputs)):
        if not tensors:
            raise ValueError("Prediction %s cannot be None or empty." % word)
    return build_signature_def({name: utils.build_tensor_info(t) for name, t in inputs.items()},
                               {name: utils.build_tensor_info(t) for name, t in outputs.items()},
                               words.PREDICT_METHOD_NAME)


def _info(tensor, dtype, text):
    """The TensorInfo of a Tensor that must have that dtype."""
    if not isinstance(tensor, ops.Tensor) or tensor.dtype.base_dtype != dtype:
        kind = "string" if dtype == dtypes.string else "float"
        raise ValueError("%s must be a %s Tensor." % (text, kind))
    return utils.build_tensor_info(tensor)


def _examples(examples, word):
    if examples is None:
        raise ValueError("%s examples cannot be None." % word)
    return _info(examples, dtypes.string, word + " examples")


def regression_signature_def(examples, predictions):
    """The signature of a regression: serialized Examples to numbers.

    Raises:
      ValueError: one is missing or of another dtype.
    """
    inputs = {words.REGRESS_INPUTS: _examples(examples, "Regression")}
    if predictions is None:
        raise ValueError("Regression predictions cannot be None.")
    outputs = {words.REGRESS_OUTPUTS: _info(predictions, dtypes.float32, "Regression output")}
    return build_signature_def(inputs, outputs, words.REGRESS_METHOD_NAME)


def classification_signature_def(examples, classes, scores):
    """The signature of a classifier: serialized Examples to names of classes, scores, or both.

    Raises:
      ValueError: what must be there is missing, or one is of another dtype.
    """
    inputs = {words.CLASSIFY_INPUTS: _examples(examples, "Classification")}
    if classes is None and scores is None:
        raise ValueError("Classification classes and scores cannot both be None.")
    outputs = {}
    if classes is not None:
        outputs[words.CLASSIFY_OUTPUT_CLASSES] = _info(classes, dtypes.string,
                                                       "Classification classes")
    if scores is not None:
        outputs[words.CLASSIFY_OUTPUT_SCORES] = _info(scores, dtypes.float32,
                                                      "Classification scores")
    return build_signature_def(inputs, outputs, words.CLASSIFY_METHOD_NAME)


def op_signature_def(op, key):
    """A signature that names an Operation, as its only output, called `key`."""
    return build_signature_def(outputs={key: utils.build_tensor_info_from_op(op)})


def load_op_from_signature_def(signature_def, key, import_scope=None):
    """The Operation or Tensor of the default graph that op_signature_def() named.

    Raises:
      NotFoundError: it is not there.
    """
    from weft.python.framework import errors
    try:
        return utils.get_element_from_tensor_info(signature_def.outputs[key],
                                                  import_scope=import_scope)
    except KeyError:
        raise errors.NotFoundError(None, None, 'The tensor or op "%s" could not be found in the '
                                   "graph" % signature_def.outputs[key].name) from None


# ---- what servers take ----

def is_valid_signature(signature_def):
    """Whether a server can serve it: it predicts, classifies or regresses, with what that takes."""
    if signature_def is None:
        return False
    inputs, outputs = dict(signature_def.inputs), dict(signature_def.outputs)
    if signature_def.method_name == words.PREDICT_METHOD_NAME:
        return bool(inputs) and bool(outputs)
    if signature_def.method_name == words.REGRESS_METHOD_NAME:
        return (_are(inputs, {words.REGRESS_INPUTS: messages.DT_STRING}) and
                _are(outputs, {words.REGRESS_OUTPUTS: messages.DT_FLOAT}))
    if signature_def.method_name == words.CLASSIFY_METHOD_NAME:
        wanted = {words.CLASSIFY_OUTPUT_CLASSES: messages.DT_STRING,
                  words.CLASSIFY_OUTPUT_SCORES: messages.DT_FLOAT}
        return (_are(inputs, {words.CLASSIFY_INPUTS: messages.DT_STRING}) and bool(outputs) and
                all(info.dtype == wanted.get(name) for name, info in outputs.items()))
    return False


def _are(infos, dtypes_by_name):
    return {name: info.dtype for name, info in infos.items()} == dtypes_by_name
