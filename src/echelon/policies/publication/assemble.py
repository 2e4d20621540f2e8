"""The frames of a new publication."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from echelon.policies.publication.bands import SAME, Booleans
from echelon.policies.publication.columns import MOVES, SOURCES, TRAIL
from echelon.policies.publication.decisions import with_published
from echelon.policies.publication.publication import Publication
from echelon.policies.publication.reasons import reasons, what_changed
from echelon.policies.publication.targets import (
    ALWAYS,
    KEY,
    Aligned,
    Floats,
    TargetSource,
    in_words,
    published_period,
    source_digest,
)

Texts = list[str]


def no_rows(names: Sequence[str]) -> pd.DataFrame:
    """Give a frame of these columns without rows."""
    return pd.DataFrame({name: pd.Series(dtype=object) for name in names})


def statuses(
    pair: Aligned, watched: Sequence[str], beyond: Mapping[str, Booleans], *, first: bool
) -> Texts:
    """What becomes of each target before anyone decides.

    ``first``: nothing was published before. A period that the old plan of a stage did not reach yet
    is published without a review, as a rolling horizon brings one every time.
    """
    if first:
        return ["added"] * len(pair.keys)
    both = pair.in_old & pair.in_new
    moved = np.zeros(len(both), dtype=np.bool_)
    for name in watched:
        old, new = pair.values(name)
        size = SAME * np.maximum(np.abs(old), np.abs(new))
        moved |= (np.abs(new - old) > size) | (np.isnan(old) != np.isnan(new))
    outside = np.any([*beyond.values()], axis=0)
    further = pair.in_new & ~pair.in_old & _beyond_horizon(pair)
    chosen = np.select(
        [both & ~moved, both & ~outside, further], ["same", "accepted", "added"], "review"
    )
    return [str(one) for one in chosen]


def _beyond_horizon(pair: Aligned) -> Booleans:
    """Targets of periods after the last one that the old plan has of the stage."""
    keys = pair.keys
    last = keys["period"].where(pair.in_old).groupby([keys["item"], keys["location"]])
    reached = last.transform("max").to_numpy(dtype=np.float64)
    period = keys["period"].to_numpy(dtype=np.float64)
    return np.asarray((reached > ALWAYS) & (period > reached))


def rows_of(keys: pd.DataFrame, frame: pd.DataFrame, there: Booleans) -> pd.DataFrame:
    """Whole rows of one of the plans, by the keys of the pair, periods as people read them."""
    rows = frame.assign(**{name: keys[name] for name in KEY})[there].reset_index(drop=True)
    return rows.assign(period=published_period(rows["period"]))


def moves_of(
    pair: Aligned,
    beyond: Mapping[str, Booleans],
    status: Texts,
    why: Texts,
    unit_value: Floats,
) -> pd.DataFrame:
    """One row per target and quantity compared, the quantities of a target together."""
    frames = []
    for place, (name, outside) in enumerate(beyond.items()):
        old, new = pair.values(name)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(old != 0.0, (new - old) / np.abs(old), np.nan)
        rows = pair.keys.assign(
            quantity=name,
            old=old,
            new=new,
            published=np.nan,
            moved=new - old,
            moved_share=share,
            moved_value=(new - old) * unit_value,
            beyond=outside,
            status=status,
            reason=why,
            by="",
            why="",
            source="",
        )
        rows.index = pd.Index(np.arange(len(rows)) * len(beyond) + place)
        frames.append(rows[~(np.isnan(old) & np.isnan(new))])
    moves = pd.concat(frames).sort_index().reset_index(drop=True)
    moves = moves.assign(period=published_period(moves["period"]))
    previous = rows_of(pair.keys, pair.old, pair.in_old)
    proposed = rows_of(pair.keys, pair.new, pair.in_new)
    return with_published(moves, previous, proposed)[list(MOVES.names)]


def why_moved(
    pair: Aligned,
    status: Texts,
    sources: pd.DataFrame,
    watched: Sequence[str],
    failures: pd.DataFrame,
) -> Texts:
    """Reason of every target that moved; empty where it did not."""
    told = [""] * len(status)
    both = pair.in_old & pair.in_new
    rows = [k for k in np.flatnonzero(both).tolist() if status[k] != "same"]
    made = {row["source"]: _parsed(row) for row in sources.to_dict("records")}
    old_source, new_source = pair.old["source"].to_list(), pair.new["source"].to_list()
    pairs = {(old_source[k], new_source[k]) for k in rows}
    changed = {
        (old, new): what_changed(made[old], made[new])
        for old, new in pairs
        if {old, new} <= {*made}
    }
    for row, text in zip(rows, reasons(pair, rows, changed, watched), strict=True):
        told[row] = text
    failed = f"; components failed in it: {len(failures)}" if len(failures) else ""
    for row in np.flatnonzero(~both).tolist():
        if status[row] == "review":
            told[row] = (
                "the old plan has no such target"
                if pair.in_new[row]
                else f"the new plan has no such target{failed}"
            )
    return told


def _parsed(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Make of a row of sources what two plans are compared by."""
    return {**row, **{name: json.loads(str(row[name])) for name in ("arguments", "tables")}}


def sources_of(old: TargetSource | None, new: TargetSource) -> pd.DataFrame:
    """One row per plan that a number is or was from."""
    frames = [_source_rows(each) for each in (old, new) if each is not None]
    return pd.concat(frames, ignore_index=True).drop_duplicates("source", ignore_index=True)


def _source_rows(source: TargetSource) -> pd.DataFrame:
    if isinstance(source, Publication):
        return source.sources
    made = source.provenance
    row = {
        "source": source_digest(type(source).__name__, made),
        "kind": type(source).__name__,
        "version": made.version,
        "made_at": made.made_at,
        "arguments": json.dumps(dict(made.arguments), default=in_words),
        "tables": json.dumps(dict(made.tables)),
        "seed": made.seed,
        "solver": made.solver or "",
    }
    frame = pd.DataFrame([row], columns=list(SOURCES.names))
    return frame.assign(seed=frame["seed"].astype("Int64"))


def trail_of(old: TargetSource | None, shift: int) -> pd.DataFrame:
    """Moves of all publications so far, their periods counted from now."""
    if not isinstance(old, Publication):
        return no_rows(TRAIL.names)
    last = old.moves.assign(publication=old.number)[list(TRAIL.names)]
    rows = pd.concat([old.trail, last], ignore_index=True) if len(old.trail) else last
    return rows.assign(period=rows["period"] - shift)
