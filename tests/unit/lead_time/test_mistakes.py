"""Malformed shipment files: each answers with table, column, row, value and what to do."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from echelon.errors import DomainError, TableError, UnknownNameError
from echelon.lead_time import fit_lead_time

SOUND = """\
line,vendor,mode,ordered,promised,delivered
1,Acme,air,2024-01-01,2024-01-20,2024-01-15
2,Acme,air,2024-01-05,2024-01-25,2024-01-21
3,Bolt,sea,2024-01-02,2024-03-01,2024-03-10
4,Bolt,sea,2024-02-02,2024-04-01,2024-03-30
"""


@dataclass
class Case:
    """A file, how it is read, and every fault it must answer with."""

    name: str
    text: str
    faults: list[str]
    reading: dict[str, Any] = field(default_factory=dict)


def sound_but(old: str, new: str) -> str:
    assert old in SOUND
    return SOUND.replace(old, new, 1)


CASES = [
    Case(
        "the date of delivery under another name",
        sound_but("delivered", "Delivered Date"),
        [
            "shipments.Delivered Date: is not a column of this table; found 'Delivered Date'. "
            "Fix: rename it to 'delivered'.",
            "shipments.delivered: the column is missing. Fix: add it: day of delivery.",
        ],
    ),
    Case(
        "no column to make models by",
        sound_but("mode", "currency"),
        [
            "shipments.currency: is not a column of this table; found 'currency'. Fix: drop it, "
            "or use one of line, shipment, item, from_location, to_location, vendor, site, mode, "
            "ordered, made, released, promised, delivered.",
            "shipments.mode: the column is missing, and models are to be made by it. "
            "Fix: fill it in, or take it out of by.",
        ],
    ),
    Case(
        "a header and nothing else",
        SOUND.splitlines()[0] + "\n",
        ["shipments: the table has no rows. Fix: give at least one row."],
    ),
    Case(
        "a second date format",
        sound_but("2024-01-21", "21.01.2024"),
        [
            "shipments.delivered: no format of '%Y-%m-%d' reads it; row 2: '21.01.2024'. "
            "Fix: add '%d.%m.%Y' to formats, whichever is meant."
        ],
    ),
    Case(
        "day and month in either order",
        sound_but("2024-01-05", "05/01/2024"),
        [
            "shipments.ordered: '05/01/2024' is 2024-01-05 by '%d/%m/%Y' and 2024-05-01 by "
            "'%m/%d/%Y'; row 2: '05/01/2024'. Fix: leave out the format that this column is not "
            "written in, or convert the column first."
        ],
        {"formats": ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y")},
    ),
    Case(
        "words where a date should be",
        sound_but("2024-03-10", "lost at sea"),
        [
            "shipments.delivered: no format of '%Y-%m-%d' reads it; row 3: 'lost at sea'. "
            "Fix: add 'lost at sea' to missing if it stands for no date."
        ],
    ),
    Case(
        "a day that the calendar lacks",
        sound_but("2024-02-02", "2024-02-30"),
        [
            "shipments.ordered: no format of '%Y-%m-%d' reads it; row 4: '2024-02-30'. "
            "Fix: correct the date, or add its format to formats."
        ],
    ),
    Case(
        "a spreadsheet's day number",
        sound_but("2024-01-15", "45306"),
        [
            "shipments.delivered: no format of '%Y-%m-%d' reads it; row 1: '45306'. "
            "Fix: a spreadsheet's day number: save the column as dates, or convert it, "
            "pd.to_datetime(column.astype(float), unit='D', origin='1899-12-30')."
        ],
    ),
    Case(
        "a blank before a date",
        sound_but("2024-01-15", " 2024-01-15"),
        [
            "shipments.delivered: no format of '%Y-%m-%d' reads it; row 1: ' 2024-01-15'. "
            "Fix: write '2024-01-15'."
        ],
    ),
    Case(
        "a vendor with white space around its name",
        sound_but("2,Acme", "2,Acme "),
        ["shipments.vendor: has white space around it; row 2: 'Acme '. Fix: write 'Acme'."],
    ),
    Case(
        "one line number for two lines",
        sound_but("4,Bolt", "3,Bolt"),
        [
            "shipments.line: must name one row only, but an earlier row has the same name and "
            "other contents; row 4: '3'. Fix: correct the row that is wrong, or number the lines "
            "anew."
        ],
    ),
    Case(
        "every delivery before its order",
        "vendor,mode,ordered,delivered\nA,air,2024-02-01,2024-01-01\nA,air,2024-03-01,2024-01-01\n",
        [
            "shipments.delivered: no row is left to fit: 2 with delivered before ordered. "
            "Fix: correct the rows, the formats or credible_days."
        ],
    ),
    Case(
        "nothing delivered yet",
        "vendor,mode,ordered,delivered\nA,air,2024-02-01,\nA,,2024-03-01,2024-03-09\n",
        [
            "shipments.delivered: no row is left to fit: 1 with delivered is blank, "
            "1 with mode is blank. Fix: correct the rows, the formats or credible_days."
        ],
    ),
    Case(
        "a column of names that is empty throughout",
        "vendor,mode,ordered,delivered\n,air,2024-02-01,2024-02-09\n",
        [
            "shipments.delivered: no row is left to fit: 1 with vendor is blank. "
            "Fix: correct the rows, the formats or credible_days."
        ],
    ),
    Case(
        "a date twice in the header",
        sound_but("promised", "ordered"),
        [
            "shipments.ordered: the header has this name 2 times, in columns [4, 5]; "
            "found 'ordered'. Fix: keep one of them."
        ],
    ),
    Case(
        "a moment where a day is meant",
        sound_but("2024-01-15", "2024-01-15 23:59:00"),
        [
            "shipments.delivered: no format of '%Y-%m-%d' reads it; row 1: '2024-01-15 23:59:00'. "
            "Fix: add '%Y-%m-%d %H:%M:%S' to formats, whichever is meant."
        ],
    ),
    Case(
        "a moment with a time zone",
        sound_but("2024-01-15", "2024-01-15T23:59:00+02:00"),
        [
            "shipments.delivered: no format of '%Y-%m-%d' reads it; "
            "row 1: '2024-01-15T23:59:00+02:00'. Fix: it has a time zone: "
            "pd.to_datetime(column, utc=True), and say which calendar counts: "
            ".dt.tz_convert(...).dt.tz_localize(None)."
        ],
    ),
    Case(
        "a word for no date that nobody named",
        sound_but("2024-03-10", "N/A"),
        [
            "shipments.delivered: no format of '%Y-%m-%d' reads it; row 3: 'N/A'. "
            "Fix: add 'N/A' to missing if it stands for no date."
        ],
    ),
    Case(
        "a year of two digits",
        sound_but("2024-01-15", "15.01.24"),
        [
            "shipments.delivered: no format of '%Y-%m-%d' reads it; row 1: '15.01.24'. "
            "Fix: add '%d.%m.%y' to formats, whichever is meant."
        ],
    ),
    Case(
        "a vendor twice in the header",
        sound_but("mode", "vendor"),
        [
            "shipments.vendor: the header has this name 2 times, in columns [2, 3]; "
            "found 'vendor'. Fix: keep one of them.",
            "shipments.mode: the column is missing, and models are to be made by it. "
            "Fix: fill it in, or take it out of by.",
        ],
    ),
    Case(
        "names of white space throughout",
        "vendor,mode,ordered,delivered\n  ,air,2024-02-01,2024-02-09\n",
        [
            "shipments.delivered: no row is left to fit: 1 with vendor is blank. "
            "Fix: correct the rows, the formats or credible_days."
        ],
    ),
    Case(
        "a file of open orders, forgotten for years",
        "vendor,mode,ordered,delivered\nA,air,2004-02-01,\nA,air,2024-03-01,\n",
        [
            "shipments.delivered: no row is left to fit: 1 with open at as_of, "
            "1 with open for more than 365 days. "
            "Fix: correct the rows, the formats or credible_days."
        ],
        {"as_of": "2024-06-30", "credible_days": (0, 365)},
    ),
    Case(
        "several mistakes at once",
        sound_but("2024-01-15", "15 Jan").replace("2024-01-25", "n/a").replace("sea", "sea\t", 1),
        [
            "shipments.mode: has a line break, tab or other control character in it; "
            "row 3: 'sea\\t'. Fix: remove it, write 'sea'.",
            "shipments.promised: no format of '%Y-%m-%d' reads it; row 2: 'n/a'. "
            "Fix: add 'n/a' to missing if it stands for no date.",
            "shipments.delivered: no format of '%Y-%m-%d' reads it; row 1: '15 Jan'. "
            "Fix: correct the date, or add its format to formats.",
        ],
    ),
]


def read(text: str) -> pd.DataFrame:
    """Read a file as it is: every cell text, the header as written."""
    rows = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, header=None)
    frame = rows.iloc[1:].reset_index(drop=True)
    frame.columns = pd.Index(rows.iloc[0].tolist())
    return frame


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_malformed_file_is_answered_completely(case: Case) -> None:
    given = read(case.text)
    before = given.copy()
    with pytest.raises(TableError) as raised:
        fit_lead_time(given, **case.reading)
    assert sorted(map(str, raised.value.faults)) == sorted(case.faults)
    pd.testing.assert_frame_equal(given, before)


def test_there_are_twenty_files_and_the_sound_one_is_read() -> None:
    assert len(CASES) >= 20
    assert len(fit_lead_time(read(SOUND)).models) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            pd.DataFrame({"vendor": ["A"], "ordered": [45000], "delivered": ["2024-01-02"]}),
            "shipments.ordered: must be a date [day], not int; row 1: 45000. "
            "Fix: give a date, or a text that one of the formats reads; a spreadsheet's day "
            "numbers become dates by pd.to_datetime(column, unit='D', origin='1899-12-30').",
        ),
        (
            pd.DataFrame(
                {
                    "vendor": ["A"],
                    "ordered": pd.to_datetime(["2024-01-01"]),
                    "delivered": pd.to_datetime(["2024-01-02"], utc=True),
                }
            ),
            "has a time zone",
        ),
        (
            pd.DataFrame({"vendor": ["A"], "delivered": ["2024-01-02"]}, index=pd.Index([1])),
            "shipments.ordered: the column is missing. Fix: add it: day of the order.",
        ),
        (
            pd.DataFrame(
                {"vendor": [np.nan], "ordered": ["2024-01-01"], "delivered": ["2024-01-02"]}
            ),
            "shipments.vendor: the column is empty, and models are to be made by it.",
        ),
        ([1, 2], "shipments: must be a pandas DataFrame; found 'list'."),
    ],
)
def test_malformed_frames(given: Any, message: str) -> None:
    with pytest.raises(TableError, match=re.escape(message)):
        fit_lead_time(given, by=["vendor"])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"by": "vendor"}, DomainError, "by is the text 'vendor'. Fix: give ('vendor',)."),
        ({"by": ["vendr"]}, UnknownNameError, "Did you mean 'vendor'?"),
        ({"by": ["mode", "mode"]}, DomainError, "name each column once"),
        ({"pools": [["site"]]}, DomainError, "pool ('site',) is not a part of ('vendor', 'mode')"),
        ({"pools": ["mode"]}, DomainError, "pools holds the text 'mode'"),
        ({"formats": "%Y"}, DomainError, "formats is the text '%Y'"),
        ({"formats": ()}, DomainError, "formats is empty"),
        ({"formats": ("%d.%m.",)}, DomainError, "format '%d.%m.' does not say day, month and year"),
        ({"formats": ("%Y-%m-%dT%H:%M%z",)}, DomainError, "reads a time zone"),
        ({"formats": ("%Y-%m-%d %Q",)}, DomainError, "format '%Y-%m-%d %Q' is none: "),
        ({"formats": ("%Y-%m-%d %d",)}, DomainError, "format '%Y-%m-%d %d' is none: "),
        ({"formats": ("%%Y %m %d",)}, DomainError, "does not say day, month and year"),
        ({"missing": 5}, DomainError, "missing is 5. Fix: give texts"),
        ({"missing": ["N/A", None]}, DomainError, "Fix: give texts"),
        ({"credible_days": (5, 1)}, DomainError, "credible_days is (5, 1)"),
        ({"credible_days": 365}, DomainError, "credible_days is 365"),
        ({"credible_days": ("0", "9")}, DomainError, "credible_days is ('0', '9')"),
        ({"credible_days": (0.0, float("nan"))}, DomainError, "credible_days is (0.0, nan)"),
        ({"half_life_days": "a year"}, DomainError, "half_life_days is 'a year', must be > 0"),
        ({"drift": "some"}, DomainError, "drift is 'some', must be between 0 and 2"),
        ({"as_of": 20240630}, DomainError, "as_of is 20240630, no date"),
        ({"half_life_days": 0.0}, DomainError, "half_life_days is 0.0, must be > 0"),
        ({"drift": -0.1}, DomainError, "drift is -0.1, must be between 0 and 2"),
        ({"families": ["empirical"]}, DomainError, "family 'empirical' is not made from a mean"),
        ({"families": ["gama"]}, UnknownNameError, "Did you mean 'gamma'?"),
        ({"families": "gamma"}, DomainError, "families is the text 'gamma'"),
        ({"period": "weeks"}, UnknownNameError, "Did you mean 'week'?"),
        ({"as_of": "yesterday"}, DomainError, "as_of is 'yesterday', no date"),
    ],
)
def test_arguments_out_of_range(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        fit_lead_time(read(SOUND), **arguments)
