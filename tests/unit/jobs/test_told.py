"""Warnings of many shards are told by kind."""

from __future__ import annotations

from echelon.jobs.told import Told


def held_up(late: int, stages: int, worst: str) -> str:
    return f"{late} of {stages} stages wait for supplies, {worst} the most. Fix: find the levels."


def test_warnings_that_differ_in_counts_and_names_are_one_kind():
    told = Told()
    told.add([held_up(108, 1335, "tea @ depot"), "5 of 9 stages: negative; look at the target."])
    told.add([held_up(7, 421, "milk @ shop")])
    told.add([])
    assert told.count == 3
    assert str(told).splitlines() == [
        f"  2 x, first: {held_up(108, 1335, 'tea @ depot')}",
        "  1 x, first: 5 of 9 stages: negative; look at the target.",
    ]


def test_of_many_kinds_the_commonest_are_shown():
    told = Told()
    told.add([f"a thing; advice {k}" for k in range(8)] + ["another thing; advice 6"])
    lines = str(told).splitlines()
    assert lines[0] == "  2 x, first: a thing; advice 6"
    assert lines[-1] == "  and 3 other kinds"
    assert len(lines) == 6
