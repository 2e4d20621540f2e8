"""Lead times from a shipment log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import inf
from numbers import Real

import numpy as np
import pandas as pd

from echelon.distributions import Distribution
from echelon.errors import DomainError, Fault, TableError, UnknownNameError
from echelon.lead_time.columns import MODELS, ROWS
from echelon.lead_time.dates import ISO, parse_dates
from echelon.lead_time.estimate import Estimate, Floats, Key, Level, estimate_levels
from echelon.lead_time.families import choose, require_families
from echelon.lead_time.long_open import find_long_open, warn_of_long_open
from echelon.lead_time.models import LeadTimeModels
from echelon.lead_time.promises import promises, trend
from echelon.lead_time.record import (
    LATER,
    OPEN,
    TOTAL,
    USED,
    Leg,
    Observed,
    Record,
    observe,
    read_record,
)
from echelon.results import Provenance, frame_digest, no_failures
from echelon.rng import stream
from echelon.tables import SHIPMENTS

FAMILIES_TRIED = ("gamma", "lognormal", "weibull")
DAYS_PER_PERIOD = {"day": 1.0, "week": 7.0, "month": 365.0 / 12.0}


_MOST_HALVINGS = 500.0
"""Beyond it orders weigh alike, so that the square of a weight is still a number above 0."""


@dataclass(frozen=True, slots=True)
class Method:
    """How a record becomes models; the arguments of :func:`fit_lead_time` that may be scored.

    Attributes
    ----------
    pools : sequence of sequence of str, optional
    credible_days : (2,) tuple of float
    half_life_days : float
    drift : float
    families : sequence of str
    """

    pools: Sequence[Sequence[str]] | None = None
    credible_days: tuple[float, float] = (0.0, inf)
    half_life_days: float = inf
    drift: float = 0.0
    families: Sequence[str] = FAMILIES_TRIED

    def __post_init__(self) -> None:
        """Check the arguments."""
        if not _is_range(self.credible_days):
            raise DomainError(
                f"credible_days is {self.credible_days!r}. Fix: give the least and the most, "
                "(0, inf) to believe all."
            )
        if not (_is_number(self.half_life_days) and self.half_life_days > 0.0):
            raise DomainError(
                f"half_life_days is {self.half_life_days!r}, must be > 0. "
                "Fix: give days, or inf to weigh all shipments alike."
            )
        if not (_is_number(self.drift) and 0.0 <= self.drift <= 2.0):
            raise DomainError(
                f"drift is {self.drift!r}, must be between 0 and 2. "
                "Fix: give a standard deviation of the logarithm of the level, 0.2 for about 20 %."
            )
        require_families(self.families)

    def levels(self, by: tuple[str, ...]) -> tuple[Level, ...]:
        """Columns of the keys, of each pool, and of none."""
        if self.pools is None:
            return tuple(by[place:] for place in range(len(by) + 1))
        levels: list[Level] = [by]
        for pool in self.pools:
            if isinstance(pool, str):
                raise DomainError(f"pools holds the text {pool!r}. Fix: give ({pool!r},).")
            if not pool:
                continue  # the pool of all is always there
            if not set(pool) < set(levels[-1]) or len(set(pool)) < len(pool):
                raise DomainError(
                    f"pool {tuple(pool)!r} is not a part of {levels[-1]!r}. "
                    "Fix: each pool names some of the columns of the one before, the first of by."
                )
            levels.append(tuple(pool))
        return (*levels, ()) if levels[-1] else tuple(levels)


def _is_number(value: object) -> bool:
    return isinstance(value, Real)


def _is_range(days: object) -> bool:
    if not (isinstance(days, Sequence) and len(days) == 2):
        return False
    return all(_is_number(day) for day in days) and 0.0 <= days[0] <= days[1]


def fit_lead_time(
    shipments: pd.DataFrame,
    *,
    by: Sequence[str] = ("vendor", "mode"),
    pools: Sequence[Sequence[str]] | None = None,
    formats: Sequence[str] = ISO,
    missing: Iterable[str] = (),
    credible_days: tuple[float, float] = (0.0, inf),
    as_of: str | date | None = None,
    period: str = "day",
    half_life_days: float = inf,
    drift: float = 0.0,
    families: Sequence[str] = FAMILIES_TRIED,
    seed: int = 0,
) -> LeadTimeModels:
    """Fit a distribution of lead time to every key of a shipment log.

    A row that cannot be used is counted under its reason in ``rows`` and listed in ``set_aside``;
    no cell is altered. What is wrong with the table itself is raised, all of it at once.

    Parameters
    ----------
    shipments : DataFrame
        One row per order line, by the contract ``shipments`` (``echelon.tables.SHIPMENTS``): the
        columns of ``by``, ``ordered`` and ``delivered``, and where known ``promised``, ``made``,
        ``released``, ``shipment``, ``line``. Not modified.
    by : sequence of str
        Columns that make a key, of item, from_location, to_location, vendor, site, mode.
    pools : sequence of sequence of str, optional
        What a sparse key borrows from, in turn: each names some columns of the one before. The
        pool of all shipments always comes last. By default the first column is left out, then the
        second: vendor and mode, mode, all.
    formats : sequence of str
        ``strptime`` formats of dates that are text. A text that two of them read as two dates is
        a fault.
    missing : iterable of str
        Texts in date columns that stand for no date.
    credible_days : (2,) tuple of float
        Lead times outside are rejected and counted, and so is an order open for longer than the
        most, which cannot end within. Delivered before ordered always is. Legs are held against the
        most only.
    as_of : str or date, optional
        The day of the log, ISO. An order with no delivery is then open, and counts as a lead time
        of at least its age; what happened later is not known. Without it such rows are rejected.
        Give ``credible_days`` beside it: an order that nobody closed stays open for ever.
    period : {"day", "week", "month"}
        What the models are in: 7 days to a week, 365 / 12 to a month. Give the network's: a network
        counts in weeks unless told otherwise, this function in days.
    half_life_days : float
        Age at which an order counts half; inf counts all alike. Give what
        :func:`score_lead_time` finds better, if anything.
    drift : float
        Standard deviation of the logarithm of the level ahead against the level of the record; 0
        takes the record for the future. Keeps the mean and widens the distribution.
    families : sequence of str
        Candidates, fitted by moments; the likeliest is kept if a Lilliefors test at 5 % does not
        reject it, otherwise the values themselves are (``empirical``), with as many humps as they
        have. Empty keeps values everywhere.
    seed : int
        Of the samples of that test; streams are addressed by leg and key.

    Returns
    -------
    LeadTimeModels

    Raises
    ------
    TableError
        If the table breaks its contract, a date is read by no format or by two, or no row is left
        to fit; with every fault.
    DomainError
        If an argument is outside what it may be.
    UnknownNameError
        If a column, family or period is not known.

    Warns
    -----
    DataWarning
        If rows are equal and neither line nor shipment tells whether they are one; each is used. If
        an order has been open for longer than any delivered one of its key was under way (of its
        pool, where the key has fewer than 20): it may be forgotten in the log, and it stretches
        the distribution to its age.

    Notes
    -----
    Estimators and sources are in :mod:`echelon.lead_time.estimate` and
    :mod:`echelon.lead_time.families`, and on the page *Lead times from shipments*.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "vendor": ["Acme"] * 4 + ["Bolt & Co"],
    ...     "mode": ["air", "air", "ocean", "ocean", "air"],
    ...     "ordered": ["2024-01-01", "2-Jan-24", "2024-01-03", "2024-02-01", "2024-02-01"],
    ...     "delivered": ["2024-01-11", "15-Jan-24", "2024-03-03", "not yet", "2024-01-20"],
    ... })
    >>> models = fit_lead_time(
    ...     log, formats=("%Y-%m-%d", "%d-%b-%y"), missing=["not yet"], as_of="2024-03-31"
    ... )
    >>> models.rows[["account", "rows"]]
                        account  rows
    0                      used     3
    1             open at as_of     1
    2  delivered before ordered     1
    >>> models.models[["vendor", "mode", "lead_time", "finished", "open"]]
      vendor   mode  lead_time  finished  open
    0   Acme    air       11.5         2     0
    1   Acme  ocean       60.0         1     1
    """
    began = time.perf_counter()
    method = Method(pools, credible_days, half_life_days, drift, families)
    if not isinstance(missing, str) and isinstance(missing, Iterable):
        missing = tuple(missing)  # it is read here and told below
    day = as_day("as_of", as_of)
    record = read_record(shipments, by, formats, missing)
    read = time.perf_counter()
    models = fit_record(record, method, as_of=day, period=period, seed=seed)
    warn_of_long_open(models.long_open, record.by, period)
    provenance = Provenance(
        arguments={
            "by": list(record.by),
            "pools": [list(level) for level in models.levels[1:]],
            "formats": list(formats),
            "missing": list(missing),
            "credible_days": list(credible_days),
            "as_of": None if day is None else str(day),
            "period": period,
            "half_life_days": half_life_days,
            "drift": drift,
            "families": list(families),
        },
        tables={SHIPMENTS.name: frame_digest(record.rows)},
        seconds={"read": read - began, "fit": time.perf_counter() - read},
        seed=seed,
    )
    return replace(models, provenance=provenance)


def as_day(name: str, given: str | date | None) -> np.datetime64 | None:
    """Give a day of the calendar.

    Raises
    ------
    DomainError
        If it is no ISO date.
    """
    if given is None:
        return None
    days, unreadable = parse_dates([given])
    if unreadable or np.isnat(days[0]):
        raise DomainError(f"{name} is {given!r}, no date. Fix: write it as '2015-09-14'.")
    day: np.datetime64 = days[0]
    return day


def fit_record(
    record: Record,
    method: Method,
    *,
    as_of: np.datetime64 | None,
    period: str = "day",
    seed: int = 0,
) -> LeadTimeModels:
    """Fit a record that was read already; see :func:`fit_lead_time`.

    Raises
    ------
    TableError
        If no row is left to fit.
    UnknownNameError
        If the period is not known.
    """
    if period not in DAYS_PER_PERIOD:
        raise UnknownNameError("period", period, DAYS_PER_PERIOD)
    levels = method.levels(record.by)
    fitted = []
    accounts, aside = [], []
    for leg in record.legs():
        observed = observe(record, leg, as_of, method.credible_days)
        accounts.append(_accounts(leg, observed))
        aside.append(_set_aside(leg, observed))
        if observed.finished.any():
            fitted.append(_Fitted.of(record, leg, observed, method, levels, period, seed))
        elif leg == TOTAL:
            raise TableError([_nothing_left(accounts[0])])
    total = fitted[0].observed
    distributions = {place: made for leg in fitted for place, made in leg.distributions.items()}
    days = {place: made for leg in fitted for place, made in leg.days.items()}
    per_period = DAYS_PER_PERIOD[period]
    models = pd.concat([leg.frame(0) for leg in fitted], ignore_index=True)
    models = models.drop(columns="level", errors="ignore")  # models by nothing are a pool as well
    models.attrs["period"] = period
    return LeadTimeModels(
        failures=no_failures(),
        provenance=Provenance(arguments={}, tables={}, seconds={}, seed=seed),
        models=models,
        pools=pd.concat(
            [leg.frame(depth) for leg in fitted for depth in range(1, len(levels))]
            or [leg.frame(0) for leg in fitted],
            ignore_index=True,
        ),
        rows=pd.concat(accounts, ignore_index=True),
        set_aside=pd.concat(aside, ignore_index=True),
        promises=promises(record, total, as_of),
        trend=trend(record, total, per_period),
        long_open=pd.concat([leg.long_open for leg in fitted], ignore_index=True),
        by=record.by,
        levels=levels,
        period=period,
        days_per_period=per_period,
        distributions=distributions,
        observed_days=days,
    )


@dataclass(frozen=True, slots=True)
class _Fitted:
    """One leg, estimated and given families."""

    leg: Leg
    by: tuple[str, ...]
    levels: tuple[Level, ...]
    observed: Observed
    estimates: Mapping[Level, Mapping[Key, Estimate]]
    distributions: Mapping[tuple[str, Level, Key], Distribution]
    days: Mapping[tuple[str, Level, Key], Floats]
    long_open: pd.DataFrame

    @classmethod
    def of(
        cls,
        record: Record,
        leg: Leg,
        observed: Observed,
        method: Method,
        levels: tuple[Level, ...],
        period: str,
        seed: int,
    ) -> _Fitted:
        takes = observed.taking_part
        keys = record.rows.loc[takes, list(record.by)].reset_index(drop=True)
        finished, days = observed.finished[takes], observed.days[takes]
        halvings = observed.age[takes] / method.half_life_days
        weights = np.exp2(-np.minimum(halvings, _MOST_HALVINGS))
        estimates, _ = estimate_levels(keys, days, finished, weights, levels, method.drift)
        distributions: dict[tuple[str, Level, Key], Distribution] = {}
        seen: dict[tuple[str, Level, Key], Floats] = {}
        ended = days[finished]
        for level, by_key in estimates.items():  # the widest pool first
            wider = levels[levels.index(level) + 1] if level else ()
            rows = keys[finished].groupby(list(level)).indices if level else {}
            for key, estimate in by_key.items():
                place = (leg.name, level, key)
                at = rows.get(key if len(key) > 1 else key[0], []) if level else slice(None)
                seen[place] = ended[at]
                if level and estimate.credibility == 0.0:  # the very distribution of its pool
                    above = tuple(key[level.index(name)] for name in wider)
                    distributions[place] = distributions[leg.name, wider, above]
                    continue
                distributions[place] = choose(
                    estimate.days,
                    estimate.probabilities,
                    estimate.effective,
                    method.families,
                    stream(seed, "lead_time", leg.name, *level, *key),
                    DAYS_PER_PERIOD[period],
                )
        forgotten = find_long_open(
            leg.name,
            keys,
            np.flatnonzero(takes),
            days,
            finished,
            weights,
            levels=levels,
            estimates=estimates,
            days_per_period=DAYS_PER_PERIOD[period],
        )
        return cls(leg, record.by, levels, observed, estimates, distributions, seen, forgotten)

    def frame(self, depth: int) -> pd.DataFrame:
        """One row per key of a level."""
        level = self.levels[depth]
        lines = []
        for key, estimate in self.estimates[level].items():
            made = self.distributions[self.leg.name, level, key]
            named = dict(zip(level, key, strict=True))
            extra = made.parameters()
            p50, p90 = made.ppf([0.5, 0.9]).tolist()
            lines.append(
                {
                    "leg": self.leg.name,
                    **({"level": ", ".join(level) or "all"} if depth or not level else {}),
                    **{name: named.get(name, "") for name in self.by},
                    "lead_time": made.mean,
                    "lead_time_std": made.std,
                    "lead_time_family": made.family,
                    "lead_time_parameters": json.dumps(extra) if extra else "",
                    "p50": p50,
                    "p90": p90,
                    "finished": estimate.finished,
                    "open": estimate.open,
                    "effective": estimate.effective,
                    "credibility": estimate.credibility,
                }
            )
        head, *rest = MODELS.names
        where = ["level"] if depth or not level else []
        return pd.DataFrame(lines, columns=[head, *where, *self.by, *rest])


def _accounts(leg: Leg, observed: Observed) -> pd.DataFrame:
    names, first, counts = np.unique(
        observed.account.astype(str), return_index=True, return_counts=True
    )
    frame = pd.DataFrame(
        {
            "leg": leg.name,
            "account": names,
            "rows": counts,
            "share": counts / len(observed.account),
            "first_row": first + 1,
        },
        columns=list(ROWS.names),
    )
    order = {USED: 0, OPEN: 1, LATER: 2}
    place = frame["account"].map(lambda name: order.get(name, 3))
    return frame.assign(place=place).sort_values(
        ["place", "rows", "account"], ascending=[True, False, True]
    )[list(ROWS.names)]


def _set_aside(leg: Leg, observed: Observed) -> pd.DataFrame:
    rows = np.flatnonzero(~observed.taking_part)
    return pd.DataFrame(
        {"leg": leg.name, "row": rows + 1, "account": observed.account[rows].astype(object)}
    )


def _nothing_left(accounts: pd.DataFrame) -> Fault:
    told = ", ".join(
        f"{rows} with {name}"
        for name, rows in zip(accounts["account"], accounts["rows"], strict=True)
    )
    return Fault(
        SHIPMENTS.name,
        "delivered",
        0,
        None,
        f"no row is left to fit: {told}",
        "correct the rows, the formats or credible_days",
    )
