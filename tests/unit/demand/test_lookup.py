"""A model is asked for by its key."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import make
from echelon.errors import DomainError


def models():
    sold = np.random.default_rng(3).poisson([[3.0], [9.0], [40.0]], (3, 60))
    history = pd.DataFrame(
        {
            "item": np.repeat(["007", "bolt", "bolt"], 60),
            "location": "shop",
            "channel": np.repeat(["web", "web", "till"], 60),
            "period": np.tile(np.arange(60), 3),
            "quantity": sold.ravel(),
        }
    )
    return ec.fit_demand(history, segments=["channel"])


def test_it_is_the_row_of_the_demand_table():
    fitted = models()
    for row in fitted.demand.to_dict("records"):
        asked = {name: row[name] for name in ("item", "location", "channel")}
        assert fitted.distribution(**asked) == make(row["family"], row["mean"], row["std"])
    assert fitted.distribution(item="007").mean == pytest.approx(3.0, rel=0.2)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({"item": "bolt"}, "names 2 series: .*channel='web'; .*channel='till'.*Fix: give item"),
        ({"item": "blot"}, "names no series. Fix: item is one of 'bolt'"),
        ({"market": "DE"}, "'market' is no key column. Fix: name one of item, location, channel"),
    ],
)
def test_a_key_that_names_not_one_series_is_told(key: dict[str, str], message: str):
    with pytest.raises(DomainError, match=message):
        models().distribution(**key)
