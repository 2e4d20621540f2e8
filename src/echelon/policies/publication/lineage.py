"""Where a published number comes from, and whether a plan made again gives it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from echelon.errors import DomainError
from echelon.policies.publication.targets import KEY, published_period

if TYPE_CHECKING:
    from echelon.policies.publication.publication import Publication


def lineage(publication: Publication, item: str, location: str, period: int | None) -> pd.DataFrame:
    """Tell of each publication of a target, the first one first.

    Raises
    ------
    DomainError
        If nothing was ever published there.
    """
    now = publication.moves.drop(columns="moved_value").assign(publication=publication.number)
    trail = publication.trail
    rows = pd.concat([trail, now], ignore_index=True) if len(trail) else now
    here = ((rows["item"] == item) & (rows["location"] == location)).to_numpy(dtype=np.bool_)
    if period is not None:
        at = rows["period"]
        here &= (at.isna() | (at == period)).to_numpy(dtype=np.bool_, na_value=False)
    if not here.any():
        raise DomainError(
            f"{item} @ {location}{'' if period is None else f', period {period}'} was never "
            "published here. Fix: publication.targets lists what was."
        )
    told = rows[here].merge(publication.sources, on="source", how="left")
    first = ["publication", *KEY, "quantity", "published", "status", "source"]
    return told[[*first, *(name for name in told.columns if name not in first)]]


def check_again(publication: Publication, again: pd.DataFrame) -> pd.DataFrame:
    """Compare published numbers with the targets of a plan that was made again.

    Raises
    ------
    DomainError
        If no published number is from a plan made like this one.
    """
    moves = publication.moves
    ours = moves[moves["source"].isin(again["source"])]
    if ours.empty:
        raise DomainError(
            "no published number is from a plan made like this one: tables, arguments, version, "
            "seed or solver differ. Fix: publication.sources tells what each was made from."
        )
    table = again.assign(period=published_period(again["period"])).set_index(KEY)
    at = pd.MultiIndex.from_frame(ours[KEY])
    made = np.full(len(ours), np.nan)
    for name in dict.fromkeys(ours["quantity"]):
        here = (ours["quantity"] == name).to_numpy()
        if name in table.columns:
            made[here] = table[name].reindex(at[here]).to_numpy(dtype=np.float64, na_value=np.nan)
    published = ours["published"].to_numpy(np.float64)
    both_blank = np.isnan(published) & np.isnan(made)
    return (
        ours[[*KEY, "quantity", "published"]]
        .assign(again=made, equal=both_blank | (published == made))
        .reset_index(drop=True)
    )


def mixed_components(publication: Publication) -> int:
    """How many components have targets that no one plan has all of."""
    targets = publication.targets
    if "component" not in targets or targets.empty:
        return 0
    several = targets.groupby("component")["source"].transform("nunique") > 1
    same = publication.moves[publication.moves["status"] == "same"].drop_duplicates(KEY)[KEY]
    rows = targets[several].merge(same, on=KEY, how="left", indicator="_same")
    before = publication.previous[[*KEY, "source"]].rename(columns={"source": "_before"})
    rows = rows.merge(before, on=KEY, how="left")
    mixed = 0
    for _, component in rows.groupby("component"):
        plans = [
            {now, before} if same == "both" else {now}
            for now, before, same in component[["source", "_before", "_same"]].to_numpy()
        ]
        mixed += not set.intersection(*plans)
    return mixed
