"""Score lead-time models on what came after them: rolling origins, and a hold-out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from math import inf
from typing import Any, Literal

import numpy as np
import pandas as pd

from echelon.distributions import Normal
from echelon.errors import DomainError
from echelon.lead_time.dates import ISO
from echelon.lead_time.estimate import Floats
from echelon.lead_time.fit import Method, as_day, fit_record
from echelon.lead_time.record import TOTAL, Observed, Record, observe, read_record

Scored = Literal["delivered", "ordered"]

_OPTIONS = ("pools", "half_life_days", "drift", "families", "open_orders", "normal")
_TOGETHER = "same shipment as an earlier row"


def score_lead_time(
    shipments: pd.DataFrame,
    options: Sequence[Mapping[str, Any]],
    *,
    origins: Iterable[str | date],
    horizon_days: int,
    probability: float = 0.9,
    scored: Scored = "delivered",
    by: Sequence[str] = ("vendor", "mode"),
    formats: Sequence[str] = ISO,
    missing: Iterable[str] = (),
    credible_days: tuple[float, float] = (0.0, inf),
    until: str | date | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Score quantiles of lead time on the shipments that follow each origin.

    At an origin the models are fitted to what was known that day: orders delivered until then, and
    those open (``as_of``). Then each later shipment is held against the quantile of its key.

    Parameters
    ----------
    shipments : DataFrame
        See :func:`fit_lead_time`.
    options : sequence of mapping
        Arguments of :func:`fit_lead_time` to compare: ``pools``, ``half_life_days``, ``drift``,
        ``families``; besides ``open_orders`` (default True; False fits delivered orders only) and
        ``normal`` (True: the plain normal fit, sample mean and standard deviation of the key's
        delivered shipments, of its pool where there are fewer than two or they do not differ).
    origins : iterable of str or date
        Days, ISO.
    horizon_days : int
        Shipments of so many days after the origin are scored.
    probability : float
        Of the quantile, between 0 and 1.
    scored : {"delivered", "ordered"}
        Which date puts a shipment into the horizon. By ``ordered``, a late order is seen only if
        it was delivered before the log ends, which favours short lead times; by ``delivered``, the
        record and what is scored are cut alike.
    by, formats, missing, credible_days, seed
        See :func:`fit_lead_time`.
    until : str or date, optional
        Nothing after this day is looked at, neither to fit nor to score: what keeps a hold-out out
        of a choice.

    Returns
    -------
    DataFrame
        One row per option and origin: ``option`` (its place from 0), the option's own columns,
        ``origin``, ``lines`` and ``shipments`` scored, ``coverage`` of lines and
        ``coverage_shipments`` (shares within the quantile), ``pinball`` (mean over lines of
        :math:`\max(p\,(x - q), (p - 1)(x - q))`, days) and ``unseen``, lines of a key without a
        delivered shipment.

    Raises
    ------
    DomainError
        If there is no option or origin, an option is not known, an argument is outside what it may
        be, a horizon holds no shipment or passes ``until``, or nothing was known at an origin.
    TableError
        If the table breaks its contract; with every fault.

    Examples
    --------
    >>> ordered = pd.date_range("2020-01-01", periods=300, freq="3D")
    >>> days = np.resize([10, 20, 30, 40, 50], 300)
    >>> log = pd.DataFrame({
    ...     "vendor": "Acme", "mode": "air", "ordered": ordered,
    ...     "delivered": ordered + pd.to_timedelta(days, unit="D"),
    ... })
    >>> scores = score_lead_time(
    ...     log, [{}, {"normal": True}], origins=["2021-06-30"], horizon_days=365, probability=0.75
    ... )
    >>> scores[["option", "lines", "coverage"]].round(3)
       option  lines  coverage
    0       0    121     0.802
    1       1    121     0.603
    """
    days = _require(options, origins, horizon_days, probability, scored)
    last = as_day("until", until)
    record = read_record(shipments, by, formats, missing)
    whole = observe(record, TOTAL, last, credible_days)
    lines = []
    for origin in days:
        later = _later(record, whole, origin, horizon_days, scored, last)
        keys = record.rows.loc[later, list(record.by)]
        took = (record.days("delivered") - record.days("ordered")).astype(np.float64)[later]
        single = whole.finished[later]
        for place, option in enumerate(options):
            quantile, seen = _quantiles(
                record, option, origin, credible_days, keys, probability, seed
            )
            over = took - quantile
            lines.append(
                {
                    "option": place,
                    **{name: _shown(value) for name, value in option.items()},
                    "origin": str(origin),
                    "lines": len(took),
                    "shipments": int(single.sum()),
                    "coverage": float((over <= 0.0).mean()),
                    "coverage_shipments": float((over <= 0.0)[single].mean()),
                    "pinball": float(
                        np.maximum(probability * over, (probability - 1.0) * over).mean()
                    ),
                    "unseen": int((~seen).sum()),
                }
            )
    names = [name for name in _OPTIONS if any(name in option for option in options)]
    order = ["option", *names, "origin", "lines", "shipments"]
    order += ["coverage", "coverage_shipments", "pinball", "unseen"]
    return (
        pd.DataFrame(lines, columns=order)
        .sort_values("option", kind="stable")
        .reset_index(drop=True)
    )


