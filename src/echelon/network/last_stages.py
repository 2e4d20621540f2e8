"""What a component is called in a row of failures: its last stage, the one nearest customers."""

from __future__ import annotations

from collections.abc import Sequence

from echelon.network.network import Network


def last_stages(network: Network, components: Sequence[int]) -> list[tuple[str, str]]:
    """Give item and location of the last stage of some components, in compiled order.

    Parameters
    ----------
    network : Network
    components : sequence of int
        By their places, from 0.

    Examples
    --------
    >>> import echelon as ec
    >>> shop = ec.serial(["plant", "shop"], lead_time=1, holding_cost=1.0, demand_mean=5.0,
    ...                  demand_std=1.0)
    >>> last_stages(shop, [0])
    [('shop', 'main')]
    """
    compiled = network.compiled
    rows = [int(compiled.stage_row[compiled.component_ptr[c + 1] - 1]) for c in components]
    items, locations = (network.cells("stages", name)[rows] for name in ("item", "location"))
    return list(zip(items.tolist(), locations.tolist(), strict=True))
