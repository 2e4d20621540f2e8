"""One shard to work on: what a worker is handed, and what it hears while it works."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from echelon.io.divided import Shard


@dataclass(frozen=True, slots=True)
class Work:
    """One shard, and all that a worker has to know of the run.

    Attributes
    ----------
    shard : Shard
    key : str
        Digest of the shard and of all that decides what comes of it.
    out : Path
        Folder of the run.
    aside : Path
        Where checked networks are kept until they are used.
    optimize : dict
    simulate : dict or None
    file_format : str
    set_aside : bool
        Whether components with faults in their rows are left out, and the others go on.
    tables : dict of str to Path
        Files of tables that were fitted, in the place of the shard's own.
    fitted : str
        Digest of those.
    only : tuple of int
        Components of the network that are meant; all where it is empty.
    """

    shard: Shard
    key: str
    out: Path
    aside: Path
    optimize: Mapping[str, Any]
    simulate: Mapping[str, Any] | None
    file_format: str
    set_aside: bool = False
    tables: Mapping[str, Path] = field(default_factory=dict)
    fitted: str = ""
    only: tuple[int, ...] = ()

    @property
    def checked(self) -> Path:
        """Where the checked network is kept."""
        return self.aside / f"{self.shard.digest}{self.fitted}.network"


@contextmanager
def heard() -> Iterator[list[str]]:
    """Give a list of the warnings that were told meanwhile, each once."""
    told: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield told
    told += dict.fromkeys(str(warning.message) for warning in caught)
