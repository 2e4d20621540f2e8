"""Publish a new plan: what moved little is accepted, the rest is listed for review."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from echelon.errors import DomainError, UnknownNameError
from echelon.policies.columns import UNITS
from echelon.policies.publication.assemble import (
    moves_of,
    no_rows,
    rows_of,
    sources_of,
    statuses,
    trail_of,
    why_moved,
)
from echelon.policies.publication.bands import Band, Bands, check_bands
from echelon.policies.publication.columns import DECISIONS, HISTORY
from echelon.policies.publication.publication import Publication
from echelon.policies.publication.targets import (
    ALWAYS,
    KEY,
    ORDERED_BY,
    Aligned,
    Floats,
    TargetSource,
    align,
    read_targets,
    source_digest,
)
from echelon.results import Provenance, no_failures


def publish(
    old: TargetSource | None,
    new: TargetSource,
    *,
    max_change: Band = 0.1,
    max_units: Band = None,
    max_value: float | None = None,
    ignore_units: float = 0.0,
    quantities: Sequence[str] | None = None,
    values: pd.DataFrame | None = None,
    shift: int = 0,
    decay: float = 1.0,
) -> Publication:
    """Accept the targets of a new plan that moved little, and list the others for review.

    A target is what one stage orders by, in one period where targets differ by period; all its
    quantities are published from the same plan. Until someone decides on a target under review, the
    old one stands; a stage that is new has none until then, one that is gone keeps its own.

    Parameters
    ----------
    old : Plan, Publication or another with targets, or None
        What holds now; None publishes for the first time, and there is nothing to review.
    new : Plan, Publication or another with targets
        What is put forward.
    max_change : float, mapping or None, default 0.1
        Most that a quantity may move without a review, as a fraction of its old number; by quantity
        where it is a mapping, and then those that it does not name have no such band.
    max_units : float, mapping or None, default None
        The same in units. A move beyond any of the bands is reviewed.
    max_value : float or None, default None
        The same in money; needs ``values``.
    ignore_units : float, default 0
        A move of at most so many units is accepted, whatever the bands say.
    quantities : sequence of str, optional
        What is compared. Default: what the stages order by, those of ``target``, ``base_stock``,
        ``reorder_point`` and ``order_quantity`` that a plan has. Any other column in units may be
        named.
    values : DataFrame, optional
        ``item``, ``location`` and ``unit_cost``, money per unit: ``network.stages`` is one. Moves
        are then valued and the nervousness is of money, else of units.
    shift : int, default 0
        Periods that have gone by since ``old``: its period ``t`` is ``t - shift`` of ``new``.
        Periods beyond the old horizon are published without a review. Only for targets that differ
        by period.
    decay : float, default 1
        Weight of a period in the nervousness, over that of the period before it.

    Returns
    -------
    Publication
        With ``targets`` that hold, ``review`` of what waits and why it moved, ``accept`` and
        ``reject``, the ``nervousness`` and the ``lineage`` of every number.

    Raises
    ------
    DomainError
        If a plan has no targets, the plans count in other periods, a band or another argument is
        not what it may be, or a unit value is missing; names every one.

    References
    ----------
    .. [1] de Kok & Inderfurth (1997), Nervousness in inventory management: comparison of basic
       control rules, *European Journal of Operational Research* 103(1).

    Examples
    --------
    >>> import echelon as ec
    >>> def plan_for(std, lead_time=4.0):
    ...     return ec.optimize(ec.serial(["mill", "shop"], lead_time=[lead_time, 2.0],
    ...         holding_cost=[1.0, 2.0], demand_mean=50.0, demand_std=std, service_level=0.95))
    >>> first = ec.publish(None, plan_for(8.0))
    >>> review = ec.publish(first, plan_for(8.0, lead_time=6.0), max_change=0.1)
    >>> print(review.review["reason"][0])
    lead time (with review and release) 4 to 6 (+105.91 units)
    >>> decided = review.accept(("mill", "main"), by="planner", why="new contract")
    >>> decided.review.empty, decided.targets["base_stock"].round(1).tolist()
    (True, [332.2, 118.6])
    """
    current = None if old is None else read_targets(old, "old")
    proposed = read_targets(new, "new")
    watched = _watched(quantities, current, proposed)
    bands = check_bands(watched, max_change, max_units, max_value, ignore_units)
    _check(
        shift, decay, bands, values, [frame for frame in (current, proposed) if frame is not None]
    )
    _check_periods(old, new)
    pair = align(proposed.iloc[:0] if current is None else current, proposed, shift)
    unit_value = _unit_values(pair, values)
    beyond = {
        name: bands.beyond(name, *pair.values(name), unit_value) & pair.in_old & pair.in_new
        for name in watched
    }
    status = statuses(pair, watched, beyond, first=current is None)
    sources = sources_of(old, new)
    failures = getattr(new, "failures", no_failures())
    why = why_moved(pair, status, sources, watched, failures)
    return Publication(
        failures=failures,
        provenance=Provenance(
            arguments={
                "old": _digest(old),
                "new": _digest(new),
                "max_change": max_change,
                "max_units": max_units,
                "max_value": max_value,
                "ignore_units": ignore_units,
                "quantities": list(watched),
                "shift": shift,
                "decay": decay,
            },
            tables=dict(new.provenance.tables),
            seconds={},
            seed=new.provenance.seed,
            solver=new.provenance.solver,
        ),
        moves=moves_of(pair, beyond, status, why, unit_value),
        previous=rows_of(pair.keys, pair.old, pair.in_old),
        proposed=rows_of(pair.keys, pair.new, pair.in_new),
        decisions=old.decisions if isinstance(old, Publication) else no_rows(DECISIONS.names),
        trail=trail_of(old, shift),
        sources=sources,
        earlier=old.history if isinstance(old, Publication) else no_rows(HISTORY.names),
        number=old.number + 1 if isinstance(old, Publication) else 1,
        published_at=datetime.now(UTC).isoformat(timespec="seconds"),
        shift=shift,
        unit_values=_values(values),
        decay=float(decay),
        **{name: getattr(new, name) for name in _LABELS if hasattr(new, name)},
    )


_LABELS = ("period", "periods_per_year", "currency", "name")
"""What a publication takes over from the plan for people to read."""


def _digest(source: TargetSource | None) -> str:
    if isinstance(source, Publication):
        return f"publication {source.number} of {source.published_at}"
    return "" if source is None else source_digest(type(source).__name__, source.provenance)


def _watched(
    quantities: Sequence[str] | None, old: pd.DataFrame | None, new: pd.DataFrame
) -> tuple[str, ...]:
    """Columns that are compared."""
    there = [
        name
        for name in dict.fromkeys([*new.columns, *([] if old is None else old.columns)])
        if name not in KEY
    ]
    if quantities is None:
        return tuple(name for name in ORDERED_BY if name in there)
    if isinstance(quantities, str):
        raise DomainError(
            f"quantities is the text {quantities!r}. Fix: give a sequence: [{quantities!r}]."
        )
    frames = [new] if old is None else [old, new]
    numbers = [
        name
        for name in there
        if UNITS.get(name, "unit") == "unit"
        and all(name not in frame or pd.api.types.is_numeric_dtype(frame[name]) for frame in frames)
    ]
    for name in quantities:
        if name not in numbers:
            raise UnknownNameError("quantity", name, numbers)
    if not quantities:
        raise DomainError("quantities is empty. Fix: name one, or leave it out.")
    return tuple(dict.fromkeys(quantities))


def _check_periods(old: TargetSource | None, new: TargetSource) -> None:
    """Refuse plans that count in periods of other lengths: their targets mean other things."""
    before, now = getattr(old, "period", ""), getattr(new, "period", "")
    if before and now and before != now:
        raise DomainError(
            f"old is planned in periods of a {before}, new of a {now}, so their targets cannot be "
            "compared. Fix: plan in the same periods, or publish anew with old=None."
        )


def _check(
    shift: int,
    decay: float,
    bands: Bands,
    values: pd.DataFrame | None,
    targets: Sequence[pd.DataFrame],
) -> None:
    problems = []
    if not (type(shift) is int and shift >= 0):
        problems.append(f"shift is {shift!r}, must be a whole number of periods >= 0.")
    elif shift and all((frame["period"] == ALWAYS).all() for frame in targets):
        problems.append(
            f"shift is {shift}, but no target differs by period. Fix: leave it out; what holds in "
            "every period does not move on."
        )
    if not 0.0 < decay <= 1.0:
        problems.append(f"decay is {decay!r}, must be above 0 and at most 1.")
    if bands.value is not None and values is None:
        problems.append(
            "max_value needs values. Fix: give item, location and unit_cost: values=network.stages."
        )
    if problems:
        raise DomainError("\n".join(problems))


def _values(values: pd.DataFrame | None) -> pd.DataFrame:
    names = [*KEY[:2], "unit_cost"]
    return no_rows(names) if values is None else values[names].reset_index(drop=True)


def _unit_values(pair: Aligned, values: pd.DataFrame | None) -> Floats:
    """Money per unit of each target, NaN where moves are not valued.

    Raises
    ------
    DomainError
        If a target has no value, or the frame is no such frame.
    """
    if values is None:
        return np.full(len(pair.keys), np.nan)
    lacking = [name for name in (*KEY[:2], "unit_cost") if name not in values.columns]
    if lacking:
        raise DomainError(f"values lacks {', '.join(lacking)}. Fix: give values=network.stages.")
    table = values.set_index(KEY[:2])["unit_cost"]
    twice = table.index.duplicated()
    if twice.any():
        item, location = table.index[twice][0]
        raise DomainError(f"values has two rows for {item} @ {location}. Fix: keep one.")
    found = table.reindex(pd.MultiIndex.from_frame(pair.keys[KEY[:2]]))
    numbers = found.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~(np.isfinite(numbers) & (numbers >= 0.0))
    if wrong.any():
        item, location = pair.keys[KEY[:2]][wrong].iloc[0]
        n_stages = len(pair.keys[KEY[:2]][wrong].drop_duplicates())
        raise DomainError(
            f"values has no unit_cost >= 0 for {n_stages} of the stages, first {item} @ "
            f"{location}. Fix: add it, to the table stages or to a frame of your own; a stage that "
            "is gone needs one, too."
        )
    return np.asarray(numbers)
