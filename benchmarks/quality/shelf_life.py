"""Items that expire: cost and waste of two policies of one number beside the best of all policies.

python -m benchmarks.quality.shelf_life
"""

from __future__ import annotations

import itertools
from typing import Any

import pandas as pd

from echelon.distributions import NegativeBinomial, Poisson
from echelon.errors import DomainError
from echelon.exact.perishable.base_stock import perishable_base_stock
from echelon.exact.perishable.optimal import perishable_optimal
from echelon.exact.perishable.projected_level import perishable_projected_level

TITLE = "Shelf life: waste beside that of the exact dynamic program"
LAWS = {"Poisson, mean 3": Poisson(3.0), "negative binomial, mean 2, std 2": NegativeBinomial(2, 2)}
COSTS = {  # holding, shortage, waste
    "1, 9, 10": (1.0, 9.0, 10.0),
    "0.1, 3, 3": (0.1, 3.0, 3.0),
    "0.2, 10, 4": (0.2, 10.0, 4.0),
    "1, 4, 2": (1.0, 4.0, 2.0),
}
LIVES, LEAD_TIMES, UNMET = (2, 3, 4, 5), (0, 1, 2), ("lost", "backordered")
SMALLEST = (2, "backordered", "Poisson, mean 3")
"""Life, what is unmet and demand: the only one with backorders and a lead time of two periods."""

TOLERANCE = 1e-5


def cases() -> list[dict[str, Any]]:
    """Every combination that takes seconds; two periods and backorders soon take minutes."""
    names = ("lead_time", "shelf_life", "unmet", "demand", "costs")
    grid = itertools.product(LEAD_TIMES, LIVES, UNMET, LAWS, COSTS)
    return [
        dict(zip(names, one, strict=True))
        for one in grid
        if one[0] < 2 or (one[2] == "lost" and one[1] < 5) or one[1:4] == SMALLEST
    ]


def measure(case: dict[str, Any], tolerance: float = TOLERANCE) -> dict[str, Any] | None:
    """Cost and waste of the three policies; None where the best of all is too large to find."""
    holding, shortage, waste = COSTS[case["costs"]]
    arguments = {
        "shelf_life": case["shelf_life"],
        "lead_time": case["lead_time"],
        "holding_cost": holding,
        "shortage_cost": shortage,
        "waste_cost": waste,
        "unmet": case["unmet"],
    }
    law = LAWS[case["demand"]]
    try:
        best = perishable_optimal(law, **arguments, tolerance=tolerance)
    except DomainError:
        return None
    base = perishable_base_stock(law, **arguments, method="exact")
    projected = perishable_projected_level(law, **arguments)
    found = {**case, "cost": best.cost, "waste": 100.0 * best.waste_rate}
    for name, policy in (("base stock", base), ("projected", projected)):
        found[f"{name}, cost +%"] = 100.0 * (policy.cost / best.cost - 1.0)
        found[f"{name}, waste points"] = 100.0 * (policy.waste_rate - best.waste_rate)
    return found


def frame() -> tuple[pd.DataFrame, int]:
    """All cases that can be solved, and how many could not."""
    rows = [measure(case) for case in cases()]
    return pd.DataFrame([row for row in rows if row is not None]), rows.count(None)


def table() -> str:
    """Worst and mean over the cases of each life and lead time, and the case wasting most more."""
    found, left_out = frame()
    lines = [
        "| unmet | lead time | cases | base stock: cost + % (worst) | waste points (least to most) "
        "| projected level: cost + % (worst) | waste points (least to most) |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for (unmet, lead_time), some in found.groupby(["unmet", "lead_time"], sort=False):
        cells = [unmet, str(lead_time), str(len(some))]
        for name in ("base stock", "projected"):
            cost, waste = some[f"{name}, cost +%"], some[f"{name}, waste points"]
            cells.append(f"{cost.mean():.2f} ({cost.max():.2f})")
            cells.append(f"{waste.min():+.2f} to {waste.max():+.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    worst = found.loc[found["projected, waste points"].idxmax()]
    within = (found["projected, waste points"] <= 1.0).mean()
    either = (found["projected, waste points"].abs() <= 1.0).mean()
    told = (
        f"{len(found)} cases, {left_out} more had too many states. The projected level wastes at "
        f"most 1 point more than the best of all policies in {within:.1%} of them, and is within "
        f"1 point either way in {either:.1%}; it wastes most more in "
        f"{worst['demand']}, {worst['unmet']}, shelf life "
        f"{worst['shelf_life']}, lead time {worst['lead_time']}, costs {worst['costs']}: "
        f"{worst['projected, waste points']:+.2f} points at {worst['projected, cost +%']:+.2f} % "
        f"cost (the best wastes {worst['waste']:.2f} %)."
    )
    return f"### {TITLE}\n\n{chr(10).join(lines)}\n\n{told}\n"


if __name__ == "__main__":
    print(table())
