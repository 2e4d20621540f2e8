"""From demand history to one demand model per series."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.demand.arguments import (
    check_flag,
    check_levels,
    check_memories,
    check_season,
    check_whole,
)
from echelon.demand.candidates import CANDIDATES, NEAREST_TO_POISSON, candidates_named
from echelon.demand.censored import expected_demand
from echelon.demand.classify import classify
from echelon.demand.drift import drift_of
from echelon.demand.failures import failures_frame
from echelon.demand.findings import describe
from echelon.demand.history import Absent, Panel, read_history, series_codes
from echelon.demand.judge import Verdict, judge
from echelon.demand.likelihood import variance_of
from echelon.demand.models import DemandModels
from echelon.demand.moments import Moments, Sums, decay, moments, prepare
from echelon.demand.pool import Pooled, borrow, drifted
from echelon.demand.score import (
    Pools,
    Task,
    join,
    origins_of,
    predictive_variance,
    score,
)
from echelon.errors import DomainError
from echelon.progress import Progress, track
from echelon.results import Provenance, frame_digest

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Method: TypeAlias = Literal["moments", "likelihood"]

HALF_LIVES = (None, 24.0, 12.0, 6.0)
"""Memories to choose from, periods."""
ALIKE = 0.01
"""Relative difference of two losses that is no reason to prefer one."""


def fit_demand(
    history: pd.DataFrame,
    *,
    exposure: int = 1,
    service_level: float | Sequence[float] = 0.95,
    period: str | None = None,
    absent: Absent = "raise",
    segments: Sequence[str] = (),
    pool_by: Sequence[str] | None = None,
    families: Sequence[str] = tuple(CANDIDATES),
    half_lives: Sequence[float | None] = HALF_LIVES,
    method: Method = "moments",
    origins: int = 12,
    min_periods: int = 8,
    min_demands: int = 2,
    pooling: bool = True,
    widen: bool = True,
    season: float | None = None,
    progress: Progress = None,
) -> DemandModels:
    """Fit a demand model to every series of a history.

    All series at once, in arrays. Each is classified; families that its information criterion does
    not support are put aside; the others, each with several memories, forecast the demand of the
    exposure from a dozen points of the past, and the one whose quantiles cost least is taken. The
    page *Demand from history* has every step and its source.

    Parameters
    ----------
    history : DataFrame
        Table ``demand_history``: item, location, segments, period, quantity and, where stock ran
        out, stock_out. It is not modified.
    exposure : int, default 1
        Periods of demand that stock will have to cover, lead time plus review period: sums of so
        many periods are scored, and for them the uncertainty of the moments is allowed for.
    service_level : float or sequence of float, default 0.95
        Probabilities of the quantiles that are scored, each above 0.5 and below 1.
    period : {"day", "week", "month"}, optional
        What one period is, where the history has dates.
    absent : {"raise", "zero"}, default "raise"
        What a period without a row means: a fault, or that nobody asked.
    segments : sequence of str, optional
        Columns that tell segments apart. A column ``segment`` needs no naming.
    pool_by : sequence of str, optional
        Key columns whose series lend to one another; the segments by default, and all series where
        there are none. A pool of fewer than ten series with demand gives way to all series.
    families : sequence of str, default all candidates
        Of poisson, negative_binomial, gamma, normal, lognormal.
    half_lives : sequence of float or None, default (None, 24, 12, 6)
        Memories to choose from: periods in which the weight of the past halves, 1 or more, None
        for never.
        The first is taken where nothing can be scored.
    method : {"moments", "likelihood"}, default "moments"
        How the shape of the final model is found; scores are those of moment fits. Series with
        zeros (gamma, lognormal) or stock-outs keep their moments.
    origins : int, default 12
        Points of the second half of the history from which is forecast; 0 scores nothing, and
        the information criterion chooses.
    min_periods : int, default 8
        Periods without stock-out that a series needs for a model of its own, at least 3.
    min_demands : int, default 2
        Periods with demand among them.
    pooling : bool, default True
        Whether pools lend at all. Without them a series without a model of its own is a failure.
    widen : bool, default True
        Whether the uncertainty of the moments widens the standard deviation.
    season : float, optional
        Periods of a cycle to look for among the findings, 2.5 or more; by default a year where the
        history has dates, and a week too where its periods are days. It changes no model.
    progress : bool or callable, optional
        See :data:`echelon.progress.Progress`; counts the points forecast from. There is no
        ``n_jobs``: all series are worked out in the same arrays.

    Returns
    -------
    DemandModels
        ``.demand`` is the table for ``Network.from_tables``, ``.to_frame()`` how each model came
        about, ``.findings`` what the history shows besides, ``.failures`` series without a model.

    Raises
    ------
    TableError
        With every fault of the history.
    DomainError
        If an argument is outside what it may be.
    UnknownNameError
        If there is no such family or period.

    Examples
    --------
    >>> import numpy as np, pandas as pd, echelon as ec
    >>> rng = np.random.default_rng(7)
    >>> history = pd.DataFrame(
    ...     {
    ...         "item": np.repeat(["bolt", "nut"], 104),
    ...         "location": "shop",
    ...         "period": np.tile(np.arange(104), 2),
    ...         "quantity": np.concatenate((rng.poisson(0.4, 104), rng.poisson(30.0, 104))),
    ...     }
    ... )
    >>> models = ec.fit_demand(history, exposure=3, service_level=0.95)
    >>> models.models[["item", "class", "fitted_family"]].values.tolist()
    [['bolt', 'intermittent', 'poisson'], ['nut', 'smooth', 'poisson']]
    """
    began = time.perf_counter()
    task = Task(
        candidates_named(families),
        check_memories(half_lives),
        check_levels(service_level),
        check_whole("exposure", exposure, 1),
        check_whole("origins", origins, 0),
        check_whole("min_periods", min_periods, 3),
        check_flag("pooling", pooling),
        check_flag("widen", widen),
    )
    least = check_whole("min_demands", min_demands, 1)
    if method not in ("moments", "likelihood"):
        raise DomainError(f"method is {method!r}. Fix: use 'moments' or 'likelihood'.")
    check_season(season)
    panel = read_history(history, segments=segments, period=period, absent=absent)
    pools = _pools(panel.keys, pool_by)
    read = time.perf_counter()
    with track(progress, len(origins_of(panel.n_periods, task)), "forecasting") as advance:
        models, settled = _fit(panel, task, pools, method, least, advance)
    fitted = time.perf_counter()
    findings = describe(panel, models, settled, season)
    arguments: dict[str, Any] = {
        "exposure": task.exposure,
        "service_level": list(task.levels),
        "period": period,
        "absent": absent,
        "segments": list(segments),
        "pool_by": None if pool_by is None else list(pool_by),
        "families": [candidate.name for candidate in task.candidates],
        "half_lives": list(task.half_lives),
        "method": method,
        "origins": task.origins,
        "min_periods": task.min_periods,
        "min_demands": least,
        "pooling": pooling,
        "widen": widen,
        "season": season,
    }
    seconds = {
        "read": read - began,
        "fit": fitted - read,
        "findings": time.perf_counter() - fitted,
    }
    without = models["family"].isna()
    return DemandModels(
        _failures(models[without], panel.keys),
        Provenance(arguments, {"demand_history": panel_digest(panel)}, seconds),
        models[~without].reset_index(drop=True),
        findings,
        task.exposure,
        task.levels,
        panel,
    )


def panel_digest(panel: Panel) -> str:
    """Sixteen hexadecimal digits that change when a key, a quantity or its place does."""
    hashed = hashlib.sha256(frame_digest(panel.keys).encode())
    hashed.update(f"{panel.first} {panel.calendar}".encode())
    hashed.update(np.ascontiguousarray(panel.quantity).data)
    if panel.censored is not None:
        hashed.update(np.ascontiguousarray(panel.censored).data)
    return hashed.hexdigest()[:16]


def _pools(keys: pd.DataFrame, pool_by: Sequence[str] | None) -> Pools:
    columns = list(keys.columns[2:]) if pool_by is None else list(pool_by)
    if isinstance(pool_by, str) or any(name not in keys.columns for name in columns):
        known = ", ".join(map(repr, keys.columns))
        raise DomainError(f"pool_by is {pool_by!r}. Fix: give a list of names among {known}.")
    if not columns:
        return Pools(np.zeros(len(keys), dtype=np.int64), 1)
    codes, labels = series_codes(keys, columns)
    return Pools(codes, len(labels))


def _fit(
    panel: Panel,
    task: Task,
    pools: Pools,
    method: Method,
    min_demands: int,
    advance: Callable[[int], None],
) -> tuple[pd.DataFrame, Mask]:
    """Choose and fit the model of every series; a row without a family has none."""
    expected = expected_demand(panel)
    settled = np.ones(panel.n_series, dtype=np.bool_) if expected is None else expected[2]
    sums = prepare(panel, None if expected is None else expected[:2])
    # what stock-outs hide beyond estimation says nothing of the mean either
    for part in (sums.observed, sums.first, sums.second):
        part[~settled] = 0.0
    verdict = judge(
        panel,
        sums,
        task,
        pools,
        likelihood=method == "likelihood",
        min_demands=min_demands,
        settled=settled,
    )
    kinds = classify(_shown(panel))
    worth = verdict.allowed & verdict.own[:, None]
    drift = drift_of(sums, task, pools)
    scores = score(panel, sums, task, worth, verdict.whole, pools, drift, advance=advance)
    joined = join(scores, verdict.allowed, kinds.code, verdict.whole)
    family, memory = _best(joined, verdict)
    frame = _final(panel, sums, task, pools, verdict, drift, family, memory)
    half_lives = np.array([np.nan if life is None else life for life in task.half_lives])
    rows = np.arange(panel.n_series)
    seen = ~np.isnan(panel.quantity)
    hidden = panel.censored
    frame.insert(0, "class", kinds.names)
    described = {
        "half_life": half_lives[memory],
        "drift": drift[rows, memory],
        "periods": seen.sum(axis=1),
        "demands": (np.nan_to_num(panel.quantity) > 0.0).sum(axis=1),
        "stock_outs": np.zeros(len(rows), np.int64) if hidden is None else hidden.sum(axis=1),
        "demand_interval": kinds.interval,
        "size_variation": kinds.variation,
        "criterion": verdict.criterion[rows, family],
        "windows": scores.windows,
        "score": scores.loss[rows, family, memory],
        "covered": scores.covered[rows, family, memory],
    }
    return pd.concat([panel.keys, frame.assign(**described)], axis=1), settled


def _shown(panel: Panel) -> Floats:
    """Quantities of periods that show demand in full; of a series without one, what was sold."""
    if panel.censored is None:
        return panel.quantity
    free: Floats = np.where(panel.censored, np.nan, panel.quantity)
    nothing = np.all(np.isnan(free), axis=1, keepdims=True)
    return np.where(nothing, panel.quantity, free)


def _best(joined: Floats, verdict: Verdict) -> tuple[Integers, Integers]:
    """Candidate and memory of least loss; where nothing is scored the criterion decides.

    Losses within 1 % of the least are alike: of those the memory that is named first counts, and
    then the candidate with the smaller criterion.
    """
    n_series = len(joined)
    criterion = np.where(verdict.allowed, verdict.support, np.inf)
    told = np.isfinite(criterion).any(axis=1)
    otherwise = np.where(told, criterion.argmin(axis=1), verdict.allowed.argmax(axis=1))
    least = joined.reshape(n_series, -1).min(axis=1)
    scored = np.isfinite(least)
    alike = joined <= (1.0 + ALIKE) * np.where(scored, least, 0.0)[:, None, None]
    memory = alike.any(axis=1).argmax(axis=1)
    among = np.take_along_axis(alike, memory[:, None, None], axis=2)[:, :, 0]
    # candidates that the criterion does not tell apart go by their loss
    loss = np.take_along_axis(joined, memory[:, None, None], axis=2)[:, :, 0]
    by_criterion = np.where(among, criterion, np.inf)
    by_loss = np.where(among, loss, np.inf)
    family = np.where(
        np.isfinite(by_criterion).any(axis=1), by_criterion.argmin(axis=1), by_loss.argmin(axis=1)
    )
    family = np.where(scored, family, otherwise)
    return family.astype(np.int64), np.where(scored, memory, 0).astype(np.int64)


def _final(
    panel: Panel,
    sums: Sums,
    task: Task,
    pools: Pools,
    verdict: Verdict,
    drift: Floats,
    family: Integers,
    memory: Integers,
) -> pd.DataFrame:
    """Fit what was chosen to the whole history."""
    n = panel.n_series
    columns = ("mean", "variance", "plain", "weight", "mean_share", "std_share")
    found = {name: np.full(n, np.nan) for name in columns}
    fitted = np.full(n, None, dtype=object)
    level = np.zeros(n, dtype=np.int64)
    weights = [decay(panel.n_periods, panel.n_periods, life) for life in task.half_lives]
    for place, own in enumerate(moments(sums, np.stack(weights, axis=1))):
        pooled: Pooled | None = None
        for which, candidate in enumerate(task.candidates):
            rows = np.flatnonzero((family == which) & (memory == place))
            if not rows.size:
                continue
            shape = verdict.shape[:, which]
            if pooled is None or np.isfinite(shape).any():
                pooled = borrow(
                    _shaped(own, candidate.name, shape),
                    verdict.whole,
                    verdict.own,
                    pools.group,
                    pools.count,
                    lend=task.lend,
                )
                pooled = drifted(pooled, drift[:, place])
            for name, widened in (("variance", task.widen), ("plain", False)):
                found[name][rows] = predictive_variance(
                    candidate,
                    pooled,
                    exposure=task.exposure,
                    level=max(task.levels),
                    widen=widened,
                )[rows]
            found["mean"][rows] = pooled.mean[rows]
            found["weight"][rows] = own.weight[rows]
            found["mean_share"][rows] = pooled.mean_credibility[rows]
            found["std_share"][rows] = pooled.variance_credibility[rows]
            level[rows] = pooled.level[rows]
            fitted[rows] = candidate.name
    known = np.isfinite(found["mean"]) & np.isfinite(found["variance"]) & (found["mean"] > 0.0)
    known &= verdict.own | (level > 0)
    lenders = np.array(["none", "segment" if pools.count > 1 else "all series", "all series"])
    seen = np.where(np.isnan(panel.quantity), np.nan, panel.quantity)
    with np.errstate(divide="ignore", invalid="ignore"):
        widening = np.where(found["plain"] > 0.0, np.sqrt(found["variance"] / found["plain"]), 1.0)
    return pd.DataFrame(
        {
            "family": _where_known(known, _table_family(fitted, found)),
            "mean": found["mean"],
            "std": np.sqrt(found["variance"]),
            "fitted_family": _where_known(known, fitted),
            "source": np.where(verdict.own, "own", lenders[level]),
            "lender": lenders[level],
            "mean_credibility": found["mean_share"],
            "std_credibility": found["std_share"],
            "widening": widening,
            "effective_periods": found["weight"],
            "history_mean": np.nanmean(seen, axis=1),
            "history_std": np.nanstd(seen, axis=1),
        }
    )


def _where_known(known: Mask, names: NDArray[np.object_]) -> NDArray[np.object_]:
    """Give the names, None where there is no model."""
    given = names.copy()
    given[~known] = None
    return given


def _shaped(own: Moments, name: str, shape: Floats) -> Moments:
    """Give the moments with the variance that a shape of largest likelihood has at their mean."""
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = variance_of(name, shape, own.mean)
    return replace(own, variance=np.where(np.isnan(variance), own.variance, variance))


def _table_family(fitted: NDArray[np.object_], found: dict[str, Floats]) -> NDArray[np.object_]:
    """Name the family that a table row needs: counts by their moments, constants as what they are.

    Poisson with a mean that is itself uncertain is negative binomial.
    """
    mean, variance = found["mean"], found["variance"]
    counts = np.isin(fitted.astype(str), ["poisson", "negative_binomial"])
    with np.errstate(invalid="ignore"):
        spread = variance > mean * (1.0 + NEAREST_TO_POISSON)
        name = np.where(counts, np.where(spread, "negative_binomial", "poisson"), fitted)
        return np.where(variance == 0.0, "deterministic", name).astype(object)


def _failures(without: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """One row per series without a model: too little history, and nobody to borrow from."""
    messages = [
        f"{demands} periods with demand among {periods} observed ({hidden} with stock-outs), and "
        "no ten series with demand to borrow from. Fix: give this row of demand yourself, "
        "lower min_periods or min_demands, or leave pooling on."
        for demands, periods, hidden in zip(
            without["demands"], without["periods"], without["stock_outs"], strict=True
        )
    ]
    rows = without.index.tolist()
    return failures_frame(
        keys,
        [(row, row, "no model", message) for row, message in zip(rows, messages, strict=True)],
    )
