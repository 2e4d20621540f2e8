"""The pass over plain components shows how far it is, and can be interrupted."""

import pytest

import echelon as ec
from echelon.optimization import plain_components
from tests.networks import random_portfolio


@pytest.fixture(scope="module")
def network():
    return random_portfolio(5, 30, general=0.2)


@pytest.fixture(scope="module")
def whole(network):
    return ec.optimize(network, progress=lambda *_: None)


def test_it_tells_how_many_components_are_done_and_changes_no_bit(network, whole, monkeypatch):
    monkeypatch.setattr(plain_components, "_TICKS_AT_A_TIME", 2_000.0)
    told = []
    plan = ec.optimize(network, progress=lambda done, total, _label: told.append((done, total)))
    placed = [done for done, total in told if total == network.n_components]
    assert len(placed) > 5
    assert placed == sorted(set(placed))
    assert placed[-1] == network.n_components
    assert plan.stages.equals(whole.stages)
    assert plan.objective == whole.objective


@pytest.mark.parametrize("piece", [2, 7])
def test_an_interrupt_keeps_what_has_been_placed(network, whole, piece, monkeypatch):
    monkeypatch.setattr(plain_components, "_TICKS_AT_A_TIME", 2_000.0)
    calls = []

    def interrupt(done, _total, _label):
        calls.append(done)
        if len(calls) == piece:
            raise KeyboardInterrupt

    plan = ec.optimize(network, progress=interrupt)
    done = calls[piece - 1]
    assert plan.failures.empty
    assert plan.status == "feasible"
    ended = plan.components["termination"]
    assert (ended == "optimal").sum() == done
    assert (ended == "interrupted").sum() == network.n_components - done
    kept = plan.components[ended == "optimal"].merge(whole.components, on="component")
    assert (kept["objective_x"] == kept["objective_y"]).all()
