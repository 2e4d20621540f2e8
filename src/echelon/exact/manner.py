"""The one manner of the models: arrays in, every fault told at once, a frozen answer of arrays out.

A model takes its arguments through :class:`Given`, works on flat arrays with one entry per SKU, and
gives them back through :meth:`Case.answer` in the shape that the arguments broadcast to. Where no
argument has an axis the answer holds plain numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from echelon.display import ROWS
from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray, array
from echelon.distributions.base import as_distribution
from echelon.distributions.per_period import PerPeriod
from echelon.errors import DomainError, EchelonError

Value: TypeAlias = Any
"""A plain number where every argument was one; else an array of the shape of all of them."""

Demand: TypeAlias = Any
"""A distribution, also a frozen one of ``scipy.stats``; a sequence of them, a
:class:`~echelon.distributions.DistributionArray`, or a frame of the demand table's columns."""

_MOST_FAULTS = 20


def unit(name: str) -> Any:
    """Declare a field of an answer with its unit, which the repr tells."""
    return field(metadata={"unit": name})


@dataclass(frozen=True, eq=False, repr=False)
class Answer:
    """Base of what a model answers: fields of one shape, each with its unit."""

    def to_frame(self) -> pd.DataFrame:
        """Give the fields as columns, one row per SKU, in the order of the raveled arrays."""
        return pd.DataFrame({one.name: np.ravel(getattr(self, one.name)) for one in fields(self)})

    @classmethod
    def units(cls) -> dict[str, str]:
        """Give the unit of each field."""
        return {one.name: str(one.metadata.get("unit", "")) for one in fields(cls)}

    def __repr__(self) -> str:
        units = self.units()
        frame = self.to_frame()
        if np.ndim(getattr(self, fields(self)[0].name)) == 0:
            told = [f"  {name} {frame[name].iloc[0]:.6g} [{units[name]}]" for name in units]
            return "\n".join([type(self).__name__, *told])
        shown = frame.rename(columns={name: f"{name} [{unit}]" for name, unit in units.items()})
        text = shown.head(ROWS).to_string()
        rest = f"\n... {len(frame) - ROWS:,} more" if len(frame) > ROWS else ""
        return f"{type(self).__name__} of {len(frame):,}\n{text}{rest}"


_Answer = TypeVar("_Answer", bound=Answer)


