"""A nightly run that is killed, at any moment, is completed by the same command: the same digest.

python -m benchmarks.quality.kills [KILLS]
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import echelon as ec
from benchmarks.registry import DisagreementError
from echelon.rng import stream

TITLE = "Twenty kills of a nightly run"
KILLS = 20
SKUS, SHARD, SEED = 150, 60, 5
CONFIG = """\
[run]
tables = "{tables}"
out = "{out}"
n_jobs = 2
faults = "set_aside"
stages_per_shard = {shard}
{more}
[simulate]
periods = 30
replications = 20
"""
PHASES = ("starting", "dividing", "checking", "solving", "gathering", "ended")
MOMENTS = {
    "worker": {"checking": 0.3, "solving": 0.7},
    "parent": {
        "starting": 0.1,
        "dividing": 0.2,
        "checking": 0.2,
        "solving": 0.3,
        "gathering": 0.2,
    },
    "both": {"checking": 0.3, "solving": 0.7},
}
"""What is killed, in turns, and how often while the run does what: workers are there or not."""
PATIENCE_SECONDS = 1_800.0
_LOOK_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Killed:
    """A run that was killed, and completed by the same command.

    Attributes
    ----------
    target : str
    phase : str
        What the run was doing then, by its log.
    after : float
        Seconds from its start.
    hit : int
        Processes that were there, and were sent SIGKILL.
    finished : int
        Shards that were solved and written down by then.
    kept : int
        Shards that the next call took from there; none where a worker alone died and the same
        call went on.
    calls : int
    digest : str
    """

    target: str
    phase: str
    after: float
    hit: int
    finished: int
    kept: int
    calls: int
    digest: str


@dataclass(slots=True)
class Watched:
    """A run of the command line, and what its log says."""

    folder: Path
    out: str
    process: subprocess.Popen[bytes]
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began

    def log(self) -> str:
        """All it has told so far."""
        try:
            return (self.folder / self.out / "run.log").read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def phase(self) -> str:
        """What it is doing now."""
        log = self.log()
        if self.process.poll() is not None or "event=ended" in log:
            return "ended"
        told = re.search(r"event=divided shards=(\d+)", log)
        if told and log.count("event=shard_done") == int(told[1]):
            return "gathering"
        events = [name in log for name in ("event=started", "event=divided", "event=checked")]
        return PHASES[events.index(False) if False in events else 3]

    def wait_for(self, phase: str) -> bool:
        """Wait until it does this, or something later; False if it has ended."""
        while PHASES.index(now := self.phase()) < PHASES.index(phase):
            time.sleep(_LOOK_SECONDS)
            self._hurry()
        return now != "ended"

    def wait_for_shards(self, shards: int) -> None:
        """Wait until so many shards are solved, or it has ended."""
        while finished(self.folder / self.out) < shards and self.phase() == "solving":
            time.sleep(_LOOK_SECONDS)
            self._hurry()

    def wait(self) -> int:
        """Wait until it has ended, and give its exit code."""
        return self.process.wait(PATIENCE_SECONDS)

    def _hurry(self) -> None:
        if self.seconds > PATIENCE_SECONDS:
            self.process.kill()
            raise DisagreementError(f"{self.out}: {self.phase()} after {self.seconds:.0f} s")


def start(
    folder: Path,
    out: str,
    tables: str = "tables",
    more: str = "",
    shard: int = SHARD,
    **env: str,
) -> Watched:
    """Start ``echelon run`` on tables in a folder."""
    config = folder / f"{out}.toml"
    config.write_text(CONFIG.format(tables=tables, out=out, more=more, shard=shard))
    process = subprocess.Popen(
        [sys.executable, "-m", "echelon.cli", "run", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1", **env},
    )
    return Watched(folder, out, process)


def lengths(run: Watched) -> dict[str, float]:
    """Watch a run to its end: seconds of each of its phases."""
    starts = {}
    for phase in PHASES:
        run.wait_for(phase)
        starts[phase] = run.seconds
    run.wait()
    ends = [*starts.values()][1:]
    return {phase: end - begin for (phase, begin), end in zip(starts.items(), ends, strict=False)}


def finished(out: Path) -> int:
    """Shards of a run that have been solved and written down."""
    folder = out / "work" / "ledger"
    if not folder.exists():
        return 0
    labels = ec.Ledger(folder).to_frame()["label"]
    return int(labels.str.startswith("solving").sum())


def workers(pid: int) -> list[int]:
    """Worker processes of a run, without the one that tracks what they share."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text(encoding="ascii").split():
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"resource_tracker" not in command:
                found.append(int(child))
    return sorted(found)


