"""Graphs that the real TensorFlow wrote, read by hand so that tests of ours do not rest on ours."""
import struct

import numpy as np

_DTYPES = {1: np.float32, 2: np.float64, 3: np.int32, 9: np.int64}
_PACKED = {5: "<f", 6: "<d"}


def _varint(data, i):
    value = shift = 0
    while True:
        byte = data[i]
        i += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, i


def fields(data):
    """(number, value) of each field of a serialized message; messages and strings are bytes."""
    i = 0
    while i < len(data):
        key, i = _varint(data, i)
        kind = key & 7
        if kind == 0:
            value, i = _varint(data, i)
        else:
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                size, i = _varint(data, i)
            value, i = data[i:i + size], i + size
        yield key >> 3, value


class Node:
    """A NodeDef: name, op, inputs, attributes (serialized)."""

    def __init__(self, data):
        parts = list(fields(data))
        self.name = dict(parts)[1].decode()
        self.op = dict(parts)[2].decode()
        self.inputs = [value.decode() for number, value in parts if number == 3]
        self.attrs = {}
        for number, value in parts:
            if number == 5:
                entry = dict(fields(value))
                self.attrs[entry[1].decode()] = entry.get(2, b"")

    def shape(self):
        """The attribute "shape"."""
        return _dims(dict(fields(self.attrs["shape"])).get(7, b""))

    def value(self):
        """The array that a Const is."""
        tensor = list(fields(dict(fields(self.attrs["value"]))[8]))
        one = dict(tensor)
        dtype = _DTYPES[one[1]]
        dims = _dims(one.get(2, b""))
        if 4 in one:
            return np.frombuffer(one[4], dtype).reshape(dims)
        return np.resize(np.array([x for number, value in tensor if number >= 5
                                   for x in _elements(number, value)], dtype), dims)


def _dims(shape):
    return [dict(fields(dim)).get(1, 0) for number, dim in fields(shape) if number == 2]


def _elements(number, value):
    if isinstance(value, int):
        return [value]
    if number in _PACKED:
        return [x for x, in struct.iter_unpack(_PACKED[number], value)]
    found, i = [], 0
    while i < len(value):
        x, i = _varint(value, i)
        found.append(x - (1 << 64) if x >> 63 else x)
    return found


def nodes_of(path, wrapped=0):
    """The nodes of a GraphDef by name, in order; of one in a MetaGraphDef (wrapped once), or in
    the MetaGraphDef of a SavedModel (twice)."""
    with open(path, "rb") as f:
        data = f.read()
    for _ in range(wrapped):
        data = dict(fields(data))[2]
    found = [Node(value) for number, value in fields(data) if number == 1]
    return {node.name: node for node in found}
