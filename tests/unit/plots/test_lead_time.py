"""The histogram shows the shares and the quantile of the model."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pandas as pd
import pytest

import echelon as ec

pytest.importorskip("matplotlib")


@pytest.fixture
def models() -> ec.LeadTimeModels:
    ordered = pd.Timestamp("2024-01-01")
    days = np.repeat([5, 6, 7, 30, 31], [3, 5, 2, 4, 2])
    log = pd.DataFrame(
        {
            "line": range(len(days)),
            "mode": "sea",
            "ordered": ordered,
            "delivered": ordered + pd.to_timedelta(days, unit="D"),
        }
    )
    return ec.fit_lead_time(log, by=["mode"])


def test_bars_line_and_quantile(models: ec.LeadTimeModels) -> None:
    ax = models.plot.histogram(mode="sea")
    bars = {round(bar.get_x() + 0.5): bar.get_height() for bar in ax.patches[:-1]}
    assert bars[6] == pytest.approx(5 / 16)
    assert sum(bars.values()) == pytest.approx(1.0)
    (line,) = [patch for patch in ax.patches if hasattr(patch, "get_data")]
    values, edges, _ = line.get_data()
    assert values.sum() == pytest.approx(1.0)
    assert values[6] == pytest.approx(5 / 16)
    assert edges[6] == 5.5
    assert ax.lines[0].get_xdata()[0] == models.distribution(mode="sea").ppf(0.9) == 31.0
    assert (ax.get_title(), ax.get_ylabel()) == ("sea", "share")


def test_given_axes_are_drawn_on_and_a_pool_has_a_title(models: ec.LeadTimeModels) -> None:
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert models.plot.histogram(ax, probability=0.5) is ax
    assert ax.get_title() == "all shipments"
    assert "50% within 6 days" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_key_that_is_not_in_the_log_is_said_to_be_its_pool(models: ec.LeadTimeModels) -> None:
    assert models.plot.histogram(mode="air").get_title() == (
        "air: not in the log, shown is all shipments"
    )


def test_a_key_that_is_incomplete_is_not_said_to_be_missing() -> None:
    ordered = pd.Timestamp("2024-01-01")
    log = pd.DataFrame({"line": range(6), "from_location": ["plant"] * 4 + ["mill"] * 2})
    log = log.assign(to_location=["DE", "FR"] * 3, ordered=ordered)
    log["delivered"] = ordered + pd.to_timedelta([3, 4, 5, 6, 7, 8], unit="D")
    models = ec.fit_lead_time(log, by=["from_location", "to_location"])
    titles = {
        "plant: to_location not given, shown is all shipments": {"from_location": "plant"},
        "moon: not in the log, shown is all shipments": {"from_location": "moon"},
        "plant, moon: not in the log, shown is all shipments": {
            "from_location": "plant",
            "to_location": "moon",
        },
        "plant, FR": {"from_location": "plant", "to_location": "FR"},
    }
    for title, key in titles.items():
        assert models.plot.histogram(**key).get_title() == title


def test_one_stale_order_does_not_stretch_the_axis() -> None:
    ordered = pd.Timestamp("2022-01-01")
    days = [*np.tile([5, 6, 7, 8], 10), 900]
    log = pd.DataFrame({"line": range(41), "mode": "sea", "ordered": ordered})
    log["delivered"] = ordered + pd.to_timedelta(days, unit="D")
    ax = ec.fit_lead_time(log, by=["mode"]).plot.histogram(mode="sea")
    assert ax.get_xlim()[1] < 15.0
    assert any(
        text.get_text().startswith("41 shipments, 1 of them beyond")
        for text in ax.get_legend().get_texts()
    )


def test_without_matplotlib_the_extra_is_named(
    models: ec.LeadTimeModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ec.EchelonError, match=r"pip install 'echelon\[plot\]'"):
        models.plot.histogram()
