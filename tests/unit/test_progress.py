"""Progress of long work: silent, a bar, or the caller's own function."""

from __future__ import annotations

import subprocess
import sys

import pytest

from echelon import progress
from echelon.errors import DomainError
from echelon.progress import track


@pytest.fixture
def terminal(monkeypatch, capsys):
    """Call it to make standard error a terminal, and what it gives for what the screen shows."""

    def _terminal():
        # within the test: the runner changes standard error between set-up and test
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        return lambda: capsys.readouterr().err

    return _terminal


def test_a_function_hears_of_every_step():
    heard = []
    with track(lambda *told: heard.append(told), 5, "stages") as advance:
        for n in (1, 3, 1):
            advance(n)
    assert heard == [(1, 5, "stages"), (4, 5, "stages"), (5, 5, "stages")]


def test_what_is_no_way_of_showing_it_is_refused():
    with pytest.raises(DomainError, match="progress is 3"), track(3, 5, "stages"):
        pass


def test_two_functions_count_for_themselves():
    heard = []
    with (
        track(lambda done, *_: heard.append(("outer", done)), 2, "outer") as outer,
        track(lambda done, *_: heard.append(("inner", done)), 2, "inner") as inner,
    ):
        inner(1)
        outer(1)
        inner(1)
    assert heard == [("inner", 1), ("outer", 1), ("inner", 2)]


def test_a_function_that_objects_stops_the_work():
    def stop(_done: int, _total: int, _label: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), track(stop, 2, "stages") as advance:
        advance(1)


def test_false_is_silent_even_on_a_terminal(terminal):
    screen = terminal()
    with track(False, 2, "stages") as advance:
        advance(2)
    assert screen() == ""


def test_none_is_silent_where_nobody_watches(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    with track(None, 2, "stages") as advance:
        advance(2)
    assert capsys.readouterr() == ("", "")


def test_true_shows_a_bar_at_once(terminal):
    screen = terminal()
    with track(True, 4, "stages") as advance:
        advance(1)
        advance(3)
    shown = screen()
    assert "stages" in shown
    assert "0/4" in shown


def test_none_shows_nothing_of_short_work(terminal):
    screen = terminal()
    with track(None, 4, "stages") as advance:
        advance(4)
    assert screen() == ""


def test_none_shows_a_bar_once_patience_is_over(terminal, monkeypatch):
    screen = terminal()
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    with track(None, 4, "stages") as advance:
        advance(4)
    assert "stages" in screen()


def test_a_notebook_counts_as_someone_watching(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", object())
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    with track(None, 4, "stages") as advance:
        advance(4)
    assert "stages" in capsys.readouterr().err


def test_the_bar_is_loaded_only_when_one_is_shown():
    code = (
        "import sys; from echelon.progress import track\n"
        "with track(False, 1, 'x') as advance: advance(1)\n"
        "assert 'tqdm' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
