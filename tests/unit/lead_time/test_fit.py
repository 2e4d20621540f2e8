"""Models from a log: accounts, open orders, legs, promises, pools."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import echelon as ec
from echelon.distributions import make

DAY = pd.Timedelta(days=1)


def log_of(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"vendor": "A", "mode": "air"} | columns)


def accounts(models: ec.LeadTimeModels, leg: str = "total") -> dict[str, int]:
    rows = models.rows[models.rows["leg"] == leg]
    return dict(zip(rows["account"], rows["rows"], strict=True))


def test_every_reason_is_counted_and_every_row_listed() -> None:
    log = log_of(
        line=["1", "2", "3", "4", "5", "6", "7", "7", "9", "10", "11"],
        shipment=["s1", "s1", "", "", "", "", "", "", "", "", ""],
        mode=["air", "air", "air", "air", "air", "air", "air", "air", "", "air", "air"],
        ordered=["2024-01-01"] * 3
        + ["", "2024-01-05", "2024-01-05"]
        + ["2024-01-07"] * 4
        + ["2024-08-01"],
        delivered=[
            "2024-01-11",
            "2024-01-11",
            "2024-01-12",
            "2024-02-01",
            "2024-01-04",
            "",
            "2024-01-07",
            "2024-01-07",
            "2024-01-20",
            "2024-07-02",
            "2024-08-09",
        ],
    )
    models = ec.fit_lead_time(log, credible_days=(1, 200), as_of="2024-07-05")
    assert accounts(models)["open at as_of"] == 1  # ordered 182 days before
    models = ec.fit_lead_time(log, credible_days=(1, 100), as_of="2024-07-05")
    assert accounts(models) == {
        "used": 2,
        "open for more than 100 days": 1,
        "same shipment as an earlier row": 1,
        "ordered is blank": 1,
        "delivered before ordered": 1,
        "delivered less than 1 days after ordered": 1,
        "repeats an earlier row": 1,
        "mode is blank": 1,
        "delivered more than 100 days after ordered": 1,
        "ordered after as_of": 1,
    }
    assert models.rows["share"].sum() == pytest.approx(1.0)
    aside = dict(zip(models.set_aside["row"], models.set_aside["account"], strict=True))
    assert sorted(aside) == [2, 4, 5, 6, 7, 8, 9, 10, 11]
    assert aside[8] == "repeats an earlier row"
    (first,) = models.rows.loc[models.rows["account"] == "ordered is blank", "first_row"]
    assert first == 4


DATES = st.one_of(
    st.sampled_from(["", "unknown"]),
    st.dates(pd.Timestamp("2023-12-01").date(), pd.Timestamp("2024-03-31").date()).map(str),
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "B", ""]), st.sampled_from(["", "s"]), DATES, DATES, DATES),
        max_size=25,
    ),
    st.sampled_from([None, "2024-01-31"]),
)
def test_every_row_is_in_one_account_of_each_leg(rows: list[Any], as_of: str | None) -> None:
    rows = [("A", "", "2024-01-01", "2024-01-05", "2024-01-09"), *rows]
    names = ["vendor", "shipment", "ordered", "released", "delivered"]
    log = pd.DataFrame(rows, columns=names)
    models = ec.fit_lead_time(log, by=["vendor"], missing=["unknown"], as_of=as_of, families=())
    for leg, of_leg in models.rows.groupby("leg"):
        assert of_leg["rows"].sum() == len(log)
        aside = models.set_aside[models.set_aside["leg"] == leg]
        taking = of_leg["account"].isin(["used", "open at as_of", "ended after as_of, so open"])
        assert len(aside) == of_leg.loc[~taking, "rows"].sum()
        assert aside["row"].is_unique
    for made in models.distributions.values():
        assert made.support[0] >= 0.0


def test_as_of_hides_what_came_later() -> None:
    ordered = pd.Timestamp("2024-01-01") + DAY * np.arange(60)
    log = log_of(ordered=ordered, delivered=ordered + DAY * np.resize([10, 40], 60))
    seen = ec.fit_lead_time(log, as_of="2024-02-01")
    changed = log.assign(
        delivered=log["delivered"].where(
            log["delivered"] <= "2024-02-01", pd.Timestamp("2030-01-01")
        )
    )
    again = ec.fit_lead_time(changed, as_of="2024-02-01")
    pd.testing.assert_frame_equal(seen.models, again.models)
    assert accounts(seen) == {
        "used": int((log["delivered"] <= "2024-02-01").sum()),
        "ended after as_of, so open": int(
            ((log["ordered"] <= "2024-02-01") & (log["delivered"] > "2024-02-01")).sum()
        ),
        "ordered after as_of": int((log["ordered"] > "2024-02-01").sum()),
    }


def test_open_orders_lengthen_and_are_rejected_without_as_of() -> None:
    ordered = pd.to_datetime(["2024-01-01"] * 4)
    delivered = pd.to_datetime(["2024-01-11", "2024-01-11", None, None])
    log = log_of(line=range(4), ordered=ordered, delivered=delivered)
    without = ec.fit_lead_time(log)
    within = ec.fit_lead_time(log, as_of="2024-03-01")
    assert accounts(without) == {"used": 2, "delivered is blank": 2}
    assert without.models["lead_time"].tolist() == [10.0]
    # half ended after 10 days, the rest has lasted 60
    assert within.models["lead_time"].tolist() == [35.0]
    assert within.models[["finished", "open"]].to_numpy().tolist() == [[2, 2]]


def test_legs_add_up_and_lack_only_what_is_not_dated() -> None:
    start = pd.Timestamp("2024-01-01")
    log = log_of(
        ordered=[start] * 4,
        made=[start + 10 * DAY, start + 12 * DAY, start + 14 * DAY, pd.NaT],
        released=[start + 15 * DAY, start + 17 * DAY, start + 13 * DAY, start + 20 * DAY],
        delivered=[start + 20 * DAY, start + 24 * DAY, start + 26 * DAY, start + 25 * DAY],
    )
    models = ec.fit_lead_time(log)
    assert models.legs == ("total", "make", "release", "transport")
    mean = models.models.set_index("leg")["lead_time"].to_dict()
    assert mean == pytest.approx({"total": 23.75, "make": 12.0, "release": 5.0, "transport": 7.5})
    assert accounts(models, "release") == {"used": 2, "made is blank": 1, "released before made": 1}
    assert accounts(models, "total") == {"used": 4}


@pytest.mark.parametrize(
    ("given", "legs"),
    [
        ([], ("total",)),
        (["made"], ("total", "make", "release and transport")),
        (["released"], ("total", "make and release", "transport")),
    ],
)
def test_names_of_legs(given: list[str], legs: tuple[str, ...]) -> None:
    start = pd.Timestamp("2024-01-01")
    log = log_of(ordered=[start], delivered=[start + 9 * DAY]).assign(
        **dict.fromkeys(given, start + 4 * DAY)
    )
    assert ec.fit_lead_time(log).legs == legs


def test_promises_by_hand() -> None:
    start = pd.Timestamp("2024-01-01")
    took = [10, 12, 15, 30, None, None, 8]
    promised = [10, 14, 12, 20, 40, 400, None]
    log = log_of(
        ordered=start,
        promised=[pd.NaT if d is None else start + d * DAY for d in promised],
        delivered=[pd.NaT if d is None else start + d * DAY for d in took],
    )
    models = ec.fit_lead_time(log, as_of="2024-03-01")
    row = models.promises.iloc[-1]
    assert row["shipments"] == 4  # one has no promise, two are open
    assert (row["on_time"], row["early"], row["late"]) == (0.5, 0.25, 0.5)
    assert (row["days_early"], row["days_late"], row["days_late_p90"]) == (2.0, 6.5, 10.0)
    assert row["overdue"] == 1
    assert models.promises.iloc[0, :2].tolist() == ["A", "air"]


def test_without_promises_there_are_no_measures() -> None:
    log = log_of(ordered=["2024-01-01"], delivered=["2024-01-05"])
    assert len(ec.fit_lead_time(log).promises) == 0


def test_trend_by_year_of_delivery() -> None:
    log = log_of(
        ordered=["2022-12-25", "2023-01-01", "2023-05-01"],
        delivered=["2023-01-04", "2023-01-21", "2024-01-01"],
    )
    assert ec.fit_lead_time(log).trend[["year", "shipments", "mean"]].to_numpy().tolist() == [
        [2023, 2, 15.0],
        [2024, 1, 245.0],
    ]


def test_equal_rows_are_repeats_only_of_a_named_line() -> None:
    log = log_of(ordered=["2024-01-01"] * 3, delivered=["2024-01-05"] * 3)
    with pytest.warns(
        ec.DataWarning, match=r"2 rows equal an earlier one, first row 2; each is used"
    ):
        assert accounts(ec.fit_lead_time(log)) == {"used": 3}
    lines = log.assign(line=["1", "1", "2"])
    assert accounts(ec.fit_lead_time(lines)) == {"used": 2, "repeats an earlier row": 1}
    together = log.assign(shipment=["s", "s", "t"])
    assert accounts(ec.fit_lead_time(together)) == {
        "used": 2,
        "same shipment as an earlier row": 1,
    }


def sparse_log() -> pd.DataFrame:
    start = pd.Timestamp("2024-01-01")
    vendor = ["Big"] * 8 + ["Other"] * 8 + ["Small"]
    days = [10, 12, 14, 16] * 2 + [30, 33, 36, 39] * 2 + [90]
    return pd.DataFrame(
        {
            "vendor": vendor,
            "line": range(17),
            "mode": "air",
            "ordered": start,
            "delivered": [start + d * DAY for d in days],
        }
    )


def test_an_unknown_key_is_answered_by_the_nearest_pool() -> None:
    models = ec.fit_lead_time(sparse_log(), pools=[["mode"]], families=())
    assert models.levels == (("vendor", "mode"), ("mode",), ())
    assert models.find(vendor="Big", mode="air")[1] == ("vendor", "mode")
    assert models.find(vendor="New", mode="air")[1] == ("mode",)
    assert models.find(vendor="New", mode="sea")[1] == ()
    assert models.find(mode="air")[1] == ("mode",)
    asked = pd.DataFrame({"vendor": ["Big", "New"], "mode": ["air", "sea"]})
    assert models.quantiles(asked, 0.9).tolist() == [
        float(models.distribution(vendor="Big", mode="air").ppf(0.9)),
        float(models.distribution().ppf(0.9)),
    ]
    with pytest.raises(ec.errors.UnknownNameError, match="Did you mean 'vendor'"):
        models.distribution(vendr="Big")
    with pytest.raises(ec.errors.UnknownNameError, match="Known: total"):
        models.distribution("transport")
    with pytest.raises(ec.errors.DomainError, match="lacks the column 'mode'"):
        models.quantiles(asked[["vendor"]], 0.9)


def test_a_sparse_key_lies_between_its_shipments_and_its_pool() -> None:
    models = ec.fit_lead_time(sparse_log())
    small = models.models.set_index("vendor").loc["Small"]
    pool = models.distribution(mode="air").mean
    assert 0.0 < small["credibility"] < 1.0
    assert pool < small["lead_time"] < 90.0
    expected = small["credibility"] * 90.0 + (1.0 - small["credibility"]) * pool
    assert small["lead_time"] == pytest.approx(expected)


def test_the_frame_says_the_whole_distribution_in_the_period_asked_for() -> None:
    weekly = ec.fit_lead_time(sparse_log(), period="week")
    daily = ec.fit_lead_time(sparse_log())
    assert weekly.models["lead_time"].to_numpy() * 7 == pytest.approx(daily.models["lead_time"])
    for row in weekly.models.itertuples():
        again = make(
            row.lead_time_family, row.lead_time, row.lead_time_std, row.lead_time_parameters
        )
        assert again == weekly.distribution(vendor=row.vendor, mode=row.mode)
        assert (row.p50, row.p90) == tuple(again.ppf([0.5, 0.9]).tolist())


def test_the_columns_go_into_a_network() -> None:
    models = ec.fit_lead_time(sparse_log(), period="week")
    big = models.models.set_index("vendor").loc["Big"]
    stages = pd.DataFrame(
        {
            "item": ["pill"],
            "location": ["shop"],
            "holding_cost": [1.0],
            "lead_time": [big["lead_time"]],
            "lead_time_std": [big["lead_time_std"]],
        }
    )
    demand = pd.DataFrame({"item": ["pill"], "location": ["shop"], "mean": [5.0], "std": [2.0]})
    network = ec.Network.from_tables(stages, None, demand, period="week")
    assert network.stages["lead_time"].tolist() == [big["lead_time"]]
    assert network.stages["lead_time_std"].tolist() == [big["lead_time_std"]]


def test_drift_keeps_the_mean_and_widens() -> None:
    plain = ec.fit_lead_time(sparse_log(), families=()).models
    wide = ec.fit_lead_time(sparse_log(), families=(), drift=0.4).models
    assert wide["lead_time"].to_numpy() == pytest.approx(plain["lead_time"].to_numpy())
    assert (wide["lead_time_std"] > plain["lead_time_std"]).all()


def test_recent_orders_count_more() -> None:
    ordered = pd.to_datetime(["2020-01-01"] * 5 + ["2024-01-01"] * 5)
    took = DAY * np.repeat([10, 20], 5)
    log = log_of(line=range(10), ordered=ordered, delivered=ordered + took)
    models = ec.fit_lead_time(log, half_life_days=365.0)
    old = 0.5 ** (1461 / 365.0)  # four years and a leap day
    assert models.models["lead_time"].tolist() == pytest.approx([(20 + 10 * old) / (1 + old)])


def test_models_by_nothing_are_one() -> None:
    models = ec.fit_lead_time(sparse_log().drop(columns=["vendor", "mode"]), by=())
    assert len(models.models) == 1
    assert models.models["finished"].tolist() == [17]
    assert models.quantiles(pd.DataFrame(index=range(3)), 0.5).shape == (3,)
    assert "Lead times by nothing" in models.summary()


def test_same_log_and_seed_same_models_in_any_order_of_rows() -> None:
    log = sparse_log()
    one = ec.fit_lead_time(log, seed=3)
    two = ec.fit_lead_time(log.sample(frac=1.0, random_state=1), seed=3)
    pd.testing.assert_frame_equal(one.models, two.models)


def test_a_result_like_others(tmp_path) -> None:
    models = ec.fit_lead_time(sparse_log(), pools=[["vendor"]])
    assert "17  100.0%" in models.summary()
    assert "Big" in repr(models)
    assert "<table" in models._repr_html_()
    assert len(models.failures) == 0
    assert models.provenance.arguments["pools"] == [["vendor"], []]
    models.write(tmp_path)
    written = pd.read_csv(tmp_path / "models.csv")
    assert written["lead_time"].to_numpy() == pytest.approx(models.models["lead_time"].to_numpy())
    assert json.loads((tmp_path / "manifest.json").read_text())["by"] == ["vendor", "mode"]
    frame = models.to_frame("pool")
    frame["lead_time"] = 0.0
    assert (models.pools["lead_time"] > 0.0).all()
    assert models.pools["level"].tolist() == ["vendor", "vendor", "vendor", "all"]


def test_keys_that_do_not_differ_share_the_distribution_of_their_pool() -> None:
    start = pd.Timestamp("2024-01-01")
    days = np.tile([10, 20, 30], 4)
    log = pd.DataFrame(
        {
            "line": range(12),
            "vendor": np.repeat(["A", "B", "C", "D"], 3),
            "ordered": start,
            "delivered": start + DAY * days,
        }
    )
    models = ec.fit_lead_time(log, by=["vendor"])
    assert models.models["credibility"].tolist() == [0.0] * 4
    assert models.distribution(vendor="A") is models.distribution()


def test_a_forgotten_order_does_not_lengthen_what_is_credible() -> None:
    """Nine took 10 days; one order of 2004 was never closed, and 365 days are the most believed."""
    log = log_of(
        line=range(10),
        ordered=["2024-01-01"] * 9 + ["2004-01-01"],
        delivered=["2024-01-11"] * 9 + [None],
    )
    with pytest.warns(ec.DataWarning, match="open for 7486 days"):
        believed = ec.fit_lead_time(log, as_of="2024-06-30")
    assert believed.models["lead_time"].iloc[0] > 700.0
    models = ec.fit_lead_time(log, as_of="2024-06-30", credible_days=(0, 365))
    assert models.models["lead_time"].tolist() == [10.0]
    assert accounts(models) == {"used": 9, "open for more than 365 days": 1}


def test_the_least_credible_days_are_those_of_the_whole_way() -> None:
    """Released on the day it was made: a release of 0 days, and no reason for doubt."""
    log = log_of(
        ordered="2024-01-01",
        made=["2024-01-05", "2024-01-06"],
        released=["2024-01-05", "2024-01-08"],
        delivered="2024-01-20",
    )
    models = ec.fit_lead_time(log, credible_days=(1, 100))
    assert models.models.set_index("leg")["lead_time"].to_dict() == {
        "total": 19.0,
        "make": 4.5,
        "release": 1.0,
        "transport": 13.5,
    }


def test_a_name_of_white_space_is_blank() -> None:
    log = log_of(
        vendor=["A", "  ", "\t"], ordered="2024-01-01", delivered=["2024-01-05", "2024-01-06", " "]
    )
    models = ec.fit_lead_time(log)
    assert accounts(models) == {"used": 1, "vendor is blank": 2}
    assert models.models["vendor"].tolist() == ["A"]


def test_orders_of_long_ago_keep_a_weight() -> None:
    """A thousand half-lives back, where a power of two would be 0 and its share undefined."""
    log = log_of(
        vendor=["Old", "Old", "New", "New"],
        ordered=["2001-01-01", "2001-01-01", "2021-01-01", "2021-01-01"],
        delivered=["2001-01-05", "2001-01-15", "2021-01-05", "2021-01-07"],
    )
    models = ec.fit_lead_time(log, half_life_days=5)
    assert models.models["effective"].notna().all()
    assert models.models.set_index("vendor")["finished"].to_dict() == {"New": 2, "Old": 2}


def test_one_mistyped_year_costs_no_memory_for_each_key() -> None:
    """2201 for 2021, and 300 vendors: dense, they would hold 66,000 days each, 160 MB in all."""
    n = 600
    took = np.resize([10, 12, 15, 20], n)
    took[0] = 66_000
    ordered = np.datetime64("2021-01-01") + np.resize(np.arange(97), n).astype("timedelta64[D]")
    log = log_of(
        line=range(n),
        vendor=[f"V{place % 300}" for place in range(n)],
        ordered=ordered,
        delivered=ordered + took.astype("timedelta64[D]"),
    )
    tracemalloc.start()
    ec.fit_lead_time(log, families=())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
