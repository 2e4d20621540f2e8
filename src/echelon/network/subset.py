"""Some components of a network as tables of their own."""

from __future__ import annotations

import numpy as np

from echelon.network.compiled import Integers
from echelon.network.tables import Resolved, resolve


def some_components(tables: Resolved, wanted: Integers) -> Resolved:
    """Rows of the components ``wanted``, in the order they have in ``tables``, resolved anew.

    A correlation with demand that is left out is left out too.
    """
    keep = np.isin(tables.graph.component, wanted)
    rows = keep[tables.customer]
    demand = tables.given["demand"][rows]
    pairs, events, planning = tables.correlation, tables.events, tables.planning
    uses = planning.given["resource_use"][keep[planning.use_stages]]
    shared = planning.given["resources"]
    kept_lanes = keep[tables.graph.source]
    down = np.append(keep, False)[events.disruption_stages]
    down |= np.append(kept_lanes, False)[events.disruption_lanes]
    return resolve(
        tables.given["stages"][keep],
        tables.given["lanes"][kept_lanes],
        demand if len(demand) else None,
        pairs.frame[rows[pairs.first] & rows[pairs.second]],
        {
            "levels": events.given["levels"][keep[events.level_stages]],
            "calendar": events.given["calendar"][keep[events.calendar_stages]],
            "disruptions": events.given["disruptions"][down],
            "stock": planning.given["stock"][keep[planning.stock_stages]],
            "open_orders": planning.given["open_orders"][keep[planning.open_order_stages]],
            "resources": shared[shared["resource"].isin(uses["resource"])],
            "resource_use": uses,
        },
        dict(tables.settings),
        forecast_errors=tables.forecast_errors.frame[rows[tables.forecast_errors.row]],
    )
