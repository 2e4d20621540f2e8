"""Monthly demand of 2,674 car parts (Hyndman and others, 2008): how well quantiles would have done.

From each of 25 months, the models are fitted to what was known by then and forecast the quantiles
of the three months that follow. The constants of the fit were settled on the first 24 months, which
are no part of what is scored here; early drafts of the method were scored on the later ones too,
and the drift of pools was designed with them in sight, so that this is no blind test.

python -m benchmarks.quality.carparts
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

import echelon as ec
from echelon.demand.candidates import CANDIDATES
from echelon.demand.score import pinball
from echelon.rng import stream

TITLE = "Quantiles of 3-month demand of 2,674 car parts (Hyndman and others, 2008)"
EXPOSURE = 3
LEVELS = (0.90, 0.95, 0.99)
ORIGINS = range(24, 49)
REPLICATIONS = 1_000

Floats = NDArray[np.float64]


def source() -> Path | None:
    """Where the parts are: in the shared data beside the project, or where ECHELON_SHARED says."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    path = Path(os.environ.get("ECHELON_SHARED", beside)) / "data" / "carparts" / "carparts.csv"
    return path if path.is_file() else None


def read(path: Path) -> tuple[NDArray[np.str_], Floats]:
    """Names of the parts, and their demand by month; NaN where a part was not on record."""
    wide = pd.read_csv(path, index_col="period")
    return np.array(wide.columns, dtype=str), wide.to_numpy(dtype=np.float64).T


def history(names: NDArray[np.str_], demand: Floats, months: int) -> pd.DataFrame:
    """Tidy frame of the first months; a month that is not on record is a row that is not there."""
    tidy = pd.DataFrame(
        {
            "item": np.repeat(names, months),
            "location": "warehouse",
            "period": np.tile(np.arange(months), len(names)),
            "quantity": demand[:, :months].ravel(),
        }
    )
    return tidy[tidy["quantity"].notna()]


@dataclass(slots=True)
class Forecast:
    """Quantiles of some parts at each level, and what the model gives to what came.

    ``below`` and ``upto`` are the probabilities of less than, and of at most, the actual demand;
    they tell a model of whole units fairly: its quantile has to cover more than the level.
    ``claimed`` is the probability of at most the quantile.
    """

    quantile: dict[float, Floats]
    below: Floats
    upto: Floats
    claimed: dict[float, Floats] = field(default_factory=dict)


def chosen(names: NDArray[np.str_], demand: Floats, months: int, actual: Floats) -> Forecast:
    """Fit ``fit_demand`` to the months known and ask its models."""
    models = ec.fit_demand(history(names, demand, months), exposure=EXPOSURE, service_level=LEVELS)
    table = models.models.set_index("item").loc[names]
    quantiles = models.quantiles().set_index("item").loc[names]
    mean = EXPOSURE * table["mean"].to_numpy()
    variance = EXPOSURE * table["std"].to_numpy() ** 2
    family = table["family"].to_numpy()
    counted = np.isin(family, ["poisson", "negative_binomial"])
    counts = CANDIDATES["negative_binomial"].distribution
    found = {level: quantiles[level].to_numpy() for level in LEVELS}
    below, upto = np.zeros(len(names)), np.ones(len(names))
    below[counted] = counts(mean[counted], variance[counted], actual[counted] - 1.0)
    upto[counted] = counts(mean[counted], variance[counted], actual[counted])
    claimed = {}
    for level in LEVELS:
        claimed[level] = np.full(len(names), level)
        claimed[level][counted] = counts(mean[counted], variance[counted], found[level][counted])
    # of a density: which side of the quantile the demand fell is all there is to tell
    below[~counted] = upto[~counted] = np.nan
    return Forecast(found, below, upto, claimed)


def normal(_names: NDArray[np.str_], demand: Floats, months: int, _actual: Floats) -> Forecast:
    """Sample mean and standard deviation; three months add up."""
    known = demand[:, :months]
    mean, std = known.mean(axis=1), known.std(axis=1, ddof=1)
    found = {
        level: EXPOSURE * mean + special.ndtri(level) * std * EXPOSURE**0.5 for level in LEVELS
    }
    nothing = np.full(len(known), np.nan)
    return Forecast(found, nothing, nothing, {q: np.full(len(known), q) for q in LEVELS})


def poisson(_names: NDArray[np.str_], demand: Floats, months: int, actual: Floats) -> Forecast:
    """Poisson with the sample mean."""
    mean = EXPOSURE * demand[:, :months].mean(axis=1)
    positive = np.maximum(mean, 1e-300)
    found = {}
    for level in LEVELS:
        units = np.ceil(special.pdtrik(level, positive))
        # pdtrik is good to a rounding; the smallest count that reaches the level is what is asked
        units = np.where(
            special.pdtr(np.maximum(units - 1.0, 0.0), positive) >= level, units - 1, units
        )
        found[level] = np.maximum(units, 0.0)
    below = np.where(actual > 0.0, special.pdtr(np.maximum(actual - 1.0, 0.0), positive), 0.0)
    claimed = {level: special.pdtr(found[level], positive) for level in LEVELS}
    return Forecast(found, below, special.pdtr(actual, positive), claimed)


