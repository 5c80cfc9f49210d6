"""Device names: "/job:worker/replica:0/task:1/device:GPU:0", every part optional (A24-A28)."""

_PARTS = ("job", "replica", "task")


class DeviceSpec:
    """A device name in its parts; None where a part is not said."""

    def __init__(self, job=None, replica=None, task=None, device_type=None, device_index=None):
        self.job = job or None
        self.replica = None if replica is None else int(replica)
        self.task = None if task is None else int(task)
        self.device_type = "CPU" if device_type == "cpu" else \
            "GPU" if device_type == "gpu" else device_type
        self.device_index = device_index if device_index in (None, "*") else int(device_index)

    @classmethod
    def from_string(cls, spec):
        """The parts of a name; ValueError for what is none."""
        return cls().parse_from_string(spec)

    def parse_from_string(self, spec):
        """Takes the parts of a name; returns self."""
        self.__init__()
        for part in filter(None, spec.split("/")):
            self._take(part.split(":"), spec)
        return self

    def _take(self, words, spec):
        kind = words[0].lower()
        if kind in _PARTS and len(words) == 2:
            setattr(self, kind, words[1] if kind == "job" else int(words[1]))
        elif kind in ("cpu", "gpu") and len(words) <= 2:
            self._set_device(kind.upper(), words[1] if len(words) == 2 else None)
        elif kind == "device" and len(words) in (2, 3):
            self._set_device(words[1], words[2] if len(words) == 3 else None)
        else:
            raise ValueError("Unknown attribute: '%s' in '%s'" % (":".join(words), spec))

    def _set_device(self, device_type, index):
        if self.device_type is not None:
            raise ValueError("Cannot specify multiple device types: %s" % device_type)
        self.device_type = device_type
        self.device_index = None if index in (None, "*") else int(index)

    def merge_from(self, other):
        """Takes what `other` says, keeps the rest."""
        for part in _PARTS + ("device_type", "device_index"):
            value = getattr(other, part)
            if value is not None:
                setattr(self, part, value)

    def to_string(self):
        """The name."""
        parts = ["/%s:%s" % (p, getattr(self, p)) for p in _PARTS if getattr(self, p) is not None]
        if self.device_type is not None:
            index = "*" if self.device_index is None else self.device_index
            parts.append("/device:%s:%s" % (self.device_type, index))
        return "".join(parts)

    def __eq__(self, other):
        return isinstance(other, DeviceSpec) and self.to_string() == other.to_string()

    def __hash__(self):
        return hash(self.to_string())

    def __repr__(self):
        return "DeviceSpec(%r)" % self.to_string()


def merge(outer, inner):
    """`inner`, and of `outer` what it does not say."""
    spec = DeviceSpec.from_string(outer or "")
    spec.merge_from(DeviceSpec.from_string(inner or ""))
    return spec.to_string()


def canonical_name(device):
    """The name in its usual spelling; "" for None."""
    if device is None:
        return ""
    return device.to_string() if isinstance(device, DeviceSpec) else \
        DeviceSpec.from_string(device).to_string()
