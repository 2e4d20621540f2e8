"""Tables divided into shards: the same rows, the same faults and the same results as in one."""

from __future__ import annotations

import json
import os
import pickle
import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DataWarning, DomainError, FolderError, TableError
from echelon.io.divided import DividedTables, Shard, divide, read_divided

SETTINGS: dict[str, Any] = {"holding_rate": 0.25, "period": "week", "currency": "EUR"}
STAGE = ["item", "location"]


def chains(n: int, *, first: int = 0) -> dict[str, pd.DataFrame]:
    """So many chains of plant, depot and shop, each a component."""
    items = [f"item {number:04d}" for number in range(first, first + n)]
    places = ["plant", "depot", "shop"]
    stages = pd.DataFrame(
        [(item, place) for item in items for place in places], columns=STAGE
    ).assign(added_cost=[5.0, 1.0, 1.0] * n, lead_time=[4, 2, 1] * n)
    lanes = pd.DataFrame(
        [(item, places[k], item, places[k + 1]) for item in items for k in range(2)],
        columns=["from_item", "from_location", "to_item", "to_location"],
    )
    demand = pd.DataFrame({"item": items, "location": "shop", "mean": 20.0, "std": 4.0})
    return {"stages": stages, "lanes": lanes, "demand": demand}


def every_table() -> dict[str, pd.DataFrame]:
    """Thirty chains, and rows in all tables, some of which tie chains together."""
    tables = chains(30)
    item = tables["demand"]["item"]
    tables["stages"] = tables["stages"].assign(
        shelf_life=np.where(tables["stages"]["item"] == item[3], 60.0, np.nan)
    )
    two = {"item": [item[4], item[20]], "location": "shop"}
    ends = {"from_item": item[9], "from_location": "plant", "to_item": item[9]}
    down = {"failure_rate": 0.01, "recovery_rate": 0.5}
    weeks = np.arange(3)
    return {
        **tables,
        "correlation": pd.DataFrame(
            {"item": [item[1]], "location": "shop", "other_item": item[25]}
        ).assign(other_location="shop", coefficient=0.4),
        "forecast_errors": pd.DataFrame({**two, "ahead": 0, "covariance": 9.0}),
        "levels": pd.DataFrame({"item": item[6], "location": "shop", "period": weeks}).assign(
            base_stock=[60.0, 70.0, 80.0]
        ),
        "calendar": pd.DataFrame(
            {"item": [item[7]], "location": "plant", "start": 0, "length": 2, "every": 4}
        ),
        "disruptions": pd.DataFrame(
            [
                {"name": "fire", "item": item[8], "location": "plant", **down},
                {"name": "strike", **ends, "to_location": "depot", **down},
            ]
        ),
        "stock": pd.DataFrame({**two, "quantity": 30.0}),
        "open_orders": pd.DataFrame({**two, "period": 1, "quantity": 5.0}),
        "resources": pd.DataFrame({"resource": ["line", "oven"], "capacity": [40.0, 9.0]}),
        "resource_use": pd.DataFrame(
            {"item": [item[2], item[15]], "location": "plant", "resource": "line", "per_unit": 1.0}
        ),
        "demand_history": pd.DataFrame(
            {"item": np.repeat(item.to_numpy(), 4), "location": "shop", "period": [0, 1, 2, 3] * 30}
        ).assign(quantity=5.0),
        "shipments": pd.DataFrame({"item": item[:2], "ordered": "2026-01-05"}).assign(
            delivered="2026-01-12"
        ),
    }


def whole_faults(tables: Mapping[str, Any], **settings: Any) -> list[str]:
    try:
        ec.Network.from_tables(**tables, **settings)
    except TableError as error:
        return sorted(str(fault) for fault in error.faults)
    return []


def put_together(divided: DividedTables) -> dict[str, pd.DataFrame]:
    """Rows of all shards in the order of the source."""
    frames: dict[str, list[pd.DataFrame]] = {}
    for shard in divided.shards:
        for name, frame in shard.frames().items():
            row = pd.read_parquet(shard.rows / f"{name}.parquet")["row of the source"]
            frames.setdefault(name, []).append(frame.set_index(row.to_numpy()))
    return {name: pd.concat(parts).sort_index() for name, parts in frames.items()}


