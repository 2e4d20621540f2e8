"""What a worker is given with a shard: the function, the limits, and where to keep the value."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from echelon.execution.ledger import Ledger
from echelon.execution.limits import mark_as_worker, peak_bytes, within
from echelon.execution.outcome import Outcome, attempt


@dataclass(frozen=True, slots=True)
class InLedger:
    """Stands for a value that its worker has written down, so that it does not travel twice."""


def this_process() -> str:
    """Machine and number."""
    return f"{platform.node()}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Job:
    """What is done with every shard of a run.

    Attributes
    ----------
    function : callable
        Of one shard.
    label : str
    ledger : Ledger, optional
    keep : callable, optional
        Whether a value is worth writing down; all are if not given.
    time_limit : float, optional
        Seconds.
    elsewhere : bool
        Whether outcomes travel to another thread or process than the shards are done in.
    home : str
        The process that asks; all others may be ended.
    """

    function: Callable[[Any], Any]
    label: str
    ledger: Ledger | None
    keep: Callable[[Any], bool] | None
    time_limit: float | None
    elsewhere: bool
    home: str = field(default_factory=this_process)

    def perform(self, shard: Any, key: str) -> Outcome[Any]:
        """Do one shard, write its value down where there is a ledger, and measure.

        Raises
        ------
        FolderError
            If the ledger cannot be written.
        """
        worker = this_process()
        if worker != self.home:
            mark_as_worker()
        began = time.perf_counter()
        outcome = attempt(self._limited, shard)
        seconds = time.perf_counter() - began
        if self.ledger is not None and not outcome.failed:
            value = outcome.value
            if self.keep is None or self.keep(value):
                self.ledger.write(key, value, label=self.label, seconds=seconds)
                if self.elsewhere:
                    outcome = replace(outcome, value=InLedger())
        return replace(outcome, seconds=seconds, peak_bytes=peak_bytes(), worker=worker)

    def _limited(self, shard: Any) -> Any:
        with within(self.time_limit):
            return self.function(shard)
