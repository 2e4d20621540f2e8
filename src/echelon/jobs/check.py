"""Check a shard before any is solved, and keep the network that it makes."""

from __future__ import annotations

import hashlib
import pickle
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import Fault, TableError
from echelon.folder import write_aside
from echelon.jobs.work import Work, heard
from echelon.network.network import Network
from echelon.results import no_failures

_SUM_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Sound:
    """A checked network of a shard, kept from the check until it is solved.

    Attributes
    ----------
    network : Network or None
        None where no component is without faults.
    places : (n_components,) int64
        Place of each of its components among those of the shard.
    failures : DataFrame
        Components that were set aside, by their place in the shard; -1 for rows of no component.
    """

    network: Network | None
    places: NDArray[np.int64]
    failures: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of a shard found.

    Attributes
    ----------
    stages : int
        That can be solved.
    places : tuple of int
        Place in the shard of each component that can be solved.
    first_stages : tuple of (str, str)
        Item and location of the first stage of each of those.
    failures : DataFrame
        Components that were set aside, as of :class:`Sound`.
    faults : tuple of Fault
    told : tuple of str
        Warnings.
    seconds : float
    """

    stages: int
    places: tuple[int, ...]
    first_stages: tuple[tuple[str, str], ...]
    failures: pd.DataFrame
    faults: tuple[Fault, ...]
    told: tuple[str, ...]
    seconds: float


def check_shard(work: Work) -> Checked:
    """Read a shard, and keep the network it makes for the steps that follow."""
    started = time.perf_counter()
    with heard() as told:
        try:
            sound = _read(work)
        except TableError as error:
            taken = time.perf_counter() - started
            return Checked(0, (), (), no_failures(), error.faults, tuple(told), taken)
        network = sound.network
        stages = 0 if network is None else network.n_stages
        first = () if network is None else _first_stages(network)
    with suppress(OSError):  # without it the shard is read once more
        work.aside.mkdir(parents=True, exist_ok=True)
        kept = pickle.dumps(sound, protocol=5)
        write_aside(work.checked, lambda path: path.write_bytes(_sum_of(kept) + kept))
    taken = time.perf_counter() - started
    places = tuple(sound.places.tolist())
    return Checked(stages, places, first, sound.failures, (), tuple(told), taken)


def _sum_of(kept: bytes) -> bytes:
    """A checksum, so that a file that a disk has altered is not taken for the network."""
    return hashlib.blake2b(kept, digest_size=_SUM_BYTES).digest()


def is_clean(checked: Checked) -> bool:
    """Whether a check need not be made again."""
    return not checked.faults


def _first_stages(network: Network) -> tuple[tuple[str, str], ...]:
    compiled = network.compiled
    keys = network.columns("stages", ("item", "location"))
    first = keys.iloc[compiled.stage_row[compiled.component_ptr[:-1]]]
    return tuple(zip(first["item"], first["location"], strict=True))


def _read(work: Work) -> Sound:
    """Read the shard, in whole or without the components that have faults."""
    tables = {name: pd.read_parquet(path) for name, path in work.tables.items()}
    if not work.set_aside:
        network = work.shard.read(**tables)
        return Sound(network, np.arange(network.n_components), no_failures())
    numbers = work.shard.component_numbers()
    found, failures = work.shard.read_sound(**tables)
    place = {int(number): i for i, number in enumerate(numbers)}  # -1: rows that name no stage
    failures = failures.assign(component=[place.get(int(n), -1) for n in failures["component"]])
    good = np.setdiff1d(np.arange(len(numbers)), failures["component"].to_numpy(dtype=np.int64))
    return Sound(found, good, failures)


def load(work: Work) -> Sound:
    """Take the checked network, or read the shard again where it is gone."""
    with suppress(OSError):
        written = work.checked.read_bytes()
        told, kept = written[:_SUM_BYTES], written[_SUM_BYTES:]
        if told == _sum_of(kept):
            sound: Sound = pickle.loads(kept)
            return sound
    return _read(work)
