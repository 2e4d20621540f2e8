"""CSV files as people save them: what is wrong is said, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from echelon.errors import FolderError
from echelon.io.frames import frame_path, lines_of, read_frame

ROWS = "item,location\nNuß,Köln\n"


def file(folder: Path, written: bytes) -> Path:
    path = folder / "stages.csv"
    path.write_bytes(written)
    return path


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b"", r"it is empty\. Fix: write a header"),
        (b"\xef\xbb\xbf\r\n \r\n", r"it is empty\. Fix: write a header"),
        (b"item;location;lead_time\na;x;2,5\n", r"separated by semicolons\. Fix: .* sep=';'"),
        (b"item\tlocation\na\tx\n", r"separated by tabs\. Fix: .* sep='\\t'"),
        (ROWS.encode("latin-1"), r"not UTF-8 text in line 2\. Fix: save it as CSV UTF-8"),
        (ROWS.encode("utf-16"), r"not UTF-8 text\. Fix: save it as CSV UTF-8"),
        ("item,location\na,b\n".encode("utf-16-le"), r"not UTF-8 text\. Fix: save it as CSV UTF-8"),
        (b"item,location\na,x\nb,y, z\n", r"line 3, saw 3\. Fix: put quotes around"),
        (b"item,location\na,x,\nb,y,\n", r"more cells than its header\. Fix: name every column"),
    ],
    ids=["empty", "blank", "semicolons", "tabs", "latin-1", "utf-16", "utf-16 bare", "long", "all"],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, written: bytes, told: str):
    with pytest.raises(FolderError, match=told) as caught:
        read_frame(file(tmp_path, written))
    assert str(tmp_path / "stages.csv") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf_8_with_and_without_a_mark(tmp_path: Path, encoding: str):
    frame = read_frame(file(tmp_path, ROWS.encode(encoding)))
    assert frame.to_dict("list") == {"item": ["Nuß"], "location": ["Köln"]}


def test_a_long_column_is_read_as_one(tmp_path: Path):
    """Pandas would read the pieces before and after the one text by themselves, and warn."""
    cells = ["1"] * 300_000 + ["x"] + ["2"] * 300_000
    frame = read_frame(file(tmp_path, "\n".join(["a", *cells, ""]).encode()))
    assert {type(cell) for cell in frame["a"]} == {str}


def test_lines_of_rows(tmp_path: Path):
    path = file(tmp_path, b'\xef\xbb\xbfa,b\r\n1,2\r\n\r\n"two\r\nlines",3\r\n   \r\n4,\r\n,\r\n')
    assert lines_of(path) == [2, 4, 7, 8]
    assert len(read_frame(path)) == 4


def test_lines_of_a_file_with_a_very_long_cell(tmp_path: Path):
    path = file(tmp_path, b"a,b\n" + b"x" * 200_000 + b",1\n")
    assert lines_of(path) == []
    assert len(read_frame(path)) == 1


def test_the_listed_one_of_two_files_is_meant(tmp_path: Path):
    assert frame_path(tmp_path, "plan") is None
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "plan.parquet")
    (tmp_path / "plan.csv").write_text("a\n1\n")
    for name in ("plan.csv", "plan.parquet"):
        assert frame_path(tmp_path, "plan", listed=(name,)) == tmp_path / name
    for listed in ((), ("plan.csv", "plan.parquet")):
        with pytest.raises(FolderError, match=r"holds both plan\.csv and plan\.parquet"):
            frame_path(tmp_path, "plan", listed=listed)
