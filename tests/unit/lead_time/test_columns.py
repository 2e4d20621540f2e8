"""Frames of lead-time models have just the columns that the page of the output tables describes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.lead_time.columns import (
    LONG_OPEN,
    MODELS,
    POOLS,
    PROMISES,
    ROWS,
    SET_ASIDE,
    TREND,
)

TABLES = {
    "models": MODELS,
    "pools": POOLS,
    "rows": ROWS,
    "set_aside": SET_ASIDE,
    "promises": PROMISES,
    "trend": TREND,
    "long_open": LONG_OPEN,
}


@pytest.mark.filterwarnings("ignore::echelon.errors.DataWarning")
@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("by", [[], ["vendor"], ["vendor", "mode"]])
def test_each_frame(by: list[str], dated: bool) -> None:
    """With promises, a split, a blank and a forgotten order; and with none of them."""
    ordered = pd.Timestamp("2024-01-01") + pd.Timedelta(days=1) * np.arange(40)
    log = pd.DataFrame({"line": range(40), "vendor": "Acme", "mode": "air", "ordered": ordered})
    log["delivered"] = ordered + pd.Timedelta(days=14)
    if dated:
        log["released"] = ordered + pd.Timedelta(days=9)
        log["promised"] = ordered + pd.Timedelta(days=13)
        log.loc[[0, 1], ["delivered", "released"]] = pd.NaT
        log.loc[1, "ordered"] = pd.NaT
    models = ec.fit_lead_time(log, by=by, as_of="2024-12-31" if dated else None)
    frames = models.frames()
    assert set(frames) == set(TABLES)
    for name, frame in frames.items():
        table = TABLES[name]
        keyed = by if name in ("models", "pools", "promises", "long_open") else []
        assert tuple(column for column in frame.columns if column not in keyed) == table.names
        assert set(keyed) < set(frame.columns)
        first = {"promises": 0, "pools": 2}.get(name, 1)
        assert frame.columns.tolist()[first : first + len(keyed)] == keyed
        assert len(frame) > 0 or not dated
