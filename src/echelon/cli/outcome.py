"""How a command ends: exit codes, and what is told of failures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

    from echelon.results import Result

FINE: Final = 0
SOME_FAILED: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141

MOST_FAILURES: Final = 20
"""Told on the screen; a file has them all."""


def given(**arguments: Any) -> dict[str, Any]:
    """Drop what the user left out, so that the library's own defaults hold."""
    return {name: value for name, value in arguments.items() if value is not None}


def report_failures(result: Result, written: Path | None) -> int:
    """Tell of failed components, and give the exit code."""
    from echelon.results import failure_in_words

    failures: pd.DataFrame = result.failures
    for failure in failures.head(MOST_FAILURES).to_dict("records"):
        print(f"failed: {failure_in_words(failure)}", file=sys.stderr)
    rest = len(failures) - MOST_FAILURES
    if rest > 0:
        place = f", all in {written / 'failures.csv'}" if written else ""
        print(f"failed: {rest:,} more{place}", file=sys.stderr)
    return SOME_FAILED if len(failures) else FINE


def complain(message: object, code: int) -> int:
    """Say what is wrong, and give the exit code ``code``."""
    print(f"echelon: {message}", file=sys.stderr)
    return code
