"""Reading Willems' chains: no row is lost, no oddity is hidden."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from echelon.errors import DataWarning, DomainError, FolderError, TableError, UnknownNameError
from echelon.io.willems import read_willems

STAGES = pd.DataFrame(
    {
        "chain": 3,
        "stage": ["Part_0001", "Part_0002", "Manuf_0001", "NA"],
        "relDepth": [2, 2, 1, 0],
        "class": ["Part", "Part", "Manuf", "Retail"],
        "cost": [10.0, 0.0, 5.5, 1.0],
        "avgDemand": [None, None, None, 12.0],
        "stdDevDemand": [None, None, None, 3.0],
        "maxServiceTime": [None, None, None, 2.0],
        "serviceLevel": [None, None, None, 0.95],
        "stageTime": [28.0, 6.5, 3.0, 0.0],
        "stdDevStageTime": [11.224972, 2.0, None, None],
        "stageTime_1": [20.0, None, None, None],
        "stageTime_%_1": [0.4, None, None, None],
        "stageTime_2": [25.0, None, None, None],
        "stageTime_%_2": [0.4, None, None, None],
        "stageTime_3": [50.0, None, None, None],
        "stageTime_%_3": [0.2, None, None, None],
        "xPosition": 0,
        "yPosition": 0,
    }
)
ARCS = pd.DataFrame(
    {
        "chain": 3,
        "source": ["Part_0001", "Part_0002", "Manuf_0001"],
        "dest": ["Manuf_0001", "Manuf_0001", "NA"],
    }
)
JOURNAL = {
    "stage": "Stage Name",
    "class": "stageClassification",
    "cost": "stageCost",
    "stdDevStageTime": "stdDev stageTime",
    "source": "sourceStage",
    "dest": "destinationStage",
}
"""What the journal's workbook calls the columns."""


@pytest.fixture
def write(tmp_path):
    """Write a folder with the chain; keyword arguments replace whole columns of stages."""

    def _write(arcs: pd.DataFrame = ARCS, **columns: object) -> Path:
        STAGES.assign(**columns).to_csv(tmp_path / "stages.csv", index=False)
        arcs.to_csv(tmp_path / "arcs.csv", index=False)
        return tmp_path

    return _write


def sheets() -> tuple[pd.DataFrame, pd.DataFrame]:
    stages, arcs = (frame.drop(columns="chain").rename(columns=JOURNAL) for frame in (STAGES, ARCS))
    return stages, arcs


