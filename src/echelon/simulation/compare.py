"""Two simulations that met the same random numbers, run against run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from echelon.display import ROWS, counted, in_html, in_text, more, with_units, wrapped
from echelon.errors import DomainError
from echelon.results import Provenance, Result, frame_digest, no_failures
from echelon.simulation.columns import UNITS
from echelon.simulation.measured.quantiles import LevelRuns, Runs
from echelon.simulation.result import Simulation

LEVELS: Final = ("stage", "segment", "segment_total", "item", "location", "total")
"""At which two simulations are compared."""

_SHOWN: Final = (
    "cost",
    "holding_cost",
    "on_hand",
    "backorders",
    "cycle_service_level",
    "fill_rate",
    "on_time_rate",
    "lost",
)
"""Measures of the network that a summary shows."""

_MUST_AGREE: Final = {
    "periods": "periods counted",
    "replications": "replications",
    "period": "length of a period",
    "currency": "currency",
}


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Result):
    """Differences between two simulations, second less first, with standard errors.

    Attributes
    ----------
    stages, segments, segment_totals, items, locations, total : DataFrame
        One row per row that both have, and measure: keys, ``measure``, ``first``, ``second``,
        ``difference`` (second less first), ``difference_se``, ``unpaired_se`` that independent
        simulations would have, the ``correlation`` of the runs, and how many ``times_smaller`` the
        paired error is. Empty at levels at which the replications were not kept.
    only_in : DataFrame
        Stages that one of the two lacks: item, location and ``only_in``, ``first`` or ``second``.
        They are in the totals of the one that has them.
    period, currency : str
        Of the network.
    """

    stages: pd.DataFrame
    segments: pd.DataFrame
    segment_totals: pd.DataFrame
    items: pd.DataFrame
    locations: pd.DataFrame
    total: pd.DataFrame
    only_in: pd.DataFrame
    period: str = "period"
    currency: str = ""

    def to_frame(self, level: str = "total") -> pd.DataFrame:
        """Copy a frame.

        Parameters
        ----------
        level : str, default "total"
            ``stage``, ``segment``, ``segment_total``, ``item``, ``location``, ``total`` or
            ``only_in``.

        Returns
        -------
        DataFrame

        Raises
        ------
        UnknownNameError
            If the level is another.
        """
        frames = {level: getattr(self, _attribute(level)) for level in LEVELS}
        return self._frame(level, {**frames, "only_in": self.only_in})

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes, those with rows, by name of the attribute.

        The network's is in the file ``comparison``.
        """
        named = {_attribute(level): getattr(self, _attribute(level)) for level in LEVELS[:-1]}
        named["only_in"] = self.only_in
        return {"comparison": self.total, **{n: f for n, f in named.items() if len(f)}}

    def summary(self) -> str:
        """Say in a few lines what was compared and how much the pairs are worth.

        Returns
        -------
        str
        """
        known = self.total["times_smaller"].replace([np.inf, -np.inf], np.nan).dropna()
        lines = [
            "Comparison of two simulations that met the same random numbers: second less first"
        ]
        if len(known):
            lines.append(
                f"  paired errors are {known.median():,.1f} times smaller than those of "
                "independent simulations, the median measure of the network"
            )
        if len(self.only_in):
            who = self.only_in["only_in"].value_counts()
            told = " and ".join(f"{counted(n, 'stage')} only in the {w}" for w, n in who.items())
            lines.append(wrapped(f"not compared: {told}; see comparison.only_in", indent="  "))
        return "\n".join(lines)

    def _shown(self) -> pd.DataFrame:
        rows = self.total[self.total["measure"].isin(_SHOWN)]
        differs = rows[(rows["first"] != 0.0) | (rows["second"] != 0.0)].dropna(subset="difference")
        order = {name: place for place, name in enumerate(_SHOWN)}
        return differs.sort_values("measure", key=lambda names: names.map(order)).head(ROWS)

    def _table(self) -> tuple[pd.DataFrame, str]:
        """The measures that are shown, each written in its own unit, and what is left out."""
        written = []
        for row in self._shown().to_dict("records"):
            unit = UNITS[row["measure"]]
            line = pd.DataFrame([row])[["measure", *_NUMBERS]]
            units = {**dict.fromkeys(_NUMBERS, unit), "times_smaller": "", "correlation": "-"}
            line["times_smaller"] = line["times_smaller"].map("{:.1f}".format)
            text = with_units(line, units, period=self.period, currency=self.currency)
            text.columns = text.columns.get_level_values(0)
            written.append(text)
        table = pd.concat(written, ignore_index=True) if written else self._shown()
        return table, more(len(self.total), len(table), "comparison.total") if written else ""

    def __repr__(self) -> str:
        """Summary and the main measures of the network."""
        return in_text(self.summary(), *self._table())

    def _repr_html_(self) -> str:
        return in_html(self.summary(), *self._table())