def test_every_row_is_in_one_shard_as_it_was(tmp_path: Path) -> None:
    tables = every_table()
    divided = divide(tables, tmp_path, stages_per_shard=12, settings=SETTINGS)
    assert len(divided.shards) > 3
    again = put_together(divided)
    assert set(again) == set(tables) - {"shipments"}
    for name, frame in again.items():
        pd.testing.assert_frame_equal(frame, tables[name], check_dtype=True)
    shipments = pd.read_parquet(divided.undivided["shipments"])
    pd.testing.assert_frame_equal(shipments, tables["shipments"])
    divided.check()


def test_shards_hold_whole_components_and_what_is_tied_to_them(tmp_path: Path) -> None:
    tables = every_table()
    divided = divide(tables, tmp_path, stages_per_shard=6, settings=SETTINGS)
    home = {item: shard.number for shard in divided.shards for item in shard.read().stages["item"]}
    item = tables["demand"]["item"]
    assert len(home) == 30
    assert home[item[1]] == home[item[25]]  # correlated
    assert home[item[2]] == home[item[15]]  # use one line
    assert divided.n_components == 30 == sum(shard.n_components for shard in divided.shards)
    numbers = np.concatenate([shard.component_numbers() for shard in divided.shards])
    assert sorted(numbers) == list(range(30))


def test_a_shard_is_a_network_that_read_network_reads(tmp_path: Path) -> None:
    whole = ec.Network.from_tables(**chains(20), **SETTINGS)
    divided = divide(whole, tmp_path, stages_per_shard=9)
    first = divided.shards[0]
    assert first.read().equals(ec.read_network(first.folder))
    assert first.read().equals(whole.subset(first.component_numbers()))
    assert divided.settings["segments"] == ["segment"]


@pytest.mark.parametrize("form", ["parquet", "parts", "csv", "frames"])
def test_sources_of_every_form_give_the_same_networks(tmp_path: Path, form: str) -> None:
    portfolio = ec.datasets.make_portfolio(40, seed=2)
    source: Any = tmp_path / "source"
    if form == "frames":
        source = portfolio
    else:
        portfolio.write(source, file_format="csv" if form == "csv" else "parquet")
    if form == "parts":
        manifest = json.loads((source / "manifest.json").read_text())
        del manifest["files"]
        (source / "planted.parquet").unlink()
        (source / "manifest.json").write_text(json.dumps(manifest))
        for name, frame in portfolio.tables.items():
            (source / f"{name}.parquet").unlink()
            (source / name).mkdir()
            for number, start in enumerate(range(0, len(frame), 30)):
                part = frame.iloc[start : start + 30]  # some columns are empty in a part
                part.to_parquet(source / name / f"{number:03d}.parquet")
    divided = divide(source, tmp_path / "divided", stages_per_shard=60)
    assert len(divided.shards) > 2
    for shard in divided.shards:
        assert shard.read().equals(portfolio.network.subset(shard.component_numbers()))


def damaged() -> dict[str, pd.DataFrame]:
    """Many chains with faults of every kind, several of them in more than one shard."""
    tables = chains(40)
    stages, lanes, demand = tables["stages"], tables["lanes"], tables["demand"]
    stages = stages.assign(service_level=np.where(stages["location"] == "shop", 0.95, np.nan))
    stages.loc[[5, 80], "lead_time"] = -1  # alike in two shards
    stages.loc[32, "service_level"] = 97.5
    stages = pd.concat([stages, stages.iloc[[60]]], ignore_index=True)  # a key twice
    lanes.loc[[10, 70], "from_item"] = "nothing"
    lanes.loc[20, ["from_item", "to_item"]] = "nix"  # in no component at all
    demand.loc[33, "location"] = "Atlantis"
    return {"stages": stages, "lanes": lanes, "demand": demand}


