"""From the words of a call to its exit code."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

from echelon.cli.outcome import BAD_INPUT, INTERRUPTED, PIPE_CLOSED, SOME_FAILED, complain
from echelon.cli.parser import build_parser
from echelon.errors import DataWarning, EchelonError, SolverError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give the exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``echelon``; by default what the process was called with.

    Returns
    -------
    int
        0 all went well, 1 some components failed, 2 the input is at fault, 130 interrupted.

    Examples
    --------
    >>> main(["check", "no-such-folder"])
    2
    """
    options = build_parser().parse_args(arguments)
    if sys.stdout is None:  # the shell closed it: >&-
        return complain("there is nowhere to print to. Fix: leave the output open.", BAD_INPUT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", DataWarning)
            warnings.showwarning = _show_warning
            code: int = options.run(options)
        sys.stdout.flush()  # a closed pipe shows here, not when the interpreter ends
    except SolverError as error:
        return complain(error, SOME_FAILED)
    except EchelonError as error:
        return complain(error, BAD_INPUT)
    except KeyboardInterrupt:
        return complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader, `head` say, has seen enough; without this the interpreter complains at exit.
        _print_no_more()
        return PIPE_CLOSED
    except OSError as error:  # the disk that the output goes to is full, say
        _print_no_more()
        return complain(f"{error}. Fix: send the output where there is room.", BAD_INPUT)
    return code


def _print_no_more() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_warning(
    message: Warning | str,
    category: type[Warning],  # noqa: ARG001 - the signature is Python's
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    print(f"warning: {message}", file=sys.stderr)
