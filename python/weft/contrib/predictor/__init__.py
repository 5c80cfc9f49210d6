"""tf.contrib.predictor: a saved model as a function from {name: value} to {name: value}."""
from weft.contrib.predictor.saved_model_predictor import SavedModelPredictor

__all__ = ["from_saved_model"]


def from_saved_model(export_dir, signature_def_key=None, signature_def=None, input_names=None,
                     output_names=None, tags=None, graph=None, config=None):
    """A function that runs a signature of a SavedModel.

    Args:
      export_dir: the model's folder.
      signature_def_key: the signature's name, "serving_default" by default.
      signature_def: a SignatureDef, instead.
      input_names, output_names: {name: name of a tensor}, instead.
      tags: of the meta graph, with commas; "serve" by default.
      graph: what it is loaded into; a new Graph by default.
      config: a ConfigProto for its session.
    """
    return SavedModelPredictor(export_dir, signature_def_key, signature_def, input_names,
                               output_names, tags, graph, config)
