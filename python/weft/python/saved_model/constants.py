"""Names within a SavedModel: its files, and the collections and signatures that are its own."""

ASSETS_DIRECTORY = "assets"
ASSETS_KEY = "saved_model_assets"               # collection of AssetFileDefs, each in an Any
ASSETS_EXTRA_DIRECTORY = "assets.extra"
VARIABLES_DIRECTORY = "variables"
VARIABLES_FILENAME = "variables"
SAVED_MODEL_FILENAME_PB = "saved_model.pb"
SAVED_MODEL_FILENAME_PBTXT = "saved_model.pbtxt"
SAVED_MODEL_SCHEMA_VERSION = 1
MAIN_OP_KEY = "saved_model_main_op"             # collection of the op to run after loading
LEGACY_INIT_OP_KEY = "legacy_init_op"           # what it was called first
TRAIN_OP_KEY = "saved_model_train_op"
INIT_OP_SIGNATURE_KEY = "__saved_model_init_op"
TRAIN_OP_SIGNATURE_KEY = "__saved_model_train_op"
DEBUG_DIRECTORY = "debug"
DEBUG_INFO_FILENAME_PB = "saved_model_debug_info.pb"
