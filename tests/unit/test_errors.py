"""Messages a person can act on: where, what, which value, what to do."""

from __future__ import annotations

import inspect
import pickle

import pytest

from echelon import errors
from echelon.errors import (
    DataWarning,
    DomainError,
    EchelonError,
    Fault,
    FolderError,
    InfeasibleError,
    SolverError,
    TableError,
    UnknownNameError,
)

NEGATIVE = Fault(
    "stages", "lead_time", 3, -2.0, "must be >= 0 [period]", "give the time", key="bolt @ plant"
)


def test_one_class_catches_every_error_of_the_library():
    raised = [
        cls
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, Exception) and not issubclass(cls, Warning)
    ]
    assert {DomainError, FolderError, InfeasibleError, SolverError, TableError} <= set(raised)
    assert all(issubclass(cls, EchelonError) for cls in raised)


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (DomainError, ValueError),
        (TableError, ValueError),
        (UnknownNameError, KeyError),
        (FolderError, OSError),
        (SolverError, RuntimeError),
        (DataWarning, UserWarning),
    ],
)
def test_those_who_catch_the_builtin_catch_ours(cls, builtin):
    assert issubclass(cls, builtin)


def test_a_fault_names_place_value_and_remedy():
    assert str(NEGATIVE) == (
        "stages.lead_time: must be >= 0 [period]; row 3 (bolt @ plant): -2.0. Fix: give the time."
    )


def test_a_fault_of_many_rows_counts_them():
    fault = Fault("lanes", "lead_time", 2, "x", "must be a number", "write a number", count=5)
    assert str(fault) == (
        "lanes.lead_time: must be a number; 5 rows, first at row 2: 'x'. Fix: write a number."
    )


def test_a_fault_of_a_whole_table_names_no_row():
    assert str(Fault("stages", "", 0, None, "has no row", "add one")) == (
        "stages: has no row. Fix: add one."
    )
    assert str(Fault("network", "period", 0, "weak", "is unknown", "write 'week'")) == (
        "network.period: is unknown; found 'weak'. Fix: write 'week'."
    )


def test_a_table_error_lists_every_fault_with_a_number():
    other = Fault("lanes", "", 0, None, "form a cycle", "remove a lane")
    error = TableError([NEGATIVE, other])
    assert error.faults == (NEGATIVE, other)
    first, *lines = str(error).splitlines()
    assert first == "2 faults in the tables:"
    assert lines == [f"  1. {NEGATIVE}", f"  2. {other}"]
    assert str(TableError([other])).startswith("1 fault in the tables:")


def test_an_unknown_name_offers_the_nearest_and_all():
    error = UnknownNameError("colour", "gren", ["red", "green", "blue"])
    assert str(error) == "unknown colour 'gren'. Did you mean 'green'? Known: blue, green, red."
    assert error.known == ["blue", "green", "red"]


def test_an_unknown_name_far_from_all_offers_no_guess():
    assert str(UnknownNameError("colour", 17, ["red"])) == "unknown colour 17. Known: red."


def test_a_table_error_survives_the_way_back_from_a_worker():
    copy = pickle.loads(pickle.dumps(TableError([NEGATIVE])))
    assert str(copy) == str(TableError([NEGATIVE]))
    assert copy.faults == (NEGATIVE,)


def test_an_unknown_name_survives_the_way_back_from_a_worker():
    error = UnknownNameError("colour", "gren", ["red", "green"])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
