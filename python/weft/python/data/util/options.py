"""Sets of options: attributes of known types and defaults, and no others."""

__all__ = ["OptionsBase", "create_option", "merge_options"]


def _create_option_check(name, ty, value):
    if value is not None and not isinstance(value, ty):
        raise TypeError('Property "%s" must be of type %s, got: %r (type: %r)'
                        % (name, ty, value, type(value)))


def create_option(name, ty, docstring, default_factory=lambda: None):
    """A property of an OptionsBase: of a type, with a default."""
    def get(options):
        if name not in options._options:
            options._options[name] = default_factory()
        return options._options[name]

    def put(options, value):
        _create_option_check(name, ty, value)
        options._options[name] = value

    return property(get, put, None, docstring)


class OptionsBase:
    """Base of sets of options."""

    def __init__(self):
        object.__setattr__(self, "_options", {})

    def __eq__(self, other):
        return isinstance(other, type(self)) and self._said() == other._said()

    def __ne__(self, other):
        return not self == other

    __hash__ = None

    def _said(self):
        return {name: getattr(self, name) for name in dir(type(self))
                if isinstance(getattr(type(self), name), property)}

    def __setattr__(self, name, value):
        if not hasattr(self, name):
            raise AttributeError("Cannot set the property %s on %s."
                                 % (name, type(self).__name__))
        object.__setattr__(self, name, value)


def merge_options(*options_list):
    """One set of several of a type: what a later one says replaces what an earlier one does."""
    if not options_list:
        raise ValueError("At least one options should be provided")
    kind = type(options_list[0])
    for options in options_list:
        if not isinstance(options, kind):
            raise TypeError("Incompatible options type: %r vs %r" % (kind, type(options)))
    merged = kind()
    for options in options_list:
        for name, value in options._options.items():
            before = merged._options.get(name)
            if isinstance(before, OptionsBase) and value is not None:
                value = merge_options(before, value)
            if value is not None:
                merged._options[name] = value
    return merged
