"""A pause of the garbage collector, and what becomes of the objects made in it."""

from __future__ import annotations

import gc

import pytest

from echelon.execution.collector import collector_paused


@pytest.fixture
def collector():
    gc.collect()
    gc.enable()
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.usefixtures("collector")
def test_what_was_made_is_old_and_not_looked_through():
    seen = []
    gc.callbacks.append(lambda phase, _info: seen.append(phase))
    try:
        with collector_paused():
            made = [[] for _ in range(20_000)]
        [[] for _ in range(100)]
    finally:
        gc.callbacks.pop()
    assert seen == []
    assert gc.is_tracked(made)
    oldest = {id(one) for one in gc.get_objects(generation=2)}
    assert all(id(one) in oldest for one in made)
    assert gc.get_freeze_count() == 0


@pytest.mark.usefixtures("collector")
def test_what_the_caller_has_frozen_stays_frozen():
    gc.freeze()
    before = gc.get_freeze_count()
    with collector_paused():
        pass
    assert gc.isenabled()
    assert gc.get_freeze_count() == before > 0


@pytest.mark.usefixtures("collector")
def test_a_collector_that_rests_goes_on_resting():
    gc.disable()
    with collector_paused():
        assert not gc.isenabled()
    assert not gc.isenabled()
