"""Orders open for longer than any was under way: told, with what they do to the mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import echelon as ec

DAY = pd.Timedelta(days=1)
AS_OF = pd.Timestamp("2024-06-30")


def log_of(days: Any, open_for: Any, vendor: str = "A") -> pd.DataFrame:
    """Deliveries of so many days in early 2024, and orders open for so many on 30 June."""
    ordered = pd.Timestamp("2024-01-01") + DAY * (np.arange(len(days)) % 50)
    delivered = pd.DataFrame({"ordered": ordered, "delivered": ordered + DAY * np.asarray(days)})
    waiting = pd.DataFrame({"ordered": AS_OF - DAY * np.asarray(open_for), "delivered": pd.NaT})
    log = pd.concat([delivered, waiting], ignore_index=True).assign(vendor=vendor)
    return log.assign(line=[f"{vendor}{n}" for n in range(len(log))])


def test_one_forgotten_order_is_told_with_what_it_does_to_the_mean() -> None:
    """Sixty took 8 to 12 days. By hand: (60 * 10 + 500) / 61 with the order, 10 without."""
    log = log_of(np.resize([8, 9, 10, 11, 12], 60), [500])
    with pytest.warns(ec.DataWarning) as caught:
        models = ec.fit_lead_time(log, by=["vendor"], as_of=AS_OF)
    (told,) = [str(warning.message) for warning in caught]
    assert told == (
        "shipments: 1 open order has waited for longer than any delivered one of its key, first "
        "row 61 (vendor 'A', leg 'total'): open for 500 days, and the longest delivered took 12. "
        "The mean lead time of this key is 18.03 days with such orders and 10 without. "
        "Fix: close it in the log if it was delivered or cancelled, or give "
        "credible_days=(0, ...) with the most days that you believe."
    )
    assert "longer than any delivered one: 1 order, up to 500 days, see .long_open" in (
        models.summary()
    )
    (row,) = models.to_frame("long_open").to_dict("records")
    assert row["lead_time"] == pytest.approx(models.models["lead_time"].iloc[0], rel=1e-9)
    assert row == {
        "leg": "total",
        "vendor": "A",
        "row": 61,
        "days_open": 500.0,
        "longest_delivered": 12.0,
        "lead_time": pytest.approx(1100 / 61),
        "lead_time_without": pytest.approx(10.0),
    }


def test_no_word_where_orders_are_open_as_long_as_orders_are() -> None:
    models = ec.fit_lead_time(
        log_of(np.resize([8, 10, 12], 60), [3, 12]), by=["vendor"], as_of=AS_OF
    )
    assert models.long_open.empty
    assert "longer than any" not in models.summary()
    closed = ec.fit_lead_time(
        log_of(np.resize([8, 10, 12], 60), [500]),
        by=["vendor"],
        as_of=AS_OF,
        credible_days=(0, 90),
    )
    assert closed.long_open.empty


def test_a_key_with_few_is_held_against_its_pool() -> None:
    """Three of B took 10 days; 30 days open is nothing unheard of where A takes up to 40."""
    log = pd.concat([log_of(np.resize([20, 40], 60), []), log_of([10, 10, 10], [30, 50], "B")])
    with pytest.warns(
        ec.DataWarning, match=r"first row 65 \(vendor 'B', leg 'total'\): open for 50"
    ):
        models = ec.fit_lead_time(log, by=["vendor"], as_of=AS_OF, period="week")
    (row,) = models.long_open.to_dict("records")
    assert (row["row"], row["longest_delivered"]) == (65, 40.0)
    assert row["lead_time"] > row["lead_time_without"]  # in weeks
    assert row["lead_time"] == pytest.approx(models.distribution(vendor="B").mean, rel=1e-9)
    without = ec.fit_lead_time(log.iloc[:-1], by=["vendor"], as_of=AS_OF, period="week")
    assert row["lead_time_without"] == pytest.approx(without.distribution(vendor="B").mean)


def test_a_key_without_any_delivery_is_its_pool() -> None:
    log = pd.concat([log_of(np.resize([20, 40], 60), []), log_of([], [90], "B")])
    with pytest.warns(ec.DataWarning, match="vendor 'B'"):
        models = ec.fit_lead_time(log, by=["vendor"], as_of=AS_OF)
    (row,) = models.long_open.to_dict("records")
    assert row["lead_time_without"] == pytest.approx(30.0)


def test_each_leg_is_looked_at_and_an_order_counts_once() -> None:
    log = log_of(np.resize([8, 10, 12], 60), [500])
    log["released"] = log["delivered"] - 2 * DAY
    with pytest.warns(ec.DataWarning, match="1 open order has waited"):
        models = ec.fit_lead_time(log, by=["vendor"], as_of=AS_OF)
    assert models.long_open["leg"].tolist() == ["total", "make and release"]