def odd(place: Path, chain: int = 3, **options) -> list[str]:
    """Read, and give what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("error")
        warnings.simplefilter("always", DataWarning)
        warnings.simplefilter("ignore", ResourceWarning)  # of other tests, at some collection
        read_willems(place, chain, **options)
    return [str(warning.message) for warning in caught]


def test_columns_become_what_they_mean(write):
    network = read_willems(write(), 3)
    assert (network.period, network.periods_per_year) == ("day", 365.0)
    assert (network.holding_rate, network.name) == (0.35, "Willems chain 3")
    stages = network.stages
    assert stages["item"].tolist() == ["Part_0001", "Part_0002", "Manuf_0001", "NA"]
    assert set(stages["location"]) == {"chain 3"}
    assert stages["added_cost"].tolist() == [10.0, 0.0, 5.5, 1.0]
    assert stages["unit_cost"].tolist() == [10.0, 0.0, 15.5, 16.5]
    assert stages["holding_cost"].iloc[3] == pytest.approx(0.35 * 16.5 / 365.0, rel=1e-15)
    assert stages["lead_time"].tolist() == [28.0, 6.5, 3.0, 0.0]
    assert stages["lead_time_std"].tolist() == [0.0] * 4
    assert stages["max_service_time"].tolist() == [np.inf, np.inf, np.inf, 2.0]
    assert stages["service_level"].dropna().tolist() == [0.95]
    demand = network.demand.iloc[0]
    assert demand[["item", "family", "mean", "std"]].tolist() == ["NA", "normal", 12.0, 3.0]
    assert network.lanes["units_required"].tolist() == [1.0] * 3
    assert network.lanes["from_item"].tolist() == ARCS["source"].tolist()


def test_random_stage_times_carry_their_deviation(write):
    """As in the file; a blank deviation is a stage time without variation."""
    stages = read_willems(write(), 3, stage_times="random").stages
    assert stages["lead_time"].tolist() == [28.0, 6.5, 3.0, 0.0]
    assert stages["lead_time_std"].tolist() == [11.224972, 2.0, 0.0, 0.0]


def test_stage_times_as_distributions_where_the_data_have_them(write):
    """Their own mean and deviation; two moments where there is a deviation alone."""
    network = read_willems(write(), 3, stage_times="distribution")
    stages = network.stages
    assert stages["lead_time"].tolist() == [28.0, 6.5, 3.0, 0.0]
    (law,) = [one for one in network.lead_time_distributions if one is not None]
    assert law is network.lead_time_distributions[0]
    assert law.parameters() == {"values": [20.0, 25.0, 50.0], "probabilities": [0.4, 0.4, 0.2]}
    assert stages["lead_time_std"].tolist() == pytest.approx([law.std, 2.0, 0.0, 0.0])
    assert (stages["lead_time_family"] == "").tolist() == [False, True, True, True]


def test_a_distribution_that_does_not_add_up_to_1_is_left_to_two_moments(write):
    place = write(**{"stageTime_%_3": [0.1, None, None, None]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # another test says of what
        network = read_willems(place, 3, stage_times="distribution")
    assert all(law is None for law in network.lead_time_distributions)
    assert network.stages["lead_time_std"].iloc[0] == 11.224972


def test_largest_stage_times_come_from_the_distribution_or_say_so(write):
    """20, 25 or 50 days: 50. For 6.5 days with deviation 2 there is no largest: 6.5 + 3 x 2."""
    with pytest.warns(
        DataWarning, match=r"1 with a deviation but no largest.*mean \+ 3.*Part_0002"
    ):
        network = read_willems(write(), 3, stage_times="max")
    assert network.stages["lead_time"].tolist() == [50.0, 12.5, 3.0, 0.0]
    assert network.stages["lead_time_std"].tolist() == [0.0] * 4
    with pytest.warns(DataWarning, match=r"mean \+ 1.5 deviations"):
        network = read_willems(write(), 3, stage_times="max", deviations=1.5)
    assert network.stages["lead_time"].tolist() == [50.0, 9.5, 3.0, 0.0]


def test_a_value_of_no_probability_is_not_the_largest(write):
    place = write(**{"stageTime_%_1": [0.5, *[None] * 3], "stageTime_%_2": [0.5, *[None] * 3],
                     "stageTime_%_3": [0.0, *[None] * 3], "stageTime": [22.5, 6.5, 3.0, 0.0],
                     "stdDevStageTime": [2.5, None, None, None]})  # fmt: skip
    assert read_willems(place, 3, stage_times="max").stages["lead_time"].iloc[0] == 25.0


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"class": ["Parts", "Part", "Manuf", "Retail"]}, r"1 with a class other.*\(Parts\)"),
        ({"relDepth": [1, 2, 1, 0]}, r"1 with an arc.*Part_0001 -> Manuf_0001"),
        ({"stdDevDemand": [None, None, None, 0.0]}, "1 with demand of standard deviation 0.*NA"),
        (
            {"avgDemand": [None, None, None, 0.0], "stdDevDemand": [None, None, None, 1.0]},
            "1 with a mean demand of 0",
        ),
        ({"serviceLevel": None}, "1 with customers but no serviceLevel: NA"),
        ({"maxServiceTime": None}, "1 with customers but no maxServiceTime"),
        ({"stageTime_%_3": [0.1, None, None, None]}, "1 with .* do not add up to 1: Part_0001"),
        ({"stageTime": [40.0, 6.5, 3.0, 0.0]}, r"1 with .* mean differs.*\(28 against 40\)"),
        ({"stdDevStageTime": [5.0, 2.0, None, None]}, r"deviation differs.*\(11.22 against 5\)"),
    ],
)
@pytest.mark.filterwarnings("ignore::echelon.errors.DataWarning")  # what follows from the first
def test_each_oddity_is_reported_and_left_as_it_is(write, columns, told):
    place = write(**columns)
    with pytest.warns(DataWarning, match=f"Willems chain 3: {told}" if told[0] == "1" else told):
        network = read_willems(place, 3)
    assert (network.n_stages, network.n_lanes, len(network.demand)) == (4, 3, 1)
    wanted = columns.get("stageTime", STAGES["stageTime"].tolist())
    assert network.stages["lead_time"].tolist() == list(wanted)


def test_moments_that_differ_from_the_distribution_in_use_are_not_the_ones_used(write):
    place = write(stageTime=[40.0, 6.5, 3.0, 0.0])
    assert "(28 against 40)" in odd(place)[0]
    assert "from stageTime, which is used" in odd(place)[0]
    told = odd(place, stage_times="distribution")
    assert "from stageTime, and is used" in told[0]


def test_clean_data_warn_of_nothing(write):
    assert odd(write()) == []


def test_demand_without_variation_is_known(write):
    place = write(stdDevDemand=[None, None, None, 0.0])
    with pytest.warns(DataWarning):
        network = read_willems(place, 3)
    assert network.demand[["family", "std"]].iloc[0].tolist() == ["deterministic", 0.0]


def test_one_moment_alone_is_a_fault_not_a_default(write):
    with pytest.raises(TableError, match=r"demand\.std"):
        read_willems(write(stdDevDemand=None), 3)
    with pytest.raises(TableError, match=r"demand\.mean"):
        read_willems(write(avgDemand=None), 3)


def test_a_blank_stage_time_is_a_fault_not_zero(write):
    with pytest.raises(TableError, match=r"stages\.lead_time: .*Part_0002"):
        read_willems(write(stageTime=[28.0, None, 3.0, 0.0]), 3)


def test_text_in_number_columns_is_found_in_every_column_at_once(write):
    place = write(cost=["10", "ten", "5.5", "1"], stageTime=["28", "6", "three", "none"])
    with pytest.raises(TableError) as caught:
        read_willems(place, 3)
    told = {(fault.column, fault.row, fault.value, fault.count) for fault in caught.value.faults}
    assert told == {("cost", 2, "ten", 1), ("stageTime", 3, "three", 2)}


def test_missing_columns_are_named_all_at_once(write):
    place = write()
    STAGES.drop(columns=["cost", "stageTime", "stageTime_%_2"]).to_csv(
        place / "stages.csv", index=False
    )
    with pytest.raises(TableError) as caught:
        read_willems(place, 3)
    assert {fault.column for fault in caught.value.faults} == {"cost", "stageTime", "stageTime_%_2"}


def test_unknown_chain_lists_those_there(write):
    place = write(chain=[3, 3, 3, 7])
    with pytest.raises(DomainError, match=r"chain 39 is not in .* choose one of 3, 7"):
        read_willems(place, 39)


def test_a_chain_column_that_counts_nothing(write):
    with pytest.raises(TableError, match=r"stages\.chain: must be a whole number; row 2: 'three'"):
        read_willems(write(chain=["3", "three", "3", "3"]), 3)
    place = write()
    STAGES.drop(columns="chain").to_csv(place / "stages.csv", index=False)
    with pytest.raises(TableError, match=r"stages\.chain: the column is missing"):
        read_willems(place, 3)


@pytest.mark.parametrize("chain", [True, "3", 3.0])
def test_the_chain_is_a_whole_number(write, chain):
    with pytest.raises(DomainError, match="not a whole number"):
        read_willems(write(), chain)


def test_other_words_for_stage_times(write):
    with pytest.raises(UnknownNameError, match="Did you mean 'max'"):
        read_willems(write(), 3, stage_times="maxx")
    with pytest.raises(DomainError, match="deviations"):
        read_willems(write(), 3, stage_times="max", deviations=-1.0)


def test_sheets_saved_as_csv(write, tmp_path):
    wanted = read_willems(write(), 3, stage_times="random")
    folder = tmp_path / "sheets"
    folder.mkdir()
    for name, frame in zip(("03_SD", "03_LL"), sheets(), strict=True):
        frame.to_csv(folder / f"{name}.csv", index=False)
    assert read_willems(folder, 3, stage_times="random").equals(wanted)
    with pytest.raises(DomainError, match="choose one of 3"):
        read_willems(folder, 4)


@pytest.mark.parametrize("of_folder", [False, True])
def test_the_journals_workbook(write, tmp_path, of_folder):
    """Two sheets per chain, other column names, and rows formatted but never filled."""
    wanted = read_willems(write(), 3, stage_times="random")
    folder = tmp_path / "journal"
    folder.mkdir()
    book = folder / "Data Set in Excel.xlsx"
    stages, arcs = sheets()
    with pd.ExcelWriter(book, engine="openpyxl") as writer:
        pd.concat([stages, stages.iloc[:0].reindex([0, 1])]).to_excel(
            writer, sheet_name="03_SD", index=False
        )
        arcs.to_excel(writer, sheet_name="03_LL", index=False)
        arcs.to_excel(writer, sheet_name="04_LL", index=False)  # no stages: not a chain
    assert read_willems(folder if of_folder else book, 3, stage_times="random").equals(wanted)
    with pytest.raises(DomainError, match="choose one of 3"):
        read_willems(book, 4)


@pytest.mark.parametrize(("suffix", "package"), [("xls", "xlrd"), ("xlsx", "openpyxl")])
def test_a_missing_excel_reader_is_named(tmp_path, monkeypatch, suffix, package):
    book = tmp_path / f"chains.{suffix}"
    book.write_bytes(
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2048) if suffix == "xls" else _empty_workbook()
    )
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(FolderError, match=rf"needs the package '{package}'.*echelon\[excel\]"):
        read_willems(book, 1)


def _empty_workbook() -> bytes:
    """Just enough of a zip archive to be taken for a workbook."""
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "")
    return buffer.getvalue()


def test_places_without_chains(tmp_path):
    for place in (tmp_path, tmp_path / "absent", tmp_path / "chains.xlsx"):
        with pytest.raises(FolderError, match="holds no chains"):
            read_willems(place, 1)
    (tmp_path / "chains.xlsx").write_text("no workbook")
    with pytest.raises(FolderError, match="cannot read"):
        read_willems(tmp_path / "chains.xlsx", 1)


def test_a_file_that_is_no_table(tmp_path):
    for name in ("stages", "arcs"):
        (tmp_path / f"{name}.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FolderError, match="cannot read"):
        read_willems(tmp_path, 1)


@pytest.fixture(scope="module")
def chains(shared_data) -> Path:
    return shared_data / "willems"


@pytest.fixture(scope="module")
def rows(chains) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both files by plain pandas, the count to compare with."""
    return pd.read_csv(chains / "stages.csv"), pd.read_csv(chains / "arcs.csv")


