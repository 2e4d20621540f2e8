"""What choosing base stocks for a network's items that expire answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from echelon.display import ROWS, counted, in_html, in_text, more, quantity, with_units
from echelon.exact.perishable.columns import LEVELS
from echelon.network.network import Network
from echelon.results import Result

_UNITS = {column.name: column.unit for column in LEVELS.columns}


@dataclass(frozen=True, eq=False, repr=False)
class PerishableLevels(Result):
    """What :func:`~echelon.exact.perishable.network_levels.perishable_levels` answers.

    Attributes
    ----------
    stages : DataFrame
        One row per stage whose item expires; columns as ``docs/reference/results.md`` has them.
    period, currency, name : str
    """

    stages: pd.DataFrame
    period: str
    currency: str = ""
    name: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Copy the stages frame."""
        return self.stages.copy()

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frame that :meth:`write` writes."""
        return {"perishable_levels": self.stages}

    def apply(self, network: Network) -> Network:
        """Give the network with these base stocks, ready to be simulated.

        Stages that have none here keep theirs.

        Parameters
        ----------
        network : Network

        Returns
        -------
        Network
        """
        known = self.stages.set_index(["item", "location"])["base_stock"].dropna()
        stages = network.stages
        keys = pd.MultiIndex.from_frame(stages[["item", "location"]])
        chosen = known.reindex(keys).to_numpy()
        kept = stages["base_stock"].to_numpy(np.float64)
        return network.replace(
            stages=stages.assign(base_stock=np.where(np.isnan(chosen), kept, chosen))
        )

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what was chosen."""
        of = f" of {self.name}" if self.name else ""
        chosen = self.stages[self.stages["base_stock"].notna()]
        lines = [
            f"Shelf life{of}: {counted(len(self.stages), 'stage')} with stock that expires, "
            f"{len(chosen)} with a base stock"
        ]
        if len(chosen):
            money = f"{self.currency or 'money'}/{self.period}"
            most = chosen.iloc[int(chosen["waste_rate"].to_numpy().argmax())]
            lines.append(
                f"  cost {quantity(float(chosen['cost'].sum()))} {money}; "
                f"{quantity(float(chosen['expired'].sum()))} units expire per {self.period}, the "
                f"largest share at {most['item']} @ {most['location']}: {most['waste_rate']:.1%}"
            )
        return "\n".join([*lines, *self.failure_lines("levels", failures)])

    def _shown(self) -> tuple[pd.DataFrame, str]:
        first = self.stages.head(ROWS)
        table = with_units(first, _UNITS, period=self.period, currency=self.currency)
        return table, more(len(self.stages), ROWS, "levels.stages")

    def __repr__(self) -> str:
        """Summary and the first stages."""
        return in_text(self.summary(), *self._shown())

    def _repr_html_(self) -> str:
        return in_html(self.summary(), *self._shown())
