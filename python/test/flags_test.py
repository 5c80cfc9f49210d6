"""Flags, and what runs after them."""
import sys

import pytest
from weft.python.platform import app, flags


@pytest.fixture
def values():
    f = flags.FlagValues()
    flags.DEFINE_string("name", "x", "a name", f)
    flags.DEFINE_integer("steps", 100, "how many", f, lower_bound=0)
    flags.DEFINE_float("rate", 0.5, "how fast", f)
    flags.DEFINE_boolean("train", False, "do it", f)
    flags.DEFINE_enum("kind", "a", ["a", "b"], "which", f)
    flags.DEFINE_list("items", ["p"], "some", f)
    flags.DEFINE_multi_integer("n", [1], "several", f)
    return f


def test_defaults(values):
    assert values(["prog"]) == ["prog"]
    assert values.flag_values_dict() == {"name": "x", "steps": 100, "rate": 0.5, "train": False,
                                         "kind": "a", "items": ["p"], "n": [1]}


def test_the_command_line(values):
    rest = values(["prog", "--name=y=z", "-steps", "5", "--rate", "1e-3", "--train", "--kind=b",
                   "--items=a, b", "--n=2", "--n", "3", "file", "--name=later"])
    assert rest == ["prog", "file", "--name=later"]
    assert (values.name, values.steps, values.rate, values.train) == ("y=z", 5, 1e-3, True)
    assert (values.kind, values.items, values.n) == ("b", ["a", "b"], [2, 3])


def test_switches(values):
    for words, train in ((["--notrain"], False), (["--train=true"], True), (["--train=0"], False)):
        values.unparse_flags()
        values(["prog", *words])
        assert values.train is train
    assert values(["prog", "--", "--train"]) == ["prog", "--train"]


def test_refusals(values):
    with pytest.raises(flags.UnrecognizedFlagError,
                       match=r"Unknown command line flag 'step'. Did you mean: steps \?"):
        values(["prog", "--step=1"])
    for words in (["--steps=x"], ["--steps=-1"], ["--kind=c"], ["--train=maybe"], ["--steps=1.5"]):
        with pytest.raises(flags.IllegalFlagValueError, match="flag --"):
            values(["prog", *words])
    with pytest.raises(flags.Error, match="Missing value for flag --name"):
        values(["prog", "--name"])
    with pytest.raises(flags.DuplicateFlagError, match="The flag 'name' is defined twice"):
        flags.DEFINE_string("name", "", "", values)
    with pytest.raises(AttributeError):
        values.nope
    with pytest.raises(AttributeError):
        values.nope = 1
    assert values(["prog", "--nope", "--steps=2"], known_only=True) == ["prog", "--nope"]


def test_first_use_reads_the_command_line(values, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["prog", "--steps=7"])
    assert values.steps == 7 and values.is_parsed()
    values.steps = 8
    assert values.steps == 8 and values["steps"].value == 8 and "steps" in values


def test_old_spellings_and_checks(values):
    flags.DEFINE_string(flag_name="old", default_value="o", docstring="", flag_values=values)
    flags.DEFINE_string("must", None, "", values)
    flags.mark_flag_as_required("must", values)
    with pytest.raises(flags.IllegalFlagValueError, match="must have a value other than None"):
        values(["prog"])
    values(["prog", "--must=1"])
    assert values.old == "o" and values.must == "1"
    values.set_default("old", "q")
    assert values.old == "q"


def test_texts(values):
    values(["prog", "--train"])
    text = values.get_help()
    assert "--[no]train: do it" in text and "--kind: <a|b>: which" in text
    assert "--train\n" in values.flags_into_string()


def test_app_run(monkeypatch, capsys):
    flags.DEFINE_integer("app_test_n", 1, "")
    seen = []

    def main(argv):
        seen.append((argv, flags.FLAGS.app_test_n))
        return 3

    with pytest.raises(SystemExit) as e:
        app.run(main, ["prog", "--app_test_n=4", "--unknown", "rest"])
    assert e.value.code == 3 and seen == [(["prog", "--unknown", "rest"], 4)]
    with pytest.raises(SystemExit) as e:
        app.run(main, ["prog", "--app_test_n=x"])
    assert e.value.code == 1 and "FATAL Flags parsing error" in capsys.readouterr().err
    monkeypatch.setattr(sys.modules["__main__"], "main", main, raising=False)
    monkeypatch.setattr(sys, "argv", ["prog"])
    with pytest.raises(SystemExit):
        app.run()
    with pytest.raises(SystemExit) as e:
        app.run(main, ["prog", "--help"])
    assert e.value.code == 1 and "flags:" in capsys.readouterr().out
