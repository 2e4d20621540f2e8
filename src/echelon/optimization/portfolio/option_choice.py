"""Options of one's own, within limits of one's own: the choice, its proof and its prices."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from echelon.display import ROWS, counted, in_html, in_text, more, quantity
from echelon.errors import DomainError
from echelon.optimization.arguments import limit_faults
from echelon.optimization.portfolio.choose import choose
from echelon.optimization.portfolio.frontier import Solved, frontier
from echelon.optimization.portfolio.option_table import Limit, read_options
from echelon.optimization.portfolio.priced_limits import binding_lines, limits_frame
from echelon.policies.plan import gap_in_words
from echelon.progress import Progress
from echelon.results import Provenance, Result, frame_digest, no_failures


@dataclass(frozen=True, eq=False, repr=False)
class OptionChoice(Result):
    """One option per SKU, at least cost within the limits.

    Attributes
    ----------
    chosen : DataFrame
        One row per SKU: its option, with all columns of the table of options, and ``regret``.
    limits : DataFrame
        One row per limit and label: limit, group, kind, sense, asked, reached, room, price,
        sentence.
    cost : float
        Of all chosen options.
    bound, gap : float
        Proven: no choice within the limits costs less; ``(cost - bound) / |cost|``.
    n_fractional : int
        SKUs that the linear program would split between options: at most one per limit that
        binds, but for ties.
    termination : str
        Which routes were taken.
    solved : Solved or None
        What :meth:`frontier` begins with; None in a choice that was read from files.
    """

    chosen: pd.DataFrame
    limits: pd.DataFrame
    cost: float
    bound: float
    gap: float
    n_fractional: int
    termination: str
    solved: Solved | None = field(default=None)

    def to_frame(self, level: str = "chosen") -> pd.DataFrame:
        """Copy the frame ``"chosen"`` or ``"limits"``."""
        return self._frame(level, {"chosen": self.chosen, "limits": self.limits})

    def frontier(
        self,
        limit: str | None = None,
        *,
        amounts: Sequence[float] | None = None,
        n_points: int = 20,
        progress: Progress = None,
    ) -> pd.DataFrame:
        """Solve anew at several amounts of one limit: what it trades against cost.

        Parameters
        ----------
        limit : str, optional
            Its label in :attr:`limits`, ``"name (group)"`` where it has groups; may be left out
            where there is one.
        amounts : sequence of float, optional
            In the limit's own unit. Default: ``n_points`` from the tightest that can be kept to one
            that costs nothing.
        n_points : int, default 20
        progress : bool, callable or None

        Returns
        -------
        DataFrame
            asked, reached, cost, bound, gap, price, chosen; the loosest amount first, cost rising.

        Raises
        ------
        UnknownNameError, DomainError
            If there is no such limit, or an amount is no number.
        """
        return frontier(known(self.solved), limit, amounts, n_points, progress)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes."""
        return {"chosen_options": self.chosen, "limits": self.limits}

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frames."""
        return {
            **super().manifest(),
            "cost": self.cost,
            "bound": self.bound,
            "gap": self.gap,
            "n_fractional": self.n_fractional,
            "termination": self.termination,
        }

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what was chosen, how sure that is, and what limits cost."""
        lines = [
            f"Options chosen for {counted(len(self.chosen), 'SKU')}: cost {quantity(self.cost)}",
            f"  proven lower bound {quantity(self.bound)}, {gap_in_words(self.gap)}",
            *binding_lines(self.limits, failures),
        ]
        return "\n".join([*lines, *self.failure_lines("choice", failures)])

    def _table(self) -> tuple[pd.DataFrame, str]:
        return self.chosen.head(ROWS), more(len(self.chosen), ROWS, "choice.chosen")

    def __repr__(self) -> str:
        """Summary and the first SKUs."""
        return in_text(self.summary(), *self._table())

    def _repr_html_(self) -> str:
        return in_html(self.summary(), *self._table())


def known(solved: Solved | None) -> Solved:
    """What a frontier begins with.

    Raises
    ------
    DomainError
        If the result was read from files.
    """
    if solved is None:
        raise DomainError(
            "this result was read from files, which keep no options. Fix: choose again."
        )
    return solved


