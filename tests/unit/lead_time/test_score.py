"""Scores by hand, and no look at what is held out."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError

DAY = pd.Timedelta(days=1)


def steady(days: list[int], n: int = 400) -> pd.DataFrame:
    ordered = pd.Timestamp("2020-01-01") + 2 * DAY * np.arange(n)
    took = np.resize(days, n)
    return pd.DataFrame(
        {
            "line": range(n),
            "vendor": "A",
            "mode": "air",
            "ordered": ordered,
            "delivered": ordered + DAY * took,
        }
    )


def test_coverage_and_pinball_by_hand() -> None:
    log = steady([10, 20, 30, 40])
    (row,) = ec.score_lead_time(
        log,
        [{"families": (), "open_orders": False}],
        origins=["2021-06-30"],
        horizon_days=200,
        probability=0.6,
    ).itertuples()
    later = log[(log["delivered"] > "2021-06-30") & (log["delivered"] <= "2022-01-16")]
    took = (later["delivered"] - later["ordered"]).dt.days.to_numpy()
    over = took - 30.0  # quantile of 60 % of four equally likely values, near enough
    assert row.lines == row.shipments == len(later)
    assert row.coverage == (took <= 30).mean()
    assert row.pinball == pytest.approx(np.maximum(0.6 * over, -0.4 * over).mean())
    assert row.unseen == 0


def test_nothing_after_until_changes_a_score() -> None:
    log = steady([10, 20, 30, 40, 50])
    arguments: dict[str, Any] = {
        "origins": ["2020-12-31"],
        "horizon_days": 180,
        "until": "2021-06-30",
    }
    options: list[dict[str, Any]] = [{}, {"drift": 0.3}, {"normal": True}]
    before = ec.score_lead_time(log, options, **arguments)
    late = log["delivered"] > "2021-06-30"
    changed = log.assign(delivered=log["delivered"].where(~late, log["delivered"] + 500 * DAY))
    after = ec.score_lead_time(changed, options, **arguments)
    pd.testing.assert_frame_equal(before, after)


def test_models_at_an_origin_do_not_see_what_they_are_scored_on() -> None:
    """Lead times double after the origin: the quantile stays that of the years before."""
    log = steady([10, 12, 14, 16])
    late = log["ordered"] > "2021-03-31"
    log["delivered"] = log["delivered"].where(~late, log["delivered"] + 30 * DAY)
    scores = ec.score_lead_time(
        log, [{"families": ()}], origins=["2021-03-31"], horizon_days=300, scored="ordered"
    )
    assert scores["coverage"].tolist() == [0.0]


def test_normal_fit_is_that_of_the_key_or_its_pool() -> None:
    log = steady([10, 20, 30])
    log.loc[log.index[-1], "vendor"] = "New"
    (row,) = ec.score_lead_time(
        log, [{"normal": True}], origins=["2021-06-30"], horizon_days=900, probability=0.75
    ).itertuples()
    known = log[log["delivered"] <= "2021-06-30"]
    took = (known["delivered"] - known["ordered"]).dt.days
    level = took.mean() + 0.6744897501960817 * took.std()
    later = log[log["delivered"] > "2021-06-30"]
    assert row.coverage == ((later["delivered"] - later["ordered"]).dt.days <= level).mean()
    assert row.unseen == 1


def test_lines_of_a_shipment_count_each_and_once() -> None:
    log = steady([10, 20, 30, 40]).drop(columns="line")
    log["shipment"] = [f"s{n}" for n in range(len(log))]
    twice = pd.concat([log, log[(log["delivered"] - log["ordered"]).dt.days == 10]])
    (row,) = ec.score_lead_time(
        twice, [{"families": ()}], origins=["2021-06-30"], horizon_days=300, probability=0.5
    ).itertuples()
    assert row.lines > row.shipments
    assert row.coverage > row.coverage_shipments == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"options": []}, "options is empty"),
        ({"options": [{"drft": 0.1}]}, "option 'drft' is not known"),
        ({"origins": []}, "origins is empty"),
        ({"origins": ["soon"]}, "origin is 'soon', no date"),
        ({"options": {"drift": 0.1}}, "options is {'drift': 0.1}. Fix: give a list of them"),
        ({"origins": "2021-06-30"}, "origins is the text '2021-06-30'"),
        ({"origins": [None]}, "origin is None, no date"),
        ({"horizon_days": 30.5}, "horizon_days is 30.5"),
        ({"horizon_days": -3}, "horizon_days is -3"),
        (
            {"options": [{"normal": True}], "origins": ["2020-01-05"]},
            "no two shipments of different days were delivered until 2020-01-05",
        ),
        ({"probability": 1.0}, "probability is 1.0"),
        ({"probability": "90 %"}, "probability is '90 %'"),
        ({"scored": "shipped"}, "scored is 'shipped'"),
        ({"origins": ["2030-01-01"]}, "no shipment is delivered in the 100 days after 2030-01-01"),
        ({"until": "2021-08-01"}, "the 100 days after 2021-06-30 end after 2021-08-01"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {
        "options": [{}],
        "origins": ["2021-06-30"],
        "horizon_days": 100,
        **arguments,
    }
    with pytest.raises(DomainError, match=re.escape(message)):
        ec.score_lead_time(steady([10, 20]), **given)
