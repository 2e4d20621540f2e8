"""Serial systems of the literature: published levels and costs, and converged recomputations."""

from __future__ import annotations

import json

import pytest

from echelon import distributions as ed
from echelon.exact.multi_echelon.levels import serial_measures
from echelon.exact.multi_echelon.serial import clark_scarf
from echelon.exact.multi_echelon.shang_song import shang_song

EXAMPLES = ["example_6_1", "problem_6_2a", "problem_6_16", "unit_N2", "unit_N6"]
WHOLE = ["shang_song_1", "shang_song_17"]


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))["cases"]


def textbook(shared_oracles, name):
    known = read(shared_oracles / "textbook" / "ssm_serial.json")
    case = {case["id"]: case for case in known}[f"ssm_{name}"]
    given = case["inputs"]
    law = given["demand"]
    demand = (
        ed.Poisson(law["mean"]) if law["type"] == "poisson" else ed.Normal(law["mean"], law["sd"])
    )
    arguments = {
        "echelon_holding_cost": given["echelon_holding_cost"],
        "shortage_cost": given["stockout_cost"],
        "lead_time": given["lead_time"],
    }
    return case, demand, arguments


def test_all_cases_are_run(shared_oracles):
    known = {case["id"] for case in read(shared_oracles / "textbook" / "ssm_serial.json")}
    assert known == {f"ssm_{name}" for name in EXAMPLES + WHOLE}


@pytest.mark.parametrize("name", EXAMPLES)
def test_normal_demand(shared_oracles, name):
    """Far within the tolerance of the file, 0.1 %: its values are right to 2e-7."""
    case, demand, arguments = textbook(shared_oracles, name)
    expected = case["expected"]
    best = clark_scarf(demand, **arguments)
    assert best.cost == pytest.approx(expected["cost"], rel=5e-7)
    assert best.echelon_base_stock == pytest.approx(expected["echelon_base_stock"], abs=1e-4)
    told = serial_measures(demand, echelon_base_stock=best.echelon_base_stock, **arguments)
    assert told.cost == pytest.approx(expected["cost"], rel=5e-7)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_heuristic(shared_oracles, name):
    """Its levels as another package has them, its cost as recomputed by the fine grid."""
    case, demand, arguments = textbook(shared_oracles, name)
    levels = shang_song(demand, **arguments).echelon_base_stock
    other = case["stockpyl_result"]["shang_song_heuristic_echelon_base_stock"]
    assert levels == pytest.approx(other, abs=3e-6)
    told = serial_measures(demand, echelon_base_stock=levels, **arguments)
    assert told.cost == pytest.approx(case["heuristic_cost_independent"], rel=5e-7)


@pytest.mark.parametrize("name", WHOLE)
def test_poisson_demand(shared_oracles, name):
    """Whole levels as printed, exactly; costs as printed, to three decimals."""
    case, demand, arguments = textbook(shared_oracles, name)
    best = clark_scarf(demand, **arguments)
    assert best.echelon_base_stock.tolist() == case["expected"]["echelon_base_stock"]
    assert best.echelon_base_stock.tolist() == case["published"]["echelon_base_stock"]
    assert round(best.cost, 3) == case["published"]["cost"]
    assert best.cost == pytest.approx(case["expected"]["cost"], rel=1e-12)
    levels = shang_song(demand, **arguments).echelon_base_stock.tolist()
    assert levels == case["stockpyl_result"]["shang_song_heuristic_echelon_base_stock"]


def test_table_1_of_shang_and_song(shared_oracles):
    for case in read(shared_oracles / "shang_song_2003.json"):
        added = [float(one) for one in case["echelon_h_stage1_to_4"].split("|")]
        best = clark_scarf(
            ed.Poisson(float(case["poisson_rate"])),
            echelon_holding_cost=added,
            shortage_cost=float(case["backorder_cost"]),
            lead_time=float(case["lead_time_each"]),
        )
        printed = [float(one) for one in case["opt_echelon_base_stock_1_to_4"].split("|")]
        assert best.echelon_base_stock.tolist() == printed
        assert f"{best.cost:.3f}" == case["published_opt_cost"]