def test_faults_are_those_of_the_whole_with_the_rows_of_the_source(tmp_path: Path) -> None:
    tables = damaged()
    divided = divide(tables, tmp_path, stages_per_shard=9, settings=SETTINGS)
    expected = whole_faults(tables, **SETTINGS)
    assert sorted(str(fault) for fault in divided.faults()) == expected
    assert len(expected) == 6
    assert any("row 61 has the same key" in fault for fault in expected)
    with pytest.raises(TableError, match="6 faults"):
        divided.check()
    with pytest.raises(TableError, match="row 81 "):
        next(one for one in divided.shards if one.number == _shard_of(divided, 80)).read()


def _shard_of(divided: DividedTables, row: int) -> int:
    for shard in divided.shards:
        rows = pd.read_parquet(shard.rows / "stages.parquet")["row of the source"]
        if row in rows.to_numpy():
            return shard.number
    raise AssertionError(row)


def test_a_column_that_is_empty_in_a_shard_is_judged_as_in_the_whole(tmp_path: Path) -> None:
    """unit_cost has to be filled in all rows or in none: the first chains leave it out."""
    tables = chains(20)
    stages = tables["stages"].drop(columns="added_cost")
    tables["stages"] = stages.assign(unit_cost=np.where(stages.index < 15, np.nan, 3.0))
    divided = divide(tables, tmp_path, stages_per_shard=9, settings=SETTINGS)
    expected = whole_faults(tables, **SETTINGS)
    assert len(expected) == 1
    assert "15 rows, first at row 1" in expected[0]
    assert [str(fault) for fault in divided.faults()] == expected


def test_components_with_faults_are_set_aside_and_the_others_stay(tmp_path: Path) -> None:
    tables = damaged()
    divided = divide(tables, tmp_path, stages_per_shard=30, settings=SETTINGS)
    failed: list[pd.DataFrame] = []
    sound: set[str] = set()
    for shard in divided.shards:
        network, failures = shard.read_sound()
        failed.append(failures)
        if network is not None:
            sound |= set(network.stages["item"])
            left = np.setdiff1d(shard.component_numbers(), failures["component"])
            assert network.n_components == len(left)
    failures = pd.concat(failed)
    of_stages = failures[failures["component"] >= 0]
    wrong = [1, 5, 10, 20, 26, 33, 35]  # by the rows damaged
    assert sorted(of_stages["item"]) == [f"item {number:04d}" for number in wrong]
    assert {f"item {number:04d}" for number in set(range(40)) - set(wrong)} <= sound
    (stray,) = failures.loc[failures["component"] < 0, "message"]
    assert "row 21 (nix @" in stray
    assert "row 61 has the same key" in of_stages.set_index("item").loc["item 0020", "message"]


def test_tables_given_in_place_are_set_aside_by_the_stages_they_name(tmp_path: Path) -> None:
    """A demand that was fitted, with one row that cannot be and one of nobody's."""
    divided = divide(chains(12), tmp_path, stages_per_shard=200, settings=SETTINGS)
    shard = max(divided.shards, key=lambda one: one.n_stages)
    fitted = shard.frames()["demand"].iloc[::-1].reset_index(drop=True)
    items = fitted["item"].tolist()
    fitted.loc[1, "std"] = -1.0
    fitted.loc[len(fitted)] = {"item": "nobody", "location": "shop", "mean": 1.0, "std": 1.0}
    network, failures = shard.read_sound(demand=fitted)
    assert network is not None
    assert failures["component"].tolist() == [-1, int(items[1][-4:])]
    assert f"row 2 ({items[1]} @ shop): -1.0" in failures["message"].iloc[1]
    assert f"row {len(fitted)} (nobody @ shop)" in failures["message"].iloc[0]
    assert network.demand["item"].tolist() == [items[0], *items[2:]]


