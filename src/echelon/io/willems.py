"""Willems' 38 real supply chains [1]_, from exported tables or from the journal's workbook.

.. [1] Willems (2008), Real-World Multiechelon Supply Chains Used for Inventory Optimization,
   *Manufacturing & Service Operations Management* 10(1), 19-23, with its electronic companion.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.distributions.empirical import Empirical
from echelon.errors import DomainError, UnknownNameError, warn_of_data
from echelon.io.willems_files import Chain, read_chain
from echelon.network import Network

StageTimes = Literal["mean", "max", "random", "distribution"]

_CLASSES = ("Part", "Manuf", "Trans", "Dist", "Retail")
_WHOLE = 1e-6  # as far from 1 may probabilities add up to; their rounding is divided out
_SAME = 5e-3  # relative; the published numbers have three significant digits or more


def read_willems(
    folder: str | Path,
    chain: int,
    *,
    holding_rate: float = 0.35,
    stage_times: StageTimes = "mean",
    deviations: float = 3.0,
) -> Network:
    """Read one of the 38 chains as a network with daily periods.

    Every row of the files becomes a row of the network. What looks odd in the data is kept as it
    stands and reported, one :class:`~echelon.errors.DataWarning` per kind with count and places.

    Parameters
    ----------
    folder : str or Path
        One of: a folder with ``stages.csv`` and ``arcs.csv``, both with a column ``chain``; the
        journal's workbook (``.xls`` or ``.xlsx``) with two sheets per chain, ``01_SD`` (stages)
        and ``01_LL`` (arcs); a folder that holds that workbook, or its sheets saved as
        ``01_SD.csv`` and ``01_LL.csv``.
    chain : int
        Number of the chain, 1 to 38.
    holding_rate : float
        Fraction of a unit's value that holding it for a year costs.
    stage_times : {"mean", "max", "random", "distribution"}
        What becomes of a stage time that varies. ``"mean"``: ``lead_time`` is the mean, fractions
        of a day included. ``"max"``: it is the largest value of the stage's discrete distribution
        (never less than the mean); where the data give a standard deviation and no distribution
        there is no largest value, and the mean plus ``deviations`` standard deviations stands for
        it, with a warning that counts the stages. ``"random"``: it is the mean, and
        ``lead_time_std`` is the standard deviation in the data, 0 where that is blank.
        ``"distribution"``: it has the discrete distribution in the data, with the mean and the
        standard deviation of that; where there is none, or its probabilities do not add up to 1,
        as under ``"random"``.
    deviations : float
        Only for ``"max"``: standard deviations, at least 0.

    Returns
    -------
    Network
        Item is the stage's name, location ``"chain <number>"``; ``added_cost`` the stage's direct
        cost; demand normal, or deterministic where its standard deviation is 0.

    Raises
    ------
    FolderError
        If the files are not there or cannot be read, or a package to read a workbook is missing.
    DomainError
        If there is no such chain (lists those there), or ``deviations`` is negative.
    UnknownNameError
        If ``stage_times`` is another word.
    TableError
        If a column is missing, a number is text, or the chain breaks the input contract.

    Examples
    --------
    >>> import tempfile
    >>> stages = pd.DataFrame({
    ...     "chain": 1, "stage": ["Part_0001", "Retail_0001"], "relDepth": [1, 0],
    ...     "class": ["Part", "Retail"], "cost": [12.0, 1.0], "avgDemand": [None, 253.0],
    ...     "stdDevDemand": [None, 36.62], "maxServiceTime": [None, 0.0],
    ...     "serviceLevel": [None, 0.95], "stageTime": [28.0, 0.5], "stdDevStageTime": [11.2, None],
    ... })
    >>> arcs = pd.DataFrame({"chain": [1], "source": ["Part_0001"], "dest": ["Retail_0001"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     stages.to_csv(f"{folder}/stages.csv", index=False)
    ...     arcs.to_csv(f"{folder}/arcs.csv", index=False)
    ...     network = read_willems(folder, 1, stage_times="random")
    >>> network.stages[["item", "location", "unit_cost", "lead_time", "lead_time_std"]]
              item location  unit_cost  lead_time  lead_time_std
    0    Part_0001  chain 1       12.0       28.0           11.2
    1  Retail_0001  chain 1       13.0        0.5            0.0
    """
    if stage_times not in get_args(StageTimes):
        raise UnknownNameError("stage_times", stage_times, get_args(StageTimes))
    if not deviations >= 0.0:
        raise DomainError(f"deviations is {deviations!r}, must be >= 0. Fix: give 3, for example.")
    if isinstance(chain, bool) or not isinstance(chain, (int, np.integer)):
        raise DomainError(f"chain is {chain!r}, not a whole number. Fix: give 1, for example.")
    data = read_chain(Path(folder), int(chain))
    oddities = _oddities(data, "and" if stage_times == "distribution" else "which")
    lead_time = data.stages["stageTime"].to_numpy()
    deviation = data.stages["stdDevStageTime"].to_numpy()
    columns: dict[str, Any] = {}
    if stage_times in ("random", "distribution"):
        columns["lead_time_std"] = np.where(np.isnan(deviation), 0.0, deviation)
    if stage_times == "distribution":
        laws = _laws(data)
        known = np.array([law is not None for law in laws])
        lead_time = np.where(known, np.nan, lead_time)  # those of the distribution
        columns["lead_time_std"] = np.where(known, np.nan, columns["lead_time_std"])
        columns["lead_time_distribution"] = laws
    elif stage_times == "max":
        open_ended = (deviation > 0.0) & np.isnan(data.times).all(axis=1)
        largest = np.fmax.reduce(np.where(data.shares > 0.0, data.times, np.nan), axis=1)
        lead_time = np.where(open_ended, lead_time + deviations * deviation, lead_time)
        lead_time = np.where(largest > lead_time, largest, lead_time)
        why = f"a deviation but no largest stage time; mean + {deviations:g} deviations is used"
        oddities.append((why, _names(data, open_ended)))
    _warn(f"Willems chain {chain}", oddities)
    return _network(data, f"chain {chain}", {"lead_time": lead_time, **columns}, holding_rate)


def _network(data: Chain, location: str, columns: dict[str, Any], holding_rate: float) -> Network:
    given, arcs = data.stages, data.arcs
    # a row that has one of the two moments is a demand: the network says what it lacks
    asked = given[given["avgDemand"].notna() | given["stdDevDemand"].notna()]
    stages = pd.DataFrame(
        {
            "item": given["stage"],
            "location": location,
            "added_cost": given["cost"],
            "max_service_time": given["maxServiceTime"],
            "service_level": given["serviceLevel"],
            **columns,
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": arcs["source"],
            "from_location": location,
            "to_item": arcs["dest"],
            "to_location": location,
        }
    )
    demand = pd.DataFrame(
        {
            "item": asked["stage"],
            "location": location,
            "family": np.where(asked["stdDevDemand"] == 0.0, "deterministic", "normal"),
            "mean": asked["avgDemand"],
            "std": asked["stdDevDemand"],
        }
    )
    return Network.from_tables(
        stages,
        lanes,
        demand.reset_index(drop=True) if len(demand) else None,
        period="day",
        holding_rate=holding_rate,
        name=f"Willems {location}",
    )


def _laws(data: Chain) -> list[Empirical | None]:
    """Give the distribution of each stage time that has one with more than one value."""
    laws: list[Empirical | None] = []
    for times, shares in zip(data.times, data.shares, strict=True):
        given = shares > 0.0
        sound = int(given.sum()) > 1 and abs(float(shares[given].sum()) - 1.0) <= _WHOLE
        some = shares[given] / shares[given].sum() if sound else shares
        laws.append(Empirical(times[given].tolist(), some.tolist()) if sound else None)
    return laws


def _oddities(data: Chain, which: str) -> list[tuple[str, list[str]]]:
    """What is accepted as it stands but looks odd: what, and where.

    ``which`` is "and" where discrete stage times are used themselves, and "which" elsewhere.
    """
    stages, arcs = data.stages, data.arcs
    depth = stages.drop_duplicates("stage").set_index("stage")["relDepth"]
    upstream, downstream = (depth.reindex(arcs[end]).to_numpy() for end in ("source", "dest"))
    backward = arcs[upstream <= downstream]
    mean_demand, std_demand = (stages[name].to_numpy() for name in ("avgDemand", "stdDevDemand"))
    demanded = ~np.isnan(mean_demand)
    given = ~np.isnan(data.times).all(axis=1)
    total = np.nansum(data.shares, axis=1)
    mean = np.nansum(data.shares * data.times, axis=1)
    spread = np.sqrt(np.nansum(data.shares * (data.times - mean[:, None]) ** 2, axis=1))
    time = stages["stageTime"].to_numpy()
    deviation = stages["stdDevStageTime"].fillna(0.0).to_numpy()
    apart = given & ~np.isclose(mean, time, rtol=_SAME, atol=_SAME)
    wider = given & ~np.isclose(spread, deviation, rtol=_SAME, atol=_SAME)
    return [
        (
            f"a class other than {', '.join(_CLASSES)}",
            [
                f"{name} ({kind})"
                for name, kind in zip(stages["stage"], stages["class"], strict=True)
                if kind not in _CLASSES
            ],
        ),
        (
            "an arc to a stage that relDepth does not place nearer to the customer; "
            "the order follows the arcs",
            [f"{a} -> {b}" for a, b in zip(backward["source"], backward["dest"], strict=True)],
        ),
        ("a mean demand of 0", _names(data, mean_demand == 0.0)),
        ("demand of standard deviation 0, read as known demand", _names(data, std_demand == 0.0)),
        ("customers but no serviceLevel", _names(data, demanded & _blank(data, "serviceLevel"))),
        (
            "customers but no maxServiceTime, read as 0",
            _names(data, demanded & _blank(data, "maxServiceTime")),
        ),
        (
            "a discrete stage time whose probabilities do not add up to 1",
            _names(data, given & ~np.isclose(total, 1.0, atol=1e-6)),
        ),
        (
            f"a discrete stage time whose mean differs from stageTime, {which} is used",
            [
                f"{stages['stage'][row]} ({mean[row]:g} against {time[row]:g})"
                for row in np.flatnonzero(apart)
            ],
        ),
        (
            f"a discrete stage time whose deviation differs from stdDevStageTime, {which} is used",
            [
                f"{stages['stage'][row]} ({spread[row]:.4g} against {deviation[row]:g})"
                for row in np.flatnonzero(wider)
            ],
        ),
    ]


def _blank(data: Chain, column: str) -> NDArray[np.bool_]:
    return data.stages[column].isna().to_numpy()


def _names(data: Chain, mask: NDArray[np.bool_]) -> list[str]:
    return [str(name) for name in data.stages["stage"][mask]]


def _warn(where: str, oddities: list[tuple[str, list[str]]]) -> None:
    for what, places in oddities:
        if places:
            shown = ", ".join(places[:5]) + (", ..." if len(places) > 5 else "")
            warn_of_data(f"{where}: {len(places)} with {what}: {shown}")
