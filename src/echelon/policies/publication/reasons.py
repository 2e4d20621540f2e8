"""Why targets moved: which numbers of the plans differ, and how many units each is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np

from echelon.display import quantity
from echelon.policies.publication.targets import Aligned, Floats

COMPONENTS: Final = (
    "cycle",
    "safety",
    "pipeline",
    "quality_hold",
    "prebuild",
    "minimum_order_excess",
    "shelf_life_cut",
    "policy_override",
)
"""Parts that the targets of a plan over periods add up from."""

DRIVERS: Final = ("demand_mean", "demand_std", "stage_time", "service_times", "safety_factor")
"""What a base stock of guaranteed service is made of."""

_OTHER = "lots, season or another rule of the stage"

_TOLD = 3
_WORTH_TELLING = 0.05
"""Drivers named in a reason, and the least share of all moves that one must have."""


@dataclass(frozen=True, slots=True)
class Drivers:
    """Number of every driver, old and new, and what its change did to the base stock.

    Attributes
    ----------
    old, new : dict of str to (n,) float64
    worth : dict of str to (n,) float64
        Units; with ``other`` they add up to the change of the base stock.
    """

    old: dict[str, Floats]
    new: dict[str, Floats]
    worth: dict[str, Floats]


def base_stock_drivers(pair: Aligned) -> Drivers | None:
    r"""Share the change of base stocks out over what they are made of.

    A base stock of guaranteed service is :math:`B = \mu\tau + k\sigma\sqrt\tau` with the net
    replenishment time :math:`\tau = T + s`, where :math:`s` is what supplies are late less what the
    stage itself may be, both promises of the plan, and :math:`T` is the time at the stage. The
    Shapley value of the change over the five numbers is the mean, over all orders in which they
    could have changed one after the other, of what each changed: it adds up and depends on no
    order. What a base stock is above the formula (lots, seasons, other rules) is ``other``.

    Returns
    -------
    Drivers or None
        None where the frames do not have these columns.

    References
    ----------
    .. [1] Shapley (1953), A value for n-person games, *Contributions to the Theory of Games* II.
    """
    needed = ("base_stock", "safety_stock", "demand_mean", "demand_std", "net_replenishment_time")
    promises = ("service_time", "inbound_service_time")
    there = pair.old.columns.intersection(pair.new.columns)
    if not {*needed, *promises}.issubset(there):
        return None
    old, new = _made_of(pair, 0), _made_of(pair, 1)
    for one, other in ((old, new), (new, old)):
        # a plan that covers nothing there only shows that the stage takes no longer than it may
        longest = np.fmin(other["stage_time"], np.maximum(-one["service_times"], 0.0))
        one["stage_time"] = np.where(np.isnan(one["stage_time"]), longest, one["stage_time"])
        factor = np.where(np.isnan(one["safety_factor"]), other["safety_factor"], np.nan)
        one["safety_factor"] = np.nan_to_num(np.fmax(one["safety_factor"], factor))
    worth = _shapley(old, new)
    base_old, base_new = pair.values("base_stock")
    worth["other"] = (base_new - base_old) - sum(worth.values(), start=np.zeros(len(base_old)))
    return Drivers(old, new, worth)


def _made_of(pair: Aligned, which: int) -> dict[str, Floats]:
    """Numbers of one of the plans; NaN where the plan does not show it."""

    def column(name: str) -> Floats:
        return pair.values(name)[which]

    tau, late = column("net_replenishment_time"), column("inbound_service_time")
    promised = late - column("service_time")
    spread = column("demand_std") * np.sqrt(np.maximum(tau, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.where(spread > 0.0, column("safety_stock") / spread, np.nan)
    return {
        "demand_mean": column("demand_mean"),
        "demand_std": column("demand_std"),
        "stage_time": np.where(tau > 0.0, tau - promised, np.nan),
        "service_times": promised,
        "safety_factor": factor,
    }


def _base_stock(made_of: Mapping[str, Floats]) -> Floats:
    tau = np.maximum(made_of["stage_time"] + made_of["service_times"], 0.0)
    spread = made_of["safety_factor"] * made_of["demand_std"] * np.sqrt(tau)
    return np.asarray(made_of["demand_mean"] * tau + spread)


def _shapley(old: Mapping[str, Floats], new: Mapping[str, Floats]) -> dict[str, Floats]:
    """Shapley value of each driver in the change of the formula's base stock."""
    n = len(DRIVERS)
    cases = {
        chosen: _base_stock({name: (new if name in chosen else old)[name] for name in DRIVERS})
        for size in range(n + 1)
        for chosen in combinations(DRIVERS, size)
    }
    worth = {}
    for name in DRIVERS:
        others = [other for other in DRIVERS if other != name]
        total = np.zeros_like(old[name])
        for size in range(n):
            weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            for before in combinations(others, size):
                after = tuple(each for each in DRIVERS if each in before or each == name)
                total = total + weight * (cases[after] - cases[before])
        worth[name] = total
    return worth


