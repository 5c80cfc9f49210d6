"""tf.flags: options of a script, defined where they are needed and read as FLAGS.name.

    tf.flags.DEFINE_integer("steps", 100, "how many steps to train")
    FLAGS = tf.flags.FLAGS
    ... FLAGS.steps ...

The command line is read when a flag is first asked for, or by tf.app.run(). It may say
--steps=5, --steps 5, -steps 5; for switches --on, --noon, --on=false. What comes after `--` or the
first word that is no flag is left to the script. The rules are absl's.
"""
import difflib
import os
import sys

from weft.python.platform.flag_kinds import (
    BOOLEAN, FLOAT, INTEGER, LIST, STRING, WORDS, Enumeration, Number)


class Error(Exception):
    """Something is wrong with a flag."""


class DuplicateFlagError(Error):
    """A flag was defined twice."""


class IllegalFlagValueError(Error):
    """A flag was given a value that it cannot have."""


class UnrecognizedFlagError(Error):
    """The command line names a flag that nobody defined."""

    def __init__(self, flagname, flagvalue="", suggestions=()):
        self.flagname, self.flagvalue = flagname, flagvalue
        tip = ". Did you mean: %s ?" % ", ".join(suggestions) if suggestions else ""
        super().__init__("Unknown command line flag '%s'%s" % (flagname, tip))


class UnparsedFlagAccessError(Error):
    """A flag was asked for before the command line was read."""


class ValidationError(Error):
    """A flag's value did not pass the script's own check."""


class Flag:
    """One flag: its name, kind, default, and the value that it has now."""

    def __init__(self, kind, name, default, help, module="", multiple=False, short_name=None):
        self.kind, self.name, self.help, self.module = kind, name, help or "", module
        self.multiple, self.short_name = multiple, short_name
        self.boolean = kind is BOOLEAN
        self.present = 0                # how often the command line said it
        self.using_default_value = True
        self.validators = []            # (check, message)
        self.default = self.value = self._default(default)

    def _default(self, default):
        if default is None:
            return None
        if self.multiple and isinstance(default, (list, tuple)):
            return [self._parse(item) for item in default]
        value = self._parse(default)
        return [value] if self.multiple else value

    def _parse(self, argument):
        try:
            return self.kind.parse(argument)
        except (TypeError, ValueError) as e:
            raise IllegalFlagValueError("flag --%s=%s: %s" % (self.name, argument, e)) from None

    def parse(self, argument):
        """Take a value from the command line."""
        value = self._parse(argument)
        if self.multiple:
            value = (self.value if self.present else []) + [value]
        self.value = value
        self.present += 1
        self.using_default_value = False

    def unparse(self):
        """Have the default again."""
        self.value, self.present, self.using_default_value = self.default, 0, True

    def check(self):
        """IllegalFlagValueError unless the script's own checks pass."""
        for accepts, message in self.validators:
            try:
                good = accepts(self.value)
            except ValidationError as e:
                good, message = False, str(e)
            if not good:
                raise IllegalFlagValueError("flag --%s=%s: %s" % (self.name, self.value, message))

    def serialize(self):
        """The flag as the command line would say it."""
        if self.value is None:
            return ""
        if self.boolean:
            return "--%s%s" % ("" if self.value else "no", self.name)
        values = self.value if self.multiple else [self.value]
        return "\n".join("--%s=%s" % (self.name, self.kind.format(v)) for v in values)

    def describe(self):
        """A paragraph for --help."""
        name = "[no]" + self.name if self.boolean else self.name
        lines = ["  --%s: %s" % (name, self.kind.describe(self.help))]
        if self.multiple:
            lines.append("    repeat this option to specify a list of values")
        if self.default is not None:
            lines.append("    (default: '%s')" % self.kind.format(self.default))
        lines += ["    (%s)" % note for note in self.kind.notes]
        return "\n".join(lines)


