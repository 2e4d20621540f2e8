"""Pictures of a plan: the network with its stock, cost by echelon, the search and its bound."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot
from matplotlib.collections import LineCollection, PathCollection

import echelon as ec
from echelon.errors import DomainError, UnknownNameError
from echelon.plots.canvas import as_svg
from echelon.plots.layered_layout import in_columns
from tests.networks import random_network


@pytest.fixture(scope="module")
def network() -> ec.Network:
    return ec.read_example("bulldozer")


@pytest.fixture(scope="module")
def plan(network) -> ec.Plan:
    return ec.optimize(network)


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def bars(ax) -> np.ndarray:
    return np.array([patch.get_width() for patch in ax.patches])


def dots(ax) -> np.ndarray:
    (found,) = [one for one in ax.collections if isinstance(one, PathCollection)]
    return found.get_offsets()


def test_network_has_a_dot_and_a_name_for_every_stage_and_a_line_for_every_lane(network, plan):
    ax = plan.plot.network(network)
    assert len(dots(ax)) == network.n_stages
    names = [text.get_text() for text in ax.texts]
    assert set(network.stages["item"]) <= set(names)
    (lanes,) = [one for one in ax.collections if isinstance(one, LineCollection)]
    assert len(lanes.get_segments()) == network.n_lanes
    assert "632,775 USD a year" in ax.get_title(loc="left")
    scale = ax.figure.axes[1]
    assert (scale.get_ylabel(), scale.get_xlabel()) == ("service time quoted", "days")


def test_a_bar_is_as_long_as_the_cost_of_the_stock(network, plan):
    cost = plan.stages["holding_cost"].to_numpy()
    drawn = bars(plan.plot.network(network))
    assert ((drawn > 0.0) == (plan.stages["safety_stock"] != 0.0)).all()
    long = cost > 0.1 * cost.max()  # shorter ones have a least length, to be seen
    np.testing.assert_allclose(drawn[long] / drawn.max(), cost[long] / cost.max())


def test_suppliers_stand_to_the_left_of_their_customers(network, plan):
    x = dots(plan.plot.network(network))[:, 0]
    row = {item: at for at, item in enumerate(network.stages["item"])}
    for lane in network.lanes.itertuples():
        assert x[row[lane.from_item]] < x[row[lane.to_item]]


@pytest.mark.parametrize("size", [9.0, 60.0])
def test_names_do_not_lie_on_one_another(size):
    """Two hundred stages, some in one crowded column: no two names share paper."""
    rng = np.random.default_rng(3)
    chain = random_network(rng, int(3 * size), extra_lanes=20)
    ax = ec.optimize(chain, gap=0.05).plot.network(chain)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts[: chain.n_stages]]
    edges = np.array([(box.x0, box.y0 + 1.0, box.x1, box.y1 - 1.0) for box in boxes])
    left, low, right, high = edges.T
    across = (left[:, None] < right[None, :]) & (left[None, :] < right[:, None])
    along = (low[:, None] < high[None, :]) & (low[None, :] < high[:, None])
    both = np.triu(across & along, 1)
    assert not both.any()


def test_an_item_at_several_locations_is_named_with_them():
    stages = pd.DataFrame(
        {
            "item": ["bolt", "kit", "kit"],
            "location": ["mill", "plant", "shop"],
            "lead_time": 1.0,
            "holding_cost": 1.0,
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["bolt", "kit"],
            "from_location": ["mill", "plant"],
            "to_item": ["kit", "kit"],
            "to_location": ["plant", "shop"],
        }
    )
    demand = pd.DataFrame({"item": ["kit"], "location": ["shop"], "mean": [9.0], "std": [3.0]})
    chain = ec.Network.from_tables(stages, lanes, demand)
    ax = ec.optimize(chain, service_level=0.95).plot.network(chain)
    assert [text.get_text() for text in ax.texts[:3]] == ["bolt", "kit @ plant", "kit @ shop"]


def test_a_large_network_is_drawn_by_echelon_with_totals(network, plan):
    ax = plan.plot.network(network, most=10)
    words = " ".join(text.get_text() for text in ax.texts)
    assert "608,023" in words
    counts = [text.get_text() for text in ax.texts if "stage" in text.get_text()]
    assert sum(int(text.split()[0]) for text in counts) == network.n_stages
    with pytest.raises(UnknownNameError, match="detail"):
        plan.plot.network(network, detail="all")


def test_many_echelons_stand_one_above_the_other_customers_at_the_foot():
    names = [f"stage {k}" for k in range(20)]
    long = ec.serial(
        names, lead_time=2, holding_cost=range(1, 21), demand_mean=9, demand_std=3, safety_factor=2
    )
    plan = ec.optimize(long)
    ax = plan.plot.network(long, detail="echelon")
    wide, high = ax.figure.get_size_inches()
    assert wide / high < 2.0
    assert high / wide < 2.0
    places = [one.get_offsets() for one in ax.collections if isinstance(one, PathCollection)]
    assert places[0][:, 1].tolist() == list(range(20))
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert (labels[0], labels[19]) == ("nearest customers", "19 steps up")
    assert sum("with stock" in text.get_text() for text in ax.texts) == len(plan.stocking_stages())


def test_cost_axis_sets_thousands_apart(plan):
    ax = plan.plot.cost()
    ax.figure.canvas.draw()
    assert "200,000" in [tick.get_text() for tick in ax.get_xticklabels()]


def test_long_numbers_of_the_cost_axis_stay_apart(plan):
    """With names that leave the bars half of the picture."""
    stages = plan.stages.assign(location="contract manufacturer Suzhou")
    dear = stages.assign(holding_cost=stages["holding_cost"] / stages["holding_cost"].max() * 2e3)
    ax = replace(plan, stages=dear).plot.cost()
    ax.figure.canvas.draw()
    shown = [tick for tick in ax.get_xticklabels() if tick.get_text()]
    boxes = [tick.get_window_extent() for tick in shown]
    low, high = ax.get_window_extent().intervalx
    boxes = [box for box in boxes if low - 1.0 <= box.x0 and box.x1 <= high + 40.0]
    assert len(boxes) >= 3
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_echelons_add_up_to_the_whole_cost(network, plan):
    ax = plan.plot.echelons(network)
    assert bars(ax).sum() == pytest.approx(plan.annual_cost)
    assert bars(ax)[0] == pytest.approx(608_023.0, abs=1.0)  # Final Assembly alone
    assert "USD a year" in ax.get_xlabel()
    by_place = plan.plot.echelons(network, by="location")
    assert bars(by_place).sum() == pytest.approx(plan.annual_cost)
    with pytest.raises(UnknownNameError, match="by"):
        plan.plot.echelons(network, by="item")


def test_a_plan_of_another_network_is_refused(plan):
    other = ec.serial(["a", "b"], lead_time=1, holding_cost=1.0, demand_mean=1.0, demand_std=1.0)
    for draw in (plan.plot.network, plan.plot.echelons):
        with pytest.raises(DomainError, match="not in the network"):
            draw(other)


def test_stages_of_a_component_that_failed_are_drawn_without_stock(network, plan):
    partial = replace(plan, stages=plan.stages.iloc[1:], status="partial")
    ax = partial.plot.network(network)
    assert len(dots(ax)) == network.n_stages
    assert bars(ax)[0] == 0.0


def test_trace_shows_the_plan_falling_and_the_bound_rising(plan):
    trace = pd.DataFrame(
        {
            "component": [0, 0, 0],
            "seconds": [0.1, 0.3, 0.9],
            "bound": [1.0, 1.5, 1.9],
            "objective": [4.0, 2.0, 2.0],
        }
    )
    ax = replace(plan, trace=trace).plot.trace()
    best, bound = ax.lines[:2]
    np.testing.assert_allclose(best.get_ydata(), trace["objective"] * plan.periods_per_year)
    np.testing.assert_allclose(bound.get_ydata(), trace["bound"] * plan.periods_per_year)
    assert ax.get_title() == "gap 5.00% after 0.9 seconds"
    assert "USD a year" in ax.get_ylabel()
    with pytest.raises(DomainError, match="no trace"):
        replace(plan, trace=trace.head(0)).plot.trace()


def test_the_same_plan_gives_the_same_file(network, plan):
    first = as_svg(plan.plot.network(network))
    assert first == as_svg(plan.plot.network(network))
    assert first.startswith(b"<?xml")


@pytest.mark.parametrize("seed", range(5))
def test_columns_keep_stages_apart(seed):
    rng = np.random.default_rng(seed)
    steps = np.sort(rng.integers(0, 5, 300))
    supplier, customer = rng.integers(0, 300, (2, 500))
    keep = steps[supplier] > steps[customer]
    layout = in_columns(steps, supplier[keep], customer[keep])
    assert layout.height.min() == 0.0
    np.testing.assert_array_equal(layout.column_step[layout.column], steps)
    for column in range(len(layout.column_step)):
        heights = np.sort(layout.height[layout.column == column])
        assert (np.diff(heights) >= 1.0 - 1e-9).all()