_NUMBERS: Final = (
    "first",
    "second",
    "difference",
    "difference_se",
    "unpaired_se",
    "correlation",
    "times_smaller",
)


def compare_runs(first: Simulation, second: Simulation) -> Comparison:
    """Compare two simulations that met the same random numbers.

    Two simulations with the same seed meet the same demand, run by run, whatever their plans are.
    What that demand does to both cancels in the difference of a run, so that the standard error of
    the mean difference is that of the differences, and much smaller than the one of two independent
    simulations [1]_.

    Parameters
    ----------
    first, second : Simulation
        Of as many periods and replications, with the same seed and the same kind of draws, in this
        session: what every replication came to is not written to files.

    Returns
    -------
    Comparison

    Raises
    ------
    DomainError
        With everything in which the two do not go together.

    References
    ----------
    .. [1] Law (2015), *Simulation Modeling and Analysis*, section 11.2 (common random numbers).

    Examples
    --------
    Five units more: the stock they add is known 25 times better than by independent runs.

    >>> import echelon as ec
    >>> runs = []
    >>> for level in (220.0, 225.0):
    ...     shop = ec.serial(["shop"], lead_time=4, holding_cost=1.0, base_stock=[level],
    ...                      demand_mean=50.0, demand_std=8.0)
    ...     runs.append(ec.simulate(shop, periods=200, replications=128, seed=7))
    >>> pairs = ec.compare_runs(*runs).total.set_index("measure")
    >>> row = pairs.loc["on_hand", ["difference", "difference_se", "unpaired_se"]]
    >>> row.astype(float).round(2).tolist()
    [4.6, 0.01, 0.25]
    """
    problems = _problems(first, second)
    if problems:
        if len(problems) == 1:
            raise DomainError(f"compare_runs: {problems[0]}")
        lines = "\n".join(f"  {i}. {problem}" for i, problem in enumerate(problems, 1))
        raise DomainError(f"compare_runs: {len(problems)} things to mend:\n{lines}")
    assert first.runs is not None
    assert second.runs is not None  # told apart above
    frames = {_attribute(level): _level_frame(first.runs, second.runs, level) for level in LEVELS}
    return Comparison(
        failures=no_failures(),
        provenance=Provenance(
            arguments={
                "periods": first.periods,
                "replications": first.replications,
                "first": dict(first.provenance.arguments),
                "second": dict(second.provenance.arguments),
            },
            tables={
                "first": frame_digest(first.stages),
                "second": frame_digest(second.stages),
            },
            seconds={},
            seed=first.provenance.seed,
        ),
        only_in=_only_in(first, second),
        period=first.period,
        currency=first.currency,
        **frames,
    )


def _attribute(level: str) -> str:
    return level if level == "total" else f"{level}s"


