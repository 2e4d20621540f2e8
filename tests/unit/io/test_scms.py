"""The adapter renames columns, and alters and leaves out nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import echelon as ec
from echelon.tables import SHIPMENTS

HEADER = (
    "ID,ASN/DN #,Item Description,Country,Vendor,Manufacturing Site,Shipment Mode,"
    "PO Sent to Vendor Date,Scheduled Delivery Date,Delivered to Client Date,Weight (Kilograms)"
)
ROW = '1,ASN-8,"HIV, Test",Côte d\'Ivoire,RANBAXY,Goa,N/A,Date Not Captured,2-Jun-06,3-Jun-06,x'


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n"])
def test_as_published_with_a_byte_order_mark_and_any_line_ending(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / "scms.csv"
    path.write_bytes((ending.join([HEADER, ROW]) + ending).encode("utf-8-sig"))
    log = ec.read_scms(path)
    assert set(log.columns) <= set(SHIPMENTS.names)
    assert log.iloc[0].to_dict() == {
        "line": "1",
        "shipment": "ASN-8",
        "item": "HIV, Test",
        "to_location": "Côte d'Ivoire",
        "vendor": "RANBAXY",
        "site": "Goa",
        "mode": "N/A",
        "ordered": "Date Not Captured",
        "promised": "2-Jun-06",
        "delivered": "3-Jun-06",
    }


def test_every_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "scms.csv"
    path.write_text(HEADER.replace("Vendor,", "Seller,").replace("ID,", "Key,", 1))
    with pytest.raises(ec.TableError) as raised:
        ec.read_scms(path)
    assert [fault.column for fault in raised.value.faults] == ["ID", "Vendor"]


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "scms.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ec.errors.FolderError, match="give the published CSV file"):
        ec.read_scms(path)
