"""One column of an input table, and one table: the contract as data."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["text", "number", "whole", "flag", "json", "object", "date", "period"]

KIND_WORDS: dict[Kind, str] = {
    "text": "text",
    "number": "a number",
    "whole": "a whole number",
    "flag": "True or False, or 1 or 0",
    "json": "a JSON object",
    "object": "a distribution",
    "date": "a date",
    "period": "a whole number or a date",
}


NAME_FIX = "give every row a name, as text or as a whole number"
"""What to do about a name that is none."""

FRACTION_FIX = "give a fraction between 0 and 1: 97.5 % is 0.975"
"""What to do about a share or a probability that is none."""


@dataclass(frozen=True, slots=True)
class Column:
    """What one column may hold; checks, templates and the documentation page are made from it.

    Attributes
    ----------
    name : str
        As written in the header.
    unit : str
        ``"period"``, ``"money/unit"``, ``"-"`` for a pure number, empty for text.
    text : str
        What the column says, one sentence without a full stop.
    dtype : {"text", "number", "whole", "flag", "json", "object", "date", "period"}
        ``whole`` is an integer, ``json`` a JSON object as text, ``object`` a distribution, ``date``
        a date or the text of one, which is read later by the formats that its owner states,
        ``period`` the number of a period or a day in it (a date, or text such as 2026-03-02).
    minimum, maximum : float or None
        Bounds, which belong to the range unless ``exclusive``.
    exclusive : bool or {"minimum", "maximum"}
        Which of the bounds lie outside the range: both, none or the one that is named.
    infinite : bool
        Whether ``inf`` is a value here.
    percent : bool
        A fraction that people tend to write in per cent; the remedy then gives the fraction.
    choices : tuple of str
        The texts allowed; empty allows any.
    key : bool
        Part of the key: no two rows have the same.
    label : bool
        Names something without being part of a key; read as carefully as a key is.
    refers_to : str
        ``"table.column"`` in which the value must occur.
    required : bool
        Whether a table without this column is faulty.
    default : object
        Value of every row where the column is absent; ``None`` means that nothing is assumed.
    feature : bool
        Of something that is off by default: the column is kept only where some row is not the
        default, and an empty cell is as good as the default.
    blank : str
        What an empty cell means; empty text makes an empty cell a fault.
    blank_beside : tuple of str
        Columns of which one must be filled in a row where this cell is empty; none need be where
        this is empty.
    fix : str
        What to do about a value outside the range.
    fix_empty : str
        What to do about an empty cell, where that is another thing.

    Examples
    --------
    >>> Column("lead_time", "period", "Time to make one", minimum=0.0).requirement
    'must be a number >= 0 [period]'
    """

    name: str
    unit: str
    text: str
    _: KW_ONLY
    dtype: Kind = "number"
    minimum: float | None = None
    maximum: float | None = None
    exclusive: bool | Literal["minimum", "maximum"] = False
    infinite: bool = False
    percent: bool = False
    choices: tuple[str, ...] = ()
    key: bool = False
    label: bool = False
    refers_to: str = ""
    required: bool = False
    default: object = None
    feature: bool = False
    blank: str = ""
    blank_beside: tuple[str, ...] = ()
    fix: str = ""
    fix_empty: str = ""

    @property
    def requirement(self) -> str:
        """The first half of a message: what a value must be."""
        if self.choices:
            return f"must be one of {', '.join(map(repr, self.choices))}"
        words = f"must be {KIND_WORDS[self.dtype]}"
        if self.range:
            words += f" {self.range}"
        return f"{words} [{self.unit}]" if self.unit not in ("", "-") else words

    def excludes(self, bound: Literal["minimum", "maximum"]) -> bool:
        """Whether one of the bounds lies outside the range."""
        return self.exclusive is True or self.exclusive == bound

    @property
    def range(self) -> str:
        """The bounds in words, empty where there are none."""
        more = ">" if self.excludes("minimum") else ">="
        less = "<" if self.excludes("maximum") else "<="
        bounds = [
            f"{sign} {bound:,.12g}"
            for sign, bound in ((more, self.minimum), (less, self.maximum))
            if bound is not None
        ]
        return " and ".join(bounds)


@dataclass(frozen=True, slots=True)
class Table:
    """An input table: its columns, and which of them point at stages.

    ``references`` holds groups of columns that together name a stage, item first.
    """

    name: str
    text: str
    columns: tuple[Column, ...]
    references: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every column's name, in the order of the catalog."""
        return tuple(column.name for column in self.columns)

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the key columns."""
        return tuple(column.name for column in self.columns if column.key)

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)
