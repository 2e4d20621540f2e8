"""A plan to begin with: what has not changed is taken over, the rest costs what it would anyway."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError
from echelon.optimization import place_all
from tests.unit.optimization.test_interrupts import several


@pytest.fixture(scope="module")
def network() -> ec.Network:
    return several(4)


@pytest.fixture(scope="module")
def plan(network) -> ec.Plan:
    return ec.optimize(network)


@pytest.fixture
def searched(monkeypatch) -> list[int]:
    """How many stages each component had that was searched."""
    sizes: list[int] = []
    place = place_all.place

    def counted(task):
        sizes.append(task.cost.component.n_stages)
        return place(task)

    monkeypatch.setattr(place_all, "place", counted)
    return sizes


def longer(network: ec.Network, item: str) -> ec.Network:
    stages = network.stages
    lead_time = stages["lead_time"].where(stages["item"] != item, stages["lead_time"] * 1.01)
    return network.replace(stages=stages.assign(lead_time=lead_time))


def test_nothing_changed_nothing_searched(network, plan, searched):
    again = ec.optimize(network, start=plan)
    assert searched == []
    assert again.stages.equals(plan.stages)
    assert (again.objective, again.bound) == (plan.objective, plan.bound)
    ec.optimize(network, start=again)
    assert searched == []


@pytest.mark.parametrize("item", ["s3 of 0", "s5 of 2"])
def test_only_what_changed_is_searched(network, plan, searched, item):
    changed = longer(network, item)
    warm = ec.optimize(changed, start=plan)
    assert searched == [12]
    cold = ec.optimize(changed)
    assert warm.objective == pytest.approx(cold.objective, rel=2e-6)
    assert warm.bound <= cold.objective * (1 + 1e-9)
    assert warm.status == "optimal"


def test_demand_targets_and_gap_count_as_changes(network, plan, searched):
    demand = network.demand
    std = demand["std"].where(demand.index != demand.index[0], demand["std"] * 1.01)
    ec.optimize(network.replace(demand=demand.assign(std=std)), start=plan)
    assert len(searched) == 1
    ec.optimize(network, start=plan, service_level=0.9)
    assert len(searched) == 5
    ec.optimize(network, start=plan, gap=1e-15)
    assert len(searched) >= 5


def test_stages_may_come_and_go(network, plan):
    stages, lanes, demand = network.stages, network.lanes, network.demand
    served = stages["item"].isin(demand["item"])
    source = stages["item"].iloc[0]
    new = stages[served].iloc[[0]].assign(item="new")
    grown = ec.Network.from_tables(
        _joined(stages, new),
        _joined(lanes, lanes.iloc[[0]].assign(from_item=source, to_item="new")),
        _joined(demand, demand.iloc[[0]].assign(item="new")),
    )
    warm, cold = ec.optimize(grown, start=plan), ec.optimize(grown)
    assert warm.objective == pytest.approx(cold.objective, rel=2e-6)


def _joined(one, other):
    return pd.concat([one, other], ignore_index=True)


def test_a_plan_read_from_files_gives_service_times(network, plan, searched, tmp_path):
    read = ec.read_plan(plan.write(tmp_path))
    warm = ec.optimize(network, start=read)
    assert len(searched) == 4
    assert warm.objective == pytest.approx(plan.objective, rel=2e-6)
    first = warm.trace.groupby("component")["objective"].first()
    assert (first <= warm.components.set_index("component")["objective"] * (1 + 1e-9)).all()


@pytest.mark.parametrize("method", ["auto", "dual", "exact"])
def test_every_searching_method_takes_a_start(network, plan, method):
    changed = longer(network, "s3 of 0")
    warm = ec.optimize(changed, start=plan, method=method)
    assert warm.objective == pytest.approx(ec.optimize(changed).objective, rel=1e-5)


def test_start_must_be_a_plan(network):
    with pytest.raises(DomainError, match=r"start is a str, must be a plan\. Fix: "):
        ec.optimize(network, start="plan")


def test_the_trace_tells_bound_and_plan_over_time(plan, tmp_path):
    trace = plan.to_frame("trace")
    assert trace.columns.tolist() == ["component", "seconds", "bound", "objective"]
    assert set(trace["component"]) == set(plan.components["component"])
    for number, rows in trace.groupby("component"):
        assert rows["seconds"].is_monotonic_increasing
        assert rows["bound"].dropna().is_monotonic_increasing
        assert rows["objective"].dropna().is_monotonic_decreasing
        assert (rows["bound"].fillna(-np.inf) <= rows["objective"] * (1 + 1e-12)).all()
        (row,) = plan.components[plan.components["component"] == number].to_dict("records")
        assert rows["objective"].iloc[-1] == pytest.approx(row["objective"], rel=1e-9)
        assert rows["bound"].iloc[-1] == pytest.approx(row["bound"], rel=1e-9)
    read = ec.read_plan(plan.write(tmp_path))
    assert read.trace.equals(plan.trace)


def test_what_is_kept_is_a_sequence_of_the_components_that_have_a_plan(network, plan):
    assert len(plan.kept) == network.n_components
    first, second = plan.kept[:2]
    assert (first, second) == (plan.kept[0], plan.kept[1])
    assert first.task.start is None
    labels = {label for one in plan.kept for label in one.labels}
    assert labels == set(zip(plan.stages["item"], plan.stages["location"], strict=True))
