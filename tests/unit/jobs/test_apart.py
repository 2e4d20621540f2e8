"""A shard that fails as a whole is taken apart: the right ones fail, and few calls find them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import echelon as ec
from echelon.jobs import steps
from tests.unit.jobs.conftest import made, sorted_rows

N_ITEMS = 16


def go(out: Path, **changes: Any) -> ec.Run:
    return ec.run(made(N_ITEMS), out, n_jobs=1, stages_per_shard=1000, progress=False, **changes)


@pytest.fixture
def tried() -> list[set[str]]:
    """Items of each call that was made."""
    return []


def spoil(
    monkeypatch: pytest.MonkeyPatch, tried: list[set[str]], bad: set[str], error: type[Exception]
) -> None:
    """Let every call fail that has one of these items, as if its worker were lost with it."""

    def solve(work: Any, network: ec.Network, seconds: Any, own: Any = steps._solved) -> Any:
        tried.append(set(network.stages["item"]))
        if tried[-1] & bad:
            raise error("planted")
        return own(work, network, seconds)

    monkeypatch.setattr(steps, "_solved", solve)


def calls(items: list[str], bad: set[str], *, is_shard: bool = True) -> int:
    """Calls that halving takes, counted by the rule: shards and single ones are tried twice."""
    if not bad & set(items):
        return 1
    if len(items) == 1:
        return 2
    half = (len(items) + 1) // 2
    halves = (items[:half], items[half:])
    return 1 + is_shard + sum(calls(one, bad, is_shard=False) for one in halves)


@pytest.mark.parametrize(
    ("bad", "most"),
    [({5}, 12), ({3, 15}, 18), (set(range(N_ITEMS)), 3 * N_ITEMS)],
    ids=["one", "two far apart", "all"],
)
def test_halves_find_what_fails_and_keep_the_rest(
    bad: set[int],
    most: int,
    tried: list[set[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = {f"item {number:02}" for number in bad}
    spoil(monkeypatch, tried, set(), MemoryError)
    undisturbed = sorted_rows(go(tmp_path / "sound").to_frame("plan"))
    shards = [sorted(items) for items in tried]
    monkeypatch.undo()
    spoil(monkeypatch, tried, named, MemoryError)
    tried.clear()
    run = go(tmp_path / "spoilt")
    assert set(run.failures["item"]) == named
    assert set(run.failures["error"]) == {"MemoryError"}
    assert sorted(run.failures["component"]) == sorted(bad)
    assert len(tried) == sum(calls(shard, named) for shard in shards) <= most
    if len(bad) < N_ITEMS:
        expected = undisturbed[~undisturbed["item"].isin(named)].reset_index(drop=True)
        found = sorted_rows(run.to_frame("plan"))
        assert found.drop(columns="seconds", errors="ignore").equals(
            expected.drop(columns="seconds", errors="ignore")
        )


def test_after_a_time_limit_each_is_tried_alone(
    tried: list[set[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, tried, {"item 05"}, TimeoutError)
    run = go(tmp_path)
    assert list(run.failures["item"]) == ["item 05"]
    shard = next(items for items in tried if "item 05" in items)
    alone = [items for items in tried if len(items) == 1]
    assert sorted(item for items in alone for item in items) == sorted(
        [*shard, "item 05"]
    )  # it fails twice


def test_the_next_call_tries_only_what_failed(
    tried: list[set[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Halves that passed are in the ledger, and what an earlier call needed no longer is not."""
    spoil(monkeypatch, tried, {"item 05"}, MemoryError)
    first = go(tmp_path)
    before = len(tried)
    again = go(tmp_path)
    assert tried[before:]
    assert all("item 05" in items for items in tried[before:])
    assert again.digest == first.digest
    monkeypatch.undo()
    mended = go(tmp_path)
    assert mended.status == "complete"
    kept = list((tmp_path / "work" / "ledger").glob("*.shard"))
    assert len(kept) == 2 * mended.counts["shards"]  # of each its check and its plan
