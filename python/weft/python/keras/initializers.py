"""Initial values of weights by name, as Keras knows them."""
from weft.python.ops import init_ops

__all__ = ["Constant", "Identity", "Ones", "Orthogonal", "RandomNormal", "RandomUniform",
           "TruncatedNormal", "VarianceScaling", "Zeros", "constant", "get", "glorot_normal",
           "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal",
           "lecun_uniform", "normal", "ones", "orthogonal", "random_normal", "random_uniform",
           "truncated_normal", "uniform", "zeros"]

Zeros = init_ops.Zeros
Ones = init_ops.Ones
Constant = init_ops.Constant
VarianceScaling = init_ops.VarianceScaling
Orthogonal = init_ops.Orthogonal
Identity = init_ops.Identity


class RandomNormal(init_ops.RandomNormal):
    """Normal with Keras's deviation, 0.05."""

    def __init__(self, mean=0.0, stddev=0.05, seed=None, dtype="float32"):
        super().__init__(mean=mean, stddev=stddev, seed=seed, dtype=dtype)


class RandomUniform(init_ops.RandomUniform):
    """Uniform between Keras's bounds, -0.05 and 0.05."""

    def __init__(self, minval=-0.05, maxval=0.05, seed=None, dtype="float32"):
        super().__init__(minval=minval, maxval=maxval, seed=seed, dtype=dtype)


class TruncatedNormal(init_ops.TruncatedNormal):
    """Truncated normal with Keras's deviation, 0.05."""

    def __init__(self, mean=0.0, stddev=0.05, seed=None, dtype="float32"):
        super().__init__(mean=mean, stddev=stddev, seed=seed, dtype=dtype)


def _scaled(scale, mode, distribution):
    def make(seed=None):
        return VarianceScaling(scale=scale, mode=mode, distribution=distribution, seed=seed)
    return make


glorot_normal = _scaled(1.0, "fan_avg", "truncated_normal")
glorot_uniform = _scaled(1.0, "fan_avg", "uniform")
he_normal = _scaled(2.0, "fan_in", "truncated_normal")
he_uniform = _scaled(2.0, "fan_in", "uniform")
lecun_normal = _scaled(1.0, "fan_in", "truncated_normal")
lecun_uniform = _scaled(1.0, "fan_in", "uniform")

zeros, ones, constant, orthogonal, identity = Zeros, Ones, Constant, Orthogonal, Identity
uniform = random_uniform = RandomUniform
normal = random_normal = RandomNormal
truncated_normal = TruncatedNormal


def get(identifier):
    """An initializer given as such, as a class, by name, as {class_name, config}, or None."""
    if isinstance(identifier, type):
        return identifier()
    if identifier is None or callable(identifier):
        return identifier
    if isinstance(identifier, dict):
        return globals()[identifier["class_name"]](**identifier.get("config", {}))
    if isinstance(identifier, str):
        if identifier in __all__ and identifier != "get":
            return globals()[identifier]()
        raise ValueError("Unknown initializer:" + identifier)
    return identifier
