"""Random tables of small networks, with features of every kind switched on here and there."""

from __future__ import annotations

import numpy as np
import pandas as pd

NAN = float("nan")


def draw(seed: int) -> dict[str, pd.DataFrame]:
    """One to seven stages and what is said of them; each feature is in some of the networks."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 7))
    lanes = [
        (int(i), j)
        for j in range(1, n)
        for i in rng.choice(j, int(rng.integers(1, min(j, 2) + 1)), replace=False)
    ]
    tables = {"stages": _stages(rng, n, lanes)}
    if lanes:
        tables["lanes"] = _lanes(rng, tables["stages"], lanes)
    if lanes and rng.random() < 0.6:
        _add_a_supplier(rng, tables)
    tables["demand"] = _demand(rng, tables)
    _scale(rng, tables)
    for name, rows in (("calendar", _calendar(rng, tables)), ("levels", _levels(rng, tables)),
                       ("disruptions", _disruptions(rng, tables))):  # fmt: skip
        if rows:
            tables[name] = pd.DataFrame(rows).dropna(axis=1, how="all")
    return tables


def _stages(rng: np.random.Generator, n: int, lanes: list[tuple[int, int]]) -> pd.DataFrame:
    items: list[str] = []
    for j in range(n):
        suppliers = [i for i, receiver in lanes if receiver == j]
        same = len(suppliers) == 1 and rng.random() < 0.6
        items.append(items[suppliers[0]] if same else f"item {j}")

    def some(values: np.ndarray | list[float], otherwise: float) -> np.ndarray:
        return np.where((rng.random(n) < 0.5) & (rng.random() < 0.5), values, otherwise)

    lead_time, release = rng.integers(0, 4, n).astype(float), some(rng.integers(0, 3, n), 0.0)
    review = some(rng.integers(0, 4, n), 0).astype(int)
    usual = rng.random() < 0.5
    kinds = ["base_stock", "echelon_base_stock", "min_max", "reorder_point", "reorder_point_once"]
    policy = rng.choice(kinds[:1] if usual else kinds, n)
    life = {item: float(rng.integers(2, 14)) for item in items}
    perishes = rng.random() < 0.5
    return pd.DataFrame(
        {
            "item": items,
            "location": [f"place {j}" for j in range(n)],
            "holding_cost": 1.0,
            "lead_time": lead_time,
            "lead_time_std": np.where(lead_time > 0, some([1.3] * n, 0.0), 0.0),
            "release_time": release,
            "release_time_std": np.where(release > 0, some([0.8] * n, 0.0), 0.0),
            "overtaking": some([1.0] * n, 0.0) > 0.0,
            "review_period": review,
            "review_phase": [int(rng.integers(0, max(periods, 1))) for periods in review],
            "inbound_service_time": some(rng.integers(0, 3, n), 0.0),
            "policy": policy,
            "order_multiple": some([4.0] * n, NAN),
            "minimum_order": some([9.0] * n, NAN),
            "maximum_order": some([40.0] * n, NAN),
            "capacity": some([1.0] * n, NAN),  # made of the demand seen
            "yield_mean": some([0.9] * n, 1.0),
            "lot_failure": some([0.1] * n, 0.0),
            "lost_sales_share": np.where(rng.random(n) < 0.4, rng.choice([0.3, 1.0], n), 0.0),
            "allocation": rng.choice(["proportional", "priority", "first_come"], n),
            "shelf_life": [life[item] if perishes else NAN for item in items],
        }
    )


def _lanes(
    rng: np.random.Generator, stages: pd.DataFrame, lanes: list[tuple[int, int]]
) -> pd.DataFrame:
    n = len(lanes)
    time = rng.integers(0, 3, n).astype(float)
    varies = (time > 0) & (rng.random(n) < 0.7) & (rng.random() < 0.7)
    rules = [None, "backorder_age", "projected_shortage"]
    rule = [rules[int(k)] for k in (rng.integers(0, 3, n) if rng.random() < 0.6 else [0] * n)]
    ends = np.array(lanes).T
    names = {
        f"{end}_{name}": stages[name].to_numpy()[rows]
        for end, rows in zip(("from", "to"), ends, strict=True)
        for name in ("item", "location")
    }
    return pd.DataFrame(
        {
            **names,
            "lead_time": time,
            "lead_time_std": np.where(varies, 1.1, 0.0),
            "overtaking": rng.random(n) < 0.4,
            "units_required": rng.choice([1.0, 2.0, 0.5], n),
            "priority": rng.integers(0, 3, n),
            "expedite_rule": rule,
            "expedite_after": [int(rng.integers(0, 4)) if one else 0 for one in rule],
            "expedite_lead_time": [float(rng.integers(0, 2)) if one else NAN for one in rule],
            "share": NAN,
            "backup": False,
            "backup_after": NAN,
        }
    )


def _add_a_supplier(rng: np.random.Generator, tables: dict[str, pd.DataFrame]) -> None:
    """A second stage of an item, from which one lane's receiver gets a share or has a backup."""
    stages, lanes = tables["stages"], tables["lanes"]
    k = int(rng.integers(len(lanes)))
    lane = lanes.loc[k].copy()
    other = (lanes["to_location"] == lane["to_location"]) & (
        lanes["from_item"] == lane["from_item"]
    )
    if other.sum() > 1:
        return
    stage = stages[stages["location"] == lane["from_location"]].assign(location="elsewhere")
    lane["from_location"], lane["lead_time_std"] = "elsewhere", 0.0
    if rng.random() < 0.5:
        lanes.loc[k, "share"], lane["share"] = 0.6, 0.4
    else:
        lanes.loc[k, "share"], lane["backup"] = 1.0, True
        lane["backup_after"] = float(rng.choice([NAN, 1.0, 2.0]))
    tables["stages"] = pd.concat([stages, stage], ignore_index=True)
    rows = [*lanes.to_dict("records"), lane.to_dict()]
    tables["lanes"] = pd.DataFrame(rows)


