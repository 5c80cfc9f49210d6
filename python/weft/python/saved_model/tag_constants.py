"""Tags that tell the meta graphs of a SavedModel apart."""

SERVING = "serve"
TRAINING = "train"
EVAL = "eval"
GPU = "gpu"
TPU = "tpu"