def _problems(first: object, second: object) -> list[str]:
    odd = [
        f"the {which} is of type {type(run).__name__}. Fix: give what simulate returns."
        for which, run in (("first", first), ("second", second))
        if not isinstance(run, Simulation)
    ]
    if not isinstance(first, Simulation) or not isinstance(second, Simulation):
        return odd
    problems = []
    for name, words in _MUST_AGREE.items():
        one, other = getattr(first, name), getattr(second, name)
        if one != other:
            problems.append(f"{words}: {one!r} and {other!r}. Fix: simulate both alike.")
    one, other = first.provenance.seed, second.provenance.seed
    if one != other:
        problems.append(
            f"seed: {one} and {other}, so that they met other random numbers. Fix: give both the "
            "same."
        )
    for which, run in (("first", first), ("second", second)):
        if run.runs is None:
            problems.append(
                f"the {which} has no replications one by one: it was read from files. "
                "Fix: simulate again."
            )
    if first.runs and second.runs and first.runs.group != second.runs.group:
        problems.append("draws: of two kinds. Fix: give both the same draws.")
    shared = first.stages[["item", "location"]].merge(second.stages[["item", "location"]])
    if shared.empty:
        problems.append(
            "the networks have no stage in common that was simulated. "
            "Fix: compare simulations of one network."
        )
    return problems


def _only_in(first: Simulation, second: Simulation) -> pd.DataFrame:
    key = ["item", "location"]
    both = first.stages[key].merge(second.stages[key], how="outer", indicator="only_in")
    apart = both[both["only_in"] != "both"].reset_index(drop=True)
    words = {"left_only": "first", "right_only": "second"}
    return apart.assign(only_in=apart["only_in"].astype(str).map(words))


def _level_frame(first: Runs, second: Runs, level: str) -> pd.DataFrame:
    """Differences of every measure of a level at which both kept their replications."""
    if level not in first.levels or level not in second.levels:
        return pd.DataFrame(columns=["measure", *_NUMBERS])
    one, other = first.at(level), second.at(level)
    here, there = _shared(one, other)
    keys = one.keys.iloc[here].reset_index(drop=True)
    frames = []
    for measure in one.level.measures:
        numbers = _differences(
            *(a[here] for a in first.influences(measure, level)),
            *(b[there] for b in second.influences(measure, level)),
        )
        frames.append(pd.concat([keys.assign(measure=measure), numbers], axis=1))
    frame = pd.concat(frames, ignore_index=True)
    row = np.tile(np.arange(len(keys)), len(frames))
    return frame.iloc[np.argsort(row, kind="stable")].reset_index(drop=True)


def _shared(one: LevelRuns, other: LevelRuns) -> tuple[np.ndarray, np.ndarray]:
    """Places of the rows that both have, in the order of the first."""
    if not len(one.keys.columns) or list(one.keys) != list(other.keys):
        n = min(len(one.keys), len(other.keys)) if list(one.keys) == list(other.keys) else 0
        return np.arange(n), np.arange(n)
    left = one.keys.reset_index(drop=True).assign(here=np.arange(len(one.keys)))
    right = other.keys.reset_index(drop=True).assign(there=np.arange(len(other.keys)))
    met = left.merge(right, on=list(one.keys), how="inner")
    return met["here"].to_numpy(), met["there"].to_numpy()


def _differences(
    first: np.ndarray, of_first: np.ndarray, second: np.ndarray, of_second: np.ndarray
) -> pd.DataFrame:
    n = of_first.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = [(effect**2).sum(axis=1) for effect in (of_first, of_second)]
        apart = ((of_second - of_first) ** 2).sum(axis=1)
        scale = (n - 1) * n if n > 1 else np.nan
        paired, unpaired = np.sqrt(apart / scale), np.sqrt((spread[0] + spread[1]) / scale)
        together = (of_first * of_second).sum(axis=1) / np.sqrt(spread[0] * spread[1])
        smaller = unpaired / paired
    return pd.DataFrame(
        {
            "first": first,
            "second": second,
            "difference": second - first,
            "difference_se": paired,
            "unpaired_se": unpaired,
            "correlation": together,
            "times_smaller": smaller,
        }
    )