def _demand(rng: np.random.Generator, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    stages = tables["stages"]
    supplying = set(tables["lanes"]["from_location"]) if "lanes" in tables else set()
    rows = []
    for stage in stages.to_dict("records"):
        if stage["location"] in supplying and rng.random() > 0.3:
            continue
        for number in range(int(rng.integers(1, 3))):
            family = str(rng.choice(["poisson", "gamma", "normal"]))
            mean = float(rng.integers(2, 11))
            spread = {"poisson": mean**0.5, "gamma": 0.7 * mean, "normal": 0.5 * mean}[family]
            most = min(stage["shelf_life"], 4.0) if stage["shelf_life"] > 0.0 else 0.0
            rows.append(
                {"item": stage["item"], "location": stage["location"],
                 "segment": f"segment {number}", "family": family, "mean": mean, "std": spread,
                 "priority": int(rng.integers(0, 3)),
                 "minimum_remaining_life": int(rng.integers(0, most + 1))}
            )  # fmt: skip
    return pd.DataFrame(rows)


def _scale(rng: np.random.Generator, tables: dict[str, pd.DataFrame]) -> None:
    """Levels and capacities of the size of the demand, so that stock is short now and then."""
    stages = tables["stages"]
    n = len(stages)
    mean = 10.0 * rng.uniform(0.5, 3.0, n)
    times = stages[["lead_time", "release_time", "review_period", "inbound_service_time"]]
    level = np.round(mean * (times.sum(axis=1) + rng.uniform(1.0, 4.0, n)))
    in_lots = stages["policy"].str.startswith("reorder_point")
    with_point = in_lots | (stages["policy"] == "min_max")
    stages["base_stock"] = np.where(in_lots, NAN, level)
    stages["reorder_point"] = np.where(with_point, np.round(0.7 * level), NAN)
    stages["order_quantity"] = np.where(in_lots, np.round(mean) + 1.0, NAN)
    stages["initial_stock"] = np.where(rng.random(n) < 0.2, np.round(level / 2.0), NAN)
    stages["capacity"] *= np.round(1.3 * mean) + 1.0


def _calendar(rng: np.random.Generator, tables: dict[str, pd.DataFrame]) -> list[dict[str, object]]:
    names = tables["stages"][["item", "location"]].to_dict("records")
    return [
        {**name, "start": int(rng.integers(0, 8)), "length": int(rng.integers(1, 4)),
         "every": float(rng.choice([NAN, 4.0, 5.0]))}
        for name in names if rng.random() < 0.15
    ]  # fmt: skip


def _levels(rng: np.random.Generator, tables: dict[str, pd.DataFrame]) -> list[dict[str, object]]:
    stages = tables["stages"]
    usual = stages[stages["policy"].str.endswith("base_stock") & (rng.random(len(stages)) < 0.2)]
    return [
        {"item": row["item"], "location": row["location"], "period": period,
         "base_stock": round(row["base_stock"] * factor)}
        for row in usual.to_dict("records") for period, factor in enumerate((1.0, 0.6, 1.3))
    ]  # fmt: skip


def _disruptions(
    rng: np.random.Generator, tables: dict[str, pd.DataFrame]
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number in range(int(rng.integers(0, 4))):
        lane = "lanes" in tables and rng.random() < 0.5
        table = tables["lanes" if lane else "stages"]
        ends = ["from_item", "from_location", "to_item", "to_location"]
        what = table[ends if lane else ["item", "location"]].iloc[int(rng.integers(len(table)))]
        dated = rng.random() < 0.4
        rows.append(
            {"name": f"outage {number}", **what.to_dict(),
             "failure_rate": NAN if dated else 0.15, "recovery_rate": NAN if dated else 0.4,
             "first_period": 5.0 if dated else NAN, "last_period": 8.0 if dated else NAN,
             "capacity_left": 0.0 if lane else float(rng.choice([0.0, 0.5])),
             "stock_destroyed": 0.0 if lane else float(rng.choice([0.0, 0.5])),
             "in_transit_held": bool(lane and rng.random() < 0.7),
             "ships": bool(not lane and rng.random() < 0.5)}
        )  # fmt: skip
    return rows
