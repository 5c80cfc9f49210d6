"""simple_save(): a SavedModel for serving in one call."""

from weft.python.framework import ops
from weft.python.saved_model import builder_impl
from weft.python.saved_model import signature_constants
from weft.python.saved_model import signature_def_utils_impl
from weft.python.saved_model import tag_constants

__all__ = ["simple_save"]


def simple_save(session, export_dir, inputs, outputs, legacy_init_op=None):
    """Writes a SavedModel with one meta graph for serving, which predicts (G21).

    Args:
      session: the Session whose variables are saved.
      export_dir: the folder, empty or not there.
      inputs, outputs: {name: Tensor}.
      legacy_init_op: an Operation to run after loading.
    """
    signature = signature_def_utils_impl.predict_signature_def(inputs, outputs)
    builder = builder_impl.SavedModelBuilder(export_dir)
    builder.add_meta_graph_and_variables(
        session, [tag_constants.SERVING],
        {signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: signature},
        assets_collection=ops.get_collection(ops.GraphKeys.ASSET_FILEPATHS),
        main_op=legacy_init_op, clear_devices=True)
    builder.save()
