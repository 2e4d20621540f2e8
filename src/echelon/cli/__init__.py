"""The command line: check, optimize, simulate, run, publish, demo and template.

Each command is a function of the options that the parser read, and gives an exit code.
"""

from echelon.cli.main import main
from echelon.cli.outcome import BAD_INPUT, FINE, INTERRUPTED, PIPE_CLOSED, SOME_FAILED
from echelon.cli.parser import build_parser

__all__ = [
    "BAD_INPUT",
    "FINE",
    "INTERRUPTED",
    "PIPE_CLOSED",
    "SOME_FAILED",
    "build_parser",
    "main",
]