class FlagValues:
    """All flags of a script, as attributes; called with an argv, it reads the flags there."""

    def __init__(self):
        vars(self).update({"__flags": {}, "__parsed": False})

    def _flags(self):
        return vars(self)["__flags"]

    # ---- defining and looking up ----

    def define(self, flag):
        """Take in a flag; DuplicateFlagError if there is one of that name."""
        for name in filter(None, (flag.name, flag.short_name)):
            if name in self._flags():
                first = self._flags()[name]
                raise DuplicateFlagError(
                    "The flag '%s' is defined twice. First from %s, Second from %s.  Description "
                    "from first occurrence: %s" % (name, first.module, flag.module, first.help))
            self._flags()[name] = flag

    def __setitem__(self, name, flag):
        self._flags()[name] = flag

    def __getitem__(self, name):
        return self._flags()[name]

    def __contains__(self, name):
        return name in self._flags()

    def __iter__(self):
        return iter(self._flags())

    def __len__(self):
        return len(self._flags())

    def __dir__(self):
        return sorted(self._flags())

    def __getattr__(self, name):
        if name not in self._flags():
            raise AttributeError(name)
        if not self.is_parsed():
            self(sys.argv)
        return self._flags()[name].value

    def __setattr__(self, name, value):
        if name not in self._flags():
            raise AttributeError(name)
        flag = self._flags()[name]
        flag.value, flag.using_default_value = value, False
        flag.check()

    def __delattr__(self, name):
        if name not in self._flags():
            raise AttributeError(name)
        del self._flags()[name]

    def flag_values_dict(self):
        """{name: value} of all flags."""
        if not self.is_parsed():
            self(sys.argv)
        return {name: flag.value for name, flag in self._flags().items()}

    def get_flag_value(self, name, default):
        """The value of a flag; `default` if it is None or there is no such flag."""
        value = getattr(self, name, None)
        return default if value is None else value

    def set_default(self, name, value):
        """Give a flag another default; and that value, unless the command line gave one."""
        flag = self._flags()[name]
        flag.default = flag._default(value)
        if flag.using_default_value:
            flag.value = flag.default

    # ---- the command line ----

    def is_parsed(self):
        """Whether the command line was read."""
        return vars(self)["__parsed"]

    def mark_as_parsed(self):
        """Let flags be read as they are."""
        vars(self)["__parsed"] = True

    def unparse_flags(self):
        """Forget what the command line said."""
        for flag in self._flags().values():
            flag.unparse()
        vars(self)["__parsed"] = False

    def __call__(self, argv, known_only=False):
        """Read the flags in `argv`; [program, what is no flag...] is left.

        UnrecognizedFlagError for a flag that nobody defined, unless `known_only`, which leaves it;
        IllegalFlagValueError for a value that a flag cannot have.
        """
        argv = list(argv)
        if not argv:
            raise ValueError("argv cannot be an empty list.")
        rest = self._read(argv[1:], known_only)
        self.mark_as_parsed()
        for flag in list(self._flags().values()):
            flag.check()
        return argv[:1] + rest

    def _read(self, words, known_only):
        rest = []
        while words:
            word = words.pop(0)
            if word == "--":
                return rest + ([word] if known_only else []) + words
            if not word.startswith("-"):
                return rest + [word] + words
            name, equals, value = word.lstrip("-").partition("=")
            if name in ("help", "helpshort", "helpfull", "h") and name not in self:
                self._help(full=name == "helpfull")
            if not self._take(name, value if equals else None, words):
                self._unknown(name, word, known_only)
                rest.append(word)
        return rest

    def _take(self, name, value, words):
        """Give one flag its value, from the words that follow if need be; False: no such flag."""
        flag = self._flags().get(name)
        if flag is None:
            flag = self._flags().get(name[2:]) if name.startswith("no") else None
            if flag is None or not flag.boolean or value is not None:
                return False
            value = "false"
        elif value is None and flag.boolean:
            value = "true"
        elif value is None:
            if not words:
                raise Error("Missing value for flag --%s" % name)
            value = words.pop(0)
        flag.parse(value)
        return True

    def _unknown(self, name, word, known_only):
        if not known_only:
            raise UnrecognizedFlagError(name, word, difflib.get_close_matches(name, self, 3, 0.7))

    # ---- texts ----

    def get_help(self):
        """A description of all flags."""
        flags = sorted(set(self._flags().values()), key=lambda f: (f.module, f.name))
        modules = sorted({f.module for f in flags})
        return "\n\n".join("%s:\n%s" % (m, "\n".join(f.describe() for f in flags if f.module == m))
                           for m in modules)

    def main_module_help(self):
        """A description of the script's own flags."""
        flags = {f for f in self._flags().values() if f.module == _program()}
        return "%s:\n%s" % (_program(), "\n".join(
            f.describe() for f in sorted(flags, key=lambda f: f.name)))

    def _help(self, full):
        text = getattr(sys.modules["__main__"], "__doc__", None) or "\nUSAGE: %s [flags]\n" \
            % sys.argv[0]
        print("%s\nflags:\n\n%s" % (text.rstrip(), self.get_help() if full
                                    else self.main_module_help()))
        if not full:
            print("\nTry --helpfull to get a list of all flags.")
        sys.exit(1)

    def flags_into_string(self):
        """All values, as lines that a command line would say."""
        return "".join(f.serialize() + "\n" for f in self._flags().values() if f.value is not None)