class Given:
    """The arguments of one call: checked one by one, and all faults told at once.

    Parameters
    ----------
    model : str
        Name of the function, for the message.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        self.faults: list[str] = []
        self._numbers: dict[str, Floats] = {}
        self._demands: dict[str, tuple[DistributionArray, bool]] = {}

    def number(
        self,
        name: str,
        value: ArrayLike,
        *,
        above: float | None = None,
        least: float | None = None,
        below: float | None = None,
        most: float | None = None,
        whole: bool = False,
        unit: str = "",
        fix: str = "",
    ) -> None:
        """Take a numeric argument: one number, or one for each SKU.

        Parameters
        ----------
        name : str
        value : array_like of float
        above, least, below, most : float, optional
            Open and closed limits.
        whole : bool, default False
            Whether it must be a whole number.
        unit, fix : str, optional
            For the message; by default the remedy is the limits themselves.
        """
        try:
            values = np.asarray(value)
            if values.dtype.kind not in "iuf":  # no text, truth values or objects
                values = np.asarray([_strict(one) for one in values.ravel()]).reshape(values.shape)
            values = values.astype(np.float64)
        except (TypeError, ValueError):
            self.faults.append(f"{name} is {value!r}, no number. Fix: give numbers.")
            return
        wrong = ~np.isfinite(values)
        for limit, test in (
            (above, np.less_equal),
            (least, np.less),
            (below, np.greater_equal),
            (most, np.greater),
        ):
            if limit is not None:
                wrong |= test(values, limit)
        if whole:
            wrong |= values != np.rint(values)
        self._numbers[name] = values
        if wrong.any():
            limits = _limits(above, least, below, most, whole)
            self.fault(name, values, wrong, f"must be {limits}", unit, fix or f"give {limits}")

    def fraction(self, name: str, value: ArrayLike) -> None:
        """Take a target above 0 and below 1; 97.5 is answered with 0.975."""
        before = len(self.faults)
        self.number(name, value, above=0.0, below=1.0)
        if len(self.faults) > before and name in self._numbers:
            values = self._numbers[name]
            percent = values[(values > 1.0) & (values < 100.0)]
            told = self.faults[before].partition(" Fix: ")[0]
            hint = f"use {percent.flat[0] / 100:g}" if percent.size else "give a fraction below 1"
            self.faults[before] = f"{told} Fix: {hint}."

    def demand(
        self,
        name: str,
        value: Demand,
        *,
        least_mean: float | None = 0.0,
        changing: bool = False,
    ) -> None:
        """Take a random quantity: one distribution, or one for each SKU.

        Parameters
        ----------
        name : str
        value : Distribution, sequence of them, DistributionArray or DataFrame
        least_mean : float, optional
            Smallest mean allowed, units.
        changing : bool, default False
            Whether it may change from period to period.
        """
        try:
            several = isinstance(value, (list, tuple, np.ndarray, pd.DataFrame, DistributionArray))
            laws = array(value) if several else array([as_distribution(value)])
        except EchelonError as error:
            self.faults.append(f"{name}: {error}")
            return
        seasonal = [at for at, law in laws.others if isinstance(law, PerPeriod)]
        if seasonal and not changing:
            place = f"[{seasonal[0]}]" if several else ""
            self.faults.append(
                f"{name}{place} changes from period to period, and the model has one distribution "
                "for all. Fix: give that of one period, or use finite_horizon."
            )
            return
        self._demands[name] = laws, several
        if least_mean is not None and (low := laws.mean < least_mean).any():
            self.fault(
                f"mean of {name}", laws.mean, low, f"must be at least {least_mean:g}", "", ""
            )

    def fault(
        self, name: str, values: ArrayLike, wrong: ArrayLike, message: str, unit: str, fix: str
    ) -> None:
        """Report the entries of an argument that break a rule, the first of them by position."""
        known, bad = np.asarray(values), np.asarray(wrong)
        at = tuple(np.argwhere(bad)[0].tolist())
        place = f"[{', '.join(map(str, at))}]" if at else ""
        count = int(bad.sum())
        more = f" ({count:,} such entries)" if count > 1 else ""
        units = f" {unit}" if unit else ""
        remedy = f" Fix: {fix}." if fix else ""
        self.faults.append(
            f"{name}{place} is {known[at].item()!r}, {message}{units}{more}.{remedy}"
        )

    def settle(self) -> Case:
        """Raise all faults in one error, or give the arguments broadcast to one shape.

        Returns
        -------
        Case

        Raises
        ------
        DomainError
            Lists every fault with argument, position, value and remedy.
        """
        shapes = {name: values.shape for name, values in self._numbers.items()}
        shapes |= {
            name: (len(laws),) if several else () for name, (laws, several) in self._demands.items()
        }
        shape: tuple[int, ...] = ()
        try:
            shape = np.broadcast_shapes(*shapes.values())
        except ValueError:
            told = ", ".join(f"{name} {given}" for name, given in shapes.items() if given)
            self.faults.append(
                f"arguments have shapes that do not fit: {told}. "
                "Fix: give one number for all SKUs or one for each."
            )
        if self._demands and 0 in shape:
            told = ", ".join(name for name, given in shapes.items() if 0 in given)
            self.faults.append(f"{told}: no SKU was given. Fix: give at least one.")
        if self.faults:
            shown = self.faults[:_MOST_FAULTS]
            if len(self.faults) > _MOST_FAULTS:
                shown.append(f"... and {len(self.faults) - _MOST_FAULTS} more faults")
            if len(shown) == 1:
                raise DomainError(f"{self.model}: {shown[0]}")
            lines = "\n".join(f"  {i}. {one}" for i, one in enumerate(shown, 1))
            raise DomainError(f"{self.model}: {len(self.faults)} faults:\n{lines}")
        n = int(np.prod(shape))
        numbers = {
            name: values.reshape(n)
            if values.shape == shape
            else np.full(n, values)
            if values.ndim == 0
            else np.broadcast_to(values, shape).reshape(n)
            for name, values in self._numbers.items()
        }
        demands = {}
        for name, (laws, several) in self._demands.items():
            if several and shape == (len(laws),):
                demands[name] = laws
            else:
                place = np.arange(len(laws)) if several else np.zeros((), dtype=np.int64)
                demands[name] = laws.take(np.broadcast_to(place, shape).reshape(n))
        return Case(shape, numbers, demands)


@dataclass(frozen=True, slots=True)
class Case:
    """The checked arguments of one call, flat: one entry per SKU.

    Attributes
    ----------
    shape : tuple of int
        To which the arguments broadcast; ``()`` where none has an axis.
    numbers : mapping of str to (n,) ndarray of float64
    demands : mapping of str to DistributionArray of n
    """

    shape: tuple[int, ...]
    numbers: Mapping[str, Floats]
    demands: Mapping[str, DistributionArray]

    @property
    def size(self) -> int:
        """Number of SKUs."""
        return int(np.prod(self.shape))

    def __getitem__(self, name: str) -> Floats:
        return self.numbers[name]

    def answer(self, cls: type[_Answer], **values: NDArray[Any]) -> _Answer:
        """Make the answer: each flat array in the shape of the arguments, or a plain number."""
        return cls(**{name: self.shaped(one) for name, one in values.items()})

    def shaped(self, values: NDArray[Any]) -> Value:
        """Give one flat array in the shape of the arguments, read-only, or a plain number."""
        given = np.asarray(values).reshape(-1)
        # a copy either way; adding 0 leaves no zero negative
        kept = given + 0.0 if given.dtype.kind == "f" else given.copy()
        if not self.shape:
            return np.broadcast_to(kept, (self.size,)).item()
        if kept.size != self.size:
            kept = np.full(self.size, kept)
        kept = kept.reshape(self.shape)
        kept.setflags(write=False)
        return kept


def _strict(value: object) -> float:
    if isinstance(value, (bool, np.bool_, str)) or value is None:
        raise TypeError
    return float(value)  # type: ignore[arg-type]


def _limits(
    above: float | None, least: float | None, below: float | None, most: float | None, whole: bool
) -> str:
    words = [
        f"{word} {limit:g}"
        for word, limit in (
            ("above", above),
            ("at least", least),
            ("below", below),
            ("at most", most),
        )
        if limit is not None
    ]
    kind = "a whole number" if whole else "a finite number"
    return f"{kind} {' and '.join(words)}".rstrip()