@pytest.mark.parametrize("chain", range(1, 39))
def test_no_row_of_the_38_chains_is_lost(chains, rows, chain):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        network = read_willems(chains, chain)
    stages, arcs = (frame[frame["chain"] == chain] for frame in rows)
    customers = stages[stages["avgDemand"].notna()]
    assert network.stages["item"].tolist() == stages["stage"].tolist()
    assert network.stages["lead_time"].tolist() == stages["stageTime"].tolist()
    assert network.stages["added_cost"].tolist() == stages["cost"].tolist()
    assert network.lanes["from_item"].tolist() == arcs["source"].tolist()
    assert network.lanes["to_item"].tolist() == arcs["dest"].tolist()
    assert network.demand["item"].tolist() == customers["stage"].tolist()
    assert network.demand["mean"].sum() == pytest.approx(customers["avgDemand"].sum(), rel=1e-12)
    assert (network.demand["std"] == customers["stdDevDemand"].to_numpy()).all()
    assert network.n_components == 1


def test_all_chains_together_are_the_whole_of_the_data(rows):
    """15,872 stages and 43,589 arcs, as Willems (2008) publishes them."""
    stages, arcs = rows
    assert (stages["chain"].nunique(), len(stages), len(arcs)) == (38, 15872, 43589)


def test_the_known_oddities_are_reported_where_they_are(chains):
    """The notes on the data list them: class, depth, known demand and one stage time."""
    found = {chain: odd(chains, chain) for chain in range(1, 39)}
    assert [c for c in found if any("a class other" in told for told in found[c])] == [19]
    backward = {c: told for c in found for told in found[c] if "with an arc" in told}
    assert {c: int(told.split(": ")[1].split()[0]) for c, told in backward.items()} == {
        19: 3,
        23: 2,
        24: 1,
    }
    known = {c: told for c in found for told in found[c] if "standard deviation 0" in told}
    assert {c: int(told.split(": ")[1].split()[0]) for c, told in known.items()} == {
        22: 11,
        24: 1,
        33: 122,
    }
    assert [c for c in found if any("mean differs" in told for told in found[c])] == [8]
    assert any("Part_0001 (23 against 42.5)" in told for told in found[8])
    kinds = Counter(told.split(" with ")[1].split(":")[0] for c in found for told in found[c])
    assert len(kinds) == 6  # the five above and the 122 mean demands of 0 in chain 33
    assert len(found[33]) == 2


