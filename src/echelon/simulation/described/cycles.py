"""Levels that change by period, and whose they are: the plan's or those of the tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.network import Network
from echelon.simulation.described.cells import Cells
from echelon.simulation.described.from_plan import Planned


@dataclass(frozen=True, slots=True)
class Cycle:
    """The periods in which levels are given: one for a stage whose levels do not change.

    ``ptr`` (n_stages + 1,) and ``stage`` (n_levels,) say which levels are whose; ``table``
    (2, n_levels) has base stock and reorder point of the table ``levels``, NaN elsewhere;
    ``planned`` (n_stages,) says where the base stocks in it are those of the plan.
    """

    ptr: Integers
    stage: Integers
    table: Floats
    planned: Booleans

    @classmethod
    def of(
        cls,
        network: Network,
        cells: Cells,
        planned: Planned,
        with_point: Booleans,
        changing: pd.DataFrame | None,
    ) -> Cycle:
        """Levels of the plan where it has any by period, else those of the table ``levels``."""
        if changing is not None and len(changing):
            return cls._of_plan(cells, changing)
        rows = network.levels
        n_stages = cells.compiled.n_stages
        place = np.empty(n_stages, dtype=np.int64)
        place[cells.compiled.stage_row] = np.arange(n_stages)
        stage = place[network.level_stages]
        given = rows[["base_stock", "reorder_point"]].to_numpy(dtype=np.float64, na_value=np.nan)
        # what the plan decides does not change, and a reorder point that no policy reads is none
        used = ~np.isnan(given)
        used[:, 0] &= np.isnan(planned.base_stock)[stage]
        used[:, 1] &= np.isnan(planned.reorder_point)[stage] & with_point[stage]
        needed = used.any(axis=1)
        stage, given = stage[needed], given[needed]
        order = np.lexsort((rows["period"].to_numpy(dtype=np.int64)[needed], stage))
        counts = np.bincount(stage, minlength=n_stages)
        ptr = np.concatenate([[0], np.cumsum(np.maximum(counts, 1))])
        of_level = np.repeat(np.arange(n_stages), np.diff(ptr))
        table = np.full((2, len(of_level)), np.nan)
        table[:, (counts > 0)[of_level]] = given[order].T
        return cls(ptr, of_level, table, np.zeros(n_stages, dtype=np.bool_))

    @classmethod
    def _of_plan(cls, cells: Cells, rows: pd.DataFrame) -> Cycle:
        """Levels of a plan, which speaks of every stage, in place of the table's."""
        n_stages = cells.compiled.n_stages
        key = ["item", "location"]
        here = pd.MultiIndex.from_frame(cells.keys("stages", *key))
        stage = here.get_indexer(pd.MultiIndex.from_frame(rows[key]))
        rows, stage = rows[stage >= 0], stage[stage >= 0]  # of stages elsewhere it is told already
        order = np.lexsort((rows["period"].to_numpy(dtype=np.int64), stage))
        counts = np.bincount(stage, minlength=n_stages)
        ptr = np.concatenate([[0], np.cumsum(np.maximum(counts, 1))])
        of_level = np.repeat(np.arange(n_stages), np.diff(ptr))
        table = np.full((2, len(of_level)), np.nan)
        table[0, (counts > 0)[of_level]] = rows["base_stock"].to_numpy(dtype=np.float64)[order]
        return cls(ptr, of_level, table, counts > 0)

    def spread(self, column: Floats, planned: Floats, which: int) -> Floats:
        """Choose the plan's number, or the table's, or the column's, period by period."""
        plan = planned[self.stage]
        table = self.table[which]
        tabled = np.where(np.isnan(table), column[self.stage], table)
        return np.where(np.isnan(plan), tabled, plan)

    def stages(self, wrong: Booleans, n_stages: int) -> Booleans:
        """Stages of which any level is chosen."""
        return np.bincount(self.stage, wrong, n_stages) > 0
