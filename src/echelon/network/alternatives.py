"""Lanes into a stage: which of them supply the same component, and which go the fast way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from echelon.network.compiled import Booleans, Floats, Integers
from echelon.tables import Checked

_SUM = 1e-9
"""How far the shares of a component may be from 1 together."""


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Which lanes stand in for one another.

    Attributes
    ----------
    group : (n_lanes,) int64
        Number of the component of its receiver that a lane supplies; lanes of one number are
        alternatives. Numbers are those of the first lane of a group.
    share : (n_lanes,) float64
        Of what the receiver orders of the component: 1 where a lane is the only one, 0 of a backup.
    """

    group: Integers
    share: Floats


def check_alternatives(lanes: Checked, target: Integers) -> Alternatives:
    """Add faults of shares and backups.

    Parameters
    ----------
    lanes : Checked
    target : (n_lanes,) int64
        Row of the receiving stage, -1 where there is none.

    Returns
    -------
    Alternatives
        Of no use where there is a fault.
    """
    n_lanes = len(lanes.frame)
    own = np.arange(n_lanes, dtype=np.int64)
    _check_backup_after(lanes)
    if not (lanes.has("share") or lanes.has("backup")) or not lanes.has("from_item"):
        return Alternatives(own, np.ones(n_lanes))
    share = _column(lanes, "share", np.full(n_lanes, np.nan))
    backup = _column(lanes, "backup", np.zeros(n_lanes, dtype=np.bool_))
    names = ("share", "backup", "from_item")
    whole = lanes.sound(names)
    lanes.add(
        "share",
        backup & ~np.isnan(share) & whole,
        "must be blank on a backup, which takes over whole requests",
        "leave it blank, or write False for backup",
    )
    alternative = backup | ~np.isnan(share)
    item = pd.factorize(lanes.frame["from_item"])[0]
    code = pd.factorize(target * (item.max(initial=0) + 1) + item)[0]
    first = np.full(int(code.max(initial=-1)) + 1, -1, dtype=np.int64)
    joined = np.flatnonzero(alternative)[::-1]
    first[code[joined]] = joined
    group = np.where(alternative, first[code], own)
    # a group with a cell that cannot be read has no sum, and its lanes no receiver
    broken = np.bincount(group, ~(whole & (target >= 0)), n_lanes)[group] > 0
    _check_groups(lanes, group, share, backup, alternative & ~broken)
    return Alternatives(
        group.astype(np.int64), np.where(backup, 0.0, np.where(np.isnan(share), 1.0, share))
    )


def _check_groups(
    lanes: Checked, group: Integers, share: Floats, backup: Booleans, asked: Booleans
) -> None:
    n_lanes = len(group)
    primary = asked & ~backup
    n_primary = np.bincount(group, primary, n_lanes)[group]
    total = np.bincount(group, np.where(primary, share, 0.0), n_lanes)[group]
    lanes.add(
        "backup",
        asked & backup & (n_primary == 0),
        "has no lane with a share to stand in for: of the same from_item into the same stage",
        "write share 1 on the lane that it backs up",
    )
    apart = primary & (np.abs(total - 1.0) > _SUM)
    first = int(apart.argmax()) if apart.any() else 0
    lanes.add(
        "share",
        apart,
        f"the shares of lanes that bring one item to one stage add up to {total[first]:.10g} here, "
        "must be 1"
        if apart.any()
        else "",
        "correct the shares; leave out those of backups",
    )
    if lanes.has("units_required"):
        units = lanes.frame["units_required"].to_numpy(dtype=np.float64)
        lanes.add(
            "units_required",
            asked & (units != units[group]) & lanes.sound(("units_required",)),
            "must be alike on all lanes that bring one item to one stage as alternatives",
            "give the same number on all of them",
        )


def _check_backup_after(lanes: Checked) -> None:
    if not lanes.has("backup_after"):
        return
    backup = _column(lanes, "backup", np.zeros(len(lanes.frame), dtype=np.bool_))
    lanes.add(
        "backup_after",
        lanes.frame["backup_after"].notna().to_numpy() & ~backup & lanes.sound(("backup",)),
        "says when a backup takes over, and the lane is none",
        "write True for backup, or leave it blank",
    )


def check_expediting(lanes: Checked) -> None:
    """Add faults of the fast way: no rule, no lead time."""
    named = [name for name in lanes.table.names if name.startswith("expedite_")]
    if not any(lanes.has(name) for name in named):
        return
    n_lanes = len(lanes.frame)
    rule = _column(lanes, "expedite_rule", np.full(n_lanes, "", dtype=object))
    sound = lanes.sound(("expedite_rule",))
    off = (rule == "") & sound
    time = _column(lanes, "expedite_lead_time", np.full(n_lanes, np.nan))
    lanes.add(
        "expedite_lead_time",
        ~off & np.isnan(time) & sound & lanes.sound(("expedite_lead_time",)),
        "is missing beside an expedite_rule",
        "give the time in transit on the fast way",
    )
    for name in ("expedite_lead_time", "expedite_after", "expedite_cost"):
        if lanes.has(name):
            cells = lanes.frame[name].to_numpy(dtype=np.float64)
            said = ~np.isnan(cells) & ((cells > 0.0) | (name == "expedite_lead_time"))
            lanes.add(
                name,
                off & said,
                "stands without an expedite_rule",
                "write 'backorder_age' or 'projected_shortage' as expedite_rule, or blank the cell",
            )


def _column(checked: Checked, name: str, otherwise: np.ndarray) -> np.ndarray:
    return checked.frame[name].to_numpy() if checked.has(name) else otherwise
