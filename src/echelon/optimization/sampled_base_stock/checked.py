"""Levels out of sample: what the simulator measures, beside what the paths say."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.display import share_beside
from echelon.errors import DataWarning
from echelon.network.network import Network
from echelon.optimization.measured_service import half_widths, independent_demands, verdicts
from echelon.policies.plan import Plan
from echelon.simulation.result import Simulation
from echelon.simulation.simulate import simulate

Floats = NDArray[np.float64]

COLUMN_OF: Final[Mapping[str, str]] = {
    "cycle": "cycle_service_level",
    "ready": "ready_rate",
    "fill": "fill_rate",
}
"""Column of a simulation that measures what a target is of."""

PERIODS: Final = 104
_KEY: Final = ["item", "location"]


def check(
    network: Network,
    plan: Plan,
    service: pd.DataFrame,
    *,
    replications: int,
    seed: int,
    confidence: float,
    n_jobs: int,
) -> tuple[pd.DataFrame, Simulation]:
    """Simulate a plan and compare what customers get with the targets.

    Parameters
    ----------
    service : DataFrame
        One row per stage with customers: item, location, measure, target, sampled.
    replications, seed, n_jobs
        Of the simulation.
    confidence : float

    Returns
    -------
    checked : DataFrame
        ``service`` with what is simulated, its error and half width, and a verdict: ``met`` and
        ``missed`` where the whole interval is on that side of the target, else ``unclear``.
    run : Simulation
    """
    run = simulate(
        network, plan, periods=PERIODS, replications=replications, seed=seed, n_jobs=n_jobs
    )
    found = _measured(network, run, service)
    rows = plan.stages.set_index(_KEY).loc[pd.MultiIndex.from_frame(found[_KEY])]
    mean, covered = (
        rows[name].to_numpy(np.float64) for name in ("demand_mean", "net_replenishment_time")
    )
    simulated = found["simulated"].to_numpy(np.float64)
    half = half_widths(
        simulated,
        found["simulated_se"].to_numpy(np.float64),
        independent_demands(PERIODS * replications, mean, covered),
        confidence,
    )
    verdict = verdicts(simulated, half, found["target"].to_numpy(np.float64))
    return found.assign(half_width=half, verdict=verdict), run


def _measured(network: Network, run: Simulation, service: pd.DataFrame) -> pd.DataFrame:
    stages = run.stages.set_index(_KEY)
    rows = stages.loc[pd.MultiIndex.from_frame(service[_KEY])]
    simulated, error = np.empty(len(rows)), np.empty(len(rows))
    measure = service["measure"].to_numpy()
    for name, column in COLUMN_OF.items():
        here = measure == name
        simulated[here] = rows[column].to_numpy(np.float64)[here]
        error[here] = rows[f"{column}_se"].to_numpy(np.float64)[here]
    feeding = pd.MultiIndex.from_frame(
        network.lanes[["from_item", "from_location"]].set_axis(_KEY, axis=1)
    )
    mixed = np.asarray(rows.index.isin(feeding)) & (measure == "fill")
    if mixed.any():  # the stage's own rate counts what stages ask for as well
        bought = _of_customers(run).reindex(rows.index[mixed])
        simulated[mixed] = bought["service"].to_numpy(np.float64)
        error[mixed] = bought["error"].to_numpy(np.float64)
    return service.assign(simulated=simulated, simulated_se=error)


def _of_customers(run: Simulation) -> pd.DataFrame:
    """Fill rate of customers alone; errors of rows of one stage are added, as they go together."""
    rows = run.segments
    weighed = rows[_KEY].assign(
        due=rows["due"],
        service=rows["due"] * rows["fill_rate"],
        error=rows["due"] * rows["fill_rate_se"],
    )
    sums = weighed.groupby(_KEY).sum()
    return sums[["service", "error"]].div(sums["due"], axis=0)


def simulated_in_words(row: Mapping[Any, Any] | pd.Series[Any]) -> str:
    """Say what a row of ``checked`` gets out of sample, in as many digits as its target needs."""
    value, half = (share_beside(row[name], row["target"]) for name in ("simulated", "half_width"))
    return f"{value} +- {half} simulated"


def warn_of_missed(checked: pd.DataFrame) -> None:
    """Say it where targets are missed out of sample."""
    missed = checked[checked["verdict"] == "missed"]
    if missed.empty:
        return
    first = missed.iloc[0]
    warnings.warn(
        f"{len(missed)} of {int(checked['target'].notna().sum())} service targets are missed "
        f"out of sample, first {first['item']} @ {first['location']}: {first['measure']} "
        f"{first['target']:.9g} asked for, {share_beside(first['sampled'], first['target'])} on "
        f"the sampled paths, {simulated_in_words(first)}. Fix: more scenarios, a higher "
        "service_level, or echelon.calibrate; see .checked.",
        DataWarning,
        stacklevel=4,
    )
