"""Decisions on targets under review: who, why, and what is published then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from echelon.errors import DomainError
from echelon.policies.publication.bands import Booleans
from echelon.policies.publication.status import NEW_STANDS, REVIEWED
from echelon.policies.publication.targets import KEY

if TYPE_CHECKING:
    from echelon.policies.publication.publication import Publication

Target: TypeAlias = tuple[str, str] | tuple[str, str, int]
Which: TypeAlias = Target | pd.DataFrame | Sequence[Target] | None
"""One target, several, rows that name them, or all that wait."""


def decide(publication: Publication, which: Which, decision: str, by: str, why: str) -> Publication:
    """Give the publication after a decision on some of its targets.

    Raises
    ------
    DomainError
        If a target was not put up for review, or a text is empty; names every one.
    """
    moves = publication.moves
    chosen = _chosen(moves, which, by, why)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    keys = moves.loc[chosen, KEY].drop_duplicates()
    taken = keys.assign(publication=publication.number, decision=decision, by=by, why=why, at=now)
    taken = taken[["publication", *KEY, "decision", "by", "why", "at"]].reset_index(drop=True)
    log = publication.decisions
    moves = moves.assign(
        status=moves["status"].mask(chosen, decision),
        by=moves["by"].mask(chosen, by),
        why=moves["why"].mask(chosen, why),
    )
    return replace(
        publication,
        moves=with_published(moves, publication.previous, publication.proposed),
        decisions=pd.concat([log, taken], ignore_index=True) if len(log) else taken,
    )


def with_published(
    moves: pd.DataFrame, previous: pd.DataFrame, proposed: pd.DataFrame
) -> pd.DataFrame:
    """Fill in what is published by the status of each target, and the plan that it is from."""
    stands = moves["status"].isin(NEW_STANDS)
    at = pd.MultiIndex.from_frame(moves[KEY])
    new, old = (
        frame.set_index(KEY)["source"].reindex(at).fillna("").to_numpy()
        for frame in (proposed, previous)
    )
    return moves.assign(
        published=moves["new"].where(stands, moves["old"]), source=np.where(stands, new, old)
    )


def _chosen(moves: pd.DataFrame, which: Which, by: str, why: str) -> Booleans:
    """Which moves a decision is about."""
    problems = [
        f"{name} is {text!r}. Fix: say {words}."
        for name, text, words in (("by", by, "who decides"), ("why", why, "for what reason"))
        if not str(text or "").strip()
    ]
    at_review = moves["status"].isin(REVIEWED).to_numpy()
    chosen = (moves["status"] == "review").to_numpy()
    if which is None and not chosen.any():
        problems.append("nothing waits for a decision. Fix: look at publication.moves.")
    if which is not None:
        chosen = np.zeros(len(moves), dtype=np.bool_)
        for target in _listed(which):
            here = _rows_of(moves, target)
            if not (here & at_review).any():
                item, location, *period = target
                named = f"{item} @ {location}" + (f", period {period[0]}" if period else "")
                there = "was not put up for review" if here.any() else "is no target here"
                problems.append(f"{named} {there}. Fix: publication.review lists those that are.")
            chosen |= here & at_review
    if problems:
        raise DomainError("\n".join(problems))
    return np.asarray(chosen, dtype=np.bool_)


def _rows_of(moves: pd.DataFrame, target: tuple[Any, ...]) -> Booleans:
    item, location, *period = target
    here = ((moves["item"] == item) & (moves["location"] == location)).to_numpy(dtype=np.bool_)
    if period and not pd.isna(period[0]):
        here &= (moves["period"] == period[0]).to_numpy(dtype=np.bool_, na_value=False)
    return np.asarray(here)


def _listed(which: Target | pd.DataFrame | Sequence[Target]) -> list[tuple[Any, ...]]:
    """Spell out what a decision is about: one tuple per target."""
    if isinstance(which, pd.DataFrame):
        names = [name for name in KEY if name in which.columns]
        return list(dict.fromkeys(which[names].itertuples(index=False, name=None)))
    if isinstance(which, str):
        raise DomainError(f"{which!r} names no target. Fix: give (item, location), as a tuple.")
    single = isinstance(which, tuple) and len(which) > 0 and isinstance(which[0], str)
    listed: list[Any] = [which] if single else list(which)
    wrong = [one for one in listed if not (isinstance(one, tuple) and len(one) in (2, 3))]
    if wrong:
        raise DomainError(
            f"{wrong[0]!r} names no target. Fix: give (item, location), or with a period."
        )
    return listed
