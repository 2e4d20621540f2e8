"""Options of the SKUs of a network: what each holds at which stage, and what customers get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from echelon.network.compiled import Floats, Integers


@dataclass(frozen=True, slots=True)
class SkuOptions:
    """Options of several SKUs, each with an entry per stage of the SKU.

    Attributes
    ----------
    sku : (n_options,) int64
        Component of the network.
    entry_first : (n_options + 1,) int64
        Entries of an option.
    stage : (n_entries,) int64
        Row of ``Network.stages``.
    review : (n_entries,) int64
        Periods between reviews.
    level, on_hand : (n_entries,) float64
        Order-up-to level; mean stock at the end of a period; units.
    short, missed : (n_entries,) float64
        Share of the demand of the stage's own customers that is not served at once, and of cycles
        with a shortage; 0 where nobody buys.
    backorders : (n_entries,) float64
        Of customers, at the end of a period on average, units.
    service_time : (n_entries,) float64
        What the stage promises, periods.
    """

    sku: Integers
    entry_first: Integers
    stage: Integers
    review: Integers
    level: Floats
    on_hand: Floats
    short: Floats
    missed: Floats
    backorders: Floats
    service_time: Floats

    @property
    def n_options(self) -> int:
        """How many options."""
        return len(self.sku)

    @property
    def option(self) -> Integers:
        """Option of each entry, (n_entries,)."""
        return np.repeat(np.arange(self.n_options), np.diff(self.entry_first))

    def entries(self, options: Integers) -> tuple[Integers, Integers]:
        """Entries of some options, laid end to end, and which of the options each belongs to."""
        counts = (self.entry_first[1:] - self.entry_first[:-1])[options]
        owner = np.repeat(np.arange(len(options)), counts)
        begin = np.cumsum(counts) - counts
        return self.entry_first[options][owner] + np.arange(len(owner)) - begin[owner], owner

    def take(self, options: Integers) -> SkuOptions:
        """Give some of the options, in that order."""
        at, owner = self.entries(options)
        counts = np.bincount(owner, minlength=len(options))
        rest = {one.name: getattr(self, one.name)[at] for one in fields(self)[2:]}
        entry_first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return SkuOptions(sku=self.sku[options], entry_first=entry_first, **rest)

    @classmethod
    def together(cls, parts: Sequence[SkuOptions]) -> SkuOptions:
        """Lay several end to end, sorted by SKU."""
        counts = np.concatenate([np.diff(part.entry_first) for part in parts])
        rest = {
            one.name: np.concatenate([getattr(part, one.name) for part in parts])
            for one in fields(cls)[2:]
        }
        sku = np.concatenate([part.sku for part in parts])
        entry_first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        laid = cls(sku=sku, entry_first=entry_first, **rest)
        if (np.diff(sku) >= 0).all():
            return laid
        return laid.take(np.argsort(sku, kind="stable"))
