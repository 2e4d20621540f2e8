"""Pictures show the numbers of the result they are made from."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError, UnknownNameError

matplotlib = pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402

from echelon import plots  # noqa: E402


@pytest.fixture(scope="module")
def network() -> ec.Network:
    return ec.read_example("bulldozer")


@pytest.fixture(scope="module")
def plan(network) -> ec.Plan:
    return ec.optimize(network)


@pytest.fixture(scope="module")
def run(network, plan) -> ec.Simulation:
    return ec.simulate(network, plan, periods=40, replications=8, seed=3, trace=True)


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def test_cost_bars_are_the_yearly_costs(plan):
    ax = plan.plot.cost()
    widths = [bar.get_width() for bar in ax.patches]
    want = plan.stocking_stages()["holding_cost"] * plan.periods_per_year
    assert widths == pytest.approx(want.tolist())
    assert "632,775 USD" in ax.get_title()


def test_cost_gathers_what_does_not_fit(plan):
    widths = [bar.get_width() for bar in plan.plot.cost(most=2).patches]
    assert len(widths) == 3
    assert sum(widths) == pytest.approx(plan.annual_cost)


def test_network_has_every_stage_and_lane_and_a_disc_per_stock(network, plan):
    ax = plan.plot.network(network)
    assert len(ax.texts) == network.n_stages
    assert len(ax.lines) == network.n_lanes
    dots, discs = ax.collections
    assert len(dots.get_offsets()) == network.n_stages
    assert (discs.get_sizes() > 0).sum() == len(plan.stocking_stages())
    end = network.stages.index[network.stages["item"] == "Final Assembly"][0]
    assert dots.get_offsets()[end][0] == 52.0  # the longest chain of lead times


def test_an_item_at_several_locations_is_labelled_with_them():
    chain = ec.Network.from_tables(
        pd.DataFrame(
            {
                "item": ["bolt", "kit", "kit"],
                "location": ["mill", "plant", "shop"],
                "lead_time": 1.0,
                "holding_cost": 1.0,
            }
        ),
        pd.DataFrame(
            {
                "from_item": ["bolt", "kit"],
                "from_location": ["mill", "plant"],
                "to_item": ["kit", "kit"],
                "to_location": ["plant", "shop"],
            }
        ),
        pd.DataFrame({"item": ["kit"], "location": ["shop"], "mean": [9.0], "std": [3.0]}),
    )
    ax = ec.optimize(chain, service_level=0.95).plot.network(chain)
    assert [text.get_text() for text in ax.texts] == ["bolt", "kit\n@ plant", "kit\n@ shop"]


def test_network_of_another_plan_is_refused(plan):
    other = ec.serial(["a", "b"], lead_time=1, holding_cost=1.0, demand_mean=1.0, demand_std=1.0)
    with pytest.raises(DomainError, match="not in the network"):
        plan.plot.network(other)


def test_service_shows_promise_and_simulation(run):
    ax = run.plot.service()
    promised = [line for line in ax.lines if line.get_label() == "promised"]
    assert promised[0].get_xdata() == pytest.approx([0.95], abs=1e-4)


def test_service_without_a_plan_has_nothing_to_show():
    shop = ec.serial(
        ["shop"], lead_time=1, holding_cost=1.0, base_stock=5.0, demand_mean=2.0, demand_std=1.0
    )
    run = ec.simulate(shop, periods=5, replications=2)
    with pytest.raises(DomainError, match="promised nothing"):
        run.plot.service()


def test_trace_is_the_net_inventory(run):
    ax = run.plot.trace("Final Assembly", "plant")
    rows = run.trace[run.trace["item"] == "Final Assembly"]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), rows["on_hand"] - rows["backorders"])
    with pytest.raises(DomainError, match="trace=True"):
        run.plot.trace("Nothing", "nowhere")


def test_axes_given_are_used(plan):
    _, ax = pyplot.subplots()
    assert plan.plot.cost(ax) is ax


def test_other_things_have_no_pictures():
    with pytest.raises(UnknownNameError, match="Plan, Simulation"):
        plots.of(pd.DataFrame())


def test_without_matplotlib_the_error_says_what_to_install():
    code = (
        "import sys\nimport echelon as ec\n"
        "plan = ec.optimize(ec.read_example('bulldozer'))\n"
        "sys.modules['matplotlib'] = None\n"
        "try:\n    plan.plot.cost()\n"
        "except ec.EchelonError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'echelon[plot]'" in done.stdout
