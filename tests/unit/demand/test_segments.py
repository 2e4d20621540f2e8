"""Correlation from history: recovered, shrunk, reported; refused where there is too little."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.demand.shrinkage import ledoit_wolf
from echelon.errors import DomainError, TableError, UnknownNameError
from echelon.results import FAILURE_COLUMNS
from echelon.rng import stream

TRUTH = np.array([[1.0, 0.6, 0.1], [0.6, 1.0, -0.2], [0.1, -0.2, 1.0]])
PLACES = ["A", "B", "C"]


def history(n=104, item="tea", truth=TRUTH, places=PLACES):
    rng = stream(1, "history", item, n)
    sold = 100.0 + 10.0 * rng.normal(size=(n, len(truth))) @ np.linalg.cholesky(truth).T
    return pd.DataFrame(
        {
            "item": item,
            "location": np.tile(places, n),
            "period": np.repeat(np.arange(n), len(places)),
            "quantity": sold.ravel(),
        }
    )


def matrix_of(models, places=PLACES):
    found = np.eye(len(places))
    for row in models.pairs.itertuples():
        i, k = places.index(row.location), places.index(row.other_location)
        found[i, k] = found[k, i] = row.coefficient
    return found


def test_it_is_the_shrunk_correlation_of_the_scaled_series():
    frame = history()
    models = ec.fit_correlation(frame)
    wide = frame["quantity"].to_numpy().reshape(-1, 3)
    scaled = (wide - wide.mean(axis=0)) / wide.std(axis=0)
    expected, shrinkage = ledoit_wolf(scaled)
    np.testing.assert_allclose(matrix_of(models), expected, rtol=1e-10)
    (group,) = models.groups.to_dict("records")
    assert (group["group"], group["series"], group["periods"]) == ("tea", 3, 104)
    assert group["shrinkage"] == pytest.approx(shrinkage)
    assert group["smallest_eigenvalue"] == pytest.approx(np.linalg.eigvalsh(expected)[0])
    assert models.failures.empty


def test_a_long_history_gives_the_truth():
    n = 20_000
    found = matrix_of(ec.fit_correlation(history(n)))
    error = (1.0 - TRUTH**2) / n**0.5
    assert (np.abs(found - TRUTH) <= 4 * error + 1e-12).all()


def test_groups_do_not_meet_and_one_series_alone_has_no_pair():
    frame = pd.concat([history(), history(item="oil"), history(item="salt")[::3]])
    models = ec.fit_correlation(frame)
    assert models.groups["group"].tolist() == ["tea", "oil"]
    assert (models.pairs["item"] == models.pairs["other_item"]).all()
    assert len(models.pairs) == 6
    joint = ec.fit_correlation(frame, within=())
    assert joint.groups["series"].tolist() == [7]
    assert len(joint.pairs) == 21


def test_only_periods_that_all_have_count_and_the_others_are_reported():
    frame = history()
    late = frame[~((frame["location"] == "C") & (frame["period"] < 30))]
    (group,) = ec.fit_correlation(late).groups.to_dict("records")
    assert (group["periods"], group["periods_not_used"]) == (74, 30)
    common = frame[frame["period"] >= 30].assign(period=frame["period"] - 30)
    np.testing.assert_array_equal(
        matrix_of(ec.fit_correlation(late)), matrix_of(ec.fit_correlation(common))
    )


def with_stock_outs(weeks, frame):
    """The history with the shelves of all series bare in some weeks."""
    bare = frame["period"].isin(weeks)
    sold = frame["quantity"].where(~bare, frame["quantity"] // 4)
    return frame.assign(quantity=sold, stock_out=bare)


def test_stock_outs_in_common_are_no_correlation():
    """Independent series, out of stock together in 8 of 156 weeks: as if those had not been."""
    full = history(156, truth=np.eye(3))
    weeks = range(40, 48)
    models = ec.fit_correlation(with_stock_outs(weeks, full))
    wide = full["quantity"].to_numpy().reshape(-1, 3)
    wide = np.delete(wide, weeks, axis=0)
    scaled = (wide - wide.mean(axis=0)) / wide.std(axis=0)
    expected, _ = ledoit_wolf(scaled)
    np.testing.assert_allclose(matrix_of(models), expected, rtol=1e-10)
    assert abs(models.groups["mean_correlation"].item()) < 4 * (156 * 3) ** -0.5
    (group,) = models.groups.to_dict("records")
    assert (group["periods"], group["periods_not_used"], group["stock_outs"]) == (148, 8, 8)
    assert group["smallest_eigenvalue"] > 0.0
    assert "8 periods with a stock-out are not used" in repr(models)
    assert "stock-out" not in repr(ec.fit_correlation(full))


def test_a_series_seldom_in_stock_costs_the_others_nothing():
    frame = history(30)
    frame["stock_out"] = (frame["location"] == "C") & (frame["period"] >= 9)
    models = ec.fit_correlation(frame)
    (failure,) = models.failures.to_dict("records")
    assert failure["message"].startswith(
        "'tea @ C' has 9 periods without a stock-out, and 12 are needed."
    )
    assert models.pairs[["location", "other_location"]].to_numpy().tolist() == [["A", "B"]]
    assert models.groups["stock_outs"].item() == 0
    frame["stock_out"] = frame["location"] == "C"  # in no period at all
    assert "has 0 periods" in ec.fit_correlation(frame).failures["message"].item()


def test_stock_outs_in_turn_may_leave_a_group_nothing():
    frame = history(30)
    place = frame["location"].map({"A": 0, "B": 1, "C": 2})
    frame["stock_out"] = frame["period"] % 3 == place
    models = ec.fit_correlation(frame)
    assert models.pairs.empty
    assert models.failures["message"].str.contains("30 periods in common, 30 of them").all()


def test_stock_outs_of_each_series_leave_the_matrix_positive_definite():
    """Forty series of 60 weeks, each out of stock in weeks of its own: more series than weeks."""
    places = [f"P{n:02d}" for n in range(40)]
    frame = history(60, truth=np.full((40, 40), 0.3) + 0.7 * np.eye(40), places=places)
    rng = stream(2, "stock-outs")
    bare = set(zip(places, rng.integers(0, 40, 40).tolist(), strict=True))
    frame["stock_out"] = [
        key in bare for key in zip(frame["location"], frame["period"], strict=True)
    ]
    models = ec.fit_correlation(frame)
    found = matrix_of(models, places)
    assert models.groups["periods"].item() < 40
    assert np.linalg.eigvalsh(found)[0] > 0.0


def test_a_common_season_is_correlation_unless_it_is_taken_out():
    frame = history(n=208, truth=np.eye(3))
    season = 40.0 * np.sin(2.0 * np.pi * frame["period"] / 52.0)
    frame["quantity"] += season
    with_season = ec.fit_correlation(frame).pairs["coefficient"]
    without = ec.fit_correlation(frame, cycle=52, target="none").pairs["coefficient"]
    assert with_season.min() > 0.8
    assert without.abs().max() < 4 / (208 - 52) ** 0.5


def test_a_group_too_short_is_a_failure_of_each_series():
    models = ec.fit_correlation(pd.concat([history(11), history(item="oil")]))
    assert models.groups["group"].tolist() == ["oil"]
    assert models.failures["location"].tolist() == PLACES
    assert models.failures["message"].str.contains("has 11 periods, and 12 are needed").all()
    assert "failures          3 series" in models.summary()


def test_series_that_overlap_too_little_fail_together():
    """60 periods each, 8 of them common: no matrix, and all are told why."""
    long = history()
    early = (long["location"] != "B") & (long["period"] < 60)
    late = (long["location"] == "B") & (long["period"].between(52, 103))
    models = ec.fit_correlation(long[early | late])
    assert len(models.groups) == 0
    assert sorted(models.failures["location"]) == PLACES
    assert models.failures["message"].str.startswith("the 3 series have 8 periods in common").all()


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (
            history().assign(quantity=lambda f: np.where(f["location"] == "B", 0.0, f["quantity"])),
            "'tea @ B' never changes in its 104 periods",
        ),
        (
            history().query("location != 'B' or period < 7"),
            "'tea @ B' has 7 periods, and 12 are needed",
        ),
    ],
)
def test_one_series_that_has_no_correlation_costs_the_others_nothing(spoilt, message):
    models = ec.fit_correlation(spoilt)
    without = ec.fit_correlation(history().query("location != 'B'"))
    pd.testing.assert_frame_equal(models.pairs, without.pairs)
    assert models.failures["location"].tolist() == ["B"]
    assert models.failures["message"].iloc[0].startswith(message)


def test_a_failure_is_told_with_its_segment():
    frame = pd.concat(
        [history().assign(segment="shop"), history().assign(segment="web", quantity=0.0)]
    )
    models = ec.fit_correlation(frame)
    assert models.failures["message"].str.startswith("'tea @ ").all()
    assert models.failures["message"].str.contains("/ web' never changes").all()
    assert models.failures.columns.tolist() == [*FAILURE_COLUMNS, "segment"]
    assert models.failures["segment"].tolist() == ["web"] * 3
    assert len(models.pairs) == 3


def test_segments_are_the_columns_that_are_named(tmp_path):
    frame = history().rename(columns={"location": "market"}).assign(location="shop", channel="web")
    models = ec.fit_correlation(frame, segments=["market", "channel"])
    assert list(models.pairs) == [
        "item", "location", "market", "channel",
        "other_item", "other_location", "other_market", "other_channel", "coefficient",
    ]  # fmt: skip
    stages = pd.DataFrame({"item": ["tea"], "location": ["shop"], "holding_cost": [1.0]})
    demand = frame.groupby(["item", "location", "market", "channel"], as_index=False)[
        "quantity"
    ].agg(["mean", "std"])
    network = ec.Network.from_tables(
        stages, demand=demand, correlation=models.to_frame(), segments=["market", "channel"]
    )
    std = demand["std"].to_numpy()
    expected = std @ matrix_of(models_by_market(models)) @ std
    assert network.demand_seen().std[0] == pytest.approx(expected**0.5)
    written = models.write(tmp_path)
    again = pd.read_csv(written / "correlation.csv")
    assert again["coefficient"].tolist() == models.pairs["coefficient"].tolist()


def models_by_market(models):
    renamed = models.pairs.drop(columns=["location", "other_location"]).rename(
        columns={"market": "location", "other_market": "other_location"}
    )
    return type("Renamed", (), {"pairs": renamed})


def test_faults_of_the_history_and_of_the_arguments_are_told():
    with pytest.raises(TableError, match=r"quantity: must be a number"):
        ec.fit_correlation(history().assign(quantity="many"))
    with pytest.raises(UnknownNameError, match="unknown shrinkage target 'both'"):
        ec.fit_correlation(history(), target="both")
    with pytest.raises(
        UnknownNameError, match=r"unknown column in within 'itm'\. Did you mean 'item'"
    ):
        ec.fit_correlation(history(), within=["itm"])
    with pytest.raises(
        DomainError, match=r"within is the text 'item'\. Fix: give a list, \['item'\]"
    ):
        ec.fit_correlation(history(), within="item")
    with pytest.raises(DomainError, match="list of column names"):
        ec.fit_correlation(history(), within=7)
    with pytest.raises(DomainError, match="cycle is 1"):
        ec.fit_correlation(history(), cycle=1)


KEYS = pd.DataFrame({"item": "tea", "location": PLACES})


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1.0, 0.5], [0.5, 1.0]], r"shape \(2, 2\) and 0 cells that are no number, for 3 keys"),
        ([[1, np.nan, 0], [0, 1, 0], [0, 0, 1]], "1 cells that are no number"),
        ([[1, 0.2, 0], [0.3, 1, 0], [0, 0, 1]], r"not symmetric: \[0, 1\] is 0.2 and \[1, 0\]"),
        ([[4, 0, 0], [0, 1, 0], [0, 0, 1]], r"\[0, 0\] of the matrix is 4, must be 1"),
        (
            [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]],
            r"smallest eigenvalue is -0\.8, .* multiply all of them by 0\.5555 or less",
        ),
    ],
)
def test_a_matrix_that_is_none_is_refused(matrix, message):
    with pytest.raises(DomainError, match=message):
        ec.correlation_table(KEYS, matrix)


def test_the_remedy_of_a_contradiction_mends_it():
    wrong = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    mended = np.eye(3) + 0.5555 * (wrong - np.eye(3))
    assert len(ec.correlation_table(KEYS, mended)) == 3


def test_models_given_where_their_table_is_meant_are_told_so():
    models = ec.fit_correlation(history())
    pd.testing.assert_frame_equal(models.correlation, models.to_frame())
    stages = pd.DataFrame({"item": "tea", "location": PLACES, "holding_cost": 1.0})
    demand = pd.DataFrame({"item": "tea", "location": PLACES, "mean": 100.0, "std": 10.0})
    with pytest.raises(TableError, match=r"found 'CorrelationModels'. Fix: pass its .correlation."):
        ec.Network.from_tables(stages, demand=demand, correlation=models)
