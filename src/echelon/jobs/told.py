"""The warnings of many shards, so that a reader sees each kind once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_SHOWN: Final = 5
"""Kinds that are told; the others are in the log."""

_CLAUSE: Final = re.compile(r"; |: |\. ")


@dataclass(slots=True)
class Told:
    """Warnings by kind.

    Warnings of one kind differ in counts and names and end in the same advice, so that their last
    clause tells them apart.

    Attributes
    ----------
    count : int
        Of all warnings.
    kinds : dict of str to list of str
        The texts of each kind, in the order of shards, by their last clause.
    """

    count: int = 0
    kinds: dict[str, list[str]] = field(default_factory=dict)

    def add(self, texts: Sequence[str]) -> None:
        """Add those of one shard."""
        self.count += len(texts)
        for text in texts:
            self.kinds.setdefault(_CLAUSE.split(text)[-1], []).append(text)

    def __str__(self) -> str:
        """Say of each kind how often it was told, and the first of its texts."""
        often = sorted(self.kinds.values(), key=len, reverse=True)
        lines = [f"  {len(texts):,} x, first: {texts[0]}" for texts in often[:_SHOWN]]
        if len(often) > _SHOWN:
            lines.append(f"  and {len(often) - _SHOWN:,} other kinds")
        return "\n".join(lines)