def test_chains_with_known_stage_times_are_these(chains):
    """Eleven of them, by the notes on the data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        known = [
            chain
            for chain in range(1, 39)
            if not read_willems(chains, chain, stage_times="random").stages["lead_time_std"].any()
        ]
    assert known == [2, 4, 13, 17, 18, 19, 23, 25, 27, 34, 35]


def test_chain_1_at_its_largest(chains, shared_oracles):
    """Humair et al. (2013): pipeline of chain 1 is 36,584 - 1,054 units at the largest times."""
    network = read_willems(chains, 1, stage_times="max")
    stages = network.stages.set_index("item")
    total = {"Retail_0001": 253.0, "Retail_0002": 45.0, "Retail_0003": 75.0}
    assert network.demand.set_index("item")["mean"].to_dict() == total
    # every part and assembly serves end items along single paths: demand adds up along the arcs
    demand = dict.fromkeys(stages.index, 0.0) | total
    order = ["Manuf", "Part"]
    for kind in order:
        for lane in network.lanes.itertuples():
            if lane.from_item.startswith(kind):
                demand[lane.from_item] += demand[lane.to_item]
    pipeline = sum(demand[item] * stages.loc[item, "lead_time"] for item in stages.index)
    assert pipeline == pytest.approx(36584.0 - 1054.0, abs=1.0)
    assert shared_oracles.is_dir()


def test_a_copy_of_one_chain_reads_the_same(chains, tmp_path):
    """The layouts agree on real rows: chain 1 through the journal's sheets."""
    stages, arcs = (pd.read_csv(chains / f"{name}.csv") for name in ("stages", "arcs"))
    for name, frame in (("01_SD", stages), ("01_LL", arcs)):
        own = frame[frame["chain"] == 1].drop(columns="chain").rename(columns=JOURNAL)
        own.to_csv(tmp_path / f"{name}.csv", index=False)
    wanted = read_willems(chains, 1, stage_times="random")
    assert read_willems(tmp_path, 1, stage_times="random").equals(wanted)
