"""What every stage with customers is to reach, from a number, a mapping or a frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.policies.plan import Plan

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Targets: TypeAlias = float | Mapping[tuple[str, str], float] | pd.DataFrame | None
"""What ``calibrate`` accepts as a target."""

_KEY = ["item", "location"]
_FIX = "give a fraction above 0 and below 1, 0.98 for 98 %"


def read_targets(target: Any, plan: Plan, ends: Integers, problems: list[str]) -> Floats:
    """Give the target of each stage with customers, (n_ends,); what is wrong goes to ``problems``.

    Stages that a mapping or a frame does not name keep the plan's ``target_service_level``.
    """
    rows = plan.stages.iloc[ends]
    planned = rows["target_service_level"].to_numpy(np.float64, copy=True)
    if target is None:
        named = pd.Series(dtype=np.float64)
    elif isinstance(target, pd.DataFrame):
        named = _of_frame(target, problems)
    elif isinstance(target, Mapping):
        named = _of_mapping(target, problems)
    elif isinstance(target, int | float | np.number) and not isinstance(target, bool):
        if not 0.0 < target < 1.0:
            problems.append(f"target is {target!r}. Fix: {_FIX}.")
        return np.full(len(ends), float(target))
    else:
        problems.append(
            f"target is of type {type(target).__name__}. Fix: give a number, a mapping from "
            "(item, location) to a number, or a frame with item, location and target."
        )
        return planned
    keys = list(zip(rows["item"], rows["location"], strict=True))
    known = {key: place for place, key in enumerate(keys)}
    for key, value in named.items():
        if key not in known:
            problems.append(
                f"target names {key!r}, from which no customer of this plan buys. "
                "Fix: use (item, location) of a stage with demand."
            )
            continue
        if not 0.0 < value < 1.0:
            problems.append(f"target of {key!r} is {value!r}. Fix: {_FIX}.")
        planned[known[key]] = value
    blank = np.flatnonzero(np.isnan(planned))
    if len(blank) and not problems:
        problems.append(
            f"no target for {keys[blank[0]]!r}"
            f"{f' and {len(blank) - 1} more' if len(blank) > 1 else ''}. "
            "Fix: give target=, or service levels in the stages table."
        )
    return planned


def _of_mapping(target: Mapping[Any, Any], problems: list[str]) -> pd.Series[Any]:
    found = {}
    for key, value in target.items():
        if not (isinstance(key, tuple) and len(key) == 2):
            problems.append(
                f"target has the key {key!r}. Fix: use a pair (item, location) of strings."
            )
        elif isinstance(value, bool) or not isinstance(value, int | float | np.number):
            problems.append(f"target of {key!r} is {value!r}. Fix: {_FIX}.")
        else:
            found[key] = float(value)
    return pd.Series(list(found.values()), index=_tuples(list(found)), dtype=np.float64)


def _of_frame(target: pd.DataFrame, problems: list[str]) -> pd.Series[Any]:
    lacking = [name for name in (*_KEY, "target") if name not in target]
    if lacking:
        problems.append(
            f"the frame target lacks {', '.join(map(repr, lacking))}. "
            "Fix: give the columns item, location and target."
        )
        return pd.Series(dtype=np.float64)
    values = pd.to_numeric(target["target"], errors="coerce").to_numpy(np.float64)
    keys = list(zip(target["item"], target["location"], strict=True))
    doubled = pd.Index(_tuples(keys)).duplicated()
    for row in np.flatnonzero(doubled).tolist():
        problems.append(f"target, row {row + 1}: {keys[row]!r} a second time. Fix: keep one.")
    return pd.Series(values[~doubled], index=_tuples(keys)[~doubled])


def _tuples(keys: list[Any]) -> pd.Index[Any]:
    """Pairs as plain objects: no level of theirs is taken apart."""
    return pd.Index(np.fromiter(keys, dtype=object, count=len(keys)), tupleize_cols=False)