def _require(
    options: Sequence[Mapping[str, Any]],
    origins: Iterable[str | date],
    horizon_days: Any,
    probability: Any,
    scored: str,
) -> list[np.datetime64]:
    """Check the arguments and give the origins as days."""
    if isinstance(options, Mapping):
        raise DomainError(f"options is {options!r}. Fix: give a list of them, [{options!r}].")
    if not options:
        raise DomainError("options is empty. Fix: give [{}] for the defaults.")
    if not (isinstance(probability, (int, float)) and 0.0 < probability < 1.0):
        raise DomainError(f"probability is {probability!r}. Fix: give 0.9 for 90 %.")
    if not (isinstance(horizon_days, (int, np.integer)) and horizon_days > 0):
        raise DomainError(
            f"horizon_days is {horizon_days!r}. Fix: give a whole number of days from 1 on."
        )
    if scored not in ("delivered", "ordered"):
        raise DomainError(f"scored is {scored!r}. Fix: use 'delivered' or 'ordered'.")
    for option in options:
        unknown = [name for name in option if name not in _OPTIONS]
        if unknown:
            raise DomainError(
                f"option {unknown[0]!r} is not known. Fix: use {', '.join(_OPTIONS)}."
            )
    if isinstance(origins, str):
        raise DomainError(f"origins is the text {origins!r}. Fix: give [{origins!r}].")
    days = []
    for origin in origins:
        day = as_day("origin", origin)
        if day is None:
            raise DomainError("origin is None, no date. Fix: write it as '2015-09-14'.")
        days.append(day)
    if not days:
        raise DomainError("origins is empty. Fix: give at least one day.")
    return days


def _shown(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float)) else repr(value)


def _later(
    record: Record,
    whole: Observed,
    origin: Any,
    horizon_days: int,
    scored: Scored,
    last: np.datetime64 | None,
) -> np.ndarray:
    end = origin + np.timedelta64(horizon_days, "D")
    if last is not None and end > last:
        raise DomainError(
            f"the {horizon_days} days after {origin} end after {last}. "
            "Fix: give an earlier origin or a shorter horizon."
        )
    day = record.days(scored)
    usable = whole.finished | ((whole.account == _TOGETHER) & ~np.isnat(record.days("delivered")))
    if last is not None:
        usable &= record.days("delivered") <= last
    later = usable & (day > origin) & (day <= end)
    if not later.any():
        raise DomainError(
            f"no shipment is {scored} in the {horizon_days} days after {origin}. "
            "Fix: give an earlier origin or a longer horizon."
        )
    return np.asarray(later)


def _quantiles(
    record: Record,
    option: Mapping[str, Any],
    origin: Any,
    credible_days: tuple[float, float],
    keys: pd.DataFrame,
    probability: float,
    seed: int,
) -> tuple[Floats, np.ndarray]:
    given = {name: option[name] for name in option if name not in ("open_orders", "normal")}
    method = Method(credible_days=credible_days, **given)
    known = record
    if option.get("normal") or not option.get("open_orders", True):
        known = Record(
            record.rows[record.days("delivered") <= origin].reset_index(drop=True),
            record.by,
            record.repeated[record.days("delivered") <= origin],
        )
    if option.get("normal"):
        return _normal(known, method, origin, keys, probability)
    models = fit_record(known, method, as_of=origin, seed=seed)
    seen = {
        tuple(row[:-1])
        for row in models.models.loc[
            models.models["leg"] == "total", [*record.by, "finished"]
        ].itertuples(index=False)
        if row[-1] > 0
    }
    there = [tuple(row) in seen for row in keys.itertuples(index=False)]
    return models.quantiles(keys, probability), np.array(there, dtype=np.bool_)


def _normal(
    known: Record, method: Method, origin: Any, keys: pd.DataFrame, probability: float
) -> tuple[Floats, np.ndarray]:
    """Quantile of the plain normal fit, and which keys it knows."""
    observed = observe(known, TOTAL, origin, method.credible_days)
    done = known.rows.loc[observed.finished, list(known.by)].assign(
        days=observed.days[observed.finished]
    )
    found = np.full(len(keys), np.nan)
    seen = np.zeros(len(keys), dtype=np.bool_)
    for level in method.levels(known.by):
        names = list(level)
        moments = (
            done.groupby(names)["days"].agg(["mean", "std"])
            if names
            else done[["days"]].agg(["mean", "std"]).T
        )
        if names:
            at = moments.reindex(
                pd.MultiIndex.from_frame(keys[names]) if len(names) > 1 else keys[names[0]]
            )
            mean, std = at["mean"].to_numpy(), at["std"].to_numpy()
        else:
            mean, std = (np.full(len(keys), moments[name].iloc[0]) for name in ("mean", "std"))
        if level == known.by:
            seen = ~np.isnan(mean)
        fits = np.isnan(found) & (std > 0.0)
        found[fits] = mean[fits] + std[fits] * float(Normal(0.0, 1.0).ppf(probability))
    if np.isnan(found).any():
        raise DomainError(
            f"no two shipments of different days were delivered until {origin}, so the normal fit "
            "has no deviation. Fix: give a later origin."
        )
    return found, seen
