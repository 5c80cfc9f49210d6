"""The kinds of flags: how the words of a command line become values."""
import csv
import io


class Kind:
    """Makes values of words and words of values."""

    def __init__(self, name, parse):
        self.name, self.parse = name, parse
        self.notes = [name] if name != "string" else []

    def format(self, value):
        """The value as a word."""
        return ",".join(map(str, value)) if isinstance(value, list) else str(value)

    def describe(self, help):
        """The help of a flag of this kind."""
        return help


def _integer(argument):
    if isinstance(argument, (float, bool)):
        raise TypeError("expected an integer, got %r" % (argument,))
    if isinstance(argument, str):
        return int(argument, 16 if argument.lower().startswith("0x") else
                   8 if argument.lower().startswith("0o") else 10)
    return int(argument)


def _boolean(argument):
    if isinstance(argument, str):
        word = argument.lower()
        if word in ("true", "t", "1", "yes", "y"):
            return True
        if word in ("false", "f", "0", "no", "n"):
            return False
    elif argument in (0, 1):
        return bool(argument)
    raise ValueError("Non-boolean argument to boolean flag: %r" % (argument,))


def _list(argument):
    if isinstance(argument, (list, tuple)):
        return list(argument)
    if not argument:
        return []
    return [word.strip() for word in next(csv.reader(io.StringIO(argument), strict=True))]


def _words(argument):
    return list(argument) if isinstance(argument, (list, tuple)) else argument.split()


STRING = Kind("string", str)
INTEGER = Kind("an integer", _integer)
FLOAT = Kind("a number", float)
BOOLEAN = Kind("boolean", _boolean)
BOOLEAN.notes = []
LIST = Kind("a comma separated list", _list)
WORDS = Kind("a whitespace separated list", _words)


class Number(Kind):
    """Numbers of a kind within bounds."""

    def __init__(self, kind, low, high):
        super().__init__(kind.name, self._bounded)
        self._kind, self._low, self._high = kind, low, high

    def _bounded(self, argument):
        value = self._kind.parse(argument)
        if (self._low is not None and value < self._low) or (
                self._high is not None and value > self._high):
            raise ValueError("%s is not %s" % (value, self._range()))
        return value

    def _range(self):
        if self._high is None:
            return "%s greater or equal to %s" % (self.name, self._low)
        if self._low is None:
            return "%s lower or equal to %s" % (self.name, self._high)
        return "%s in the range [%s, %s]" % (self.name, self._low, self._high)


class Enumeration(Kind):
    """Some words."""

    def __init__(self, words, case_sensitive):
        super().__init__("enum", self._one)
        self._words, self._case = list(words), case_sensitive
        self.notes = []

    def _one(self, argument):
        for word in self._words:
            if word == argument or not self._case and word.lower() == argument.lower():
                return word
        raise ValueError("value should be one of <%s>" % "|".join(self._words))

    def describe(self, help):
        return "<%s>: %s" % ("|".join(self._words), help)
