"""Warnings of tables that are accepted as they stand but most likely miss something."""

from __future__ import annotations

import numpy as np
import pandas as pd

from echelon.errors import warn_of_data
from echelon.network.compiled import Booleans
from echelon.network.graph import Graph
from echelon.tables import LANES, label_of

_NAMED = 5


def warn_of_oddities(
    stages: pd.DataFrame, lanes: pd.DataFrame, graph: Graph, sells: Booleans, name: str
) -> None:
    """Warn once per kind of oddity, with how many stages and which the first are.

    Parameters
    ----------
    stages, lanes : DataFrame
        As ``Network.stages`` and ``Network.lanes``; columns of what is off may be absent.
    graph : Graph
        Of the same network.
    sells : (n_stages,) bool
        Whether customers buy at the stage.
    name : str
        Of the network; may be empty.
    """
    targets = (stages[name].notna().to_numpy() for name in ("service_level", "safety_factor"))
    targeted = np.logical_or(*targets)
    joined = np.zeros(len(stages), dtype=np.bool_)
    joined[graph.source] = joined[graph.target] = True
    alone = ~joined & ~sells & bool(joined.any() or sells.any())
    _warn(
        name,
        stages,
        targeted & ~sells,
        "{} a service_level or safety_factor and no row in demand: it is ignored, for targets are "
        "promised to customers",
        "add the demand, or leave the target blank",
    )
    _warn(
        name,
        stages,
        alone,
        "{} neither lanes nor a row in demand",
        "add what is missing, or remove the stage",
    )
    if "expedite_lead_time" in lanes.columns:
        slow = (lanes["expedite_lead_time"] >= lanes["lead_time"]).to_numpy()
        first = [label_of(*key) for key in lanes.loc[slow, list(LANES.key)].to_numpy()[:_NAMED]]
        if first:
            rest = f" and {slow.sum() - _NAMED:,} more" if slow.sum() > _NAMED else ""
            warn_of_data(
                f"{f'network {name!r}' if name else 'lanes'}: expedite_lead_time is not below the "
                f"mean lead_time of {', '.join(first)}{rest}, so that the fast way is no faster. "
                "Fix: give a shorter expedite_lead_time, or blank the rule."
            )


def _warn(name: str, stages: pd.DataFrame, odd: Booleans, what: str, remedy: str) -> None:
    rows = np.flatnonzero(odd)
    if not rows.size:
        return
    first = stages[["item", "location"]].iloc[rows[:_NAMED]]
    shown = ", ".join(label_of(*key) for key in first.itertuples(index=False, name=None))
    rest = f" and {rows.size - _NAMED:,} more" if rows.size > _NAMED else ""
    where = f"network {name!r}" if name else "stages"
    have = "1 stage has" if rows.size == 1 else f"{rows.size:,} stages have"
    warn_of_data(f"{where}: {what.format(have)}: {shown}{rest}. Fix: {remedy}.")
