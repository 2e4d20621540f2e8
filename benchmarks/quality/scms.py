"""Lead times of 10,324 shipments of medicines: the last two years, held out and then predicted.

What is chosen, is chosen inside the years before: from a grid, by the pinball score of the 90 %
quantile over six origins, nothing after the hold-out's first day being looked at.
"""

from __future__ import annotations

import os
from itertools import product
from math import inf
from pathlib import Path
from typing import Any

import pandas as pd

import echelon as ec
from echelon.io.scms import SCMS_FORMATS, SCMS_MISSING

TITLE = "Lead times of the SCMS delivery history, last two years held out"
HELD_OUT = "2013-09-14"
"""Two years before the last delivery."""
DAYS = 730
ORIGINS = ("2009-03-14", "2009-09-14", "2010-03-14", "2010-09-14", "2011-03-14", "2011-09-14")
PROBABILITY = 0.9
READING: dict[str, Any] = {
    "formats": SCMS_FORMATS,
    "missing": SCMS_MISSING,
    "credible_days": (1, inf),  # delivered on the day of the order: entered afterwards
}
GRID: list[dict[str, Any]] = [
    {"pools": pools, "half_life_days": half_life, "drift": drift, "families": ()}
    for pools, half_life, drift in product(
        ([["mode"]], [["vendor"]]), (inf, 730.0, 365.0), (0.0, 0.2, 0.4, 0.6, 0.8)
    )
]


def file() -> Path | None:
    """Where the log is: in the shared data beside the project, or where ECHELON_SHARED says."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    folder = Path(os.environ.get("ECHELON_SHARED", beside)) / "data" / "scms"
    path = folder / "SCMS_Delivery_History_Dataset.csv"
    return path if path.is_file() else None


def choose(log: pd.DataFrame, grid: list[dict[str, Any]]) -> tuple[dict[str, Any], pd.DataFrame]:
    """Give the option of least pinball score before the hold-out, and every option's score."""
    scores = ec.score_lead_time(
        log,
        grid,
        origins=ORIGINS,
        horizon_days=DAYS,
        until=HELD_OUT,
        probability=PROBABILITY,
        **READING,
    )
    weighed = scores.assign(
        coverage=scores["coverage"] * scores["lines"], pinball=scores["pinball"] * scores["lines"]
    )
    sums = weighed.groupby("option")[["coverage", "pinball", "lines"]].sum()
    table = sums[["coverage", "pinball"]].div(sums["lines"], axis=0)
    return grid[int(table["pinball"].idxmin())], table


def hold_out(log: pd.DataFrame, options: list[dict[str, Any]], scored: str) -> pd.DataFrame:
    """Score options on the two years that were held out."""
    return ec.score_lead_time(
        log,
        options,
        origins=[HELD_OUT],
        horizon_days=DAYS,
        probability=PROBABILITY,
        scored=scored,  # type: ignore[arg-type]
        **READING,
    )


def table() -> str:
    """One row per way to fit, by date of delivery and by date of order."""
    path = file()
    if path is None:
        return f"### {TITLE}\n\nNot run: the log is not on this machine.\n"
    log = ec.read_scms(path)
    chosen, training = choose(log, GRID)
    plain = {**chosen, "half_life_days": inf, "drift": 0.0}
    ways = {
        "chosen before the hold-out": chosen,
        "the same without drift": plain,
        "and without open orders": {**plain, "open_orders": False},
        "normal fit": {"pools": chosen["pools"], "normal": True},
    }
    head = ["model", "scored by", "lines", "covered", "shipments", "covered", "pinball, days"]
    lines = [head, ["---", "---", *["---:"] * 5]]
    for scored in ("delivered", "ordered"):
        scores = hold_out(log, list(ways.values()), scored)
        for name, row in zip(ways, scores.itertuples(), strict=True):
            lines.append(
                [
                    name,
                    scored,
                    f"{row.lines:,}",
                    f"{row.coverage:.1%}",
                    f"{row.shipments:,}",
                    f"{row.coverage_shipments:.1%}",
                    f"{row.pinball:.2f}",
                ]
            )
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    best = training.loc[training["pinball"].idxmin()]
    return (
        f"### {TITLE}\n\n"
        f"Nominal {PROBABILITY:.0%} quantiles by vendor and mode. Chosen of {len(GRID)} options "
        f"over {len(ORIGINS)} origins before {HELD_OUT}: pools {chosen['pools']}, half-life "
        f"{chosen['half_life_days']:g} days, drift {chosen['drift']:g}; there it covers "
        f"{best['coverage']:.1%}, pinball {best['pinball']:.2f}.\n\n{body}\n"
    )


if __name__ == "__main__":
    print(table())
