"""What becomes of an item that expires under a policy, in the long run."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from echelon.distributions.arguments import Floats


@dataclass(frozen=True, slots=True)
class Costs:
    """Money per unit left at the end of a period, per unit owed then or lost, per unit expired."""

    holding: float
    shortage: float
    waste: float


@dataclass(frozen=True, slots=True)
class LongRun:
    """Units per period, or at the end of one, on average.

    Attributes
    ----------
    mean : float
        Demand.
    on_hand, owed, at_once, lost, expired : float
    error : float
        Standard error of the cost, money per period; 0 where it is exact.
    """

    mean: float
    on_hand: float
    owed: float
    at_once: float
    lost: float
    expired: float
    error: float = 0.0

    @classmethod
    def of(cls, mean: float, measures: Floats, error: float = 0.0) -> LongRun:
        """Take on hand, owed, at once, lost and expired, (5,)."""
        on_hand, owed, at_once, lost, expired = measures.tolist()
        return cls(mean, on_hand, owed, at_once, lost, expired, error)

    def scaled(self, step: float) -> LongRun:
        """Give the same in other units, of which one here has ``step``."""
        return replace(self, **{one.name: step * getattr(self, one.name) for one in fields(self)})

    @property
    def fill_rate(self) -> float:
        """Share of demand served at once; 1 where there is none."""
        return self.at_once / self.mean if self.mean > 0.0 else 1.0

    @property
    def waste_rate(self) -> float:
        """Share of what arrives that expires; 0 where nothing arrives."""
        arrived = self.mean - self.lost + self.expired
        return self.expired / arrived if arrived > 1e-12 * self.mean else 0.0

    def cost(self, costs: Costs, *, lost: bool) -> float:
        """Money per period."""
        return (
            costs.holding * self.on_hand
            + costs.shortage * (self.lost if lost else self.owed)
            + costs.waste * self.expired
        )
