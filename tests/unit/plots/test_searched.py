"""Pictures of base stocks searched by simulation."""

from __future__ import annotations

import pytest

import echelon as ec
from tests.rich_networks import chain

pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")


@pytest.fixture(scope="module")
def searched() -> ec.SimulatedBaseStocks:
    return ec.optimize(chain(), model="simulated_base_stock", periods=50, replications=64, seed=1)


def test_levels_to_begin_with_and_found(searched):
    ax = searched.plot.levels()
    begun, found = (line.get_xdata().tolist() for line in ax.lines)
    assert sorted(begun) == sorted(searched.stages["base_stock_start"])
    assert sorted(found) == sorted(searched.stages["base_stock"])
    assert "units" in ax.get_xlabel()


def test_cost_on_every_sample(searched):
    ax = searched.plot.search()
    before, after = (line.get_ydata().tolist() for line in ax.lines)
    assert before == searched.trace["cost_before"].tolist()[1:]  # the first had none before it
    assert after == searched.trace["cost"].tolist()
    with pytest.raises(ec.errors.DomainError, match="was not searched"):
        searched.plot.search(component=7)


def test_one_sample_has_none_before_it():
    network = ec.serial(
        ["shop"], lead_time=2, holding_cost=1.0, backorder_cost=9.0, demand_mean=5.0, demand_std=2.0
    )
    found = ec.optimize(network, model="simulated_base_stock", periods=20, replications=8)
    ax = found.plot.search()
    (line,) = ax.lines
    assert line.get_label() == "levels of this sample"
    assert not ax.yaxis.get_major_formatter().get_useOffset()
