"""What cannot be published or compared, and what is published where there is nothing to."""

from __future__ import annotations

import numpy as np
import pytest

import echelon as ec
from echelon.errors import DomainError, FolderError, UnknownNameError


def network(lead_time: float = 4.0) -> ec.Network:
    return ec.serial(
        ["mill", "shop"],
        lead_time=[lead_time, 2.0],
        holding_cost=[1.0, 2.0],
        demand_mean=50.0,
        demand_std=8.0,
        service_level=0.95,
    )


def plan(lead_time: float = 4.0) -> ec.Plan:
    return ec.optimize(network(lead_time))


def test_plans_of_other_periods_are_not_compared():
    days = ec.optimize(replace_period(network(), "day"))
    with pytest.raises(DomainError, match="old is planned in periods of a week, new of a day"):
        ec.publish(ec.optimize(replace_period(network(), "week")), days)
    first = ec.publish(None, ec.optimize(replace_period(network(), "week")))
    with pytest.raises(DomainError, match="in periods of a week, new of a day"):
        ec.publish(first, days)


def replace_period(of: ec.Network, period: str) -> ec.Network:
    return ec.Network.from_tables(of.stages, of.lanes, of.demand, period=period)


def test_text_in_place_of_a_list_is_refused_whole():
    review = ec.publish(plan(), plan(lead_time=5.0))
    with pytest.raises(DomainError, match="'mill' names no target"):
        review.accept("mill", by="a", why="b")
    with pytest.raises(DomainError, match="quantities is the text 'base_stock'"):
        ec.publish(plan(), plan(), quantities="base_stock")


def test_only_quantities_in_units_are_compared():
    with pytest.raises(UnknownNameError) as caught:
        ec.publish(plan(), plan(), quantities=["component"])
    assert "demand_mean" not in str(caught.value)
    assert "safety_stock" in str(caught.value)
    assert set(ec.publish(None, plan(), quantities=["safety_stock"]).moves["quantity"]) == {
        "safety_stock"
    }


def test_a_shift_of_what_has_no_periods_is_refused():
    with pytest.raises(DomainError, match="shift is 1, but no target differs by period"):
        ec.publish(plan(), plan(), shift=1)


def nothing_planned() -> ec.TargetPlan:
    """Demand of the first period, which nobody can be served in time with nothing on hand."""
    targets = ec.optimize(network(), model="target_inventory", horizon=4, opening="empty")
    assert targets.targets.empty
    assert len(targets.failures) == 1
    return targets


@pytest.mark.filterwarnings("ignore::echelon.errors.DataWarning")
def test_a_plan_of_which_all_failed_is_published_as_nothing():
    first = ec.publish(None, nothing_planned())
    assert first.summary().startswith("Publication 1: 0 targets\n")
    assert "InfeasibleError" in first.summary()
    assert np.isnan(first.nervousness)
    second = ec.publish(plan_with_targets(), nothing_planned())
    assert set(second.review["reason"]) == {
        "the new plan has no such target; components failed in it: 1"
    }


def plan_with_targets() -> ec.TargetPlan:
    given = network().stages.assign(initial_stock=1_000.0)
    return ec.optimize(network().replace(stages=given), model="target_inventory", horizon=4)


def test_a_folder_of_another_result_says_what_reads_it(tmp_path):
    planned = plan_with_targets().write(tmp_path / "targets")
    with pytest.raises(FolderError, match=r"but a target plan\. Fix: echelon\.read_target_plan"):
        ec.read_plan(planned)
    published = ec.publish(None, plan()).write(tmp_path / "publication")
    with pytest.raises(FolderError, match="holds no target plan but a publication"):
        ec.read_target_plan(published)
    with pytest.raises(FolderError, match=r"holds no target plan\. Fix: name"):
        ec.read_target_plan(tmp_path / "nowhere")
