"""The SCMS delivery history: its counts as published beside it, and the hold-out of two years."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pandas as pd
import pytest

import echelon as ec
from benchmarks.quality import scms
from echelon.lead_time import parse_dates


@pytest.fixture(scope="module")
def log(shared_data: Path) -> pd.DataFrame:
    return ec.read_scms(shared_data / "scms" / "SCMS_Delivery_History_Dataset.csv")


def test_the_counts_are_those_of_the_data_s_description(log: pd.DataFrame) -> None:
    """10,324 lines; 4,592 with a usable date; 357 of those <= 0 days, 5 of them < 0."""
    models = ec.fit_lead_time(log, **scms.READING, families=())
    rows = models.rows.set_index("account")["rows"].to_dict()
    assert rows == {
        "used": 3390,
        "same shipment as an earlier row": 845,
        "ordered is blank": 10_324 - 4_592,
        "delivered less than 1 days after ordered": 352,
        "delivered before ordered": 5,
    }
    assert sum(rows.values()) == 10_324
    assert len(models.set_aside) == 10_324 - 3_390


def test_lead_times_and_punctuality_are_those_of_the_data_s_description(log: pd.DataFrame) -> None:
    """Median 92 days, quartiles 50 and 143 with all 4,592; 11.5 % late, 27 % early of all lines."""
    dates = {
        name: parse_dates(log[name], formats=scms.SCMS_FORMATS, missing=scms.SCMS_MISSING)[0]
        for name in ("ordered", "promised", "delivered")
    }
    took = pd.Series(dates["delivered"] - dates["ordered"]).dropna().dt.days
    assert len(took) == 4_592
    assert took.quantile([0.25, 0.5, 0.75]).tolist() == [50.0, 92.0, 143.0]
    late = (dates["delivered"] - dates["promised"]).astype(float)
    assert (late > 0).mean() == pytest.approx(0.115, abs=5e-4)
    assert (late < 0).mean() == pytest.approx(0.27, abs=5e-3)


CHOSEN = {"pools": [["vendor"]], "half_life_days": inf, "drift": 0.6, "families": ()}


@pytest.mark.slow
def test_the_choice_is_that_of_the_years_before(log: pd.DataFrame) -> None:
    chosen, table = scms.choose(log, scms.GRID)
    assert chosen == CHOSEN
    assert table["coverage"][scms.GRID.index(CHOSEN)] == pytest.approx(0.897, abs=5e-4)


def test_the_last_two_years_are_covered_within_three_points(log: pd.DataFrame) -> None:
    """Of lines and of shipments, where the normal fit of the same keys is not within five."""
    scores = scms.hold_out(log, [CHOSEN, {"pools": [["vendor"]], "normal": True}], "delivered")
    model, normal = scores.to_dict("records")
    assert model["lines"] == 1_432
    assert abs(model["coverage"] - 0.9) <= 0.03
    assert abs(model["coverage_shipments"] - 0.9) <= 0.03
    assert abs(normal["coverage"] - 0.9) > 0.05
    assert model["pinball"] < normal["pinball"]
