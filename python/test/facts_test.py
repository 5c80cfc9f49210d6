"""Every statement of SEMANTICS in A to G has a test, or stands in facts.txt with the reason why
Python does not reach it yet."""
import pathlib
import re

HERE = pathlib.Path(__file__).parent
SECTIONS = {"A": 97, "B": 95, "C": 59, "D": 19, "E": 61, "F": 40, "G": 34}


def tested():
    numbers = set()
    for file in HERE.glob("*_test.py"):
        for call in re.findall(r"\bfact\(([^)]*)\)", file.read_text()):
            numbers.update(re.findall(r'"([A-G]\d+)"', call))
    return numbers


def excused():
    numbers = set()
    for line in (HERE / "facts.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            for word in line.split(":")[0].split():
                section, first, last = re.fullmatch(r"([A-G])(\d+)(?:-(\d+))?", word).groups()
                numbers.update(section + str(i) for i in range(int(first),
                                                               int(last or first) + 1))
    return numbers


def test_every_statement_is_tested_or_excused():
    every = {s + str(i) for s, n in SECTIONS.items() for i in range(1, n + 1)}
    have, not_yet = tested() & every, excused()
    print()
    for section, n in SECTIONS.items():
        count = sum(x[0] == section for x in have)
        print("%s: %d of %d statements have a test" % (section, count, n))
    print("in all: %d of %d have a test, %d are not Python's or come later (facts.txt)"
          % (len(have), len(every), len(not_yet - have)))
    missing = sorted(every - have - not_yet, key=lambda x: (x[0], int(x[1:])))
    assert not missing, "no test and no reason: " + " ".join(missing)
    assert not have & not_yet, "tested and excused: " + " ".join(sorted(have & not_yet))
