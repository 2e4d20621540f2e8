"""Tell whoever is watching that kernels are being compiled, which happens on first use.

What is on disk already is loaded in milliseconds and not worth a word.
"""

from __future__ import annotations

import threading
import time
from functools import cache

from numba.core import event

from echelon.progress import PATIENCE_SECONDS, announce

_WORDS = (
    "echelon compiles its kernels on first use: up to a minute or two in all, then they are kept "
    "on disk"
)


class _Patience(event.Listener):
    """Says so once, when compiling has taken as long as one waits without a word."""

    def __init__(self) -> None:
        self._depth = 0
        self._began = 0.0
        self._spent = 0.0
        self._told = False
        self._waiting: threading.Timer | None = None

    def on_start(self, event: event.Event) -> None:
        """Begin to wait, unless within a kernel that is compiled already."""
        del event
        self._depth += 1
        if self._depth > 1 or self._told:
            return
        self._began = time.perf_counter()
        self._waiting = threading.Timer(max(PATIENCE_SECONDS - self._spent, 0.0), self._tell)
        self._waiting.daemon = True
        self._waiting.start()

    def on_end(self, event: event.Event) -> None:
        """Count what it took."""
        del event
        self._depth -= 1
        if self._depth == 0 and self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
            self._spent += time.perf_counter() - self._began

    def _tell(self) -> None:
        self._told = True
        announce(_WORDS)


@cache
def tell_of_compiling() -> None:
    """Tell of it in this process from now on."""
    event.register("numba:compile", _Patience())  # type: ignore[no-untyped-call]
