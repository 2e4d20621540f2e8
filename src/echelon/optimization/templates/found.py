"""What comes out of a live template: solutions of its relaxation, and plans."""

from __future__ import annotations

from dataclasses import dataclass

from echelon.network.compiled import Booleans, Floats, Integers


@dataclass(frozen=True, slots=True)
class Found:
    """What came out of one problem.

    Attributes
    ----------
    inbound, outbound : (n_stages,) int64
        Candidates chosen, numbered within their stage.
    cost, bound : float
        Money per period.
    branched : bool
        Whether the relaxation left a gap, which branch and bound has closed.
    termination : str
    seconds : float
        Wall time.
    """

    inbound: Integers
    outbound: Integers
    cost: float
    bound: float
    branched: bool = False
    termination: str = "optimal"
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Solutions:
    """Solutions of the relaxation, one row a problem.

    Attributes
    ----------
    values : (n, n_pairs) float64
    prices : (n, n_lane_rows) float64
    seconds : list of n float or None
        Wall time; None of those that failed.
    """

    values: Floats
    prices: Floats
    seconds: list[float | None]


@dataclass(frozen=True, slots=True)
class Judged:
    """What solutions of the relaxation come to, one row a problem.

    Attributes
    ----------
    values : (n, n_pairs) float64
    inbound, outbound : (n, n_stages) int64
    cost, bound : (n,) float64
    is_whole : (n,) bool
    """

    values: Floats
    inbound: Integers
    outbound: Integers
    cost: Floats
    bound: Floats
    is_whole: Booleans