def reasons(
    pair: Aligned,
    rows: Sequence[int],
    changed: Mapping[tuple[str, str], str],
    quantities: Sequence[str],
) -> list[str]:
    """Say why each of some targets moved, the weightiest change first.

    Parameters
    ----------
    pair : Aligned
    rows : sequence of int
        Positions in the pair; targets of both plans.
    changed : mapping
        What differs between two plans as a whole, by their sources: :func:`what_changed`.
    quantities : sequence of str
        Those compared.

    Returns
    -------
    list of str, one per row
    """
    drivers = base_stock_drivers(pair)
    numbers = _Numbers(pair)
    parts_of_targets = {
        name: new - old
        for name in COMPONENTS
        for old, new in [pair.values(name)]
        if not np.isnan(new - old).all()
    }
    old_source, new_source = pair.old["source"].to_list(), pair.new["source"].to_list()
    told = []
    for row in rows:
        parts = [
            f"{name.replace('_', ' ')} {_signed(units)} units"
            for name, units in _weightiest(parts_of_targets, row)
        ]
        if not parts and drivers is not None:
            parts = [
                f"{_what(numbers, drivers, name, row)} ({_signed(units)} units)"
                for name, units in _weightiest(drivers.worth, row)
            ]
        parts = parts or _policy(pair, row, quantities)
        whole = changed.get((old_source[row], new_source[row]), "")
        if parts and parts[0].startswith(_OTHER):
            parts.append(whole)
        if not parts:
            parts = [f"cannot be told from what the plans say of it; {whole}" if whole else ""]
        told.append(", ".join(filter(None, parts)) or "cannot be told")
    return told


class _Numbers:
    """Columns of both plans, taken out of their frames when they are first asked for."""

    def __init__(self, pair: Aligned) -> None:
        self._pair = pair
        self._columns: dict[str, tuple[Floats, Floats]] = {}

    def of(self, name: str, row: int) -> tuple[float, float]:
        """Old and new number of one row, NaN where there is none."""
        if name not in self._columns:
            self._columns[name] = self._pair.values(name)
        old, new = self._columns[name]
        return float(old[row]), float(new[row])


def _weightiest(moves: Mapping[str, Floats], row: int) -> list[tuple[str, float]]:
    """The few largest moves of a row, the largest first; what is too small to matter is left.

    None where one of them is not known.
    """
    units = {name: float(moved[row]) for name, moved in moves.items()}
    total = sum(abs(moved) for moved in units.values())
    if math.isnan(total):
        return []
    ranked = sorted(units.items(), key=lambda move: -abs(move[1]))
    least = max(_WORTH_TELLING * total, 1e-9)
    return [(name, moved) for name, moved in ranked[:_TOLD] if abs(moved) >= least]


def _what(numbers: _Numbers, drivers: Drivers, name: str, row: int) -> str:
    """Name a driver and its numbers before and after."""
    if name == "other":
        return _OTHER
    if name == "service_times":
        promised = []
        for column, what in (
            ("service_time", "promise"),
            ("inbound_service_time", "supplies promised"),
        ):
            old, new = numbers.of(column, row)
            if old != new:
                promised.append(f"{what} {old:g} to {new:g}")
        return "stock placed elsewhere, " + " and ".join(promised)
    if name == "safety_factor":
        old, new = numbers.of("target_service_level", row)
        if not (math.isnan(old) or math.isnan(new) or old == new):
            return f"service level {old:g} to {new:g}"
    old, new = float(drivers.old[name][row]), float(drivers.new[name][row])
    return f"{_DRIVER_WORDS[name]} {old:.4g} to {new:.4g}"


_DRIVER_WORDS: Final = {
    "demand_mean": "mean demand",
    "demand_std": "standard deviation of demand",
    "stage_time": "lead time (with review and release)",
    "safety_factor": "safety factor",
}


def _policy(pair: Aligned, row: int, quantities: Sequence[str]) -> list[str]:
    """What shows that the stage orders in another way: how often it reviews, and by what."""
    parts = []
    before, now = (float(values[row]) for values in pair.values("review_period"))
    if before != now and not (math.isnan(before) or math.isnan(now)):
        parts.append(f"review period {before:g} to {now:g}")
    for name in quantities:
        old, new = (float(values[row]) for values in pair.values(name))
        if math.isnan(old) != math.isnan(new):
            how = "no longer orders" if math.isnan(new) else "now orders"
            parts.append(f"{how} by {name}")
    return parts


def _signed(units: float) -> str:
    return f"{'+' if units >= 0.0 else '-'}{quantity(abs(units))}"


def what_changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Say in which recorded respects two plans as wholes differ.

    Parameters
    ----------
    old, new : mapping
        ``version``, ``arguments``, ``tables``, ``seed`` and ``solver`` of each, as
        :meth:`~echelon.results.Provenance.to_dict` gives them.

    Examples
    --------
    >>> before = {"version": "1", "arguments": {}, "tables": {"demand": "a", "lanes": "b"}}
    >>> what_changed(before, {**before, "tables": {"demand": "c", "lanes": "b"}})
    'what changed is the table demand'
    >>> what_changed(before, before)
    'nothing recorded changed: ties, a time limit or a tolerance may have'
    """
    parts = []
    tables, tables_new = dict(old.get("tables", {})), dict(new.get("tables", {}))
    if not tables or not tables_new:
        parts.append("tables that were not recorded, perhaps")
    other = [name for name in {**tables, **tables_new} if tables.get(name) != tables_new.get(name)]
    if other and not parts:
        parts.append(f"the table{'s' * (len(other) > 1)} {', '.join(other)}")
    given, given_new = dict(old.get("arguments", {})), dict(new.get("arguments", {}))
    parts += [
        f"{name} ({given.get(name)!r} to {given_new.get(name)!r})"
        for name in {**given, **given_new}
        if given.get(name) != given_new.get(name)
    ]
    parts += [
        f"the {name} ({old.get(name)} to {new.get(name)})"
        for name in ("version", "seed", "solver")
        if old.get(name) != new.get(name)
    ]
    if not parts:
        return "nothing recorded changed: ties, a time limit or a tolerance may have"
    return f"what changed is {', '.join(parts)}"
