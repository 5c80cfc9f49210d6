"""The devices there are: of a session as DeviceAttributes, of the process as messages."""


class DeviceAttributes:
    """One device of a session: `name`, `device_type`, `memory_limit_bytes`, `incarnation`."""

    def __init__(self, name, memory_limit_bytes=268435456, incarnation=1):
        self.name = name
        self.device_type = name.rsplit(":", 2)[-2]
        self.memory_limit_bytes = self.memory_limit = memory_limit_bytes
        self.incarnation = incarnation

    def __repr__(self):
        return "_DeviceAttributes(%s, %s, %d, %d)" % (self.name, self.device_type,
                                                      self.memory_limit_bytes, self.incarnation)


def list_local_devices(session_config=None):
    """The devices of this process, the CPU, as messages."""
    from weft.python.framework import messages
    return [messages.DeviceAttributes(name="/device:CPU:0", device_type="CPU",
                                      memory_limit=268435456, incarnation=1,
                                      locality=messages.DeviceLocality())]
