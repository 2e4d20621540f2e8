"""Linear algebra in one thread."""

import sys
import types

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_info

from echelon.execution.algebra import _libraries, algebra_in_one_thread


def threads():
    """Threads of every library of linear algebra that is loaded."""
    scipy.linalg.lu_factor(np.eye(2))
    return [
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    ]


def test_every_library_computes_in_one_thread_and_has_its_own_number_afterwards():
    before = threads()
    with algebra_in_one_thread():
        assert set(threads()) == {1}
    assert threads() == before


def test_a_function_that_is_marked_does_so_while_it_runs():
    assert set(algebra_in_one_thread()(threads)()) == {1}


def test_libraries_are_looked_for_anew_where_a_module_has_come(monkeypatch):
    before = _libraries(len(sys.modules))
    assert _libraries(len(sys.modules)) is before
    monkeypatch.setitem(sys.modules, "a_module_with_a_library", types.ModuleType("one"))
    assert _libraries(len(sys.modules)) is not before
