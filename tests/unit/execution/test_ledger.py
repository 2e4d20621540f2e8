"""The ledger: what is finished is found again, and nothing that is not whole."""

from __future__ import annotations

import os
import pickle
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.errors import DomainError, FolderError
from echelon.execution import Ledger, digest_of, ledger


@pytest.fixture
def kept(tmp_path):
    return Ledger(tmp_path / "ledger")


KEY, OTHER = digest_of("a"), digest_of("b")


def test_what_is_written_is_read_with_its_bits(kept):
    value = {"level": np.array([0.1, np.nan, -0.0]), "none": None}
    kept.write(KEY, value, label="placing", seconds=1.5)
    entry = Ledger(kept.folder).read(KEY)
    assert entry.value["level"].tobytes() == value["level"].tobytes()
    assert (entry.label, entry.seconds) == ("placing", 1.5)
    assert KEY in kept
    assert OTHER not in kept
    assert kept.read(OTHER) is None


def test_none_is_a_value(kept):
    kept.write(KEY, None)
    assert kept.read(KEY).value is None


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_file_that_was_cut_short_or_altered_counts_as_absent(tmp_path_factory, data):
    kept = Ledger(tmp_path_factory.mktemp("ledger"))
    kept.write(KEY, list(range(50)), label="é")
    (path,) = kept.folder.iterdir()
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(whole[:at])
    else:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    assert kept.read(KEY) is None
    assert KEY not in kept
    assert kept.to_frame().empty
    path.write_bytes(whole)
    assert KEY in kept


def test_a_file_under_another_name_counts_as_absent(kept):
    kept.write(KEY, 1)
    (path,) = kept.folder.iterdir()
    path.rename(path.with_name(f"{OTHER}.shard"))
    assert OTHER not in kept


def test_what_was_made_with_something_else_is_not_read(kept, monkeypatch):
    kept.write(KEY, 1)
    monkeypatch.setattr(ledger, "made_with", lambda: "numpy 0.0.0")
    other = Ledger(kept.folder)
    assert KEY not in other
    assert other.read(KEY) is None


def test_workers_write_for_the_process_that_has_opened_it(kept, monkeypatch):
    """The source may be edited between the starts of two processes of one run."""
    monkeypatch.setattr(ledger, "made_with", lambda: "numpy 0.0.0")
    pickle.loads(pickle.dumps(kept)).write(KEY, 1)
    assert kept.read(KEY).value == 1


class Gone:
    pass


def test_a_class_that_is_gone_counts_as_absent(kept, monkeypatch):
    kept.write(KEY, Gone())
    monkeypatch.delitem(globals(), "Gone")
    assert kept.read(KEY) is None


def test_counts_and_lists(kept):
    kept.write(KEY, 1, label="one")
    kept.write(OTHER, 2, label="two")
    assert kept.finished == 2
    assert kept.keys() == sorted([KEY, OTHER])
    assert kept.size_bytes == sum(path.stat().st_size for path in kept.folder.iterdir())
    frame = kept.to_frame()
    assert list(frame.columns) == ["key", "label", "seconds", "bytes", "version", "written"]
    assert set(frame["label"]) == {"one", "two"}
    assert "2 finished shards" in repr(kept)
    assert kept.prune([KEY]) == 1
    assert kept.keys() == [KEY]
    assert kept.clear() == 1
    assert kept.to_frame().empty
    assert "0 finished shards" in repr(kept)


def test_a_ledger_travels_and_is_opened_once(kept):
    kept.write(KEY, 1)
    assert pickle.loads(pickle.dumps(kept)).read(KEY).value == 1
    assert Ledger.of(kept) is kept
    assert Ledger.of(None) is None
    assert Ledger.of(str(kept.folder)) == kept
    with pytest.raises(DomainError, match=r"ledger is a int. Fix: give a folder"):
        Ledger.of(3)


def test_a_key_is_hexadecimal(kept):
    with pytest.raises(DomainError, match="is not hexadecimal"):
        kept.write("../elsewhere", 1)


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match=r"cannot keep a ledger in .* Fix: choose another folder"):
        Ledger(tmp_path / "file" / "ledger")


def test_a_folder_that_is_gone(kept):
    kept.folder.rmdir()
    with pytest.raises(FolderError, match=r"cannot write .* Fix: make room there"):
        kept.write(KEY, 1)


def test_what_a_killed_run_was_writing_is_cleared_away_after_an_hour(kept):
    old, new = (kept.folder / f".{KEY}.shard.{name}" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 4_000.0,) * 2)
    assert Ledger(kept.folder).keys() == []
    assert not old.exists()
    assert new.exists()


def test_a_folder_of_the_name_of_a_shard_is_told_and_the_rest_removed(kept):
    for name in ("ab", "cd"):
        (kept.folder / f"{name}.shard").mkdir()
    kept.write(KEY, 1)
    told = r"ab\.shard: it is a folder; cd\.shard: it is a folder\. Fix: remove them by hand"
    with pytest.raises(FolderError, match=told):
        kept.clear()
    assert KEY not in kept
    assert kept.prune(["ab", "cd"]) == 0


def test_a_value_that_cannot_be_pickled_leaves_nothing(kept):
    with pytest.raises(Exception, match="pickle"):
        kept.write(KEY, threading.Lock())
    assert list(kept.folder.iterdir()) == []


def test_many_may_write_and_read_at_once(kept):
    """What is there at any time is whole."""
    wrong = []

    def write():
        for _ in range(20):
            kept.write(KEY, list(range(2_000)))

    def read():
        for _ in range(60):
            entry = kept.read(KEY)
            if entry is not None and entry.value != list(range(2_000)):
                wrong.append(entry)

    threads = [threading.Thread(target=what) for what in (write, write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert [path.name for path in kept.folder.iterdir()] == [f"{KEY}.shard"]
