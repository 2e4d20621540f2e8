"""A search that is stopped leaves a plan for every component, with a bound that holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.exact.guaranteed_service.dual_ascent import Messages
from echelon.exact.guaranteed_service.interpolated import InterpolatedMessages
from echelon.optimization import methods, proof, settled_at_once
from tests.networks import random_network


def several(n_components: int, *, extra_lanes: int = 9) -> ec.Network:
    """Components with cycles and lead times that share no unit."""
    frames: dict[str, list[pd.DataFrame]] = {"stages": [], "lanes": [], "demand": []}
    for c in range(n_components):
        rng = np.random.default_rng(c)
        network = random_network(rng, 12, extra_lanes=extra_lanes, lane_times=True)
        odd = network.stages.assign(lead_time=rng.uniform(0.3, 9.0, 12), max_service_time=np.nan)
        for name, frame in (("stages", odd), ("lanes", network.lanes), ("demand", network.demand)):
            keys = [key for key in ("item", "from_item", "to_item") if key in frame]
            frames[name].append(frame.assign(**{key: frame[key] + f" of {c}" for key in keys}))
    tables = {name: pd.concat(parts, ignore_index=True) for name, parts in frames.items()}
    return ec.Network.from_tables(tables["stages"], tables["lanes"], tables["demand"])


@pytest.fixture(scope="module")
def network() -> ec.Network:
    return several(3)


@pytest.fixture(scope="module")
def best(network) -> ec.Plan:
    return ec.optimize(network)


class Interrupting:
    """Raise an interrupt at the given call of a function."""

    def __init__(self, function, at: int) -> None:
        self.function, self.left = function, at

    def __get__(self, instance, owner):
        return lambda *args, **kwargs: self(instance, *args, **kwargs)

    def __call__(self, *args, **kwargs):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return self.function(*args, **kwargs)


@pytest.mark.parametrize("at", [1, 5, 40])
def test_an_interrupt_in_the_ascent_keeps_the_best_plan(network, best, at, monkeypatch):
    sweep = Interrupting(InterpolatedMessages.sweep, at)
    monkeypatch.setattr(InterpolatedMessages, "sweep", sweep)
    plan = ec.optimize(network, gap=0.0)
    assert sweep.left == 0
    assert plan.status == "feasible"
    assert "interrupted" in plan.termination
    assert len(plan.stages) == len(best.stages)
    assert plan.failures.empty
    assert plan.components["termination"].iloc[-1] == "interrupted"
    both = plan.components.merge(best.components, on="component", suffixes=("", "_best"))
    assert (both["bound"] <= both["objective_best"] * (1 + 1e-9)).all()
    assert (both["objective"] >= both["bound_best"] * (1 - 1e-9)).all()
    assert (both["bound"] >= 0.0).all()


def test_a_component_that_fails_does_not_end_an_interrupt(network, monkeypatch):
    """The second of three cannot keep a promise at once without stock."""
    stages = network.stages
    second = stages["item"].str.endswith(" of 1")
    broken = network.replace(stages=stages.assign(can_stock=~second))
    monkeypatch.setattr(InterpolatedMessages, "sweep", Interrupting(InterpolatedMessages.sweep, 1))
    plan = ec.optimize(broken, gap=0.0)
    assert plan.failures["component"].tolist() == [1]
    assert plan.components.set_index("component")["termination"].loc[[0, 2]].eq("interrupted").all()


@pytest.mark.filterwarnings("ignore:.*normal bound")
def test_an_interrupt_where_times_are_listed(monkeypatch):
    """Costs that are not concave have their candidates listed: another ascent, the same care."""
    network = several(2)
    demand = network.demand.assign(family="gamma")
    whole = network.stages.assign(lead_time=network.stages["lead_time"].round())
    lanes = network.lanes.assign(lead_time=network.lanes["lead_time"].round())
    gamma = ec.Network.from_tables(whole, lanes, demand)
    known = ec.optimize(gamma)
    sweep = Interrupting(Messages.sweep, 3)
    monkeypatch.setattr(Messages, "sweep", sweep)
    none = [None, None]
    monkeypatch.setattr(settled_at_once, "_first_steps", lambda *_given: none)  # nor proven before
    plan = ec.optimize(gamma)
    assert sweep.left == 0
    assert plan.components["termination"].tolist() == ["interrupted", "interrupted"]
    assert plan.objective >= known.bound * (1 - 1e-9)
    assert plan.bound <= known.objective * (1 + 1e-9)


def test_an_interrupt_in_the_solver_keeps_what_the_ascent_found(monkeypatch):
    network = several(1, extra_lanes=30)

    def interrupted(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(proof, "joint_distribution", interrupted)
    monkeypatch.setattr(proof, "MOST_BRANCHED", 0)
    monkeypatch.setattr(methods, "MOST_BRANCHED", 0)
    monkeypatch.setattr(methods, "refine", _stalled(methods.refine))
    monkeypatch.setattr(proof, "fold_and_ascend", _stalled(proof.fold_and_ascend))
    plan = ec.optimize(network)
    assert plan.termination == "interrupted"
    monkeypatch.undo()
    assert plan.objective == pytest.approx(ec.optimize(network).objective, rel=1e-2)


def test_a_solver_that_has_no_time_leaves_a_plan(monkeypatch):
    """By ``method="milp"``, which has no other search to fall back on."""
    network = random_network(np.random.default_rng(1), 12, extra_lanes=9)
    whole = proof.joint_distribution

    def too_late(problem, limits):
        return whole(problem, replace(limits, time_limit=0.0))

    monkeypatch.setattr(methods, "joint_distribution", too_late)
    plan = ec.optimize(network, method="milp", solver="appsi_highs", time_limit=60.0)
    monkeypatch.undo()
    known = ec.optimize(network)
    assert (plan.status, plan.termination) == ("feasible", "time_limit")
    assert not len(plan.failures)
    assert plan.bound <= known.objective <= plan.objective


def _stalled(search):
    """A search whose bound stays a tenth below what it has."""

    def stalled(*args, watch, **kwargs):
        found = search(
            *args, watch=lambda bound, cost, plan: watch(0.9 * bound, cost, plan), **kwargs
        )
        return replace(found, bound=0.9 * found.bound)

    return stalled


_SCRIPT = """
    import signal
    import time
    import echelon as ec
    from echelon.exact.guaranteed_service.interpolated import InterpolatedMessages
    from echelon.optimization import place_all
    from tests.unit.optimization.test_interrupts import several

    # a job in the background of a shell that has no terminal inherits that it ignores interrupts
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if __name__ == "__main__":
        sweep, run_shards = InterpolatedMessages.sweep, place_all.run_shards

        def slow(messages):
            print("ready", flush=True)
            time.sleep(0.2)
            return sweep(messages)

        def told(*args, **kwargs):
            for outcome in run_shards(*args, **kwargs):
                print("ready", flush=True)
                time.sleep(0.2)
                yield outcome

        network = several({n_components})
        if {n_jobs} == 1:
            InterpolatedMessages.sweep = slow
        else:
            place_all.run_shards = told
        place_all._STAGES_PER_SHARD = 1.0
        plan = ec.optimize(network, gap=0.0, n_jobs={n_jobs})
        print("done", len(plan.stages), plan.bound <= plan.objective, plan.termination)
"""


@pytest.mark.parametrize(("n_jobs", "n_components"), [(1, 4), (2, 12)])
def test_a_real_interrupt_from_outside(n_jobs, n_components):
    """``SIGINT``, as a terminal sends it: a plan for every component."""
    script = textwrap.dedent(_SCRIPT.format(n_jobs=n_jobs, n_components=n_components))
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)  # a terminal interrupts the workers as well
        said, errors = process.communicate(timeout=60)
    if n_jobs == 1:  # a worker that is interrupted while Python starts in it says so by itself
        assert "Traceback" not in errors
    words = said.split()
    done = words[words.index("done") + 1 :]
    assert done[:2] == [str(12 * n_components), "True"]
    assert "interrupted" in " ".join(done)


def test_time_limits_are_per_component(network, best):
    plan = ec.optimize(network, gap=0.0, time_limit=1e-6)
    assert plan.components["termination"].tolist() == ["time_limit"] * 3
    assert plan.bound <= best.objective <= plan.objective * (1 + 1e-9)
