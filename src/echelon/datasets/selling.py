"""How the made-up company moves what is made to those who buy it."""

from __future__ import annotations

import numpy as np

from echelon.datasets import products, sites
from echelon.datasets.company import SERVICE_LEVEL, SHELF_LIFE, Company, Finished, money
from echelon.datasets.demand import demand_columns
from echelon.datasets.products import BIOLOGIC, BOUGHT_IN, DEVICE, KIT, TABLET
from echelon.datasets.rows import text_where
from echelon.datasets.sites import Booleans, Integers, Texts


def sell(company: Company, finished: Finished) -> None:
    """Centres, then warehouses or hospitals, then those who buy there."""
    sku = np.arange(company.n_skus)
    region, mine = company.skus.region[: company.n_skus], company.skus.family[: company.n_skus]
    bought = company.kind[: company.n_skus] == BOUGHT_IN
    centre = sites.centres().name[region]
    company.stages.add(
        "centre",
        company.order(mine, sku, 4),
        sku,
        item=finished.item,
        location=centre,
        added_cost=np.where(bought, money(0.9 * company.unit_value[mine]), 0.1),
        lead_time=np.where(bought, np.nan, 0.0),
        lead_time_family=text_where(bought, "empirical"),
        lead_time_parameters=text_where(bought, sites.BY_SEA),
        review_period=1,
        shelf_life=SHELF_LIFE[company.kind[: company.n_skus]],
    )
    made = sku[~bought]
    dear = np.isin(company.kind[made], [BIOLOGIC])
    for some, air in ((made[dear], True), (made[~dear], False)):
        company.lane(
            mine[some],
            some,
            4,
            finished.at(some),
            (finished.item[some], centre[some]),
            1.0,
            finished.region[some],
            region[some],
            air=air,
        )
    for place in range(products.MOST_MARKETS):
        _market(company, place, finished, centre)


def _market(company: Company, place: int, finished: Finished, centre: Texts) -> None:
    """One country of each SKU that has so many."""
    warehouses, _ = sites.warehouses()
    market = company.skus.market[: company.n_skus, place]
    sku = np.flatnonzero(market >= 0)
    kind, country = company.kind[sku], market[sku]
    stored = np.isin(kind, [TABLET, BOUGHT_IN, DEVICE])
    used = np.isin(kind, [BIOLOGIC, KIT, DEVICE])
    store = warehouses.name[country]
    names = np.array([name.removeprefix("warehouse ") for name in store], dtype=object)
    number = company.skus.hospital[sku, place]
    hospital = "hospital " + names + " " + number.astype(str).astype(object)
    step = 5 + 2 * place
    slow = np.isin(names, sites.SLOW_COUNTRIES)
    weeks = np.where(slow, sites.WEEKS_AT_SLOW_CUSTOMS, sites.WITHIN_A_REGION)
    item = finished.item[sku]
    _shop(company, "warehouse", sku[stored], store[stored], step, ~used[stored], finished)
    _shop(company, "hospital", sku[used], hospital[used], step + 1, used[used], finished)
    abroad = np.where(stored, store, hospital)
    company.route("into the country", sku, step, (item, centre[sku]), (item, abroad), weeks)
    both = stored & used
    company.route(
        "to the hospital",
        sku[both],
        step + 1,
        (item[both], store[both]),
        (item[both], hospital[both]),
        1.0,
    )
    sells_at = np.where(used, hospital, store)
    for row in demand_columns(company.skus, company.kind, sku, place, names, company.seed):
        chosen = row.pop("rows")
        company.demand.add(
            "demand",
            company.order(company.skus.family[sku[chosen]], sku[chosen], step + 1),
            sku[chosen],
            item=item[chosen],
            location=sells_at[chosen],
            **row,
        )


def _shop(
    company: Company,
    role: str,
    sku: Integers,
    location: Texts,
    step: int,
    sells: Booleans,
    finished: Finished,
) -> None:
    kind, mine = company.kind[sku], company.skus.family[sku]
    company.stages.add(
        role,
        company.order(mine, sku, step),
        sku,
        item=finished.item[sku],
        location=location,
        added_cost=0.1,
        lead_time=0.0,
        review_period=1,
        service_level=np.where(sells, SERVICE_LEVEL[kind], np.nan),
        shelf_life=SHELF_LIFE[kind],
        backorder_cost=np.where(sells, money(0.05 * company.unit_value[mine]), 0.0),
    )