def choose_options(
    options: pd.DataFrame,
    limits: Limit | Sequence[Limit],
    *,
    cost: str = "cost",
    gap: float = 1e-4,
    time_limit: float | None = 30.0,
) -> OptionChoice:
    r"""Choose one option for each SKU at least total cost, within limits that SKUs share.

    Parameters
    ----------
    options : DataFrame
        One row per option: ``sku``, ``option``, a column of costs and the columns that limits are
        about, numbers of any sign. Further columns are kept.
    limits : AtMost, AtLeast or a sequence of them
        What the chosen options may, or must, add up to: of all SKUs, or by the labels of a column.
    cost : str, default "cost"
        Column of what is minimised.
    gap : float, default 1e-4
        Relative gap from which on nothing more is tried. What prices alone prove is often better.
    time_limit : float or None, default 30
        Seconds for the mixed-integer program that closes a gap which prices leave open.

    Returns
    -------
    OptionChoice

    Raises
    ------
    TableError
        With every fault of the table.
    DomainError
        If a limit or an argument is outside what it may be.
    InfeasibleError
        If no choice keeps the limits; names those at fault, and by how much.
    SolverError
        If no choice was found in time, and it is not known whether there is one.

    Notes
    -----
    With one limit the price that uses it up is read off the lower convex hulls of the options; with
    several, prices climb the dual of the linear program by Newton's method along its central path.
    Either way the bound is Lagrange's, the linear program splits at most one SKU per binding limit,
    and rounding those leaves a gap of about a step each [1]_. Where the gap asked for is smaller, a
    mixed-integer program searches the options that a better choice could use.

    References
    ----------
    .. [1] van Houtum & Kranenburg (2015), *Spare Parts Inventory Control under System Availability
       Constraints*, ch. 2.

    Examples
    --------
    >>> import pandas as pd
    >>> import echelon as ec
    >>> options = pd.DataFrame({
    ...     "sku": ["bolt"] * 3 + ["gear"] * 3,
    ...     "option": ["low", "mid", "high"] * 2,
    ...     "backorders": [9.0, 4.0, 1.0, 8.0, 3.0, 2.0],
    ...     "stock_value": [10.0, 20.0, 40.0, 30.0, 80.0, 160.0]})
    >>> choice = ec.choose_options(options, ec.AtMost("stock_value", 100.0), cost="backorders")
    >>> choice.chosen[["sku", "option"]].to_dict("records")
    [{'sku': 'bolt', 'option': 'mid'}, {'sku': 'gear', 'option': 'mid'}]
    >>> choice.cost, round(choice.gap, 12)
    (7.0, 0.0)
    """
    began = time.perf_counter()
    asked = [limits] if not isinstance(limits, Sequence) else list(limits)
    faults = limit_faults(gap, time_limit)
    if not hasattr(options, "columns"):
        faults.append(f"options is a {type(options).__name__}. Fix: give a DataFrame.")
    if faults:
        raise DomainError(f"choose_options: {' '.join(faults)}")
    problem, rows, order = read_options(options, asked, cost)
    found = choose(problem, rows, gap=gap, time_limit=time_limit)
    priced = problem.priced(found.price)
    regret = priced[found.choice] - problem.least(priced)
    chosen = options.iloc[order[found.choice]].reset_index(drop=True)
    return OptionChoice(
        failures=no_failures(),
        provenance=Provenance(
            arguments={
                "limits": [repr(limit) for limit in asked],
                "cost": cost,
                "gap": gap,
                "time_limit": time_limit,
            },
            tables=_digest_later(options),
            seconds={"choose": time.perf_counter() - began},
        ),
        chosen=chosen.assign(regret=regret),
        limits=limits_frame(problem, rows, found, f"of {cost}"),
        cost=found.cost,
        bound=found.bound,
        gap=found.gap,
        n_fractional=found.n_fractional,
        termination=found.termination,
        solved=Solved(problem, tuple(rows), found, gap, time_limit),
    )


def _digest_later(options: pd.DataFrame) -> Any:
    from echelon.results import LaterDigests

    kept = options.copy()  # shares its columns until someone writes into them
    return LaterDigests(lambda: {"options": frame_digest(kept)})
