"""A publication: the targets that hold from now on, and what waits for a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from echelon.display import ROWS, counted, in_html, in_text, more, with_units, wrapped
from echelon.network.network import Network
from echelon.policies.plan import Plan
from echelon.policies.publication.as_plan import as_plan, reviewed_as
from echelon.policies.publication.columns import UNITS
from echelon.policies.publication.decisions import Which, decide
from echelon.policies.publication.lineage import check_again, lineage, mixed_components
from echelon.policies.publication.nervousness import nervousness_of_moves
from echelon.policies.publication.status import NEW_STANDS, STATUSES, WORDS
from echelon.policies.publication.targets import KEY, TargetSource, read_targets
from echelon.results import Result

_SHOWN = ("item", "location", "period", "quantity", "old", "new", "moved_share", "reason")


@dataclass(frozen=True, eq=False, repr=False)
class Publication(Result):
    """Targets that hold from now on, those that wait for a decision, and where each is from.

    Decisions give a new publication and leave this one as it is.

    Attributes
    ----------
    moves : DataFrame
        One row per target and quantity compared: item, location, period, quantity, ``old``,
        ``new``, ``published`` (units), ``moved``, ``moved_share``, ``moved_value``, ``beyond`` a
        band or not, ``status`` of the target, ``reason``, ``by`` and ``why`` of a decision, and the
        ``source`` of the published number.
    previous, proposed : DataFrame
        Whole rows of the targets before and of the new plan, by item, location and ``period``.
    decisions : DataFrame
        One row per target and decision, those of earlier publications among them.
    trail : DataFrame
        The moves of earlier publications.
    sources : DataFrame
        One row per plan that some number is or was from.
    earlier : DataFrame
        :attr:`history` of the publications before this one.
    number : int
        Of this publication, from 1.
    published_at : str
    shift : int
        Periods gone by since the publication before.
    unit_values : DataFrame
        item, location, ``unit_cost``: money per unit; no rows where moves were not valued.
    decay : float
        Weight of a period in the nervousness, over that of the period before it.
    period, currency, name : str
    periods_per_year : float
    """

    moves: pd.DataFrame
    previous: pd.DataFrame
    proposed: pd.DataFrame
    decisions: pd.DataFrame
    trail: pd.DataFrame
    sources: pd.DataFrame
    earlier: pd.DataFrame
    number: int
    published_at: str
    shift: int
    unit_values: pd.DataFrame
    decay: float
    period: str = ""
    periods_per_year: float = float("nan")
    currency: str = ""
    name: str = ""

    @property
    def targets(self) -> pd.DataFrame:
        """The targets that hold from now on: whole rows of the plans they are from."""
        status = self.moves.drop_duplicates(KEY).set_index(KEY)["status"]
        frames = []
        for frame, stands in ((self.proposed, True), (self.previous, False)):
            at = pd.MultiIndex.from_frame(frame[KEY])
            of = status.reindex(at).to_numpy()
            frames.append(frame[np.isin(of, NEW_STANDS) == stands])
        there = [frame for frame in frames if len(frame)]
        return pd.DataFrame(pd.concat(there, ignore_index=True) if there else frames[0])

    def target_frame(self) -> pd.DataFrame:
        """Give the published targets, to publish from and to compare with."""
        return self.targets

    @property
    def plan(self) -> Plan:
        """The published targets as a plan. No model proves it: its bound is NaN.

        Raises
        ------
        DomainError
            If the targets are no base stocks, as those of a target plan.
        """
        labels = {
            "period": self.period,
            "periods_per_year": self.periods_per_year,
            "currency": self.currency,
            "name": self.name,
        }
        return as_plan(self.targets, self.provenance, labels)

    def as_simulated(self, network: Network) -> tuple[Network, Plan]:
        """Give what :func:`echelon.simulate` runs: the published levels, as they hold.

        Where targets say how often a stage reviews, the network is given that.
        """
        return reviewed_as(network, self.targets), self.plan

    @property
    def review(self) -> pd.DataFrame:
        """The moves that wait for a decision, the largest first."""
        rows = self.moves[self.moves["status"] == "review"]
        size = rows["moved_value"].abs().fillna(rows["moved_share"].abs())
        return rows.loc[size.sort_values(ascending=False, kind="stable").index].reset_index(
            drop=True
        )

    @property
    def history(self) -> pd.DataFrame:
        """One row per publication, this one last."""
        of_target = self.moves.drop_duplicates(KEY)["status"].value_counts()
        row = {
            "publication": self.number,
            "published_at": self.published_at,
            "source": self.new_source,
            "shift": self.shift,
            **{status: int(of_target.get(status, 0)) for status in STATUSES},
            "nervousness_proposed": self.nervousness_of("new"),
            "nervousness_published": self.nervousness_of("published"),
        }
        now = pd.DataFrame([row])
        return pd.concat([self.earlier, now], ignore_index=True) if len(self.earlier) else now

    @property
    def new_source(self) -> str:
        """Digest of the plan that was put forward."""
        return str(self.provenance.arguments["new"])

    @property
    def nervousness(self) -> float:
        """Share of the planned value that what is published moves.

        What waits for a decision is published as before and adds nothing yet:
        ``nervousness_of("new")`` is of the new plan as a whole, and :meth:`summary` tells both.
        """
        return self.nervousness_of("published")

    def nervousness_of(self, what: str) -> float:
        """Share of the planned value that moves, ``"new"`` of the plan or as ``"published"``.

        Of the first quantity compared, at unit values where there are some and in units elsewhere:
        see :func:`echelon.policies.publication.nervousness.nervousness`.
        """
        return nervousness_of_moves(self.moves, what, self.unit_values, self.decay)

    def accept(self, which: Which = None, *, by: str, why: str) -> Publication:
        """Publish targets under review as the new plan has them.

        Parameters
        ----------
        which : (item, location), (item, location, period), sequence of those, or DataFrame
            With columns item, location and perhaps period, such as rows of :attr:`review`. Without
            a period all periods under review. Default: everything that waits.
        by, why : str
            Who decides, and the reason: both are kept.

        Returns
        -------
        Publication

        Raises
        ------
        DomainError
            If a target is not under review or was not, or a text is empty; names every one.
        """
        return decide(self, which, "approved", by, why)

    def reject(self, which: Which = None, *, by: str, why: str) -> Publication:
        """Keep targets under review as they were; arguments as of :meth:`accept`."""
        return decide(self, which, "rejected", by, why)

    def lineage(self, item: str, location: str, period: int | None = None) -> pd.DataFrame:
        """Tell where a target's numbers come from, the first publication first.

        Parameters
        ----------
        item, location : str
        period : int, optional
            Counted from the present, as in :attr:`targets`. Default: all.

        Returns
        -------
        DataFrame
            One row per publication and quantity: what was published, its status, reason and
            decision, and the plan it is from with version, arguments, digests of tables and seed.

        Raises
        ------
        DomainError
            If nothing was ever published there.
        """
        return lineage(self, item, location, period)

    def check(self, plan: TargetSource) -> pd.DataFrame:
        """Compare published numbers with a plan that was made again.

        Parameters
        ----------
        plan : Plan or another with targets
            Made from the tables and by the arguments that :meth:`lineage` tells.

        Returns
        -------
        DataFrame
            One row per published number that is from such a plan: item, location, period, quantity,
            ``published``, ``again`` and ``equal``.

        Raises
        ------
        DomainError
            If no published number is from a plan made like this one; says what differs.
        """
        return check_again(self, read_targets(plan, "plan"))

    def to_frame(self, level: str = "target") -> pd.DataFrame:
        """Copy the frame of published targets, or another.

        Parameters
        ----------
        level : {"target", "move", "review", "decision", "source", "history", "trail"}

        Raises
        ------
        UnknownNameError
            If the level is another.
        """
        frames = {
            "target": self.targets,
            "move": self.moves,
            "review": self.review,
            "decision": self.decisions,
            "source": self.sources,
            "history": self.history,
            "trail": self.trail,
        }
        return self._frame(level, frames)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes; those without rows are left out."""
        some = {
            "decisions": self.decisions,
            "trail": self.trail,
            "earlier": self.earlier,
            "unit_values": self.unit_values,
            "previous": self.previous,
        }
        return {
            "targets": self.targets,
            "moves": self.moves,
            "proposed": self.proposed,
            "sources": self.sources,
            **{name: frame for name, frame in some.items() if len(frame)},
        }

    def manifest(self) -> dict[str, Any]:
        """Give the scalars that :meth:`write` keeps beside the frames."""
        return {
            **super().manifest(),
            "number": self.number,
            "published_at": self.published_at,
            "shift": self.shift,
            "decay": self.decay,
            "period": self.period,
            "periods_per_year": self.periods_per_year,
            "currency": self.currency,
            "name": self.name,
            "texts": {stem: _texts(frame) for stem, frame in self.frames().items()},
        }

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what is published, what waits, and how much of the plan moved.

        Parameters
        ----------
        failures : int, default 5
            How many reasons of failures of the new plan are told; 0 leaves them out.

        Returns
        -------
        str
        """
        row = self.history.iloc[-1]
        named = f" of {self.name}" if self.name else ""
        told = [f"{int(row[status]):,} {words}" for status, words in WORDS.items() if row[status]]
        total = sum(int(row[status]) for status in STATUSES)
        lines = [
            wrapped(
                f"Publication {self.number}{named}: {', '.join([counted(total, 'target'), *told])}"
            )
        ]
        if not np.isnan(row["nervousness_proposed"]):
            of = "value" if len(self.unit_values) else "units"
            lines += [
                f"  the new plan would move   {row['nervousness_proposed']:>8.2%} of planned {of}",
                f"  what is published moves   {row['nervousness_published']:>8.2%} of planned {of}",
            ]
        mixed = mixed_components(self)
        if mixed:
            lines.append(
                wrapped(
                    f"{counted(mixed, 'component')} {'mixes' if mixed == 1 else 'mix'} targets of "
                    "several plans, whose promises may not fit one another: simulate before use",
                    "  ",
                )
            )
        return "\n".join([*lines, *self.failure_lines("publication", failures)])

    def _table(self) -> tuple[pd.DataFrame, str]:
        rows = self.review
        shown = [name for name in _SHOWN if name != "period" or rows["period"].notna().any()]
        table = with_units(
            rows.head(ROWS)[shown], UNITS, period=self.period or "period", currency=self.currency
        )
        return table, more(len(rows), ROWS, "publication.review")

    def __repr__(self) -> str:
        """Summary and the ten largest moves that wait."""
        return in_text(self.summary(), *self._table())

    def _repr_html_(self) -> str:
        return in_html(self.summary(), *self._table())


def _texts(frame: pd.DataFrame) -> list[str]:
    """Columns of names and words, which a CSV file does not tell from numbers."""
    return [str(name) for name in frame.columns if not is_numeric_dtype(frame[name])]
