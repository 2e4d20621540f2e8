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
    with pytest.raises(UnknownNameError, match=r"Plan, .*Sensitivity, .*Simulation"):
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
