"""From history to models, end to end."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.demand.fit import fit_demand
from echelon.errors import DomainError, UnknownNameError


def history_of(quantity: np.ndarray, **columns: object) -> pd.DataFrame:
    n, periods = quantity.shape
    frame = pd.DataFrame(
        {
            "item": np.repeat([f"i{k:03d}" for k in range(n)], periods),
            "location": "shop",
            "period": np.tile(np.arange(periods), n),
            "quantity": quantity.ravel().astype(float),
            **columns,
        }
    )
    return frame[frame["quantity"].notna()].reset_index(drop=True)


@pytest.fixture(scope="module")
def portfolio() -> np.ndarray:
    """120 series of 104 weeks: rare, clustered, steady; three with little or no demand."""
    rng = np.random.default_rng(1)
    rare = rng.poisson(0.3, (50, 104))
    clustered = rng.negative_binomial(0.5, 0.1, (40, 104))
    steady = rng.poisson(60.0, (30, 104))
    quantity = np.concatenate((rare, clustered, steady)).astype(float)
    quantity[0] = 0.0
    quantity[1, :99] = np.nan
    quantity[2] = 0.0
    quantity[2, 50] = 1.0
    return quantity


@pytest.fixture(scope="module")
def models(portfolio: np.ndarray) -> ec.DemandModels:
    return fit_demand(history_of(portfolio), exposure=4, service_level=[0.9, 0.98])


def test_classes_and_moments_are_those_of_the_truth(models: ec.DemandModels):
    table = models.models
    assert table["class"][3:50].isin(["intermittent", "lumpy"]).all()
    assert (table["class"][90:] == "smooth").all()
    assert table["mean"][90:].mean() == pytest.approx(60.0, rel=0.02)
    assert table["mean"][50:90].mean() == pytest.approx(4.5, rel=0.15)
    assert (table["std"][50:90].pow(2) / table["mean"][50:90]).median() == pytest.approx(
        10, rel=0.3
    )


def test_what_is_too_short_or_empty_falls_back_and_says_so(models: ec.DemandModels):
    table = models.models
    assert table["source"].tolist()[:4] == ["all series", "all series", "all series", "own"]
    fell = models.findings[models.findings["finding"] == "fell_back"]
    assert fell["item"].tolist() == ["i000", "i001", "i002"]
    assert 0.0 < table["mean"][0] < table["mean"][3:50].min() + 0.1
    assert (table["std_credibility"][:3] == 0.0).all()
    assert not len(models.failures)


def test_the_demand_table_makes_a_network(models: ec.DemandModels):
    demand = models.demand
    stages = demand[["item", "location"]].assign(
        holding_cost=1.0, service_level=0.98, lead_time=4.0
    )
    network = ec.Network.from_tables(stages, demand=demand)
    plan = ec.optimize(network)
    assert plan.status == "optimal"
    counted = (demand["family"] == "negative_binomial").to_numpy()
    quantiles = models.quantiles(0.98, periods=4)[0.98].to_numpy()
    got = plan.stages.set_index("item").loc[demand["item"], "base_stock"].to_numpy()
    np.testing.assert_allclose(got[counted], quantiles[counted])


def test_segments_of_one_are_told_apart_and_pooled():
    rng = np.random.default_rng(2)
    level = np.repeat([2.0, 30.0], 12)
    history = pd.concat(
        [
            history_of(rng.poisson(level[:12, None] * k, (12, 60)), segment=name)
            for k, name in ((1.0, "web"), (15.0, "shop"))
        ]
    )
    quiet = history_of(np.zeros((1, 60)), segment="web").assign(item="new")
    models = fit_demand(pd.concat([history, quiet]), exposure=2)
    table = models.models
    assert table.columns[:3].tolist() == ["item", "location", "segment"]
    new = table[table["item"] == "new"].iloc[0]
    assert new["source"] == "segment"
    assert new["mean"] < 2.5
    assert models.demand.columns.tolist()[:3] == ["item", "location", "segment"]


def test_without_pools_a_series_without_a_model_is_a_failure(portfolio: np.ndarray):
    models = fit_demand(history_of(portfolio), pooling=False)
    assert models.failures["item"].tolist() == ["i000", "i001", "i002"]
    assert models.failures["message"].str.contains("Fix:").all()
    assert "0 periods with demand among 104" in models.failures["message"][0]
    assert len(models.models) == len(portfolio) - 3
    assert (models.models["lender"] == "none").all()
    assert (models.models["mean_credibility"] == 1.0).all()


def test_neither_order_nor_a_copy_of_the_rows_matters(portfolio: np.ndarray):
    history = history_of(portfolio)
    first = fit_demand(history, exposure=2).models
    again = fit_demand(history.sample(frac=1.0, random_state=3), exposure=2).models
    again = again.sort_values("item", ignore_index=True)
    pd.testing.assert_frame_equal(first, again, rtol=1e-9)


def test_a_short_history_widens_more_than_a_long_one():
    rng = np.random.default_rng(4)
    quantity = rng.gamma(4.0, 5.0, (40, 120))
    quantity[:20, :108] = np.nan
    models = fit_demand(history_of(quantity), exposure=4, pooling=False, half_lives=[None])
    short, long = models.models["widening"][:20], models.models["widening"][20:]
    assert short.min() > 1.15 > long.max()
    widened = models.findings[models.findings["finding"] == "widened"]
    assert set(widened["item"]) >= set(models.models["item"][:20])
    plain = fit_demand(
        history_of(quantity), exposure=4, pooling=False, half_lives=[None], widen=False
    )
    assert (plain.models["widening"] == 1.0).all()
    same = plain.models["fitted_family"] == models.models["fitted_family"]
    ratio = models.models["std"] / plain.models["std"]
    np.testing.assert_allclose(ratio[same], models.models["widening"][same])


def test_stock_outs_do_not_pull_the_model_down():
    """Demand of 10, at most 12 in stock, a third sold out: the model finds 10 again."""
    demand = np.random.default_rng(5).poisson(10.0, (60, 120)).astype(float)
    hidden = demand >= 12.0
    sold = np.minimum(demand, 12.0)
    history = history_of(sold, stock_out=hidden.ravel())
    models = fit_demand(history, half_lives=[None])
    naive = fit_demand(history.drop(columns="stock_out"), half_lives=[None])
    assert models.models["mean"].mean() == pytest.approx(10.0, rel=0.02)
    assert naive.models["mean"].mean() < 9.6
    assert models.models["stock_outs"].sum() == hidden.sum()
    told = models.findings[models.findings["finding"] == "stock_outs"]
    assert told["value"].sum() == hidden.sum()


def test_stock_outs_that_hide_everything_leave_the_series_to_its_pool():
    """Forty periods sold out say nothing: no own mean, no own variance, and a finding."""
    quantity = np.random.default_rng(9).poisson(4.0, (20, 40)).astype(float)
    quantity[3] = 90.0
    hidden = np.repeat(np.arange(20) == 3, 40)
    models = fit_demand(history_of(quantity, stock_out=hidden))
    row = models.models.loc[3]
    others = models.models.drop(index=3)["mean"]
    assert (row["source"], row["mean_credibility"]) == ("all series", 0.0)
    assert row["mean"] == pytest.approx(others.mean(), rel=0.05)
    told = models.findings.loc[models.findings["item"] == "i003", "finding"].tolist()
    assert {"stock_outs", "not_settled", "fell_back"} <= set(told)


def test_stock_outs_are_no_periods_without_demand():
    """Every third period sold out from the start, sales 0: smooth demand stays smooth."""
    quantity = np.random.default_rng(10).poisson(20.0, (12, 60)).astype(float)
    hidden = np.resize([True, False, False], quantity.shape)
    quantity[hidden] = 0.0
    models = fit_demand(history_of(quantity, stock_out=hidden.ravel()))
    assert (models.models["class"] == "smooth").all()
    assert models.models["demand_interval"].tolist() == [1.0] * 12
    nothing = fit_demand(
        history_of(np.zeros((2, 20)), stock_out=np.ones(40, dtype=bool)), pooling=False
    )
    assert len(nothing.failures) == 2


def test_what_falls_back_takes_the_family_of_its_pool():
    """Too short to be scored: clustered like its pool, not Poisson for want of better."""
    rng = np.random.default_rng(11)
    quantity = np.where(rng.random((60, 9)) < 0.4, 1.0 + rng.geometric(0.1, (60, 9)), 0.0)
    quantity[0] = 0.0
    row = fit_demand(history_of(quantity), exposure=4).models.iloc[0]
    assert row["source"] == "all series"
    assert row["fitted_family"] != "poisson"
    assert row["std"] ** 2 > 3.0 * row["mean"]


def test_no_finding_says_that_a_failure_follows_its_lender():
    models = fit_demand(history_of(np.array([[1.0, 2.0, 3.0]])))
    assert len(models.failures) == 1
    assert models.findings.empty


def test_progress_counts_the_points_forecast_from(portfolio: np.ndarray):
    seen: list[tuple[int, int]] = []
    fit_demand(history_of(portfolio), progress=lambda done, total, _: seen.append((done, total)))
    assert seen == [(done, 12) for done in range(1, 13)]


def test_too_little_for_any_model_is_a_result_too():
    models = fit_demand(history_of(np.array([[1.0, 2.0, 3.0]])))
    assert models.demand.empty
    assert models.quantiles().empty
    assert models.classes().empty
    assert "1 series without a model" in repr(models)


def test_a_constant_demand_is_known():
    quantity = np.full((2, 30), 5.0)
    models = fit_demand(history_of(quantity), pooling=False)
    assert models.models["family"].tolist() == ["deterministic"] * 2
    assert models.models["std"].tolist() == [0.0, 0.0]
    assert models.quantiles(periods=3)[0.95].tolist() == [15.0, 15.0]


def test_recent_demand_counts_more_where_the_level_moved():
    rng = np.random.default_rng(6)
    quantity = np.concatenate(
        (rng.poisson(30.0, (40, 60)), rng.poisson(8.0, (40, 44))), axis=1
    ).astype(float)
    models = fit_demand(history_of(quantity), exposure=3)
    assert models.models["half_life"].notna().mean() > 0.9
    assert models.models["mean"].mean() == pytest.approx(8.0, rel=0.1)
    assert (models.findings["finding"] == "level_shift").sum() == 40
    assert set(models.findings.loc[models.findings["finding"] == "level_shift", "period"]) <= set(
        range(57, 64)
    )


def test_likelihood_gives_the_shape_and_moments_the_mean():
    """Alone and not widened: negative binomial r of largest likelihood, gamma likewise."""
    rng = np.random.default_rng(7)
    quantity = rng.gamma(1.3, 7.0, (3, 150))
    models = fit_demand(
        history_of(quantity),
        method="likelihood",
        families=["gamma"],
        half_lives=[None],
        pooling=False,
        widen=False,
    )
    from scipy import stats

    for row in range(3):
        shape = stats.gamma.fit(quantity[row], floc=0.0)[0]
        got = models.models.loc[row]
        assert got["mean"] == pytest.approx(quantity[row].mean(), rel=1e-9)
        assert (got["mean"] / got["std"]) ** 2 == pytest.approx(shape, rel=1e-5)


def test_without_origins_the_criterion_chooses():
    quantity = np.random.default_rng(8).negative_binomial(0.6, 0.1, (30, 100)).astype(float)
    models = fit_demand(history_of(quantity), origins=0)
    table = models.models
    assert (table["windows"] == 0).all()
    assert table["half_life"].isna().all()
    assert (table["fitted_family"] == "negative_binomial").mean() > 0.8


def test_results_are_written_and_shown(models: ec.DemandModels, tmp_path):
    folder = models.write(tmp_path / "models")
    names = {path.name for path in folder.iterdir()}
    assert names == {"models.csv", "demand.csv", "findings.csv", "failures.csv", "manifest.json"}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["exposure"] == 4
    assert manifest["provenance"]["arguments"]["service_level"] == [0.9, 0.98]
    assert "120 series" in models.summary()
    assert models.summary() in repr(models)
    assert "<table" in models._repr_html_()
    assert models.classes()["series"].sum() == 120
    with pytest.raises(UnknownNameError, match="finding"):
        models.to_frame("findings")
    copied = models.to_frame()
    copied.loc[0, "mean"] = -1.0
    assert models.models.loc[0, "mean"] >= 0.0


def test_the_digest_tells_histories_apart(portfolio: np.ndarray):
    def digest(quantity: np.ndarray) -> str:
        return fit_demand(history_of(quantity), origins=0).provenance.tables["demand_history"]

    other = portfolio.copy()
    other[40, 17] += 1.0
    assert digest(portfolio) == digest(portfolio.copy()) != digest(other)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("exposure", 0),
        ("exposure", 1.5),
        ("exposure", True),
        ("service_level", 95),
        ("half_lives", []),
        ("half_lives", [0.0]),
        ("half_lives", 12.0),
        ("half_lives", [0.05]),
        ("half_lives", ["x"]),
        ("pooling", "no"),
        ("widen", None),
        ("method", "bayes"),
        ("origins", -1),
        ("min_periods", 2),
        ("min_demands", 0),
        ("families", "gamma"),
        ("pool_by", "item"),
        ("pool_by", ["market"]),
    ],
)
def test_arguments_are_checked(argument: str, value: object):
    with pytest.raises(DomainError, match=rf"{argument} is .* Fix: "):
        fit_demand(history_of(np.ones((1, 9))), **{argument: value})  # type: ignore[arg-type]


def test_quantiles_of_the_models_are_checked(models: ec.DemandModels):
    with pytest.raises(DomainError, match="periods is 0"):
        models.quantiles(periods=0)
    wide = models.quantiles([0.6, 0.9], periods=1)
    assert (wide[0.6] <= wide[0.9]).all()
