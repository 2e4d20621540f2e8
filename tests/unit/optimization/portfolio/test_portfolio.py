"""Portfolios of networks: limits kept by independent measures, chains, frontier, faults."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError, InfeasibleError, UnknownNameError
from echelon.exact.single_stage.base_stock import single_stage
from echelon.optimization.portfolio.columns import FRONTIER, LIMITS, SKUS, STAGES


def singles(n: int = 60, seed: int = 0, family: str = "gamma") -> ec.Network:
    rng = np.random.default_rng(seed)
    items = [f"P{k:03d}" for k in range(n)]
    mean = rng.lognormal(2.0, 1.2, n)
    stages = pd.DataFrame(
        {
            "item": items,
            "location": rng.choice(["hub", "plant"], n),
            "unit_cost": rng.lognormal(3.0, 1.0, n),
            "lead_time": rng.integers(1, 6, n),
            "review_period": rng.choice([0, 1, 2], n),
        }
    )
    demand = stages[["item", "location"]].assign(
        market=rng.choice(["EU", "US"], n),
        family=family,
        mean=mean,
        std=np.sqrt(mean) if family == "poisson" else mean * rng.uniform(0.3, 1.2, n),
    )
    return ec.Network.from_tables(
        stages, demand=demand, period="week", holding_rate=0.2, segments=["market"]
    )


def chains() -> ec.Network:
    stages, lanes, demand = [], [], []
    for k, mean in enumerate((20.0, 60.0, 35.0)):
        times = {"plant": 3 + k, "dc": 2, "shop": 1}
        for place, worth in (("plant", 10.0), ("dc", 14.0), ("shop", 18.0)):
            stages.append((f"C{k}", place, worth * (k + 1), times[place]))
        lanes += [(f"C{k}", "plant", f"C{k}", "dc"), (f"C{k}", "dc", f"C{k}", "shop")]
        demand.append((f"C{k}", "shop", mean, 0.4 * mean))
    for k in range(10):
        stages.append((f"S{k}", "shop", 5.0 + 3.0 * k, 1 + k % 4))
        demand.append((f"S{k}", "shop", 10.0 + k, 6.0))
    return ec.Network.from_tables(
        pd.DataFrame(stages, columns=["item", "location", "unit_cost", "lead_time"]),
        pd.DataFrame(lanes, columns=["from_item", "from_location", "to_item", "to_location"]),
        pd.DataFrame(demand, columns=["item", "location", "mean", "std"]),
        period="week",
        holding_rate=0.25,
    )


def service_of(network: ec.Network, portfolio: ec.Portfolio) -> pd.DataFrame:
    """Measures of the chosen levels, by the exact formulas of one stage and not by the tables."""
    stages = network.stages.merge(portfolio.stages, on=["item", "location"], suffixes=("_in", ""))
    laws = dict(zip(network.demand["item"], network.distributions, strict=True))
    alone = single_stage(
        [laws[item] for item in stages["item"]], stages["lead_time"], stages["review_period"]
    )
    found = alone.measures(stages["base_stock"].to_numpy())
    mean = np.array([laws[item].mean for item in stages["item"]])
    return stages[["item", "location"]].assign(
        mean=mean, fill_rate=found.fill_rate, value=found.on_hand * stages["unit_cost"]
    )


@pytest.mark.parametrize("family", ["gamma", "poisson"])
def test_aggregate_service_is_kept_at_less_stock_than_equal_service(family: str):
    network = singles(family=family)
    portfolio = ec.optimize(network, model="portfolio", limits=ec.AggregateService(0.95))
    served = service_of(network, portfolio)
    assert served["value"].sum() == pytest.approx(portfolio.stock_value, rel=1e-9)
    reached = (served["fill_rate"] * served["mean"]).sum() / served["mean"].sum()
    assert reached == pytest.approx(portfolio.fill_rate, rel=1e-9)
    assert 0.95 - 1e-9 <= reached < 0.952
    assert portfolio.gap < 1e-4
    stages = network.stages
    laws = list(network.distributions)
    alone = single_stage(laws, stages["lead_time"], stages["review_period"])
    equal = alone.measures(alone.base_stock_for("fill_rate", np.full(len(laws), 0.95)))
    assert portfolio.stock_value < 0.95 * (equal.on_hand * stages["unit_cost"]).sum()


def test_each_limit_is_kept():
    network = singles()
    limits = [
        ec.AggregateService({"EU": 0.95, "US": 0.9}, by="market"),
        ec.AggregateService(0.9, measure="cycle_service_level", weight="money", name="cycles"),
        ec.SharedStorage({"hub": 4_000.0}),
        ec.SharedCapacity({"plant": 30.0}, setup=1.0, per_unit=0.01),
    ]
    portfolio = ec.optimize(
        network, model="portfolio", limits=limits, review_periods=[1, 2, 4], gap=1e-3
    )
    kept = portfolio.limits.set_index(["limit", "group"])
    assert (kept["room"] >= -1e-9 * kept["asked"].abs()).all()
    skus = portfolio.skus.merge(network.demand[["item", "market"]], on="item")
    for market, target in (("EU", 0.95), ("US", 0.9)):
        here = skus[skus["market"] == market]
        assert 1.0 - here["shortage"].sum() / here["demand"].sum() >= target - 1e-9
    hub = portfolio.stages[portfolio.stages["location"] == "hub"]
    assert hub["base_stock"].sum() <= 4_000.0 * (1.0 + 1e-9)
    plant = portfolio.stages[portfolio.stages["location"] == "plant"]
    means = network.demand.set_index("item")["mean"]
    hours = (1.0 / plant["review_period"]).sum() + 0.01 * means[plant["item"]].sum()
    assert hours == pytest.approx(kept.loc[("capacity", "plant"), "reached"])
    assert hours <= 30.0 + 1e-9


def test_the_price_of_service_is_what_the_next_point_costs():
    network = singles(200)
    now, more = (
        ec.optimize(network, model="portfolio", limits=ec.AggregateService(target))
        for target in (0.95, 0.952)
    )
    (price,) = now.limits["price"]
    (after,) = more.limits["price"]
    rise = (more.bound - now.bound) / 0.002
    assert price <= rise * (1.0 + 1e-9)
    assert rise <= after * (1.0 + 1e-9)
    assert "the next point of service costs" in now.limits["sentence"].item()


def test_least_shortage_within_a_budget():
    network = singles()
    budget = ec.StockBudget(3_000.0)
    portfolio = ec.optimize(network, model="portfolio", limits=budget, minimise="shortage")
    assert portfolio.stock_value <= 3_000.0
    assert portfolio.skus["shortage"].sum() == pytest.approx(portfolio.cost)
    assert portfolio.gap < 1e-3


def test_chains_take_part_and_their_bound_closes():
    network = chains()
    portfolio = ec.optimize(network, model="portfolio", limits=ec.AggregateService(0.96))
    assert portfolio.skus["stages"].tolist() == [3] * 3 + [1] * 10
    assert portfolio.gap < 0.01  # one step of one of thirteen SKUs
    assert portfolio.fill_rate >= 0.96
    told = portfolio.skus.set_index("item")["fill_rate"]
    # with the service times that are promised, each shop covers its own exposure
    run = ec.simulate(portfolio.apply(network), periods=500, replications=8, seed=2)
    alone = run.stages[run.stages["item"].str.startswith("S")].set_index("item")
    error = (alone["fill_rate"] - told[alone.index]) / alone["fill_rate_se"]
    assert (error.abs() < 4.5).all()


def test_simulated_fill_rates_are_those_told_and_a_planted_error_shows():
    network = singles(15, seed=4)
    portfolio = ec.optimize(network, model="portfolio", limits=ec.AggregateService(0.9))
    run = ec.simulate(portfolio.apply(network), periods=300, replications=12, seed=3)
    both = portfolio.skus.merge(run.stages, on=["item", "location"], suffixes=("", "_run"))
    both = both[both["fill_rate_se"] > 0.0]
    error = (both["fill_rate_run"] - both["fill_rate"]) / both["fill_rate_se"]
    assert (error.abs() < 4.0).all()
    off = (both["fill_rate_run"] - 0.97 * both["fill_rate"]) / both["fill_rate_se"]
    assert (off.abs() > 4.0).any()


def test_the_frontier_passes_through_the_chosen_point():
    portfolio = ec.optimize(singles(), model="portfolio", limits=ec.AggregateService(0.95))
    points = portfolio.frontier(amounts=[0.8, 0.9, 0.97, 0.99])
    assert points["asked"].tolist() == pytest.approx([0.8, 0.9, 0.95, 0.97, 0.99])
    assert (points["cost"].diff().dropna() > 0.0).all()
    assert (points["reached"] >= points["asked"] - 1e-9).all()
    assert (points["gap"] < 1e-3).all()


def test_a_sku_that_cannot_take_part_is_a_failure():
    network = singles(6)
    stages = network.stages.assign(lead_time_std=0.0)
    stages.loc[0, "lead_time_std"] = 1.0
    odd = network.replace(stages=stages)
    portfolio = ec.optimize(odd, model="portfolio", limits=ec.AggregateService(0.9))
    assert len(portfolio.skus) == 5
    assert portfolio.failures["item"].tolist() == [stages["item"][0]]
    assert "lead_time_family" in portfolio.failures["message"].item()


def test_limits_that_cannot_be_kept_say_by_how_much():
    network = singles()
    asked = ec.AggregateService(0.95)
    least = ec.optimize(network, model="portfolio", limits=asked).bound
    with pytest.raises(InfeasibleError, match=r"stock budget by [\d,.]+ \(it asks") as caught:
        ec.optimize(network, model="portfolio", limits=[ec.StockBudget(0.8 * least), asked])
    (missed,) = re.findall(r"stock budget by ([\d,.]+) ", str(caught.value))
    assert float(missed.replace(",", "")) == pytest.approx(0.2 * least, rel=1e-3)
    relaxed = [ec.StockBudget(1.01 * least), asked]
    assert ec.optimize(network, model="portfolio", limits=relaxed).fill_rate >= 0.95


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda _: ec.AggregateService(97.5), DomainError, r"97.5 % is 0.975: use 0.975"),
        (lambda _: ec.StockBudget(-1.0), DomainError, "must be a number >= 0"),
        (lambda _: ec.SharedStorage({}), DomainError, "mapping of labels"),
        (lambda _: ec.SharedCapacity({"hub": 1.0}), DomainError, "neither setup nor per_unit"),
        (
            lambda n: ec.optimize(n, model="portfolio", limits=ec.StockBudget(1e6)),
            DomainError,
            "nothing asks for service",
        ),
        (
            lambda n: ec.optimize(
                n, model="portfolio", limits=ec.AggregateService(0.9), minimise="stock"
            ),
            UnknownNameError,
            "Did you mean 'stock_value'",
        ),
        (
            lambda n: ec.optimize(
                n,
                model="portfolio",
                limits=[ec.AggregateService(0.9, by="maket"), ec.SharedStorage({"nowhere": 1.0})],
            ),
            DomainError,
            r"by is 'maket'.*no SKU lies at location 'nowhere'",
        ),
        (
            lambda n: ec.optimize(n, model="portfolio", limits=ec.budget(1.0)),
            DomainError,
            "nothing asks for service",
        ),
    ],
    ids=["percent", "negative", "empty", "no-time", "no-service", "name", "places", "other-kind"],
)
def test_bad_arguments_say_what_to_do(make, error: type[Exception], told: str):
    with pytest.raises(error, match=told):
        make(singles(4))


def test_it_is_written_and_told(tmp_path):
    portfolio = ec.optimize(singles(), model="portfolio", limits=ec.AggregateService(0.95))
    portfolio.write(tmp_path)
    stems = {path.stem for path in tmp_path.glob("*.csv")}
    assert stems >= {"portfolio", "portfolio_stages", "limits", "failures"}
    assert "60 SKUs, stock worth" in portfolio.summary()
    assert "P0" in repr(portfolio)
    assert "<table" in portfolio._repr_html_()
    assert tuple(portfolio.skus.columns) == SKUS.names
    assert tuple(portfolio.stages.columns) == STAGES.names
    assert tuple(portfolio.limits.columns) == LIMITS.names
    assert tuple(portfolio.frontier(amounts=[0.9]).columns) == FRONTIER.names


def test_equal_service_holds_more_at_the_same_fill_rate():
    portfolio = ec.optimize(singles(), model="portfolio", limits=ec.AggregateService(0.95))
    equal = portfolio.equal_service()
    assert (equal["fill_rate"] >= equal["target"] - 1e-9).all()
    assert (equal["stock_value"].diff().dropna() >= 0.0).all()
    beyond = equal[equal["fill_rate"] >= portfolio.fill_rate]
    assert beyond["stock_value"].iloc[0] > portfolio.stock_value
    with pytest.raises(DomainError, match=r"97\.5 % is 0\.975"):
        portfolio.equal_service([97.5])


def test_the_frontier_is_drawn_with_the_chosen_point_and_equal_service():
    pytest.importorskip("matplotlib")
    portfolio = ec.optimize(singles(), model="portfolio", limits=ec.AggregateService(0.95))
    ax = portfolio.plot.frontier(n_points=6)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["least, proven", "chosen", "equal service"]
    assert "stock value" in ax.get_ylabel()
    (chosen,) = [line for line in ax.lines if line.get_label() == "chosen"]
    assert chosen.get_ydata()[0] == pytest.approx(portfolio.cost)


def test_promises_of_single_stages_are_not_held_without_a_word():
    stages = pd.DataFrame(
        {
            "item": ["pump", "seal"],
            "location": "hub",
            "unit_cost": [900.0, 5.0],
            "lead_time": 4,
            "review_period": 1,
            "service_level": [0.99, None],
        }
    )
    demand = pd.DataFrame(
        {"item": ["pump", "seal"], "location": "hub", "mean": [10.0, 60.0], "std": [3.0, 9.0]}
    )
    network = ec.Network.from_tables(stages, demand=demand, holding_rate=0.2)
    with pytest.warns(ec.DataWarning, match="1 stage of the network with a service_level"):
        ec.optimize(network, model="portfolio", limits=ec.AggregateService(0.95))
