"""Many independent pieces of work: in turn, in threads or in processes, failures kept as rows."""

from echelon.execution.shards import cut
from echelon.execution.workers import Backend, Outcome, attempt, check_n_jobs, run_shards

__all__ = ["Backend", "Outcome", "attempt", "check_n_jobs", "cut", "run_shards"]
