"""How a pipeline is divided between workers, of which there is one here."""
import enum

from weft.python.data.util import options

__all__ = ["AutoShardPolicy", "DistributeOptions"]


class AutoShardPolicy(enum.IntEnum):
    """What is divided: files or elements."""

    OFF = -1
    AUTO = 0
    FILE = 1
    DATA = 2


class DistributeOptions(options.OptionsBase):
    """How a pipeline is divided."""

    auto_shard = options.create_option("auto_shard", bool, "Whether it is.", lambda: True)
    _make_stateless = options.create_option("_make_stateless", bool,
                                            "Whether state is taken out of it.")
    num_devices = options.create_option("num_devices", int, "Between how many devices.")
