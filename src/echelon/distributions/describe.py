"""The documentation page of the distribution families, made from the registry."""

from __future__ import annotations

import inspect
import json
from contextlib import suppress
from typing import Any

from echelon.distributions.base import FAMILIES, Distribution, make
from echelon.errors import DomainError

_INTRODUCTION = """\
# Distributions

This page is made from the registry of families, `echelon.distributions.FAMILIES`.

A row of the [demand table](tables.md) names its distribution in `family`; without that column it is
`normal`. `mean` and `std` are those of demand in one period, in units, whatever the family. A `std`
of 0 is a known demand in every family of two moments. What the moments leave
open stands in `parameters`, a JSON object; the moments may then be blank, and where they are not
they have to agree with it to 0.1 %.

*Adds up* says whether the demand of several periods has a distribution in closed form; the others
are summed on a lattice, over whole periods. Where only customers buy from a stage, by one row of
demand or by several that are independent of one another, `optimize` takes the exact quantile of the
sum.
"""


def markdown() -> str:
    """Write the page ``docs/reference/distributions.md``.

    Returns
    -------
    str
        Markdown that ends in a line break.

    Examples
    --------
    >>> markdown().splitlines()[0]
    '# Distributions'
    """
    rows = [
        "| family | what it is | mean and std | parameters | adds up |",
        "|---|---|---|---|---|",
        *(_row(name) for name in sorted(FAMILIES)),
    ]
    described = [name for name in sorted(FAMILIES) if _example(name)]
    lines = [
        "In a CSV file a cell with a comma in it stands in quotes, with quotes inside it doubled:",
        "",
        "```text",
        "item,location,family,mean,std,parameters",
        *(f"bolt,shop {place},{name},,,{_quoted(name)}" for place, name in enumerate(described, 1)),
        "```",
    ]
    return "\n".join([_INTRODUCTION, *rows, "", *lines]) + "\n"


def _row(name: str) -> str:
    cls = FAMILIES[name]
    summary = (inspect.getdoc(cls) or "").partition("\n")[0].rstrip(".").replace("``", "`")
    words: dict[str, str] = dict(getattr(cls, "parameter_words", {}))
    parameters = "; ".join(f"`{parameter}`: {text}" for parameter, text in words.items())
    cells = [f"`{name}`", summary, _moments(cls), parameters or "none", _adds_up(name)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _moments(cls: type[Distribution]) -> str:
    """What the two columns may hold: the rules, in the words in which a fault is told."""
    if any(rule.column == "parameters" for rule in cls.moment_rules):
        return "follow from the parameters"
    told = list(dict.fromkeys(f"{rule.column} {rule.message}" for rule in cls.moment_rules))
    if cls.expected_std(4.0) is not None:
        told.append("std may be blank")
    return "; ".join(told) or "any mean, any std >= 0"


def _example(name: str) -> dict[str, Any]:
    return dict(getattr(FAMILIES[name], "example", {}))


def _quoted(name: str) -> str:
    return '"' + json.dumps(_example(name)).replace('"', '""') + '"'


def _adds_up(name: str) -> str:
    """Try it on members of the family: by parameters, by two moments, by the mean alone."""
    if told := getattr(FAMILIES[name], "adds_up_words", ""):
        return str(told)
    members = []
    if _example(name):
        members.append(make(name, parameters=_example(name)))
    for moments in ((4.0, 3.0), (4.0,)):
        with suppress(DomainError):
            members.append(make(name, *moments))
    sums = {member.sum_over(2.0) is not None for member in members}
    return "yes" if sums == {True} else "no" if sums == {False} else "where the mean says all"
