"""Pictures of demand say what they show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def models() -> ec.DemandModels:
    rng = np.random.default_rng(1)
    demand = rng.poisson([[0.3], [40.0]] * 6, (12, 60)).astype(float)
    demand[1, 30:] += 40.0
    demand[3, 20] = 400.0
    demand[4] = 0.0
    months = pd.date_range("2022-01-01", periods=60, freq="MS")
    history = pd.DataFrame(
        {
            "item": np.repeat([f"i{k}" for k in range(12)], 60),
            "location": "shop",
            "period": np.tile(months, 12),
            "quantity": demand.ravel(),
            "stock_out": np.arange(720) == 70,
        }
    )
    return ec.fit_demand(history, period="month", service_level=[0.9, 0.99])


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_history_has_points_mean_quantiles_and_findings(models: ec.DemandModels):
    ax = models.plot.history(item="i1")
    shown = texts(ax)
    assert "stock-out: at least this" in shown
    assert "level shift" in shown
    assert sum("quantile" in text for text in shown) == 2
    want = models.quantiles(periods=1).set_index("item").loc["i1", 0.99]
    assert any(line.get_ydata()[0] == want for line in ax.lines if len(line.get_ydata()) == 2)
    assert ax.get_title().startswith("i1 @ shop: smooth")
    points = [line for line in ax.lines if len(line.get_xdata()) == 59]
    assert len(points) == 1


def test_other_levels_and_given_axes(models: ec.DemandModels):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert models.plot.history(ax, item="i3", service_level=0.75) is ax
    assert any(text.startswith("0.75 quantile") for text in texts(ax))


def test_a_key_names_one_series(models: ec.DemandModels):
    with pytest.raises(DomainError, match="names 12 series"):
        models.plot.history(location="shop")
    with pytest.raises(DomainError, match="'market' is no key column"):
        models.plot.history(market="north")


def test_the_map_has_every_series_with_demand_and_counts_the_others(models: ec.DemandModels):
    ax = models.plot.classes()
    placed = sum(len(collection.get_offsets()) for collection in ax.collections)
    assert placed == 11
    assert "no demand (1)" in texts(ax)
    cuts = {float(line.get_xdata()[0]) for line in ax.lines} | {
        float(line.get_ydata()[0]) for line in ax.lines
    }
    assert {1.32, 0.49} <= cuts
