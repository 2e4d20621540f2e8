"""Whoever watches is told once that kernels are being compiled, and only where that takes long."""

from __future__ import annotations

import sys
import time

import pytest
from numba.core import event

from echelon.kernels import _first_use


@pytest.fixture
def compile_for(monkeypatch):
    """Give what pretends to compile so many seconds, where patience ends after 0.2 s in all."""
    monkeypatch.setattr(_first_use, "PATIENCE_SECONDS", 0.2)
    listener = _first_use._Patience()
    event.register("test", listener)

    def _compile_for(seconds, *, watched=True):
        # within the test: the runner changes standard error between set-up and test
        monkeypatch.setattr(sys.stderr, "isatty", lambda: watched)
        with event.trigger_event("test"), event.trigger_event("test"):
            time.sleep(seconds)

    yield _compile_for
    event.unregister("test", listener)


def test_long_compiling_is_told_of_once(compile_for, capsys):
    compile_for(1.0)
    compile_for(0.5)
    assert capsys.readouterr().err.count("compiles its kernels on first use") == 1


def test_many_short_ones_are_long_together(compile_for, capsys):
    for _ in range(8):
        compile_for(0.1)
    assert "compiles its kernels on first use" in capsys.readouterr().err


def test_nothing_is_said_of_what_is_compiled_at_once(compile_for, capsys):
    compile_for(0.0)
    time.sleep(0.4)
    assert capsys.readouterr().err == ""


def test_nothing_is_said_where_nobody_watches(compile_for, capsys):
    compile_for(0.5, watched=False)
    assert capsys.readouterr().err == ""