def willemain(names: NDArray[np.str_], demand: Floats, months: int, actual: Floats) -> Forecast:
    """Bootstrap of Willemain, Smart and Schwarz (2004), International J. of Forecasting 20(3).

    Demand comes and goes by a two-state Markov chain with the transitions counted in the history;
    a size is one of the history's, jittered: ``1 + int(x + z sqrt(x))``, or x where that is not
    positive.
    """
    rng = stream(2004, "willemain", months)
    known = demand[:, :months]
    busy = known > 0.0
    moves = np.zeros((2, len(names)))
    stays = np.zeros((2, len(names)))
    for state in (0, 1):
        here = busy[:, :-1] == bool(state)
        stays[state] = here.sum(axis=1)
        moves[state] = (here & busy[:, 1:]).sum(axis=1)
    overall = busy.mean(axis=1)
    to_busy = np.where(stays > 0.0, moves / np.maximum(stays, 1.0), overall)
    order = np.argsort(~busy, axis=1, kind="stable")
    sizes = np.take_along_axis(known, order, axis=1)  # positive ones first
    n_sizes = busy.sum(axis=1)
    total = np.zeros((len(names), REPLICATIONS))
    state = np.broadcast_to(busy[:, -1:], total.shape).copy()
    for _ in range(EXPOSURE):
        chance = np.where(state, to_busy[1][:, None], to_busy[0][:, None])
        state = rng.random(total.shape) < chance
        place = (rng.random(total.shape) * np.maximum(n_sizes, 1)[:, None]).astype(np.int64)
        size = np.take_along_axis(sizes, place, axis=1)
        jittered = 1.0 + np.trunc(size + rng.standard_normal(total.shape) * np.sqrt(size))
        total += np.where(state, np.where(jittered > 0.0, jittered, size), 0.0)
    total.sort(axis=1)
    found = {q: total[:, int(np.ceil(q * REPLICATIONS)) - 1] for q in LEVELS}
    below = (total < actual[:, None]).mean(axis=1)
    claimed = {q: (total <= found[q][:, None]).mean(axis=1) for q in LEVELS}
    return Forecast(found, below, (total <= actual[:, None]).mean(axis=1), claimed)


METHODS: dict[str, Callable[[NDArray[np.str_], Floats, int, Floats], Forecast]] = {
    "echelon": chosen,
    "normal, sample moments": normal,
    "Poisson": poisson,
    "bootstrap (Willemain)": willemain,
}


def covered_fairly(level: float, quantile: Floats, forecast: Forecast, actual: Floats) -> Floats:
    """Coverage of the quantile of a model of whole units with its last step taken by chance.

    The expected share of cases in which the randomised probability transform is within the level
    (Czado, Gneiting and Held, 2009, Biometrics 65(4)): the level itself for a true model, whole
    units or not. Of a density it is the plain share.
    """
    plain = (actual <= quantile).astype(np.float64)
    jump = forecast.upto - forecast.below
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip((level - forecast.below) / jump, 0.0, 1.0)
    share = np.where(jump > 0.0, share, (level >= forecast.upto).astype(np.float64))
    return np.where(np.isnan(forecast.upto), plain, share)


def measure() -> pd.DataFrame | None:
    """One row per method and level: cases, mean pinball loss, the three coverages."""
    path = source()
    if path is None:
        return None
    names, demand = read(path)
    rows = []
    for month in ORIGINS:
        actual = demand[:, month : month + EXPOSURE].sum(axis=1)
        there = ~np.isnan(demand[:, : month + EXPOSURE]).any(axis=1)
        for method, forecast_of in METHODS.items():
            forecast = forecast_of(names[there], demand[there], month, actual[there])
            for level in LEVELS:
                quantile = forecast.quantile[level]
                rows.append(
                    {
                        "method": method,
                        "level": level,
                        "cases": len(quantile),
                        "pinball": pinball(actual[there], quantile, level).mean(),
                        "covered": (actual[there] <= quantile).mean(),
                        "claimed": forecast.claimed[level].mean(),
                        "fairly": covered_fairly(level, quantile, forecast, actual[there]).mean(),
                    }
                )
    table = pd.DataFrame(rows)
    values = ["pinball", "covered", "claimed", "fairly"]
    table[values] = table[values].multiply(table["cases"], axis=0)
    summed = table.groupby(["level", "method"], sort=False)[["cases", *values]].sum()
    summed[values] = summed[values].div(summed["cases"], axis=0)
    return summed.reset_index()


def table() -> str:
    """The measurements as a table of Markdown."""
    measured = measure()
    if measured is None:
        return f"### {TITLE}\n\nNot run: the parts are not on this machine.\n"
    lines = [
        ["quantile", "method", "pinball", "to echelon", "covered", "claimed", "covered, by chance"],
        ["---:", "---", "---:", "---:", "---:", "---:", "---:"],
    ]
    for level, group in measured.groupby("level", sort=False):
        ours = group["pinball"].iloc[0]
        for row in group.itertuples():
            lines.append(
                [
                    f"{level:.0%}",
                    str(row.method),
                    f"{row.pinball:.4f}",
                    f"{row.pinball / ours:.2f}",
                    f"{row.covered:.1%}",
                    f"{row.claimed:.1%}",
                    f"{row.fairly:.1%}",
                ]
            )
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    cases = int(measured["cases"].iloc[0])
    return (
        f"### {TITLE}\n\n{cases:,} forecasts of three months from {len(ORIGINS)} rolling origins "
        "(months 24 to 48). *Covered*: share of the sums within the quantile. *Claimed*: what the "
        "model itself gives to at most its quantile, which is more than the level because units "
        "are whole. *By chance*: with the last unit taken by chance, so that a true model has the "
        f"level.\n\n{body}\n"
    )


if __name__ == "__main__":
    print(table())
