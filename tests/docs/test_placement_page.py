"""The page on placement: every value of its table of published cases, computed anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import echelon as ec
from echelon.plots import PLOTS
from tests.networks import graves_willems, load, textbook
from tests.oracle.test_guaranteed_service import CAMERA

PAGE = Path(__file__).resolve().parents[2] / "docs" / "method" / "placement.md"

GRAVES_WILLEMS_2003 = "Graves & Willems (2003)"
GRAVES_WILLEMS_2000 = "Graves & Willems (2000)"
HUMAIR_WILLEMS = "Humair & Willems (2011)"
HUMAIR = "Humair and others (2013)"
SCHOENMEYR_GRAVES = "Schoenmeyr & Graves (2016), Table 4"
SNYDER_SHEN = "Snyder & Shen (2019)"

DESIGNS = {
    "unconstrained": "no limits",
    "service time of Imager at most 0": "imager at once",
    "service times of Imager and Transfer at most 0": "imager and transfer at once",
    "service times of Imager, Transfer and Build_Test_Pack at most 0": (
        "imager, transfer and assembly at once"
    ),
}
TEXTBOOK = {
    "gsm_example_6_3": "Example 6.3, three stages in series",
    "gsm_problem_6_8": "Problem 6.8, ten stages in series",
    "gsm_figure_6_14": "Example 6.6, a tree of ten stages",
}

Row = tuple[str, float, float, str]


def graves_and_willems(oracles: Path) -> Iterator[Row]:
    bulldozer, camera = load(oracles / "graves_willems.json")
    plan = ec.optimize(ec.read_example("bulldozer"))
    published = bulldozer["cases"][0]["published_annual_cost"]
    yield "bulldozer, USD a year", published, plan.annual_cost, GRAVES_WILLEMS_2003
    for scenario, words in DESIGNS.items():
        (case,) = [case for case in camera["cases"] if case["scenario"] == scenario]
        cost = ec.optimize(graves_willems(camera, CAMERA[scenario])).annual_cost
        name = f"digital camera, {words}, USD a year"
        yield name, case["published_annual_cost"], cost, GRAVES_WILLEMS_2000


def chains(oracles: Path, data: Path) -> Iterator[Row]:
    for case in load(oracles / "humair_willems_2011.json")["cases"]:
        cost = ec.optimize(ec.read_willems(data / "willems", case["chain"])).annual_cost
        name = f"chain {case['chain']}, cost a year"
        yield name, case["published_annual_cost"], cost, HUMAIR_WILLEMS
    for case in load(oracles / "humair_2013.json")["cases"]:
        if case["stage_times"] == "mean":
            network = ec.read_willems(data / "willems", case["chain"])
            stages = network.stages
            network = network.replace(stages=stages.assign(lead_time=stages["lead_time"].round()))
            times = "mean stage times"
        elif case["stage_times"] == "stochastic":
            network = ec.read_willems(data / "willems", case["chain"], stage_times="random")
            times = "random stage times"
        else:
            continue
        stock = float(ec.optimize(network).stages["safety_stock"].sum())
        name = f"chain {case['chain']}, {times}, units of safety stock"
        yield name, case["safety_stock_units"], stock, HUMAIR


def schoenmeyr_and_graves(oracles: Path) -> Iterator[Row]:
    data = load(oracles / "schoenmeyr_graves_2016.json")
    demand = data["demand"]
    for case in data["cases"]:
        network = ec.serial(
            [f"stage {k}" for k in (5, 4, 3, 2, 1)],
            lead_time=data["lead_time_profiles"][case["lead_time_profile"]],
            added_cost=data["added_cost_profiles"][case["added_cost_profile"]],
            holding_rate=1.0,
            periods_per_year=1.0,
            demand_mean=demand["mean"],
            demand_std=demand["std"],
            safety_factor=demand["z"],
        )
        added, times = (
            case[name].replace("_", " ") for name in ("added_cost_profile", "lead_time_profile")
        )
        name = f"series, cost {added}, times {times}"
        yield name, case["published_cost"], ec.optimize(network).objective, SCHOENMEYR_GRAVES


def snyder_and_shen(oracles: Path) -> Iterator[Row]:
    for case in load(oracles / "textbook" / "gsm_published.json")["cases"]:
        cost = ec.optimize(textbook(case["inputs"])).objective
        told = case["expected"]
        published = told["optimal_cost"] if "optimal_cost" in told else told["cost"]
        yield TEXTBOOK[case["id"]], published, cost, SNYDER_SHEN


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:,.2f}".removesuffix(".00")


def line(row: Row) -> str:
    name, published, ours, source = row
    off = (ours - published) / published
    difference = "0" if abs(off) < 5e-7 else f"{100 * off:+.2f} %"
    return f"| {name} | {number(published)} | {number(ours)} | {difference} | {source} |"


@pytest.mark.filterwarnings("ignore::echelon.errors.DataWarning")
def test_every_published_value_is_computed_anew(shared_oracles, shared_data):
    rows = [
        *graves_and_willems(shared_oracles),
        *chains(shared_oracles, shared_data),
        *schoenmeyr_and_graves(shared_oracles),
        *snyder_and_shen(shared_oracles),
    ]
    page = PAGE.read_text(encoding="utf-8")
    wanted = [line(row) for row in rows]
    missing = [text for text in wanted if text not in page]
    assert not missing, "\n".join(["the table should say:", *wanted])
    begin = page.index("| case | published | ours |")
    table = page[begin : page.index("\n\n", begin)].splitlines()
    assert len(table) == 2 + len(rows)  # none that is not computed


def test_the_page_names_every_method_and_every_picture():
    from echelon.optimization.methods import METHODS

    page = PAGE.read_text(encoding="utf-8")
    for method in METHODS:
        assert f'`"{method}"`' in page, method
    assert set(PLOTS["Plan"]) == set(re.findall(r"`plan\.plot\.(\w+)\(", page))
