"""What became of a piece of work: its value, or the error that ended it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic, ParamSpec, TypeVar, cast

from echelon.errors import DomainError, EchelonError, SolverError

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Value]):
    """What became of one piece of work: its value, or the error that ended it.

    Attributes
    ----------
    value : object or None
        What the function returned.
    error, message : str
        Class and text of the exception; both empty when all went well.
    hopeless : bool
        Whether another try would end the same way: a mistake in what was given.
    attempts : int
        How often it was tried.
    seconds : float
        That the last try took; 0 where nobody measured.
    peak_bytes : int
        Most memory that the process which did it has held so far; 0 where nobody measured.
    worker : str
        Machine and number of that process; empty where it was lost.
    kept : bool
        Whether it was found in a ledger, and not done again.
    """

    value: Value | None
    error: str = ""
    message: str = ""
    hopeless: bool = field(default=False, compare=False)
    attempts: int = field(default=1, compare=False)
    seconds: float = field(default=0.0, compare=False)
    peak_bytes: int = field(default=0, compare=False)
    worker: str = field(default="", compare=False)
    kept: bool = field(default=False, compare=False)

    @property
    def failed(self) -> bool:
        """Whether there is an error in place of a value."""
        return bool(self.error)

    def unwrap(self) -> Value:
        """Give the value of a piece that did not fail."""
        if self.failed:
            raise DomainError(f"this piece of work failed: {self.error}: {self.message}")
        return cast(Value, self.value)


def attempt(
    function: Callable[Arguments, Value], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Outcome[Value]:
    """Call a function and keep its error, whatever it is, as an outcome.

    Interrupts and exits go through, for they are meant for the whole run.

    Examples
    --------
    >>> attempt(int, "12").value
    12
    >>> attempt(int, "twelve").error
    'ValueError'
    """
    try:
        return Outcome(function(*args, **kwargs))
    except Exception as error:
        return Outcome(None, type(error).__name__, str(error), hopeless=_is_hopeless(error))


def attempt_twice(
    function: Callable[Arguments, Value], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Outcome[Value]:
    """Call a function, and once more if it failed and that may have been bad luck.

    A mistake that a person has to mend is not tried again.

    Examples
    --------
    >>> attempt_twice(int, "twelve").attempts
    2
    """
    outcome = attempt(function, *args, **kwargs)
    if outcome.failed and not outcome.hopeless:
        return replace(attempt(function, *args, **kwargs), attempts=2)
    return outcome


def _is_hopeless(error: Exception) -> bool:
    """A solver may be short of a licence or of memory; other errors of ours say what to mend."""
    return isinstance(error, EchelonError) and not isinstance(error, SolverError)
