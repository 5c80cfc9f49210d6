"""Files of records by another way: the format in a few lines, to hold Weft's files against."""
import struct


def _table():
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        yield n


_TABLE = list(_table())


def crc32c(data):
    """The CRC-32C of bytes, bit by bit as the polynomial says."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def masked(data):
    """The CRC as it stands in files."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read(data):
    """The records of a file's bytes; AssertionError where a checksum is wrong."""
    at, records = 0, []
    while at < len(data):
        length, crc = struct.unpack_from("<QI", data, at)
        assert crc == masked(data[at:at + 8]), at
        record = data[at + 12:at + 12 + length]
        assert struct.unpack_from("<I", data, at + 12 + length)[0] == masked(record), at
        records.append(record)
        at += 16 + length
    return records


def written(records):
    """The bytes of a file of these records."""
    parts = []
    for record in records:
        length = struct.pack("<Q", len(record))
        parts += [length, struct.pack("<I", masked(length)), record,
                  struct.pack("<I", masked(record))]
    return b"".join(parts)
