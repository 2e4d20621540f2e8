"""A made-up medtech and pharma company: as many SKUs as wanted, from one number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from echelon.datasets.company import Company
from echelon.datasets.making import make
from echelon.datasets.planted import plant
from echelon.datasets.products import draw_families, draw_skus
from echelon.datasets.selling import sell
from echelon.errors import DomainError
from echelon.folder import NETWORK, FileFormat, write_folder
from echelon.network.network import Network

SEGMENTS = ("market", "channel")
MOST_SKUS = 10_000_000


@dataclass(frozen=True, eq=False, repr=False)
class MadeUpPortfolio:
    """A made-up company, its tables and what is wrong in them.

    Attributes
    ----------
    tables : dict of str to DataFrame
        ``stages``, ``lanes`` and ``demand``, as :meth:`Network.from_tables` takes them.
    planted : DataFrame
        One row per cell that causes excess stock: cause, table, item, location (of a lane: its
        end; ``from_item`` and ``from_location`` are its start), column, value, true_value (NaN:
        blank).
    n_skus, seed : int
    """

    tables: dict[str, pd.DataFrame]
    planted: pd.DataFrame
    n_skus: int
    seed: int

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments of :meth:`Network.from_tables` beside the tables."""
        return {
            "segments": list(SEGMENTS),
            "period": "week",
            "holding_rate": 0.18,
            "currency": "EUR",
            "name": f"made-up portfolio of {self.n_skus:,} SKUs",
        }

    @cached_property
    def network(self) -> Network:
        """The network of the tables, checked and made on first use."""
        return self._made(self.tables)

    def without_causes(self) -> Network:
        """Make the network that would be there had nothing been planted."""
        mended = {name: frame.copy() for name, frame in self.tables.items()}
        for (table, column), cells in self.planted.groupby(["table", "column"], sort=False):
            frame = mended[str(table)]
            keys = ["to_item", "to_location"] if table == "lanes" else ["item", "location"]
            true = cells.set_index(["item", "location"])["true_value"]
            at = pd.MultiIndex.from_frame(frame[keys])
            frame.loc[at.isin(true.index), str(column)] = true.reindex(
                at[at.isin(true.index)]
            ).to_numpy()
        return self._made(mended)

    def _made(self, tables: dict[str, pd.DataFrame]) -> Network:
        return Network.from_tables(
            tables["stages"], tables["lanes"], tables["demand"], **self.settings
        )

    def write(self, folder: str | Path, *, file_format: FileFormat = "parquet") -> Path:
        """Write the tables as they are, unchecked, with what is planted in them beside.

        Parameters
        ----------
        folder : str or Path
            Made where absent. :func:`echelon.read_network` and :func:`echelon.divide` read it.
        file_format : {"csv", "parquet"}, default "parquet"

        Returns
        -------
        Path
            The folder, with ``stages``, ``lanes``, ``demand``, ``planted`` and a manifest.

        Raises
        ------
        DomainError
            If the format is unknown.
        FolderError
            If the folder cannot be written, or holds something else.
        """
        frames = {**self.tables, "planted": self.planted}
        manifest = {"kind": NETWORK, **self.settings}
        return write_folder(folder, frames, manifest, file_format=file_format)

    def __repr__(self) -> str:
        """Say what there is."""
        rows = ", ".join(f"{len(frame):,} {name}" for name, frame in self.tables.items())
        causes = self.planted.groupby("cause").size()
        told = ", ".join(f"{count:,} x {cause}" for cause, count in causes.items())
        return (
            f"MadeUpPortfolio of {self.n_skus:,} SKUs, seed {self.seed}: {rows}\n"
            f"  planted causes of excess: {told or 'none'}"
        )


def make_portfolio(n_skus: int = 1_000, *, seed: int = 0) -> MadeUpPortfolio:
    """Make up a medtech and pharma company with so many SKUs.

    Families of tablets (substance, bulk, packs), biologics (protein, vials, labels), devices
    (boards shared by a platform of families, housings, assembly, sterilisation), goods bought in
    and kits; contract manufacturers with batches, releases and limits; centres in three regions,
    warehouses and hospitals in nineteen countries; customers by market and channel. Volumes and
    the sizes of families have heavy tails; lanes by sea take two humps of time. Some cells are
    causes of excess stock, and ``planted`` names each.

    Parameters
    ----------
    n_skus : int, default 1,000
        1 to 10,000,000. The first SKUs of a larger portfolio of the same seed have the same rows.
    seed : int, default 0

    Returns
    -------
    MadeUpPortfolio

    Raises
    ------
    DomainError
        If there are no SKUs, or too many.

    Examples
    --------
    >>> import echelon as ec
    >>> portfolio = ec.datasets.make_portfolio(50, seed=1)
    >>> portfolio.network.segments
    ('market', 'channel')
    >>> sorted(portfolio.planted["cause"].unique())[:2]
    ['padded lead time', 'slow customs']
    """
    if type(n_skus) is not int or not 1 <= n_skus <= MOST_SKUS:
        raise DomainError(
            f"n_skus is {n_skus!r}, must be a whole number from 1 to {MOST_SKUS:,}. "
            "Fix: 1000 makes a small company."
        )
    families = draw_families(n_skus, seed)
    skus = draw_skus(families, seed)
    company = Company(families, skus, n_skus, seed)
    sell(company, make(company))
    weekly = skus.volume[:n_skus].sum(axis=1)
    plain, planted = plant(company.tables(), weekly, seed)
    return MadeUpPortfolio(plain, planted, n_skus, seed)
