"""Digests: equal for equal values in any process, different for any change."""

from __future__ import annotations

import enum
import os
import pickle
import subprocess
import sys
import time
from collections import namedtuple
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.errors import DomainError
from echelon.execution import digest, digest_of
from echelon.execution.made_with import PACKAGES, made_with, source_digest
from tests.planted_failures import same_source


class Colour(enum.IntEnum):
    RED = 1
    BLUE = 2


Pair = namedtuple("Pair", "left right")


@dataclass(frozen=True)
class Shop:
    name: str
    levels: np.ndarray
    remark: str = field(default="", compare=False)


SOME = {
    "none": None,
    "false": False,
    "zero": 0,
    "zero as a float": 0.0,
    "minus zero": -0.0,
    "one": 1,
    "true": True,
    "nan": float("nan"),
    "huge": 10**40,
    "text": "1",
    "blank": "",
    "bytes": b"1",
    "list": [1],
    "tuple": (1,),
    "nested": [[1]],
    "named": Pair(1, 2),
    "pair": (1, 2),
    "set": {1, 2},
    "dict": {"a": 1},
    "dict of another": {"a": 2},
    "array": np.array([1.0, 2.0]),
    "array of integers": np.array([1, 2]),
    "narrow array": np.array([1.0, 2.0], dtype=np.float32),
    "column": np.array([[1.0], [2.0]]),
    "row": np.array([[1.0, 2.0]]),
    "objects": np.array(["a", None], dtype=object),
    "colour": Colour.RED,
    "other colour": Colour.BLUE,
    "fraction": Fraction(1, 3),
    "path": Path("a"),
    "shop": Shop("a", np.array([1.0])),
    "other shop": Shop("a", np.array([2.0])),
    "frame": pd.DataFrame({"a": [1.0, 2.0]}),
    "frame of another name": pd.DataFrame({"b": [1.0, 2.0]}),
    "frame of another order": pd.DataFrame({"a": [2.0, 1.0]}),
    "frame of another index": pd.DataFrame({"a": [1.0, 2.0]}, index=[1, 2]),
    "series": pd.Series([1.0, 2.0]),
    "function": digest_of,
    "class": Shop,
    "partial": partial(digest_of, 1),
    "other partial": partial(digest_of, 2),
}


def test_different_values_have_different_digests_and_copies_have_the_same():
    digests = {name: digest_of(value) for name, value in SOME.items()}
    assert len(set(digests.values())) == len(SOME)
    for name, value in SOME.items():
        assert digest_of(pickle.loads(pickle.dumps(value))) == digests[name], name


def test_what_does_not_count():
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of({"b", "a", "c"}) == digest_of({"c", "b", "a"})
    assert digest_of(np.float64(0.1), np.int64(3), np.bool_(True)) == digest_of(0.1, 3, True)
    one = np.array([1.0, 2.0])
    assert digest_of([one, one]) == digest_of([one, one.copy()])
    assert digest_of(one[::-1]) == digest_of(one[::-1].copy())
    assert digest_of(np.asfortranarray(np.ones((2, 3)))) == digest_of(np.ones((2, 3)))
    shop = Shop("a", one)
    assert digest_of(shop) == digest_of(replace(shop, remark="seen"))


def test_boundaries_count():
    assert digest_of("ab", "c") != digest_of("a", "bc")
    assert digest_of([1, [2]]) != digest_of([[1], 2])
    assert digest_of(1, 2) != digest_of((1, 2))


parts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(parts, parts)
def test_digests_agree_exactly_where_the_written_values_do(one, other):
    """``repr`` of plain values, with dictionaries sorted, is the second method."""

    def written(value):
        if isinstance(value, dict):
            return sorted((key, written(inner)) for key, inner in value.items()), "dict"
        if isinstance(value, list):
            return [written(inner) for inner in value]
        return value

    assert (digest_of(one) == digest_of(other)) == (repr(written(one)) == repr(written(other)))


def test_another_process_gives_the_same_digest(monkeypatch):
    """With other seeds of Python's own hashes, by which sets and dictionaries are ordered."""
    same_source(monkeypatch.setattr)
    ask = "same_source(); print(digest_of({'a', 'b', 'cd'}, {'x': 1.5}, ('u', None)))"
    imports = "from tests.planted_failures import same_source; "
    told = subprocess.run(
        [sys.executable, "-c", f"{imports}from echelon.execution import digest_of; {ask}"],
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == digest_of({"a", "b", "cd"}, {"x": 1.5}, ("u", None))


def test_what_is_made_with_something_else_has_other_digests(monkeypatch):
    before = digest_of(1)
    monkeypatch.setattr(digest, "made_with", lambda: "numpy 0.0.0")
    assert digest_of(1) != before


def test_what_it_is_made_with_names_versions_and_the_source(tmp_path):
    told = made_with.__wrapped__()
    assert all(f" {name} {metadata.version(name)}," in told for name in PACKAGES)
    assert told.endswith(f"source {source_digest(Path(digest.__file__).parents[1])}")
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "flow.py").write_text("x = 1")
    before = source_digest(tmp_path)
    assert source_digest(tmp_path) == before
    (tmp_path / "room" / "flow.py").write_text("x = 2")
    changed = source_digest(tmp_path)
    (tmp_path / "room" / "flow.py").rename(tmp_path / "flow.py")
    assert len({before, changed, source_digest(tmp_path)}) == 3


@pytest.mark.parametrize(
    ("value", "told"),
    [(lambda: 1, "<lambda>"), (object(), "builtins.object"), ([iter(())], "iterator")],
    ids=["lambda", "object", "iterator"],
)
def test_what_has_no_digest_is_refused(value, told):
    with pytest.raises(DomainError, match=f"{told}.* has no digest.* Fix"):
        digest_of(value)


def test_many_arrays_take_little_time():
    """18,000 components of eight arrays."""
    one = np.arange(15.0)
    began = time.process_time()
    for _ in range(18_000 // 10):
        digest_of([one] * 8)
    assert time.process_time() - began < 0.5  # a tenth of them; 0.03 s on a quiet machine
