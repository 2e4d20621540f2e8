"""How the made-up company makes each kind of product."""

from __future__ import annotations

import numpy as np

from echelon.datasets import products, sites
from echelon.datasets.company import SHELF_LIFE, Company, Finished, batch, money
from echelon.datasets.products import BIOLOGIC, DEVICE, KIT, TABLET, Floats
from echelon.datasets.rows import numbered
from echelon.datasets.sites import Integers, Sites


def make(company: Company) -> Finished:
    """Add what is made, from substances, boards and trays to finished units."""
    n = company.n_skus
    item = numbered("sku", np.arange(n), 6)
    location = np.full(n, "", dtype=object)
    region = np.zeros(n, dtype=np.int64)
    known = {
        "packer": Sites.of(sites.PACKERS),
        "steriliser": Sites.of(sites.STERILISERS),
        "plant": Sites.of(sites.PLANTS),
        "manufacturer": Sites.of(sites.MANUFACTURERS),
        "supplier": Sites.of(sites.SUPPLIERS),
    }
    packed = company.wanted(TABLET, BIOLOGIC, KIT)
    packer = company.families.packer[company.skus.family[packed]]
    location[packed] = known["packer"].name[packer]
    region[packed] = known["packer"].region[packer]
    sterile = company.wanted(DEVICE)
    steriliser = company.families.steriliser[company.skus.family[sterile]]
    location[sterile] = known["steriliser"].name[steriliser]
    region[sterile] = known["steriliser"].region[steriliser]
    finished = Finished(item, location, region)
    for kind, first, second in (
        (TABLET, "substance", "bulk"),
        (BIOLOGIC, "protein", "vial"),
    ):
        _two_steps(company, kind, first, second, known, finished)
    _devices(company, known, finished)
    _kits(company, known, finished)
    return finished


def _two_steps(
    company: Company,
    kind: int,
    first: str,
    second: str,
    known: dict[str, Sites],
    finished: Finished,
) -> None:
    """Substance at a contract manufacturer, bulk or vials at a plant, packs at a packer."""
    of, weekly = np.flatnonzero(company.families.kind == kind), company.weekly()
    per_bulk = 1.0 / np.where(kind == TABLET, 30.0, 1.0)
    value, amount = company.unit_value[of] * per_bulk, 0.001 if kind == TABLET else 0.01
    maker = company.families.manufacturer[of]
    plant = company.families.plant[of]
    at = (known["manufacturer"].name[maker], known["plant"].name[plant])
    names = numbered(first, of, 5), numbered(second, of, 5)
    long, short = (14.0, 3.0) if kind == TABLET else (20.0, 4.0)
    limited = products.uniform(len(company.families.kind), company.seed, "limited")[of]
    company.stages.add(
        first,
        company.order(of, -1, 0),
        -1,
        item=names[0],
        location=at[0],
        added_cost=money(0.4 * value / amount),
        lead_time=company.weeks(of, long, first),
        release_time=4.0,
        review_period=4,
        order_multiple=batch(8.0 * weekly[of] * amount),
        order_cost=5_000.0,
        capacity=np.where(limited < 0.15, batch(8.0 * weekly[of] * amount), np.nan),
    )
    company.stages.add(
        second,
        company.order(of, -1, 1),
        -1,
        item=names[1],
        location=at[1],
        added_cost=money(0.3 * value),
        lead_time=company.weeks(of, short, second),
        release_time=1.0 if kind == TABLET else 3.0,
        review_period=2,
        order_multiple=batch(3.0 * weekly[of]),
        order_cost=1_500.0,
    )
    company.lane(
        of,
        -1,
        1,
        (names[0], at[0]),
        (names[1], at[1]),
        amount,
        known["manufacturer"].region[maker],
        known["plant"].region[plant],
        air=True,
    )
    sku = company.wanted(kind)
    mine = company.skus.family[sku]
    units = company.skus.pack[sku] if kind == TABLET else np.ones(len(sku))
    _pack(company, sku, 0.3 * company.unit_value[mine], 2.0, 1.0, finished)
    where = np.searchsorted(of, mine)
    company.lane(
        mine,
        sku,
        3,
        (names[1][where], at[1][where]),
        finished.at(sku),
        units,
        known["plant"].region[plant[where]],
        finished.region[sku],
        air=kind == BIOLOGIC,
    )


