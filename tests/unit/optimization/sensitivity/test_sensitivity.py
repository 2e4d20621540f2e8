"""Values of less time, spread and promise: against differences, by re-solving, and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Gamma
from echelon.errors import DomainError, UnknownNameError

KEY = ["kind", "item", "location", "to_item", "to_location"]


def diamond(**columns: object) -> ec.Network:
    """Two sub-assemblies of one part go into two products; lanes take time, two lead times vary."""
    stages = pd.DataFrame(
        {
            "item": ["part", "left", "right", "pump", "valve"],
            "location": "plant",
            "holding_cost": [1.0, 2.0, 2.5, 5.0, 6.0],
            "lead_time": [8.0, 3.0, 5.0, 2.0, 4.0],
            "lead_time_std": [1.5, 0.0, 0.0, 0.5, 0.0],
            "service_level": [np.nan, np.nan, np.nan, 0.95, 0.9],
            "max_service_time": [np.nan, np.nan, np.nan, 0.0, 1.0],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["part", "part", "left", "right", "right"],
            "from_location": "plant",
            "to_item": ["left", "right", "pump", "pump", "valve"],
            "to_location": "plant",
            "units_required": [1.0, 2.0, 1.0, 1.0, 3.0],
            "lead_time": [1.0, 0.0, 2.0, 0.0, 1.5],
        }
    )
    demand = pd.DataFrame(
        {
            "item": ["pump", "valve"],
            "location": "plant",
            "mean": [20.0, 12.0],
            "std": [6.0, 5.0],
        }
    )
    return ec.Network.from_tables(stages.assign(**columns), lanes, demand)


def correlated() -> ec.Network:
    """The same with demands that rise and fall together."""
    pairs = pd.DataFrame(
        {
            "item": ["pump"],
            "location": ["plant"],
            "other_item": ["valve"],
            "other_location": ["plant"],
            "coefficient": [0.6],
        }
    )
    return diamond().replace(correlation=pairs)


def together(network: ec.Network, plan: ec.Plan, **options: object) -> pd.DataFrame:
    """Values at the margin and by re-solving, lever beside lever."""
    one = ec.sensitivity(network, plan, **options).levers.set_index(KEY)  # type: ignore[arg-type]
    other = ec.sensitivity(network, plan, by="re-solving", **options)  # type: ignore[arg-type]
    return one[["value"]].join(
        other.levers.set_index(KEY)[["value", "value_at_fixed_times"]], suffixes=("", "_anew")
    )


@pytest.mark.parametrize("make", [diamond, correlated])
def test_derivatives_are_those_of_small_differences(make):
    """Second method: the tables made anew with each number a ten-thousandth lower."""
    network = make()
    plan = ec.optimize(network)
    kinds = ["service_level", "demand_std", "lead_time_std"]
    both = together(network, plan, less=1e-4, kinds=kinds)
    assert len(both) == 6
    assert (both["value"] > 0.0).all()
    assert both["value"].to_numpy() == pytest.approx(
        both["value_at_fixed_times"].to_numpy(), rel=1e-3, abs=1e-8
    )


@pytest.mark.parametrize("make", [diamond, correlated])
def test_a_plan_made_anew_saves_no_less_than_fixed_times(make):
    network = make()
    kinds = ["lead_time", "lane_lead_time", "lead_time_std"]
    both = together(network, ec.optimize(network), kinds=kinds)
    slack = 1e-6 * both["value_at_fixed_times"].abs() + 1e-7
    assert (both["value_anew"] >= both["value_at_fixed_times"] - slack).all()
    times = both[both.index.get_level_values("kind").isin(["lead_time", "lane_lead_time"])]
    assert (times["value_at_fixed_times"] >= times["value"] - 1e-7).all()  # the bound is concave
    if make is correlated:
        assert (both["value_anew"] > both["value_at_fixed_times"] + 1.0).any()


def test_bulldozer_by_hand():
    """All but two stages that hold stock: h z sigma / (2 sqrt(tau)) a period less of lead time."""
    network = ec.read_example("bulldozer")
    plan = ec.optimize(network)
    worth = ec.sensitivity(network, plan).to_frame("lead_time").set_index("item")["value"]
    stages = plan.stages.set_index("item")
    held = stages[stages["net_replenishment_time"] > 0.0]
    slope = 0.5 * held["holding_cost"] / held["net_replenishment_time"]
    assert worth[held.index].to_numpy() == pytest.approx(slope.to_numpy())
    assert (worth.drop(held.index) == 0.0).all()  # each waits with another supplier of its customer


def test_demand_deviation_and_service_of_one_normal_demand():
    """All safety stock is in proportion to it, and to z: cost / sigma, cost / (z density of z)."""
    network = ec.read_example("bulldozer")
    plan = ec.optimize(network)
    levers = ec.sensitivity(network, plan).levers.set_index("kind")
    assert levers.loc["demand_std", "value"] == pytest.approx(plan.objective / 3.0)
    z = 1.645
    density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    assert levers.loc["service_level", "value"] == pytest.approx(
        0.01 * plan.objective / z / density, rel=1e-6
    )


def test_time_passed_on_by_a_stage_without_stock_is_worth_what_its_customer_gains():
    """A series that holds all stock at its end: a period is worth the same anywhere."""
    network = ec.serial(
        ["mill", "mixer", "shop"],
        lead_time=[6, 3, 2],
        holding_cost=[4.0, 4.5, 5.0],
        demand_mean=50.0,
        demand_std=8.0,
        safety_factor=2.0,
    )
    plan = ec.optimize(network)
    assert (plan.stages["safety_stock"] > 0.0).tolist() == [False, False, True]
    worth = ec.sensitivity(network, plan, kinds=["lead_time"]).levers
    slope = 0.5 * 5.0 * 2.0 * 8.0 / np.sqrt(11.0)
    assert worth["value"].tolist() == pytest.approx([slope] * 3)
    pipeline = worth.set_index("item")["pipeline_value"]
    assert pipeline.to_dict() == pytest.approx({"mill": 200.0, "mixer": 225.0, "shop": 250.0})


def test_exact_quantiles_are_differenced_over_a_whole_period():
    network = ec.Network.from_tables(
        pd.DataFrame(
            {
                "item": ["pill"],
                "location": ["shop"],
                "holding_cost": [2.0],
                "lead_time": [4],
                "service_level": [0.95],
            }
        ),
        demand=pd.DataFrame(
            {"item": ["pill"], "location": ["shop"], "distribution": [Gamma(20.0, 12.0)]}
        ),
    )
    plan = ec.optimize(network)
    levers = ec.sensitivity(network, plan).levers.set_index("kind")["value"]

    def cost(periods: float, level: float = 0.95, std: float = 12.0) -> float:
        total = Gamma(20.0, std).sum_over(periods)
        assert total is not None
        return 2.0 * (float(total.ppf(level)) - 20.0 * periods)

    assert levers["lead_time"] == pytest.approx(cost(4) - cost(3))
    assert levers["service_level"] == pytest.approx(cost(4) - cost(4, 0.94))
    assert levers["demand_std"] == pytest.approx(cost(4) - cost(4, std=11.0))


def test_levers_are_those_that_can_be_lowered():
    """No time of 0, no spread that follows from a mean, none without customers."""
    stages = pd.DataFrame(
        {
            "item": ["pill", "tonic"],
            "location": "shop",
            "holding_cost": 1.0,
            "lead_time": [0.0, 0.4],
            "service_level": 0.95,
            "review_period": 1,
        }
    )
    demand = pd.DataFrame(
        {
            "item": ["pill", "tonic"],
            "location": "shop",
            "family": ["poisson", "normal"],
            "mean": [5.0, 9.0],
            "std": [5.0**0.5, 3.0],
        }
    )
    network = ec.Network.from_tables(stages, demand=demand)
    worth = ec.sensitivity(network, ec.optimize(network))
    kinds = worth.levers.groupby("item")["kind"].agg(set).to_dict()
    assert kinds == {
        "pill": {"service_level"},
        "tonic": {"service_level", "demand_std", "lead_time"},
    }
    time = worth.to_frame("lead_time").iloc[0]
    assert (time["now"], time["less"]) == (0.4, 0.4)


@pytest.mark.parametrize(
    ("make", "how"),
    [
        (diamond, {"by": "re-solving", "kinds": ["demand_std"]}),
        (diamond, {}),
        (correlated, {}),
    ],
)
def test_each_lever_touches_its_own_component_alone(make, how):
    """Two unconnected networks in one are worth what they are worth apart."""
    one = make()
    lanes = one.lanes.assign(from_location="elsewhere", to_location="elsewhere")
    second = diamond().stages.assign(
        location="elsewhere", holding_cost=[2.0, 3.0, 3.0, 7.0, 9.0], unit_cost=np.nan
    )
    demand = diamond().demand
    both = ec.Network.from_tables(
        pd.concat([one.stages, second], ignore_index=True),
        pd.concat([one.lanes, lanes], ignore_index=True),
        pd.concat([demand, demand.assign(location="elsewhere")], ignore_index=True),
        correlation=one.correlation,
    )
    alone = ec.sensitivity(one, ec.optimize(one), **how).levers.set_index(KEY)
    found = ec.sensitivity(both, ec.optimize(both), **how).levers.set_index(KEY)
    assert len(found) == 2 * len(alone)
    for column in ("value", "value_at_fixed_times", "pipeline_value"):
        here = found.loc[alone.index, column].to_numpy()
        assert here == pytest.approx(alone[column].to_numpy(), abs=1e-6)


def test_a_level_given_to_optimize_is_the_one_that_is_lowered():
    network = diamond()
    plan = ec.optimize(network, service_level=0.99)
    levels = ec.sensitivity(network, plan, kinds=["service_level"]).levers
    assert levels["now"].tolist() == pytest.approx([0.99, 0.99])
    anew = ec.sensitivity(network, plan, kinds=["service_level"], by="re-solving").levers
    lower = ec.optimize(network, service_level=0.98).objective
    assert anew["value"].sum() == pytest.approx(plan.objective - lower, rel=0.05)


def test_it_is_ranked_told_and_written(tmp_path):
    network = diamond()
    worth = ec.sensitivity(network, ec.optimize(network))
    assert worth.levers["value"].is_monotonic_decreasing
    assert worth.levers["value_per_year"].tolist() == pytest.approx(
        (worth.levers["value"] * worth.periods_per_year).tolist()
    )
    assert "most for 1.0% of service less, pump @ plant" in worth.summary()
    assert "left @ plant -> pump @ plant" in repr(worth)
    assert "<table" in worth._repr_html_()
    kept = pd.read_csv(worth.write(tmp_path / "worth") / "levers.csv")
    assert kept["value"].tolist() == worth.levers["value"].tolist()
    with pytest.raises(UnknownNameError):
        worth.to_frame("price")


def test_everything_wrong_is_told_at_once():
    network = diamond()
    plan = ec.optimize(network)
    with pytest.raises(DomainError, match="6 things to mend") as caught:
        ec.sensitivity(
            network, plan, by="hand", kinds=["price"], less=0.0, most=0, gap=-1, time_limit=0
        )
    for word in ("by is 'hand'", "kinds is", "less is 0.0", "most is 0", "gap is -1", "limit is 0"):
        assert word in str(caught.value)
    with pytest.raises(DomainError, match="progress is 3"):
        ec.sensitivity(network, plan, progress=3)  # type: ignore[arg-type]
    with pytest.raises(DomainError, match="another network"):
        ec.sensitivity(ec.read_example("bulldozer"), plan)
