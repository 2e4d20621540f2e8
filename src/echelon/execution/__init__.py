"""Many independent pieces of work: in turn, in threads, in processes or on a cluster.

Failures are kept as rows, and what is finished is kept in a ledger.
"""

from echelon.execution.digest import digest_of
from echelon.execution.ledger import Entry, Ledger
from echelon.execution.outcome import Outcome, attempt, attempt_twice
from echelon.execution.processes import end_workers, start_loading
from echelon.execution.shards import cut, cut_by_key
from echelon.execution.workers import Backend, check_backend, check_n_jobs, run_shards

__all__ = [
    "Backend",
    "Entry",
    "Ledger",
    "Outcome",
    "attempt",
    "attempt_twice",
    "check_backend",
    "check_n_jobs",
    "cut",
    "cut_by_key",
    "digest_of",
    "end_workers",
    "run_shards",
    "start_loading",
]