def kill(run: Watched, target: str, rng: np.random.Generator) -> int:
    """Kill what is asked for, all at once and only if all of it is there; count it."""
    victims = []
    if target != "parent":
        try:
            there = workers(run.process.pid)
        except OSError:  # it ends just now
            there = []
        victims += [int(rng.choice(there))] if there else []
    if target != "worker" and run.process.poll() is None:
        victims.append(run.process.pid)
    if len(victims) < (2 if target == "both" else 1):
        return 0
    hit = 0
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
            hit += 1
        except ProcessLookupError:
            pass
    return hit


def killed_run(
    folder: Path,
    out: str,
    target: str,
    phase: str,
    shards: int,
    after: float,
    rng: np.random.Generator,
) -> Killed | None:
    """Kill a run some seconds into a phase, and call again until it is complete.

    While it solves, the seconds are counted from when so many shards are done. None if there was
    nothing left to hit: what was asked for was not there.
    """
    run = start(folder, out)
    there = run.wait_for(phase)
    if phase == "solving":
        run.wait_for_shards(shards)
    time.sleep(after)
    seconds, now = run.seconds, run.phase()
    hit = kill(run, target, rng) if there and now != "ended" else 0
    done = finished(folder / out)
    if not hit:
        run.wait()
        return None
    for calls in range(1, 5):
        if run.wait() == 0:
            read = ec.read_run(folder / out)
            kept = read.counts["kept_shards"]
            return Killed(target, now, seconds, hit, done, kept, calls, read.digest)
        run = start(folder, out)
    run.process.kill()
    raise DisagreementError(f"{target} killed while {now}, {seconds:.1f} s on: never complete")


def killed_runs(folder: Path, kills: int) -> tuple[ec.Run, list[Killed], int]:
    """A run that nobody disturbs, runs that somebody kills, and the kills that hit nothing."""
    ec.datasets.make_portfolio(SKUS, seed=SEED).write(folder / "tables")
    for out in ("compiled", "calm"):  # the first also compiles
        lasting = lengths(start(folder, out))
    calm = ec.read_run(folder / "calm")
    print(calm.counts, {phase: round(took, 2) for phase, took in lasting.items()}, flush=True)
    rng = stream(0, "benchmark", "kills")
    found: list[Killed] = []
    missed = 0
    while len(found) < kills:
        target = tuple(MOMENTS)[len(found) % len(MOMENTS)]
        phases, chances = zip(*MOMENTS[target].items(), strict=True)
        phase = str(rng.choice(phases, p=chances))
        shards = int(rng.integers(calm.counts["shards"])) if phase == "solving" else 0
        seconds = lasting[phase] / (calm.counts["shards"] if phase == "solving" else 1)
        after = float(rng.uniform(0.0, seconds))
        out = f"killed-{len(found)}-{missed}"
        one = killed_run(folder, out, target, phase, shards, after, rng)
        print(one or f"{target}, {phase}, {after:.2f} s: nothing to hit", flush=True)
        if one is None:
            missed += 1
        else:
            found.append(one)
    return calm, found, missed


def rows(calm: ec.Run, found: Sequence[Killed]) -> list[str]:
    """One row per kill.

    Raises
    ------
    DisagreementError
        If one of them ended with another digest.
    """
    wrong = [one for one in found if one.digest != calm.digest]
    if wrong:
        raise DisagreementError(f"other digests than {calm.digest}: {wrong}")
    ordered = sorted(found, key=lambda one: (PHASES.index(one.phase), one.after))
    return [
        f"| {one.phase} | {one.target} | {one.after:.1f} s | {one.finished} | "
        f"{one.kept if one.calls > 1 else '-'} | {one.calls} | yes |"
        for one in ordered
    ]


def table(kills: int = KILLS) -> str:
    """Markdown: when a run was killed, what was left of it, and whether its digest is the same."""
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore", ec.DataWarning)
        calm, found, missed = killed_runs(Path(name), kills)
    shards = calm.counts["shards"]
    return "\n".join(
        [
            f"### {TITLE}",
            "",
            f"`echelon run` over {SKUS} SKUs ({calm.counts['stages']} stages, {shards} shards, two "
            f"workers), placed and simulated; {len(found)} kills by SIGKILL; moments at which "
            f"what was to be killed was gone were drawn again, {missed} of them. Each run was "
            "completed by the same command. A worker that is lost alone is replaced in the same "
            "call.",
            "",
            f"| while | killed | after | shards finished then, of {shards} "
            "| kept by the next call | calls | same digest |",
            "|---|---|---:|---:|---:|---:|---|",
            *rows(calm, found),
            "",
        ]
    )


if __name__ == "__main__":
    print(table(*map(int, sys.argv[1:])))
