"""What the real TensorFlow computed for small graphs (../shared/golden), to be built again."""
import os

import numpy as np
import pytest

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared",
                      "golden")
needed = pytest.mark.skipif(not os.path.isdir(FOLDER), reason="../shared/golden is not here")


def load(case):
    """{tensor name: value}."""
    with np.load(os.path.join(FOLDER, case, "golden.npz")) as values:
        return {name.replace("|", "/"): values[name] for name in values.files}


def final(case):
    """The last tensor of the case, by CASES.tsv."""
    with open(os.path.join(FOLDER, "CASES.tsv")) as table:
        for line in table:
            columns = line.rstrip("\n").split("\t")
            if columns[0] == case:
                return columns[4].split(",")[0]
    raise KeyError(case)


def names(case):
    """The names of the operations that have a value, without the inputs in_0, in_1..."""
    found = {name.split(":")[0] for name in load(case)}
    return {name for name in found if not name.startswith(("in_", "Variable"))}


def close(got, wanted):
    """Within what the recorded decimals allow."""
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)
