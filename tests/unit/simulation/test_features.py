"""Features by hand: small tables, and what the kernel of all features is told of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Gamma, Normal, Poisson
from echelon.errors import DomainError
from echelon.kernels import flow_arrays as codes
from echelon.simulation.described.calendars import open_periods
from echelon.simulation.described.layout import lay_out
from echelon.simulation.described.levels import levels_of
from echelon.simulation.described.memory import forgets, longest_fill
from echelon.simulation.drawn.laws import good_share, whole_periods
from echelon.simulation.drawn.rows import DrawnRows
from echelon.simulation.drawn.sources import DrawRow, UpDown


def shop(**columns) -> ec.Network:
    """Plant, depot and shop of one item, in an order of rows that is not the compiled one."""
    tables = {name: columns.pop(name, None) for name in ("levels", "calendar", "disruptions")}
    lane_columns = columns.pop("lanes", {})
    demand_columns = columns.pop("demand", {})
    stages = pd.DataFrame(
        {
            "item": "pill",
            "location": ["shop", "plant", "depot"],
            "lead_time": [0, 3, 1],
            "holding_cost": 1.0,
            "base_stock": [30.0, 70.0, 50.0],
            **columns,
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": "pill",
            "from_location": ["depot", "plant"],
            "to_item": "pill",
            "to_location": ["shop", "depot"],
            "lead_time": [2, 1],
            **lane_columns,
        }
    )
    demand = pd.DataFrame(
        {
            "item": "pill",
            "location": "shop",
            "segment": ["hospital", "wholesale"],
            "mean": 10.0,
            "std": 3.0,
            **demand_columns,
        }
    )
    given = {name: table for name, table in tables.items() if table is not None}
    return ec.Network.from_tables(stages, lanes, demand, **given)


PLANT, DEPOT, SHOP = 0, 1, 2  # compiled: upstream first
PILL = ("pill", "shop")


def laid_out(network, *, periods=40, **options):
    problems: list[str] = []
    levels, _ = levels_of(network, None, problems, **options)
    assert problems == []
    ones = np.ones(network.n_components, dtype=np.int64)
    return lay_out(network, levels, warmups=0 * ones, periods=periods * ones)


def features_of(network, **options):
    return laid_out(network, **options).feature_set.features


class TestNothingSpecial:
    def test_is_plain(self):
        found = laid_out(shop()).feature_set
        assert found.plain.tolist() == [True]
        assert found.extra.ptr.tolist() == [0, 0]
        assert found.row_ptr.tolist() == [0, 2]

    def test_has_values_that_change_nothing(self):
        features = features_of(shop())
        assert (features.policy == codes.BASE_STOCK).all()
        assert features.level_at.tolist() == [70.0, 50.0, 30.0]
        assert np.isnan(features.reorder_at).all()
        for name in ("order_quantity", "order_multiple", "minimum_order", "lost_share"):
            assert (getattr(features, name) == 0.0).all(), name
        for name in ("capacity", "maximum_order"):
            assert (getattr(features, name) == np.inf).all(), name
        for name in ("make_row", "release_row", "lane_row", "yield_row", "backup_for"):
            assert (getattr(features, name) == -1).all(), name
        assert (features.share == 1.0).all()
        assert features.group_first.tolist() == [0, 1]
        assert features.make_longest.tolist() == [3, 1, 0]
        assert features.lane_longest.tolist() == [1, 2]
        assert features.open_ptr.tolist() == features.down_ptr.tolist() == [0, 0, 0, 0]
        assert features.demand_seen.tolist() == [20.0, 20.0, 20.0]

    @pytest.mark.parametrize(
        "inert",
        [
            {"lead_time_std": 0.0},
            {"lost_sales_share": 0.0},
            {"yield_mean": 1.0, "yield_std": 0.0},
            {"lot_failure": 0.0},
            {"policy": "base_stock"},
            {"lanes": {"priority": 2}},
            {"review_phase": 0, "review_period": 2},
        ],
    )
    def test_configured_and_inert_is_plain(self, inert):
        assert laid_out(shop(**inert)).feature_set.plain.all()

    @pytest.mark.parametrize(
        "drawn",
        [
            {"lead_time_std": [0.0, 1.0, 0.0]},
            {"lanes": {"lead_time_std": [1.0, 0.0]}},
            {"lanes": {"lead_time_std": [1.0, 0.0], "overtaking": True}},
        ],
    )
    def test_drawn_lead_times_are_plain_too(self, drawn):
        assert laid_out(shop(**drawn)).feature_set.plain.all()


@pytest.mark.parametrize(
    "active",
    [
        {"policy": "echelon_base_stock"},
        {"policy": "min_max", "reorder_point": 5.0},
        {"order_multiple": [np.nan, 6.0, np.nan]},
        {"minimum_order": 6.0},
        {"maximum_order": 60.0},
        {"capacity": [np.nan, 25.0, np.nan]},
        {"release_time": [0, 2, 0]},
        {"release_time_std": [0.0, 1.0, 0.0], "release_time": 2.0},
        {"yield_mean": [np.nan, 0.9, np.nan]},
        {"lot_failure": [0.0, 0.1, 0.0]},
        {"shelf_life": 9},
        {"lost_sales_share": [0.5, 0.0, 0.0]},
        {"allocation": "first_come"},
        {"lanes": {"expedite_rule": ["backorder_age", ""], "expedite_lead_time": [1.0, np.nan]}},
        {
            "calendar": pd.DataFrame(
                {"item": ["pill"], "location": "plant", "start": 0, "length": 5}
            )
        },
    ],
)
def test_what_is_active_is_not_plain(active):
    assert not laid_out(shop(**active)).feature_set.plain.any()


class TestPolicies:
    def test_numbers_of_a_reorder_point(self):
        network = shop(
            policy=["reorder_point", "min_max", "reorder_point_once"],
            reorder_point=[12.0, 40.0, 20.0],
            order_quantity=[8.0, np.nan, 25.0],
            base_stock=[np.nan, 70.0, np.nan],
        )
        layout = laid_out(network)
        features = layout.feature_set.features
        assert features.policy.tolist() == [
            codes.MIN_MAX,
            codes.REORDER_POINT_ONCE,
            codes.REORDER_POINT,
        ]
        assert features.reorder_at.tolist() == [40.0, 20.0, 12.0]
        assert features.order_quantity.tolist() == [0.0, 25.0, 8.0]
        assert features.level_at.tolist() == [70.0, 45.0, 20.0]
        assert layout.structure.initial_stock.tolist() == [70.0, 45.0, 20.0]

    def test_levels_that_change_by_period(self):
        levels = pd.DataFrame(
            {
                "item": "pill",
                "location": ["shop", "depot", "shop", "depot", "shop"],
                "period": [2, 1, 0, 0, 1],
                "base_stock": [33.0, 61.0, 31.0, 60.0, 32.0],
            }
        )
        layout = laid_out(shop(levels=levels))
        features, structure = layout.feature_set.features, layout.structure
        assert features.level_ptr.tolist() == [0, 1, 3, 6]
        assert features.level_at.tolist() == [70.0, 60.0, 61.0, 31.0, 32.0, 33.0]
        assert structure.level.tolist() == structure.initial_stock.tolist() == [70.0, 60.0, 31.0]
        assert structure.tolerance[SHOP] == pytest.approx(1e-9 * (33.0 + 20.0))
        assert not layout.feature_set.plain.any()

    def test_an_echelon_level_covers_the_stock_below(self):
        """Of 70 in the echelon 50 are below the plant, of those 30 below the depot."""
        structure = laid_out(shop(policy="echelon_base_stock")).structure
        assert structure.initial_stock.tolist() == [20.0, 20.0, 30.0]
        assert structure.level.tolist() == [70.0, 50.0, 30.0]

    def test_and_only_where_no_stock_is_given(self):
        given = shop(policy="echelon_base_stock", initial_stock=[45.0, np.nan, np.nan])
        assert laid_out(given).structure.initial_stock.tolist() == [20.0, 5.0, 45.0]

    def test_orders_are_rounded_and_limited(self):
        features = features_of(
            shop(order_multiple=[6.0, np.nan, 5.0], minimum_order=[12.0, np.nan, np.nan],
                 maximum_order=[np.nan, 80.0, np.nan])
        )  # fmt: skip
        assert features.order_multiple.tolist() == [0.0, 5.0, 6.0]
        assert features.minimum_order.tolist() == [0.0, 0.0, 12.0]
        assert features.maximum_order.tolist() == [80.0, np.inf, np.inf]

    def test_phase(self):
        network = shop(review_period=[4, 0, 4], review_phase=[1, 0, 3])
        assert laid_out(network).structure.phase.tolist() == [0, 3, 1]


class TestDrawnRows:
    def test_come_after_demand_kind_by_kind(self):
        network = shop(
            lead_time_std=[0.0, 1.0, 0.0],
            release_time=[0.0, 2.0, 0.0],
            release_time_family=["", "poisson", ""],
            yield_mean=[np.nan, 0.9, np.nan],
            yield_std=[np.nan, 0.05, np.nan],
            lot_failure=[0.0, 0.0, 0.01],
            lanes={"lead_time_std": [0.5, 0.0]},
            disruptions=pd.DataFrame(
                {
                    "name": ["fire", "strike"],
                    "item": ["pill", ""],
                    "location": ["depot", ""],
                    "from_item": ["", "pill"],
                    "from_location": ["", "plant"],
                    "to_item": ["", "pill"],
                    "to_location": ["", "depot"],
                    "failure_rate": [0.01, np.nan],
                    "recovery_rate": [0.2, np.nan],
                    "first_period": [np.nan, 10],
                    "last_period": [np.nan, 14],
                    "stock_destroyed": [0.5, 0.0],
                    "in_transit_held": [False, True],
                }
            ),
        )
        layout = laid_out(network)
        found, features = layout.feature_set, layout.feature_set.features
        rows = tuple(DrawnRows.of(network, found, replay=None).part(0, 1))
        plant, depot = ("pill", "plant"), ("pill", "depot")
        assert rows[:-1] == (
            DrawRow("demand", (*PILL, "hospital"), Normal(10.0, 3.0)),
            DrawRow("demand", (*PILL, "wholesale"), Normal(10.0, 3.0)),
            DrawRow("make_time", plant, whole_periods(Gamma(3.0, 1.0))),
            DrawRow("release_time", plant, whole_periods(Poisson(2.0))),
            DrawRow("lane_time", (*depot, *PILL), whole_periods(Gamma(2.0, 0.5))),
            DrawRow("good_share", plant, good_share(0.9, 0.05, 0.0)),
            DrawRow("good_share", depot, good_share(1.0, 0.0, 0.01)),
            DrawRow("disruption", ("fire",), UpDown(0.01, 0.2)),
        )
        strike = rows[-1]
        assert (strike.quantity, strike.address) == ("disruption", ("strike",))
        assert np.flatnonzero(strike.law.values).tolist() == [10, 11, 12, 13, 14]
        assert found.row_ptr.tolist() == layout.structure.row_ptr.tolist() == [0, 9]
        assert features.make_row.tolist() == [2, -1, -1]
        assert features.release_row.tolist() == [3, -1, -1]
        assert features.lane_row.tolist() == [-1, 4]
        assert features.yield_row.tolist() == [5, 6, -1]
        assert features.disruption_row.tolist() == [7, 8]
        making, held, shipping = (whole_periods(row.law).values[-1] for row in rows[2:5])
        assert features.make_longest.tolist() == [making, 1, 0]
        assert features.release_longest.tolist() == [held, 0, 0]
        assert features.lane_longest.tolist() == [1, shipping]
        assert min(making - 3, held - 2, shipping - 2) > 1
        assert layout.structure.nominal_delay.tolist() == [5, 2, 2]
        # the fire is at the depot, the strike on the lane into it
        assert features.down_ptr.tolist() == [0, 0, 1, 1]
        assert features.down_of.tolist() == [0]
        assert features.lane_down_ptr.tolist() == [0, 1, 1]
        assert features.lane_down_of.tolist() == [1]
        assert features.stock_destroyed.tolist() == [0.5, 0.0]
        assert features.in_transit_held.tolist() == [0, 1]
        assert found.disruption_row.tolist() == [0, 1]

    def test_components_are_numbered_one_after_another(self):
        one = shop(lead_time_std=[0.0, 1.0, 0.0])
        other = {"item": "drop", "from_item": "drop", "to_item": "drop"}

        def both(frame):
            names = {name: other[name] for name in other if name in frame}
            return pd.concat([frame, frame.assign(**names)], ignore_index=True)

        network = ec.Network.from_tables(both(one.stages), both(one.lanes), both(one.demand))
        layout = laid_out(network)
        assert layout.structure.row_ptr.tolist() == [0, 3, 6]
        assert layout.feature_set.features.make_row.tolist() == [2, -1, -1, 5, -1, -1]
        rows = layout.structure.asker_row
        assert rows[rows >= 0].tolist() == [0, 1, 3, 4]
        structure, features = layout.shard(1, 2)
        assert features.make_row.tolist() == [2, -1, -1]
        assert structure.asker_row[structure.asker_row >= 0].tolist() == [0, 1]
        drawn = DrawnRows.of(network, layout.feature_set, replay=None)
        assert len(drawn.extra.laws) == 1
        assert [row.address[:2] for row in drawn.part(0, 2)] == [
            PILL, PILL, ("pill", "plant"), ("drop", "shop"), ("drop", "shop"), ("drop", "plant"),
        ]  # fmt: skip
        assert [*drawn.part(0, 1), *drawn.part(1, 2)] == list(drawn.part(0, 2))

    def test_a_shard_of_everything_is_what_it_is_alone(self):
        def tables(items):
            """The same chain for each item, all numbered features in it."""
            one = {
                "stages": shop(lead_time_std=[0.0, 1.0, 0.0], yield_mean=0.9).stages,
                "lanes": shop(lanes={"lead_time_std": [0.5, 0.0]}).lanes,
                "demand": shop().demand,
                "levels": pd.DataFrame(
                    {"item": "pill", "location": "shop", "period": [0, 1], "base_stock": [9.0, 8.0]}
                ),
                "calendar": pd.DataFrame(
                    {"item": ["pill"], "location": "depot", "start": 1, "length": 2, "every": 4}
                ),
                "disruptions": pd.DataFrame(
                    {
                        "name": ["fire", "strike"],
                        "item": ["pill", ""],
                        "location": ["depot", ""],
                        "from_item": ["", "pill"],
                        "from_location": ["", "plant"],
                        "to_item": ["", "pill"],
                        "to_location": ["", "depot"],
                        "failure_rate": [0.01, 0.02],
                        "recovery_rate": [0.2, 0.3],
                    }
                ),
            }
            together = {}
            for name, frame in one.items():
                renamed = [frame.replace("pill", item) for item in items]
                if name == "disruptions":
                    renamed = [
                        part.assign(name=part["name"] + f" of {item}")
                        for part, item in zip(renamed, items, strict=True)
                    ]
                together[name] = pd.concat(renamed, ignore_index=True)
            return together

        three = laid_out(ec.Network.from_tables(**tables(["drop", "pill", "cream"])))
        alone = laid_out(ec.Network.from_tables(**tables(["pill"])))
        structure, features = three.shard(1, 2)
        for got, wanted in (
            (structure, alone.structure),
            (features, alone.feature_set.features),
        ):
            for name, one, other in zip(got._fields, got, wanted, strict=True):
                np.testing.assert_array_equal(one, other, err_msg=name)
        assert features.disruption_row.tolist() == [7, 8]  # after 2 of demand, 2 times, 3 yields

    def test_demand_that_is_given_comes_in_place_of_its_distribution(self):
        network = shop(demand={"location": ["shop", "plant"]})
        replay = np.array([[1.0, 2.0], [3.0, 4.0]])
        drawn = DrawnRows.of(network, laid_out(network).feature_set, replay=replay)
        rows = drawn.part(0, 1)  # the plant comes first
        assert [row.address[1] for row in rows] == ["plant", "shop"]
        assert [row.law.values.tolist() for row in rows] == [[3.0, 4.0], [1.0, 2.0]]

    def test_correlated_demand_is_drawn_together(self):
        network = shop()
        pairs = pd.DataFrame(
            {"item": ["pill"], "location": "shop", "segment": "hospital", "other_item": "pill",
             "other_location": "shop", "other_segment": "wholesale", "coefficient": 0.6}
        )  # fmt: skip
        network = ec.Network.from_tables(
            network.stages, network.lanes, network.demand, correlation=pairs
        )
        found = laid_out(network).feature_set
        one, other = DrawnRows.of(network, found, replay=None).part(0, 1)
        assert one.joint.addresses == ((*PILL, "hospital"),)
        assert other.joint.weights == pytest.approx([0.6, 0.8])
        replayed = DrawnRows.of(network, found, replay=np.ones((2, 3)))
        assert [row.joint for row in replayed.part(0, 1)] == [None, None]


def two_plants(**lanes) -> ec.Network:
    """Shop of pills that are pressed from powder of three mills and from sugar."""
    stages = pd.DataFrame(
        {
            "item": ["powder", "powder", "powder", "sugar", "pill"],
            "location": ["first", "second", "third", "first", "shop"],
            "lead_time": 1,
            "holding_cost": 1.0,
            "base_stock": 50.0,
        }
    )
    table = pd.DataFrame(
        {
            "from_item": ["powder", "sugar", "powder", "powder"],
            "from_location": ["first", "first", "second", "third"],
            "to_item": "pill",
            "to_location": "shop",
            "lead_time": [1, 2, 3, 9],
            **lanes,
        }
    )
    demand = pd.DataFrame({"item": ["pill"], "location": "shop", "mean": 10.0, "std": 3.0})
    return ec.Network.from_tables(stages, table, demand)


def test_every_time_that_is_too_long_is_told_at_once():
    network = shop(
        lead_time=[0, 900, 500],
        lead_time_std=[0.0, 90_000.0, 0.0],
        lanes={"lead_time": [800.0, 1.0], "lead_time_std": [80_000.0, 0.0]},
    )
    with pytest.raises(DomainError) as raised:
        laid_out(network)
    said = str(raised.value)
    assert "2 things to mend" in said
    assert "stages.lead_time at pill @ plant: lead time Gamma(" in said
    assert "lanes.lead_time at pill @ depot -> pill @ shop: lead time Gamma(" in said


class TestSuppliers:
    def test_alternatives_are_one_component(self):
        network = two_plants(
            share=[0.7, np.nan, 0.3, np.nan],
            backup=[False, False, False, True],
            backup_after=[np.nan, np.nan, np.nan, 2.0],
        )
        layout = laid_out(network)
        features = layout.feature_set.features
        assert features.group_first.tolist() == [0, 1, 0, 0]
        assert features.share.tolist() == [0.7, 1.0, 0.3, 0.0]
        assert features.backup_for.tolist() == [3, -1, 3, -1]
        assert features.backup_after[3] == 2
        assert not layout.feature_set.plain.any()
        # the backup is nine periods away, and no part of the promise
        assert layout.structure.nominal_delay.tolist() == [1, 1, 1, 1, 4]
        seen = features.demand_seen[layout.structure.supplier]
        assert seen.tolist() == pytest.approx([7.0, 10.0, 3.0, 0.0])

    def test_a_backup_for_faults_alone(self):
        network = two_plants(share=[0.7, np.nan, 0.3, np.nan], backup=[False] * 3 + [True])
        assert features_of(network).backup_after[3] == -1

    def test_without_shares_each_is_a_component(self):
        layout = laid_out(two_plants())
        assert layout.feature_set.features.group_first.tolist() == [0, 1, 2, 3]
        assert layout.feature_set.plain.all()


class TestAskers:
    def test_priority_customers_lanes_rows(self):
        """Hospital 2, wholesale 0; the lane to the shop 1, the one to the annex 0."""
        network = shop(demand={"priority": [2, 0], "location": ["depot", "depot"]})
        stages = network.stages
        annex = stages[stages["location"] == "shop"].assign(location="annex")
        lanes = network.lanes
        further = lanes[lanes["to_location"] == "shop"].assign(to_location="annex")
        lanes.loc[lanes["to_location"] == "shop", "priority"] = 1
        network = ec.Network.from_tables(
            pd.concat([stages, annex]), pd.concat([further, lanes]), network.demand
        )
        structure = laid_out(network).structure
        askers = slice(*structure.asker_ptr[[DEPOT, DEPOT + 1]])
        into = [
            network.stages["location"].iloc[network.compiled.stage_row[structure.receiver[lane]]]
            if lane >= 0
            else "customers"
            for lane in structure.asker_lane[askers]
        ]
        assert into == ["customers", "annex", "shop", "customers"]
        assert structure.asker_row[askers].tolist() == [1, -1, -1, 0]
        for asker in range(askers.start, askers.stop):
            lane = structure.asker_lane[asker]
            assert lane < 0 or structure.asker_of_lane[lane] == asker

    def test_remaining_life_goes_with_the_segment(self):
        network = shop(demand={"minimum_remaining_life": [6, 2], "priority": [1, 0]}, shelf_life=12)
        layout = laid_out(network)
        first = layout.structure.asker_ptr[SHOP]
        assert layout.feature_set.features.minimum_life[first:].tolist() == [2, 6]


class TestShelfLife:
    def test_moving_carries_it_on_and_making_does_not(self):
        features = features_of(shop(shelf_life=8))
        assert features.shelf_life.tolist() == [8, 8, 8]
        assert features.carries.tolist() == [0, 1, 1]

    def test_a_part_from_outside_makes_it_new(self):
        features = features_of(shop(shelf_life=8, inbound_service_time=[0, 0, 2]))
        assert features.carries.tolist() == [0, 0, 1]

    def test_two_ways_of_one_item_still_carry(self):
        stages = pd.DataFrame(
            {
                "item": "pill",
                "location": ["first", "second", "shop"],
                "holding_cost": 1.0,
                "base_stock": 10.0,
                "shelf_life": 5,
            }
        )
        lanes = pd.DataFrame(
            {
                "from_item": "pill",
                "from_location": ["first", "second"],
                "to_item": "pill",
                "to_location": "shop",
                "share": [0.5, 0.5],
            }
        )
        demand = pd.DataFrame({"item": ["pill"], "location": "shop", "mean": 1.0, "std": 0.1})
        network = ec.Network.from_tables(stages, lanes, demand)
        assert features_of(network).carries.tolist() == [0, 0, 1]
        with_sugar = two_plants()
        both = with_sugar.stages.assign(shelf_life=4)
        assert not features_of(with_sugar.replace(stages=both)).carries.any()


class TestExpedite:
    def test_rules(self):
        features = features_of(
            shop(
                lanes={
                    "expedite_rule": ["projected_shortage", "backorder_age"],
                    "expedite_after": [3.0, 1.0],
                    "expedite_lead_time": [1.0, 0.0],
                }
            )
        )
        assert features.expedite_rule.tolist() == [codes.BACKORDER_AGE, codes.PROJECTED_SHORTAGE]
        assert features.expedite_after.tolist() == [1, 3]
        assert features.expedite_delay.tolist() == [0, 1]


class TestCalendars:
    def rows(self, *windows):
        return pd.DataFrame(windows, columns=["start", "length", "every"])

    def by_hand(self, windows, n_periods):
        return [
            float(
                any(
                    t >= start and ((t - start) % every if every == every else t - start) < length
                    for start, length, every in windows
                )
            )
            for t in range(n_periods)
        ]

    @pytest.mark.parametrize(
        ("windows", "span"),
        [
            ([(0, 2, 4)], 4),
            ([(0, 2, 4), (1, 1, 6)], 12),
            ([(3, 2, 4)], 30),  # open in 3 and 4, so not in 0: no cycle from period 0
            ([(5, 4, np.nan)], 30),
            ([(5, 4, np.nan), (0, 1, 3)], 30),
            ([(10, 1, 4)], 30),
            ([(0, 1, 7), (0, 2, 11), (3, 4, 13)], 30),  # together every 1,001 periods
        ],
    )
    def test_as_by_hand(self, windows, span):
        ptr, at = open_periods(self.rows(*windows), np.zeros(len(windows), dtype=np.int64), 1, 30)
        assert ptr.tolist() == [0, span]
        assert at[np.arange(30) % span].tolist() == self.by_hand(windows, 30)

    def test_each_stage_has_its_own(self):
        calendar = self.rows((0, 1, 2.0), (4, 3, np.nan), (1, 1, 3.0))
        ptr, at = open_periods(calendar, np.array([3, 1, 3]), 4, 10)
        assert ptr.tolist() == [0, 0, 10, 10, 16]
        assert at[:10].tolist() == self.by_hand([(4, 3, np.nan)], 10)
        assert at[10:].tolist() == self.by_hand([(0, 1, 2.0), (1, 1, 3.0)], 6)

    def test_of_a_network(self):
        calendar = pd.DataFrame(
            {"item": ["pill"], "location": "depot", "start": 1, "length": 2, "every": 4}
        )
        features = features_of(shop(calendar=calendar))
        assert features.open_ptr.tolist() == [0, 0, 4, 4]
        assert features.open_at.tolist() == [0.0, 1.0, 1.0, 0.0]


class TestMemory:
    def memory(self, network):
        levels, _ = levels_of(network, None, [])
        layout = laid_out(network)
        forgotten = forgets(network, levels, layout.structure, layout.feature_set.features)
        return longest_fill(network, levels.service_time).tolist(), forgotten.tolist()

    def test_of_plain_stages_is_the_longest_chain(self):
        assert self.memory(shop(base_stock=[50.0, 70.0, 50.0])) == ([7], [True])
        rare = shop(review_period=[2, 0, 4], base_stock=[90.0, 70.0, 150.0])
        assert self.memory(rare) == ([13], [True])

    def test_release_and_first_come_do_not_make_it_endless(self):
        released = shop(release_time=[0, 5, 0], base_stock=[50.0, 170.0, 50.0])
        assert self.memory(released) == ([12], [True])
        assert self.memory(shop(allocation="first_come")) == ([7], [True])

    @pytest.mark.parametrize("allocation", ["proportional", "priority"])
    def test_how_a_lasting_shortage_is_split_fades(self, allocation):
        """The shop covers two periods of 20; plant and depot have one asker each."""
        for base_stock, forgotten in ((39.0, False), (40.0, True)):
            network = shop(base_stock=[base_stock, 7.0, 5.0], allocation=allocation)
            assert self.memory(network) == ([7], [forgotten])

    @pytest.mark.parametrize(
        "endless",
        [
            {"capacity": 90.0},
            {"lost_sales_share": [1.0, 0.0, 0.0]},
            {"lead_time_std": [0.0, 1.0, 0.0]},
            {"policy": "min_max", "reorder_point": 3.0},
            {"order_multiple": 6.0},
            {"yield_mean": 0.9},
            {"shelf_life": 9},
            {"lanes": {"lead_time_std": 1.0}},
        ],
    )
    def test_fades_where_the_state_decides(self, endless):
        assert self.memory(shop(**{"base_stock": [50.0, 70.0, 50.0], **endless})) == ([7], [False])
