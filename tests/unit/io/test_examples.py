"""The published supply chains that come with the package."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest

import echelon as ec
from echelon.errors import UnknownNameError
from echelon.io.examples import EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_has_its_citation_beside_its_tables(name: str):
    folder = files("echelon") / "data" / name
    citation = (folder / "CITATION").read_text(encoding="utf-8")
    year = EXAMPLES[name].source.partition("(")[2][:4]
    assert f"({year})" in citation
    assert f"{EXAMPLES[name].annual_cost:,.0f}" in citation


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_published_cost_is_found_again(name: str):
    example = EXAMPLES[name]
    plan = ec.optimize(ec.read_example(name))
    assert abs(plan.annual_cost - example.annual_cost) <= example.rounding
    assert plan.bound == pytest.approx(plan.objective, rel=1e-9)


def test_bulldozer_is_the_published_one(shared_oracles: Path):
    """Row by row as recorded from Graves & Willems (2003); only the spelling of names differs."""
    record = json.loads((shared_oracles / "graves_willems.json").read_text())[0]
    network = ec.read_example("bulldozer")

    def spelled(name: str) -> str:
        return name.replace("_", " ").replace("&", " & ")

    stages = network.stages.set_index("item")
    assert set(stages.index) == {spelled(row["stage"]) for row in record["stages"]}
    for row in record["stages"]:
        stage = stages.loc[spelled(row["stage"])]
        assert (stage["lead_time"], stage["added_cost"]) == (row["lead_time"], row["added_cost"])
    lanes = network.lanes[["from_item", "to_item", "units_required"]]
    assert set(lanes.itertuples(index=False, name=None)) == {
        (spelled(arc["source"]), spelled(arc["dest"]), arc["units"]) for arc in record["arcs"]
    }
    (customer,) = (row for row in record["stages"] if row["demand_mean"] is not None)
    assert network.demand[["mean", "std"]].to_numpy().tolist() == [
        [customer["demand_mean"], customer["demand_std"]]
    ]
    final = stages.loc[spelled(customer["stage"])]
    assert (final["safety_factor"], final["max_service_time"]) == (
        customer["z"],
        customer["max_service_time"],
    )
    assert network.holding_rate == record["holding_rate_per_year"]


def test_unknown_example_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="Did you mean 'bulldozer'"):
        ec.read_example("buldozer")