FLAGS = FlagValues()


def _program():
    return os.path.basename(sys.argv[0]) if sys.argv else ""


def _module():
    """The file that defines a flag, as --help names it."""
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    name = frame.f_globals.get("__name__", "")
    return _program() if name == "__main__" else name


def DEFINE_flag(flag, flag_values=FLAGS):
    """Take in a Flag that was made already."""
    flag_values.define(flag)


def _define(kind, name, default, help, flag_values=FLAGS, short_name=None, multiple=False):
    DEFINE_flag(Flag(kind, name, default, help, _module(), multiple, short_name), flag_values)


def _definer(make_kind, doc, multiple=False):
    """A DEFINE_ function. TF: its parameters have an older spelling too."""
    def DEFINE(name=None, default=None, help=None, flag_values=FLAGS, short_name=None,
               flag_name=None, default_value=None, docstring=None, **limits):
        _define(make_kind(**limits), flag_name if name is None else name,
                default_value if default is None else default,
                docstring if help is None else help, flag_values, short_name, multiple)
    DEFINE.__doc__ = doc
    return DEFINE


def _integer(lower_bound=None, upper_bound=None):
    return Number(INTEGER, lower_bound, upper_bound)


def _float(lower_bound=None, upper_bound=None):
    return Number(FLOAT, lower_bound, upper_bound)


DEFINE_string = _definer(lambda: STRING, "A flag that holds a text.")
DEFINE_integer = _definer(_integer, "A flag that holds a whole number.")
DEFINE_float = _definer(_float, "A flag that holds a number.")
DEFINE_boolean = DEFINE_bool = _definer(lambda: BOOLEAN, "A switch: --name or --noname.")
DEFINE_list = _definer(lambda: LIST, "A flag that holds texts, separated by commas.")
DEFINE_spaceseplist = _definer(lambda: WORDS, "A flag that holds texts, separated by spaces.")
DEFINE_multi_string = _definer(lambda: STRING, "A flag that may be repeated: texts.", True)
DEFINE_multi_integer = _definer(_integer, "A flag that may be repeated: whole numbers.", True)
DEFINE_multi_float = _definer(_float, "A flag that may be repeated: numbers.", True)


def DEFINE_enum(name, default, enum_values, help, flag_values=FLAGS, short_name=None,
                case_sensitive=True):
    """A flag that holds one of some words."""
    _define(Enumeration(enum_values, case_sensitive), name, default, help, flag_values, short_name)


def DEFINE_multi_enum(name, default, enum_values, help, flag_values=FLAGS, case_sensitive=True):
    """A flag that may be repeated and holds some of some words."""
    _define(Enumeration(enum_values, case_sensitive), name, default, help, flag_values,
            multiple=True)


def DEFINE_alias(name, original_name, flag_values=FLAGS):
    """Another name of a flag."""
    flag_values[name] = flag_values[original_name]


def register_validator(flag_name, checker, message="Flag validation failed", flag_values=FLAGS):
    """Let `checker(value)` say whether a flag may have a value."""
    flag_values[flag_name].validators.append((checker, message))


def validator(flag_name, message="Flag validation failed", flag_values=FLAGS):
    """register_validator() as a decorator."""
    def decorate(checker):
        register_validator(flag_name, checker, message, flag_values)
        return checker
    return decorate


def mark_flag_as_required(flag_name, flag_values=FLAGS):
    """Refuse a command line that does not give the flag."""
    register_validator(flag_name, lambda value: value is not None,
                       "Flag --%s must have a value other than None." % flag_name, flag_values)


def mark_flags_as_required(flag_names, flag_values=FLAGS):
    """Refuse a command line that does not give all of the flags."""
    for name in flag_names:
        mark_flag_as_required(name, flag_values)
