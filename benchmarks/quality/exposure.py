"""Lead times with two humps: what a base stock by two moments promises and what it keeps."""

from __future__ import annotations

import numpy as np

from echelon import distributions as ed
from echelon.lead_time.exposure import exposure_demand
from echelon.rng import stream

TITLE = "Two-humped lead times: the service that two moments lose"
N_DRAWS = 1_000_000
PROMISED = (0.90, 0.95, 0.99)
REVIEW = 1.0

LEAD_TIMES = {
    "2 or 9 (90 : 10)": ed.Empirical([2, 9], [0.9, 0.1]),
    "2 or 9 (70 : 30)": ed.Empirical([2, 9], [0.7, 0.3]),
    "2 or 9 (30 : 70)": ed.Empirical([2, 9], [0.3, 0.7]),
    "1, 4 or 16 (60 : 30 : 10)": ed.Empirical([1, 4, 16], [0.6, 0.3, 0.1]),
}
DEMANDS = {
    "gamma, mean 10, std 4": ed.Gamma(10.0, 4.0),
    "lognormal, mean 10, std 10": ed.LogNormal(10.0, 10.0),
    "1 period in 5, then gamma 50, 30": ed.ZeroInflated(0.2, ed.Gamma(50.0, 30.0)),
}


def simulated(demand: ed.Distribution, lead_time: ed.Empirical) -> np.ndarray:
    """Exposure demand drawn period by period."""
    rng = stream(1, "exposure benchmark", repr(demand), repr(lead_time))
    periods = lead_time.sample(rng, N_DRAWS) + REVIEW
    total = np.zeros(N_DRAWS)
    for period in range(int(periods.max())):
        drawn = demand.sample(rng, N_DRAWS)
        total += np.where(periods > period, drawn, 0.0)
    return total


def table() -> str:
    """Share of cycles without a shortage, per demand and lead time, for three promises."""
    head = [
        "demand",
        "lead time, periods",
        "promised",
        "exact keeps",
        "normal keeps",
        "gamma keeps",
    ]
    head += ["service lost by normal", "stock: normal / exact"]
    lines = [head, ["---", "---", *["---:"] * 6]]
    for demand_name, demand in DEMANDS.items():
        for time_name, lead_time in LEAD_TIMES.items():
            drawn = np.sort(simulated(demand, lead_time))
            levels = {
                method: exposure_demand(demand, lead_time, REVIEW, method=method).ppf(PROMISED)
                for method in ("exact", "normal", "gamma")
            }
            kept = {
                method: np.searchsorted(drawn, level, side="right") / N_DRAWS
                for method, level in levels.items()
            }
            for at, promised in enumerate(PROMISED):
                shares = [f"{100 * kept[method][at]:.2f} %" for method in levels]
                lost = 100.0 * (promised - kept["normal"][at])
                ratio = levels["normal"][at] / levels["exact"][at]
                row = [demand_name, time_name, f"{100 * promised:.0f} %", *shares]
                lines.append([*row, f"{lost:+.2f} points", f"{ratio:.2f}"])
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (
        f"### {TITLE}\n\n{N_DRAWS:,} simulated exposures each, weekly review; a standard error is "
        f"0.03 points at 90 %, 0.01 at 99 %.\n\n{body}\n"
    )


if __name__ == "__main__":
    print(table())
