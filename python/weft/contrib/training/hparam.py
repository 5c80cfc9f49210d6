"""HParams: the settings of a model as attributes, each of one type for good."""
import json
import numbers
import re

__all__ = ["HParams"]

# name=value, name[3]=value or name=[value,value], separated by commas.
_PAIR = re.compile(r"(?P<name>[a-zA-Z][\w.]*)(?:\[\s*(?P<index>\d+)\s*\])?\s*=\s*"
                   r"(?:\[(?P<list>[^\]]*)\]|(?P<value>[^,\[]*))\s*(?:,|$)\s*")


def _as(kind, name, value):
    """`value` as `kind`; ValueError where something would be lost."""
    refusal = "Could not cast hparam '%s' of type '%s' from value %r" % (name, kind, value)
    if value is None or isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    if isinstance(value, str) and kind is bool:
        words = {"true": True, "1": True, "false": False, "0": False}
        if value.lower() not in words:
            raise ValueError(refusal)
        return words[value.lower()]
    if not isinstance(value, str):
        if issubclass(kind, str) or isinstance(value, bool) != (kind is bool):
            raise ValueError(refusal)
        if issubclass(kind, numbers.Integral) and not isinstance(value, numbers.Integral):
            raise ValueError(refusal)
    return kind(value)


def _wrong_form(name, is_list):
    if is_list:
        return "Must pass a list for multi-valued hyperparameter: %s" % name
    return "Must not pass a list for single-valued hyperparameter: %s" % name


class HParams:
    """Settings by name: `HParams(rate=0.1).rate`. A value keeps the type of its first one."""

    def __init__(self, model_structure=None, **kwargs):
        self._types = {}
        self._model_structure = model_structure
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name, value) -> None:
        """A new setting; a list is one whose elements are of one type."""
        if getattr(self, name, None) is not None:
            raise ValueError("Hyperparameter name is reserved: %s" % name)
        if isinstance(value, (list, tuple)):
            if not value:
                raise ValueError("Multi-valued hyperparameters cannot be empty: %s" % name)
            self._types[name] = (type(value[0]), True)
        else:
            self._types[name] = (type(value), False)
        setattr(self, name, value)

    def set_hparam(self, name, value) -> None:
        """Another value for a setting; ValueError if it is of another kind."""
        kind, is_list = self._types[name]
        if isinstance(value, list) != is_list:
            raise ValueError(_wrong_form(name, is_list))
        setattr(self, name, [_as(kind, name, v) for v in value] if is_list
                else _as(kind, name, value))

    def del_hparam(self, name) -> None:
        """Removes a setting."""
        if hasattr(self, name):
            delattr(self, name)
            del self._types[name]

    def parse(self, values):
        """Sets what a text such as "rate=0.2,sizes=[3,4],flags[1]=true" says; returns self."""
        at = 0
        while at < len(values):
            found = _PAIR.match(values, at)
            if not found:
                raise ValueError("Malformed hyperparameter value: %s" % values[at:])
            at = found.end()
            self._set_parsed(found)
        return self

    def _set_parsed(self, found):
        name, index, value = found["name"], found["index"], found["value"]
        if name not in self._types:
            raise ValueError("Unknown hyperparameter type for %s" % name)
        kind, is_list = self._types[name]
        if index is not None:
            getattr(self, name)[int(index)] = _as(kind, name, value.strip())
        elif found["list"] is not None:
            self.set_hparam(name, [v.strip() for v in found["list"].split(",")])
        else:
            self.set_hparam(name, [value.strip()] if is_list else value.strip())

    def override_from_dict(self, values_dict):
        """Sets each of a dict; returns self."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def set_model_structure(self, model_structure) -> None:
        self._model_structure = model_structure

    def get_model_structure(self):
        return self._model_structure

    def values(self) -> dict:
        """All settings."""
        return {name: getattr(self, name) for name in self._types}

    def to_json(self, indent=None, separators=None, sort_keys=False) -> str:
        """All settings as JSON, functions left out."""
        plain = {name: value for name, value in self.values().items() if not callable(value)}
        return json.dumps(plain, indent=indent, separators=separators, sort_keys=sort_keys)

    def parse_json(self, values_json):
        """Sets what a JSON object says; returns self."""
        return self.override_from_dict(json.loads(values_json))

    def get(self, key, default=None):
        """A setting, or `default`; ValueError if that is of another kind than the setting."""
        if key not in self._types:
            return default
        kind, is_list = self._types[key]
        if default is not None:
            if isinstance(default, list) != is_list:
                raise ValueError(_wrong_form(key, is_list))
            for value in default if is_list else [default]:
                _as(kind, key, value)
        return getattr(self, key)

    def __contains__(self, key):
        return key in self._types

    def __str__(self):
        return str(sorted(self.values().items()))

    def __repr__(self):
        return "HParams(%s)" % self
