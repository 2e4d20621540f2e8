"""Classical models on networks: what fits is solved, what does not is told, nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Poisson
from echelon.errors import DomainError, UnknownNameError
from echelon.exact import columns
from echelon.exact.systems import MODELS


def series(**changes: object) -> ec.Network:
    given = {
        "holding_cost": [2, 4, 7],
        "lead_time": [2, 1, 1],
        "backorder_cost": 37.12,
        "demand_mean": 5,
        "demand_std": 1,
    }
    return ec.serial(["plant", "depot", "shop"], **{**given, **changes})


def depot(**retailers: object) -> ec.Network:
    given = {"lead_time": [5.0, 2, 2], "holding_cost": [1.0, 1.5, 1.5], **retailers}
    stages = pd.DataFrame({"item": ["d", "a", "b"], "location": "x", **given})
    stages["backorder_cost"] = [0.0, 10.0, 10.0]
    lanes = pd.DataFrame(
        {"from_item": "d", "from_location": "x", "to_item": ["a", "b"], "to_location": "x"}
    )
    demand = pd.DataFrame(
        {"item": ["a", "b"], "location": "x", "family": "poisson", "mean": [0.5, 1.0]}
    )
    return ec.Network.from_tables(stages, lanes, demand)


ALONE = {"holding_cost": 1.0, "backorder_cost": 9.0, "demand_mean": 5, "demand_std": 1}


def seasonal(*, alone: bool = False) -> ec.Network:
    network = ec.serial(["shop"], lead_time=1, **ALONE) if alone else series()
    cycle = {"item": "shop", "location": "main", "period": [0, 1], "mean": [5.0, 9.0], "std": 1.0}
    return network.replace(demand=pd.DataFrame(cycle))


def only_failure(network: ec.Network, method: str) -> str:
    found = ec.evaluate(network, method=method, progress=False)
    assert found.components.empty
    assert found.stages.empty
    assert tuple(found.stages.columns) == columns.STAGES.names
    assert len(found.failures) == 1
    assert found.failures["message"].iloc[0] in " ".join(found.summary().split())
    return str(found.failures["message"].iloc[0])


def test_a_series_by_its_best_levels():
    """Example 6.1 of Snyder and Shen (2019): levels 6.49, 12.02 and 22.71."""
    found = ec.evaluate(series(), method="clark_scarf")
    assert found.stages["item"].tolist() == ["plant", "depot", "shop"]
    np.testing.assert_allclose(found.stages["echelon_base_stock"], [22.71, 12.02, 6.49], atol=0.006)
    np.testing.assert_allclose(
        found.stages["base_stock"][::-1].cumsum()[::-1], found.stages["echelon_base_stock"]
    )
    assert found.failures.empty
    assert found.cost == pytest.approx(47.66015, abs=1e-4)
    parts = found.components[["holding_cost", "pipeline_cost", "shortage_cost"]]
    assert parts.to_numpy().sum() == pytest.approx(found.cost)


def test_given_levels_cost_what_they_cost():
    best = ec.evaluate(series(), method="clark_scarf")
    again = ec.evaluate(
        series(base_stock=best.stages["base_stock"].tolist()),
        method="clark_scarf",
        base_stock="table",
    )
    pd.testing.assert_frame_equal(again.components, best.components, rtol=1e-6)
    more = best.stages["base_stock"].to_numpy() + np.array([2.0, 0.0, 1.0])
    worse = ec.evaluate(series(base_stock=more.tolist()), method="clark_scarf", base_stock="table")
    assert worse.cost > best.cost + 1.0
    assert "levels of the table" in worse.summary()
    assert "best levels" in best.summary()


def test_units_of_a_stage_are_its_own():
    """Two parts in each product, each worth half: the same costs, twice the units."""
    one = ec.evaluate(series(), method="clark_scarf")
    lanes = pd.DataFrame(
        {
            "from_item": ["plant", "depot"], "from_location": "main",
            "to_item": ["depot", "shop"], "to_location": "main", "units_required": [1.0, 2.0],
        }
    )  # fmt: skip
    stages = series().stages.assign(holding_cost=[1.0, 2.0, 7.0])
    two = ec.evaluate(series().replace(stages=stages, lanes=lanes), method="clark_scarf")
    assert two.cost == pytest.approx(one.cost)
    ratio = two.stages["base_stock"] / one.stages["base_stock"]
    np.testing.assert_allclose(ratio, [2.0, 2.0, 1.0])


def test_a_depot_by_three_models_of_the_same_levels():
    found = {name: ec.evaluate(depot(), method=name) for name in ("axsater", "graves", "metric")}
    levels = [one.stages["base_stock"].tolist() for one in found.values()]
    assert levels[0] == levels[1] == levels[2]
    exact, two_moments, one_moment = (
        one.components["shortage_cost"].iloc[0] for one in found.values()
    )
    assert one_moment < two_moments  # METRIC forgets that orders wait together
    assert abs(two_moments - exact) < abs(one_moment - exact)
    stages = depot().stages.assign(base_stock=levels[0])
    table = ec.evaluate(depot().replace(stages=stages), method="axsater", base_stock="table")
    assert table.cost == pytest.approx(found["axsater"].cost)


def test_an_assembly_where_both_parts_take_the_same_time_is_a_series():
    bike = ec.assembly(
        ["frame", "wheel"], "bike", units_required=[1, 2], lead_time=[2, 2, 1],
        holding_cost=[1, 0.5, 3], backorder_cost=30, demand_mean=8, demand_std=2,
    )  # fmt: skip
    line = ec.serial(
        ["parts", "bike"], lead_time=[2, 1], holding_cost=[2, 3], backorder_cost=30,
        demand_mean=8, demand_std=2,
    )  # fmt: skip
    together = ec.evaluate(bike, method="rosling")
    alone = ec.evaluate(line, method="clark_scarf")
    assert together.cost == pytest.approx(alone.cost, rel=1e-6)
    whole, parts = alone.stages["echelon_base_stock"][::-1]
    np.testing.assert_allclose(
        together.stages["echelon_base_stock"], [parts, 2 * parts, whole], rtol=1e-4
    )


def test_stages_by_themselves_are_newsvendors():
    stages = pd.DataFrame(
        {
            "item": ["a", "b", "c"], "location": "x", "lead_time": [4, 1, 2],
            "review_period": [1, 0, 3], "holding_cost": 0.18, "backorder_cost": 0.7,
        }
    )  # fmt: skip
    demand = pd.DataFrame(
        {
            "item": ["a", "b", "c"], "location": "x", "family": ["normal", "poisson", "gamma"],
            "mean": [50.0, 6.0, 10.0], "std": [8.0, np.nan, 4.0],
        }
    )  # fmt: skip
    found = ec.evaluate(ec.Network.from_tables(stages, None, demand), method="newsvendor")
    # Snyder and Shen (2019), example 4.4: 264.77 and 4.4668
    assert found.stages["base_stock"][0] == pytest.approx(264.7668943741548)
    assert found.components["cost"][0] == pytest.approx(4.466781004149578)
    alone = ec.exact.newsvendor(
        Poisson(6.0), holding_cost=0.18, shortage_cost=0.7, lead_time=1, review_period=0
    )
    assert found.stages["base_stock"][1] == alone.base_stock
    assert found.components["cost"][1] == pytest.approx(alone.cost)
    assert (found.stages["ready_rate"].iloc[[0, 2]] - 0.7 / 0.88).abs().max() < 0.02


def test_the_heuristic_costs_little_more():
    best, guess = (
        ec.evaluate(series(), method=name).cost for name in ("clark_scarf", "shang_song")
    )
    assert best < guess < 1.001 * best


def test_every_component_is_judged_or_told():
    both = pd.concat([series().stages, depot().stages.drop(columns="component", errors="ignore")])
    lanes = pd.concat([series().lanes, depot().lanes])
    demand = pd.concat([series().demand, depot().demand])
    network = ec.Network.from_tables(both, lanes, demand)
    found = ec.evaluate(network, method="clark_scarf", progress=False)
    assert len(found.components) == 1
    assert len(found.failures) == 1
    assert "2 customer stages" in found.failures["message"].iloc[0]
    assert found.cost == pytest.approx(47.66015, abs=1e-4)


def test_one_bad_component_does_not_spoil_its_batch():
    good, bad = series(), series(holding_cost=[2, 1, 7])
    renamed = bad.stages.assign(item=[f"{name} 2" for name in bad.stages["item"]])
    lanes = bad.lanes.assign(
        from_item=bad.lanes["from_item"] + " 2", to_item=bad.lanes["to_item"] + " 2"
    )
    demand = bad.demand.assign(item=bad.demand["item"] + " 2")
    network = ec.Network.from_tables(
        pd.concat([good.stages, renamed]), pd.concat([good.lanes, lanes]),
        pd.concat([good.demand, demand]),
    )  # fmt: skip
    found = ec.evaluate(network, method="clark_scarf", progress=False)
    assert len(found.components) == 1
    assert "must not become cheaper" in found.failures["message"].iloc[0]


@pytest.mark.parametrize(
    ("method", "network", "told"),
    [
        ("clark_scarf", depot(), "is no series"),
        ("axsater", series(), "one depot and its retailers"),
        ("rosling", depot(), "in an assembly into one"),
        ("clark_scarf", series(backorder_cost=0.0), "has no backorder_cost"),
        ("clark_scarf", series(review_period=2), "has review periods of 2"),
        ("clark_scarf", series(lead_time_std=[0.0, 0.0, 0.5]), "and no distribution"),
        ("metric", depot(review_period=1), "has review periods of 1"),
        ("clark_scarf", series(can_stock=[True, False, True]), "depot @ main may hold no stock"),
        ("newsvendor", ec.serial(["shop"], can_stock=False, **ALONE), "shop @ main may hold no"),
        ("clark_scarf", series(inbound_service_time=[0, 2, 0]), "depot @ main needs a part from"),
        ("clark_scarf", series(backorder_cost=[0.0, 5.0, 37.12]), "charges customers' waiting"),
        ("axsater", depot(allocation="priority"), "serves by priority"),
        ("axsater", depot(can_stock=[False, True, True]), "d @ x may hold no stock"),
        ("clark_scarf", seasonal(), "shop @ main changes from period to period"),
        ("newsvendor", seasonal(alone=True), "shop @ main changes from period to period"),
    ],
)
def test_what_does_not_fit_says_why(method: str, network: ec.Network, told: str):
    assert told in only_failure(network, method)


def test_a_depot_of_other_than_poisson_demand_is_told():
    network = depot()
    demand = network.demand.assign(family="normal", std=0.1)
    assert "the model's Poisson" in only_failure(network.replace(demand=demand), "axsater")


def test_unknown_words_are_answered_with_the_known():
    with pytest.raises(UnknownNameError, match="Did you mean 'clark_scarf'"):
        ec.evaluate(series(), method="clark-scarf")
    with pytest.raises(DomainError, match="'best' or 'table'"):
        ec.evaluate(series(), method="clark_scarf", base_stock="both")
    with pytest.raises(DomainError, match=r"stages.base_stock is missing at plant"):
        ec.evaluate(series(), method="clark_scarf", base_stock="table")
    with pytest.raises(DomainError, match="finds levels and takes none"):
        ec.evaluate(series(), method="rosling", base_stock="table")


def test_it_is_written_and_shown(tmp_path: Path):
    found = ec.evaluate(series(), method="clark_scarf")
    assert "47.66 money/week" in repr(found)
    assert "[units]" in found._repr_html_()
    folder = found.write(tmp_path / "found")
    written = pd.read_csv(folder / "evaluation.csv")
    assert tuple(written.columns) == columns.STAGES.names
    costs = pd.read_csv(folder / "evaluation_components.csv")
    assert tuple(costs.columns) == columns.COMPONENTS.names
    assert found.to_frame("component").equals(found.components)
    with pytest.raises(UnknownNameError):
        found.to_frame("item")


def test_what_an_outside_supplier_quotes_is_time_of_the_first_stage():
    quoted = ec.evaluate(series(inbound_service_time=1.0), method="clark_scarf")
    longer = ec.evaluate(series(lead_time=[3, 1, 1]), method="clark_scarf")
    pd.testing.assert_frame_equal(quoted.stages, longer.stages)


def test_one_bad_component_among_many_costs_few_more_calls(monkeypatch: pytest.MonkeyPatch):
    """A batch that fails is halved, so that the fault is found in a few steps."""
    model, calls = MODELS["newsvendor"], []

    def counted(components, levels):
        calls.append(len(components))
        return model.solve(components, levels)

    monkeypatch.setitem(MODELS, "newsvendor", replace(model, solve=counted))
    items = [f"item {number}" for number in range(64)]
    stages = pd.DataFrame({"item": items, "location": "x", "lead_time": 1, "holding_cost": 1.0})
    stages["backorder_cost"] = 9.0
    stages.loc[40, "holding_cost"] = 0.0
    demand = pd.DataFrame({"item": items, "location": "x", "mean": 5.0, "std": 1.0})
    network = ec.Network.from_tables(stages, None, demand)
    found = ec.evaluate(network, method="newsvendor", progress=False)
    assert found.failures["item"].tolist() == ["item 40"]
    assert len(found.components) == 63
    assert len(calls) == 1 + 2 * 6


def test_progress_is_told():
    seen = []
    ec.evaluate(series(), method="clark_scarf", progress=lambda *told: seen.append(told))
    assert seen[-1][:2] == (1, 1)


def test_every_model_has_a_title():
    assert all(model.title for model in MODELS.values())
