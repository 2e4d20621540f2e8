"""Pictures of demand say what they show."""

from __future__ import annotations

import inspect
from functools import partial

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
    assert any(text.startswith("75 % quantile of one month: ") for text in texts(ax))
    assert "outlier" in texts(ax)


def test_a_key_names_one_series(models: ec.DemandModels):
    with pytest.raises(
        DomainError,
        match=r"names 12 series: item='i0', location='shop'; .*; and 7 more\. Fix: give item",
    ):
        models.plot.history(location="shop")
    with pytest.raises(DomainError, match=r"names no series\. Fix: item is one of 'i1'"):
        models.plot.history(item="i1 ")
    with pytest.raises(DomainError, match="'market' is no key column"):
        models.plot.history(market="north")


def test_the_map_has_every_series_with_demand_and_counts_the_others(models: ec.DemandModels):
    ax = models.plot.classes()
    placed = sum(len(collection.get_offsets()) for collection in ax.collections)
    assert placed == 11
    assert not any("no demand" in text for text in texts(ax))
    assert ax.get_title() == "12 series, 1 of them without demand and not shown"
    cuts = {float(line.get_xdata()[0]) for line in ax.lines} | {
        float(line.get_ydata()[0]) for line in ax.lines
    }
    assert {1.32, 0.49} <= cuts


def test_the_map_names_its_corners_and_has_both_cuts_inside(models: ec.DemandModels):
    ax = models.plot.classes()
    assert {text.get_text() for text in ax.texts} == {"smooth", "erratic", "intermittent", "lumpy"}
    assert ax.get_xlim()[0] < 1.0 < 1.32 < ax.get_xlim()[1]
    assert ax.get_ylim()[0] < 0.49 < ax.get_ylim()[1]


def test_a_series_without_demand_says_whose_model_it_has(models: ec.DemandModels):
    ax = models.plot.history(item="i4")
    assert "model from " in ax.get_title()
    assert ax.get_ylim()[1] >= 1.0


def test_the_legend_covers_nothing(models: ec.DemandModels):
    for ax in (models.plot.history(item="i1"), models.plot.classes()):
        ax.figure.canvas.draw()
        assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1


def test_the_legend_in_axes_that_are_given_has_space_above_the_data(models: ec.DemandModels):
    from matplotlib.figure import Figure

    for draw in (models.plot.classes, partial(models.plot.history, item="i1")):
        ax = Figure().subplots()
        draw(ax)
        ax.figure.canvas.draw()
        highest = max(
            ax.transData.transform((0, values.max()))[1]
            for values in [
                *(line.get_ydata() for line in ax.lines if line.get_transform() == ax.transData),
                *(np.asarray(dots.get_offsets())[:, 1] for dots in ax.collections),
            ]
            if len(values)
        )
        assert ax.get_legend().get_window_extent().y0 >= highest


def test_help_shows_the_name_the_options_and_the_text(models: ec.DemandModels):
    draw = models.plot.history
    assert draw.__name__ == "history"
    assert draw.__doc__.startswith("Draw the history of a series")
    assert list(inspect.signature(draw).parameters) == ["ax", "service_level", "key"]
