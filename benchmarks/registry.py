"""What a benchmark is, and the list of all of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Step = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One problem that several packages solve.

    Attributes
    ----------
    name, title : str
        How it is called on the command line and in the table of results.
    size_name : str
        What a size counts, "stages" for example.
    sizes : tuple of int
        Smallest first.
    build : callable
        Makes the plain data of a size, which every contender reads.
    phases : tuple of str
        What is timed, in order: each phase gets the result of the one before, the first gets the
        data, and the last one's result is the answer.
    contenders : mapping of str to mapping of str to callable
        Package to phase to the function that does it; the first package is the one compared.
    agree : callable
        Takes the data and every contender's answer; says in words how they agree, or raises
        :class:`DisagreementError`. A time is worth nothing beside another answer.
    """

    name: str
    title: str
    size_name: str
    sizes: tuple[int, ...]
    build: Callable[[int], Any]
    phases: tuple[str, ...]
    contenders: Mapping[str, Mapping[str, Step]]
    agree: Callable[[Any, Mapping[str, Any]], str]

    def __post_init__(self) -> None:
        for package, steps in self.contenders.items():
            if tuple(steps) != self.phases:
                raise ValueError(f"{self.name}: {package} has {tuple(steps)}, not {self.phases}")


class DisagreementError(AssertionError):
    """Two packages gave different answers to the same problem."""


_SUBJECTS = ("tree_placement", "serial_simulation")


def cases() -> dict[str, Case]:
    """Every case by name; its module is imported here, so a peer is needed only by who asks."""
    found = [importlib.import_module(f"benchmarks.cases.{name}").CASE for name in _SUBJECTS]
    return {case.name: case for case in found}
