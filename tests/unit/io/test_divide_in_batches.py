"""What a division finds batch by batch is what it would find with all rows in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from echelon.datasets import make_portfolio
from echelon.io.divided import coded, joined, rows
from echelon.io.divided.coded import CodedRows
from echelon.io.divided.joined import Joined
from echelon.io.divided.keys import codes_of
from echelon.network.graph import components
from echelon.tables import STAGES


@pytest.mark.parametrize("seed", range(5))
def test_ties_in_batches_join_what_scipy_joins(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined, "_AT_ONCE", 7)
    draw = np.random.default_rng(seed)
    n, ties = 200, int(draw.integers(0, 300))
    one, other = draw.integers(0, n, size=(2, ties))
    forest = Joined(n)
    for first in range(0, ties, 11):
        forest.add(one[first : first + 11], other[first : first + 11])
    wider = forest.widened(n + 5)
    wider.add(np.array([n + 1]), np.array([0]))
    assert forest.numbered().tolist() == components(n, one, other).tolist()
    more = components(n + 5, np.append(one, n + 1), np.append(other, 0))
    assert wider.numbered().tolist() == more.tolist()


def test_a_long_chain_told_from_its_end_is_one_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined, "_AT_ONCE", 16)
    forest = Joined(1_000)
    for last in range(999, 0, -1):
        forest.add(np.array([last]), np.array([last - 1]))
    assert forest.numbered().tolist() == [0] * 1_000


@pytest.mark.parametrize("at_once", [3, 40, 1_000])
def test_codes_in_a_file_are_looked_up_as_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(coded, "_AT_ONCE", at_once)
    monkeypatch.setattr(rows, "_ROWS_AT_ONCE", 17)
    names = np.random.default_rng(1).integers(0, 90, size=150).astype(str).astype(object)
    names[[0, 40]] = None
    frame = pd.DataFrame({"item": names})
    taken, _ = rows.rows_of_frame(STAGES, frame)
    assert taken is not None
    lookup, again, first = CodedRows.of(taken, ["item"], tmp_path / "codes").lookup()
    firsts = {name: row for row, name in reversed(list(enumerate(names))) if name is not None}
    repeats = {row: firsts[name] for row, name in enumerate(names) if name is not None}
    assert dict(zip(again.tolist(), first.tolist(), strict=True)) == {
        row: first for row, first in repeats.items() if row != first
    }
    whole = next(iter(taken.read(["item"]))).schema
    column = rows.pa.array(names, whole.field("item").type)
    found = lookup.find(*codes_of([column]))
    assert found.tolist() == [repeats.get(row, -1) for row in range(150)]


def test_first_codes_and_sizes_of_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coded, "_AT_ONCE", 4)
    frame = pd.DataFrame({"item": list("abcdefghij")})
    taken, _ = rows.rows_of_frame(STAGES, frame)
    assert taken is not None
    at = CodedRows.of(taken, ["item"], tmp_path / "codes")
    group = np.array([0, 1, 0, 0, 2, 1, 3, 3, 0, 4], dtype=np.int32)
    code, size = at.codes_at(group)
    all_codes = codes_of([rows.pa.array(list("abcdefghij"))])[0]
    assert code.tolist() == all_codes[[0, 1, 4, 6, 9]].tolist()
    assert size.tolist() == np.bincount(group).tolist()


def test_a_file_that_lacks_a_column_is_read_with_it_empty(tmp_path: Path) -> None:
    folder = tmp_path / "stages"
    folder.mkdir()
    pd.DataFrame({"item": ["a"], "lead_time": [1]}).to_parquet(folder / "1.parquet")
    pd.DataFrame({"item": ["b"], "lead_time": [2.5], "shelf_life": [9.0]}).to_parquet(
        folder / "2.parquet"
    )
    table, _ = rows.rows_of_files(STAGES, sorted(folder.iterdir()))
    read = [batch.to_pylist() for _, batch in table.batches()]
    assert read == [
        [{"item": "a", "lead_time": 1.0, "shelf_life": None}],
        [{"item": "b", "lead_time": 2.5, "shelf_life": 9.0}],
    ]
    assert [first for first, _ in table.batches(["shelf_life"])] == [0, 1]


_DIVIDE = """
import re, sys
from pathlib import Path
from echelon.io.divided import divide
divide(sys.argv[1], sys.argv[2])
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""
"""Most memory of this program alone: `ru_maxrss` has its parent in it."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory otherwise")
def test_memory_does_not_grow_with_the_portfolio(tmp_path: Path) -> None:
    """From 50,000 to 200,000 SKUs, 800,000 stages more: less than 64 bytes for each of them."""
    held, stages = [], []
    for n_skus in (50_000, 200_000):
        made = make_portfolio(n_skus)
        made.write(tmp_path / str(n_skus))
        stages.append(len(made.tables["stages"]))
        command = [sys.executable, "-c", _DIVIDE, str(tmp_path / str(n_skus)), str(tmp_path / "to")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        held.append(1024 * int(done.stdout))
    assert held[1] - held[0] < 64 * (stages[1] - stages[0])


def test_a_column_may_be_a_category_in_one_part_and_text_in_another(tmp_path: Path) -> None:
    first = pd.DataFrame({"item": pd.Categorical(["A", "B"]), "location": ["X", "X"]})
    second = pd.DataFrame({"item": ["C", "A"], "location": ["Y", "Y"]})
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for frame, path in zip((first, second), paths, strict=True):
        frame.to_parquet(path)
    for order in (paths, paths[::-1]):
        found, header = rows.rows_of_files(STAGES, order)
        items = [item for _, batch in found.batches() for item in batch.column("item").to_pylist()]
        expected = pd.concat([pd.read_parquet(path) for path in order])["item"]
        assert items == expected.astype(object).tolist()
        assert list(header.columns) == ["item", "location"]