def test_a_column_that_is_empty_in_a_component_sets_that_one_aside(tmp_path: Path) -> None:
    tables = chains(6)
    stages = tables["stages"].drop(columns="added_cost")
    tables["stages"] = stages.assign(unit_cost=np.where(stages.index // 3 == 4, np.nan, 3.0))
    divided = divide(tables, tmp_path, stages_per_shard=200, settings=SETTINGS)
    (shard,) = (one for one in divided.shards if 4 in one.component_numbers())
    network, failures = shard.read_sound()
    assert failures["component"].tolist() == [4]
    assert "3 rows, first at row 13 (item 0004 @ plant)" in failures["message"].iloc[0]
    assert (network.n_components if network else 0) == shard.n_components - 1


def test_further_rows_change_few_shards_and_none_that_they_do_not_touch(tmp_path: Path) -> None:
    before = divide(chains(120), tmp_path, stages_per_shard=30, settings=SETTINGS)
    files = {shard.digest: (shard.folder / "stages.parquet").stat() for shard in before.shards}
    one, rest = chains(1, first=9000), chains(120)
    more = {name: pd.concat([one[name], rest[name]], ignore_index=True) for name in rest}
    after = divide(more, tmp_path, stages_per_shard=30, settings=SETTINGS)
    kept = {shard.digest for shard in after.shards} & set(files)
    assert len(kept) >= len(before.shards) - 2
    assert after.n_stages == before.n_stages + 3
    for shard in after.shards:
        if shard.digest in kept:
            stat = (shard.folder / "stages.parquet").stat()
            assert stat.st_mtime_ns == files[shard.digest].st_mtime_ns  # not written again
    after.check()  # rows are those of the new source
    left = {path.name for path in (tmp_path / "shards").iterdir()}
    assert left == {shard.digest for shard in after.shards}


def test_what_breaks_off_leaves_the_earlier_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = divide(chains(20), tmp_path, stages_per_shard=9, settings=SETTINGS)
    left = tmp_path / ".aside-of-a-killed-call"
    left.mkdir()
    os.utime(left, (0, 0))

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(import_module("echelon.io.divided.divide"), "finish", fail)
        with pytest.raises(KeyboardInterrupt):
            divide(chains(30), tmp_path, stages_per_shard=9, settings=SETTINGS)
    again = read_divided(tmp_path)
    assert again.shards == before.shards
    again.check()
    assert left.exists()
    assert divide(chains(30), tmp_path, stages_per_shard=9, settings=SETTINGS).n_stages == 90
    assert not list(tmp_path.glob(".aside-*"))


def test_a_changed_cell_or_setting_changes_digests_and_a_new_title_does_not(tmp_path: Path) -> None:
    def digests(tables: Mapping[str, pd.DataFrame], **settings: Any) -> list[str]:
        settings = {**SETTINGS, **settings}
        divided = divide(tables, tmp_path, stages_per_shard=30, settings=settings)
        return [shard.digest for shard in divided.shards]

    tables = chains(60)
    plain = digests(tables)
    assert digests(tables, name="March") == plain
    assert not set(digests(tables, holding_rate=0.3)) & set(plain)
    changed = {**tables, "demand": tables["demand"].copy()}
    changed["demand"].loc[40, "mean"] = 21.0
    assert len(set(plain) - set(digests(changed))) == 1


def test_oddities_are_told_once(tmp_path: Path) -> None:
    tables = chains(20)
    alone = pd.DataFrame({"item": [f"odd {k}" for k in range(9)], "location": "attic"})
    tables["stages"] = pd.concat(
        [tables["stages"], alone.assign(added_cost=1.0, lead_time=1)], ignore_index=True
    )
    tables["stages"] = tables["stages"].sort_values("location", kind="stable", ignore_index=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        divided = divide(tables, tmp_path, stages_per_shard=6, settings=SETTINGS)
    with pytest.warns(DataWarning, match="neither lanes nor a row in demand") as caught:
        read_divided(tmp_path).check()
    assert len(caught) == 1
    assert len(divided.shards) > 2


def test_headers_and_settings_are_refused_at_once(tmp_path: Path) -> None:
    tables = chains(3)
    tables["stages"] = tables["stages"].rename(columns={"lead_time": "leadtime"})
    tables["lanes"] = tables["lanes"].drop(columns="to_item")
    with pytest.raises(TableError) as caught:
        divide(tables, tmp_path, settings={"holding_rate": 25, "colour": "red"})
    words = str(caught.value)
    for part in ("leadtime", "lanes.to_item", "holding_rate", "network.colour"):
        assert part in words
    with pytest.raises(TableError, match="stages: the table is missing"):
        divide({"lanes": chains(2)["lanes"]}, tmp_path)
    mixed = chains(2)
    mixed["stages"]["lead_time"] = [1, 2, "three", 4, 5, 6]
    with pytest.raises(TableError, match=r"stages.lead_time: cannot be written.*row 3: 'three'"):
        divide(mixed, tmp_path)
    with pytest.raises(DomainError, match="stages_per_shard"):
        divide(chains(2), tmp_path, stages_per_shard=0)
    with pytest.raises(DomainError, match="source is a list"):
        divide([1], tmp_path)  # type: ignore[arg-type]


def test_folders_that_hold_something_else(tmp_path: Path) -> None:
    network = ec.Network.from_tables(**chains(2), **SETTINGS)
    folder = network.write(tmp_path / "network")
    with pytest.raises(FolderError, match="holds a Network"):
        divide(network, folder)
    with pytest.raises(FolderError, match="no divided tables"):
        read_divided(folder)
    divide(folder, tmp_path / "divided")
    with pytest.raises(FolderError, match="holds a DividedTables"):
        ec.read_network(tmp_path / "divided")
    (folder / "stages").mkdir()
    network.stages.to_parquet(folder / "stages" / "0.parquet")
    with pytest.raises(FolderError, match=r"both stages\.csv and Parquet files in stages/"):
        divide(folder, tmp_path / "other")


def test_places_in_files_and_lines(tmp_path: Path) -> None:
    tables = chains(12)
    tables["stages"].loc[20, "lead_time"] = -1
    frames = tmp_path / "frames"
    (frames / "stages").mkdir(parents=True)
    tables["stages"].iloc[:18].to_parquet(frames / "stages" / "a.parquet")
    tables["stages"].iloc[18:].to_parquet(frames / "stages" / "b.parquet")
    for name in ("lanes", "demand"):
        tables[name].to_csv(frames / f"{name}.csv", index=False)
    (frames / "manifest.json").write_text(json.dumps(SETTINGS))
    (fault,) = divide(frames, tmp_path / "divided", stages_per_shard=6).faults()
    assert "row 21 (item 0006 @ shop), row 3 of stages/b.parquet: -1" in str(fault)
    (frames / "stages" / "a.parquet").unlink()
    (frames / "stages" / "b.parquet").unlink()
    tables["stages"].to_csv(frames / "stages.csv", index=False)
    (fault,) = divide(frames, tmp_path / "divided", stages_per_shard=6).faults()
    assert "line 22 of stages.csv" in str(fault)


def test_whole_numbers_are_names_and_an_empty_demand_is_none(tmp_path: Path) -> None:
    tables = chains(4)
    for name, columns in (("stages", ["item"]), ("lanes", ["from_item", "to_item"])):
        for column in columns:
            tables[name][column] = tables[name][column].str[-4:].astype(int)
    tables["demand"]["item"] = [str(number) for number in range(4)]
    divided = divide(tables, tmp_path / "a", stages_per_shard=3, settings=SETTINGS)
    divided.check()
    assert divided.shards[-1].read().demand["item"].tolist() == ["3"]
    tables["demand"] = tables["demand"].head(0)
    nobody = divide(tables, tmp_path / "b", stages_per_shard=3, settings=SETTINGS)
    assert [str(fault) for fault in nobody.faults()] == whole_faults(tables, **SETTINGS)
    written = ec.Network.from_tables(tables["stages"], tables["lanes"], **SETTINGS).write(
        tmp_path / "written"
    )
    divide(written, tmp_path / "c").check()


def test_a_shard_goes_to_other_processes_and_says_what_it_is(tmp_path: Path) -> None:
    divided = divide(chains(6), tmp_path, stages_per_shard=9, settings=SETTINGS)
    shard: Shard = pickle.loads(pickle.dumps(divided.shards[0]))
    assert shard == divided.shards[0]
    assert repr(shard).startswith("Shard 0 (")
    assert "18 stages, 12 lanes, 6 demand" in repr(divided)
    assert "<pre>" in divided._repr_html_()
    fitted = shard.frames()["demand"].assign(mean=7.0)
    assert set(shard.read(demand=fitted).demand["mean"]) == {7.0}
    (shard.folder / "stages.parquet").unlink()
    with pytest.raises(FolderError, match="divide anew"):
        shard.read()