def _devices(company: Company, known: dict[str, Sites], finished: Finished) -> None:
    """Boards of a platform and housings of a family, assembled, then sterilised."""
    of = np.flatnonzero(company.families.kind == DEVICE)
    platform, head = np.unique(company.families.platform[of], return_index=True)
    maker = company.families.supplier[of[head]]
    board = numbered("board", platform, 5), known["supplier"].name[maker]
    company.stages.add(
        "board",
        company.order(of[head], -1, 0),
        -1,
        item=board[0],
        location=board[1],
        added_cost=money(20.0 * company.families.value[of[head]]),
        lead_time=company.weeks(of[head], 16.0, "board"),
        review_period=4,
        order_cost=500.0,
    )
    own = company.families.supplier[of]
    housing = numbered("housing", of, 5), known["supplier"].name[own]
    company.stages.add(
        "housing",
        company.order(of, -1, 1),
        -1,
        item=housing[0],
        location=housing[1],
        added_cost=money(0.15 * company.unit_value[of]),
        lead_time=company.weeks(of, 6.0, "housing"),
        review_period=2,
        order_multiple=batch(2.0 * company.weekly()[of]),
        order_cost=200.0,
    )
    sku = company.wanted(DEVICE)
    mine = company.skus.family[sku]
    where, plant = np.searchsorted(of, mine), company.families.plant[mine]
    raw = finished.item[sku] + " raw", known["plant"].name[plant]
    company.stages.add(
        "assembly",
        company.order(mine, sku, 2),
        sku,
        item=raw[0],
        location=raw[1],
        added_cost=money(0.4 * company.unit_value[mine]),
        lead_time=company.weeks(mine, 2.0, "assembly"),
        review_period=1,
    )
    _pack(company, sku, 0.1 * company.unit_value[mine], 1.0, 2.0, finished)
    which = np.searchsorted(platform, company.families.platform[mine])
    for part, at, region in (
        (board, which, known["supplier"].region[maker]),
        (housing, where, known["supplier"].region[own]),
    ):
        company.lane(
            mine,
            sku,
            2,
            (part[0][at], part[1][at]),
            raw,
            1.0,
            region[at],
            known["plant"].region[plant],
        )
    company.lane(
        mine,
        sku,
        3,
        raw,
        finished.at(sku),
        1.0,
        known["plant"].region[plant],
        finished.region[sku],
    )


def _kits(company: Company, known: dict[str, Sites], finished: Finished) -> None:
    """Trays and pairs of instruments of a family, packed together."""
    of = np.flatnonzero(company.families.kind == KIT)
    supplier = company.families.supplier[of]
    sku = company.wanted(KIT)
    mine = company.skus.family[sku]
    where = np.searchsorted(of, mine)
    _pack(company, sku, 0.2 * company.unit_value[mine], 1.0, 1.0, finished)
    parts = (("tray", 8.0, 0.2, 1.0), ("instrument", 10.0, 0.25, 2.0))
    for step, (part, weeks, share, units) in enumerate(parts):
        name = numbered(part, of, 5), known["supplier"].name[supplier]
        company.stages.add(
            part,
            company.order(of, -1, step),
            -1,
            item=name[0],
            location=name[1],
            added_cost=money(share * company.unit_value[of]),
            lead_time=company.weeks(of, weeks, part),
            review_period=2,
            minimum_order=batch(2.0 * units * company.weekly()[of]),
            order_cost=200.0,
        )
        company.lane(
            mine,
            sku,
            3,
            (name[0][where], name[1][where]),
            finished.at(sku),
            units,
            known["supplier"].region[supplier[where]],
            finished.region[sku],
        )


def _pack(
    company: Company, sku: Integers, added: Floats, weeks: float, release: float, finished: Finished
) -> None:
    item, location = finished.at(sku)
    company.stages.add(
        "pack",
        company.order(company.skus.family[sku], sku, 3),
        sku,
        item=item,
        location=location,
        added_cost=money(added),
        lead_time=weeks,
        release_time=release,
        review_period=1,
        order_cost=150.0,
        shelf_life=SHELF_LIFE[company.kind[sku]],
        waste_cost=money(0.02 * company.unit_value[company.skus.family[sku]]),
    )
