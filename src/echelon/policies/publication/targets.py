"""What can be published: a frame of targets by item, location and period, and where it is from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from echelon.errors import DomainError
from echelon.results import Provenance

Floats = npt.NDArray[np.float64]

KEY: Final = ["item", "location", "period"]
"""What names a target; ``period`` is blank where it holds in every period."""

ORDERED_BY: Final = ("target", "base_stock", "reorder_point", "order_quantity")
"""Quantities a stage orders by: they are compared unless others are named."""

ALWAYS: Final = -1
"""Stands for a blank period while frames are aligned."""


@runtime_checkable
class TargetSource(Protocol):
    """What has targets that can be published: a plan of any model, or a publication."""

    @property
    def provenance(self) -> Provenance:
        """Where the targets come from."""
        ...

    def target_frame(self) -> pd.DataFrame:
        """One row per item, location and, where targets differ by period, ``period``.

        The quantities of :data:`ORDERED_BY` that there are, units, and whatever else explains them.
        """
        ...


@dataclass(frozen=True, slots=True)
class Aligned:
    """Two frames of targets row by row: the targets of either, those of the new one first.

    Attributes
    ----------
    keys : DataFrame
        ``item``, ``location``, ``period`` (:data:`ALWAYS` where blank).
    old, new : DataFrame
        Rows of ``keys``; all blank where there is no such target.
    in_old, in_new : (n,) bool
    """

    keys: pd.DataFrame
    old: pd.DataFrame
    new: pd.DataFrame
    in_old: npt.NDArray[np.bool_]
    in_new: npt.NDArray[np.bool_]

    def values(self, name: str) -> tuple[Floats, Floats]:
        """Old and new numbers of a column, NaN where there are none."""
        return _numbers(self.old, name), _numbers(self.new, name)


def _numbers(frame: pd.DataFrame, name: str) -> Floats:
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)


def source_digest(kind: str, provenance: Provenance) -> str:
    """Twelve hexadecimal digits that name a plan by all that it was made from.

    The kind of plan, the version, the arguments, the digests of the tables, the seed and the
    solver; not the hour or how long it took, so that a plan that is made again has the same name.
    """
    text = json.dumps(
        {
            "kind": kind,
            "version": provenance.version,
            "arguments": dict(provenance.arguments),
            "tables": dict(provenance.tables),
            "seed": provenance.seed,
            "solver": provenance.solver,
        },
        sort_keys=True,
        default=in_words,
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def in_words(value: Any) -> str:
    """Write an argument that JSON cannot hold: a function by its name, else what kind it is."""
    named = getattr(value, "__qualname__", None) or type(value).__qualname__
    return f"{getattr(value, '__module__', type(value).__module__)}.{named}"


def read_targets(source: TargetSource, which: str) -> pd.DataFrame:
    """Take the targets of a plan or publication, with ``period`` filled and ``source`` named.

    Raises
    ------
    DomainError
        If it has none, no key, no quantity, or a target twice; says which argument it is.
    """
    if not isinstance(source, TargetSource):
        raise DomainError(
            f"{which} is a {type(source).__name__}, which has no targets. Fix: give a plan of "
            "echelon.optimize, or what echelon.publish returned."
        )
    frame = source.target_frame().reset_index(drop=True)
    lacking = [name for name in KEY[:2] if name not in frame.columns]
    if lacking or not any(name in frame.columns for name in ORDERED_BY):
        wanted = ", ".join(lacking) or f"one of {', '.join(ORDERED_BY)}"
        raise DomainError(f"target_frame() of {which} lacks {wanted}. Fix: give it that column.")
    if "period" in frame.columns:
        frame["period"] = frame["period"].astype("Int64").fillna(ALWAYS).astype(np.int64)
    else:
        frame.insert(2, "period", ALWAYS)
    if "source" not in frame.columns:
        frame["source"] = source_digest(type(source).__name__, source.provenance)
    twice = frame.duplicated(KEY)
    if twice.any():
        item, location = frame.loc[twice, KEY[:2]].iloc[0]
        raise DomainError(f"{which} has two targets for {item} @ {location}. Fix: keep one.")
    return frame


def align(old: pd.DataFrame, new: pd.DataFrame, shift: int) -> Aligned:
    """Lay the targets of two frames side by side.

    A target that holds in every period stands beside each period that the other frame tells apart.

    Parameters
    ----------
    old, new : DataFrame
        As :func:`read_targets` gives them.
    shift : int
        Periods that have gone by from ``old`` to ``new``: period ``t`` of the one is ``t - shift``
        of the other, and what is over by then is left out.
    """
    by_period = old["period"] != ALWAYS
    old = old.assign(period=old["period"].where(~by_period, old["period"] - shift))
    old = old[~by_period | (old["period"] >= 0)]
    old, new = _spread(old, new), _spread(new, old)
    at_old, at_new = (pd.MultiIndex.from_frame(frame[KEY]) for frame in (old, new))
    gone = ~at_old.isin(at_new)
    keys = pd.concat([new[KEY], old.loc[gone, KEY]], ignore_index=True)
    at = pd.MultiIndex.from_frame(keys)
    rows_old, rows_new = at_old.get_indexer(at), at_new.get_indexer(at)
    return Aligned(
        keys,
        _taken(old, rows_old),
        _taken(new, rows_new),
        np.asarray(rows_old >= 0),
        np.asarray(rows_new >= 0),
    )


def _taken(frame: pd.DataFrame, rows: npt.NDArray[np.intp]) -> pd.DataFrame:
    """Rows of a frame by position, blank where the position is -1."""
    numbered = frame.reset_index(drop=True)
    return numbered.reindex(pd.Index(np.where(rows >= 0, rows, len(frame)))).reset_index(drop=True)


def _spread(frame: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Repeat targets that hold in every period for each period that the other frame has."""
    told_apart = other.loc[other["period"] != ALWAYS, KEY]
    constant = frame["period"] == ALWAYS
    if told_apart.empty or not constant.any():
        return frame
    stages = pd.MultiIndex.from_frame(told_apart[KEY[:2]])
    to_spread = constant & pd.MultiIndex.from_frame(frame[KEY[:2]]).isin(stages)
    spread = frame[to_spread].drop(columns="period").merge(told_apart, on=KEY[:2])
    return pd.concat([frame[~to_spread], spread[frame.columns]], ignore_index=True)


def published_period(period: pd.Series) -> pd.Series:
    """Give periods as people read them: blank where a target holds in every one."""
    whole = period.astype("Int64")
    return whole.mask(whole == ALWAYS)
