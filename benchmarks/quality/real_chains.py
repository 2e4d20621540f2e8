"""The 38 supply chains of Willems (2008): cost a year, proven gap and CPU of a placement."""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path

import echelon as ec

TITLE = "Place safety stock on 38 real supply chains (Willems, 2008)"
CHAINS = range(1, 39)
SECONDS = 60.0


def folder() -> Path | None:
    """Where the chains are: in the shared data beside the project, or where ECHELON_SHARED says."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    path = Path(os.environ.get("ECHELON_SHARED", beside)) / "data" / "willems"
    return path if path.is_dir() else None


def table() -> str:
    """One row per chain; stage times at their means, holding rate 0.35, ``time_limit`` 60 s."""
    path = folder()
    if path is None:
        return f"### {TITLE}\n\nNot run: the chains are not on this machine.\n"
    head = ["chain", "stages", "lanes", "cost a year", "gap", "status", "route", "CPU"]
    lines = [head, ["---:", "---:", "---:", "---:", "---:", "---", "---", "---:"]]
    optimal = 0
    for chain in CHAINS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ec.DataWarning)  # the data's oddities are known
            network = ec.read_willems(path, chain)
        began = time.process_time()
        plan = ec.optimize(network, time_limit=SECONDS)
        seconds = time.process_time() - began
        optimal += plan.status == "optimal"
        lines.append(
            [
                str(chain),
                f"{network.n_stages:,}",
                f"{network.n_lanes:,}",
                f"{plan.annual_cost:,.2f}",
                f"{plan.gap:.1e}",
                plan.status,
                str(plan.components["method"].iloc[0]),
                f"{seconds:,.2f} s",
            ]
        )
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"### {TITLE}\n\n{optimal} of {len(CHAINS)} proven optimal.\n\n{body}\n"
