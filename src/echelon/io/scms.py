"""The delivery history of USAID's Supply Chain Management System, as a shipment log.

10,324 order lines of HIV and malaria commodities, 2006 to 2015, open data of the US government.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from echelon.errors import Fault, FolderError, TableError

SCMS_FORMATS = ("%d-%b-%y", "%m/%d/%y")
"""Formats of its dates: 2-Jun-06 and 11/13/06."""

SCMS_MISSING = ("Date Not Captured", "N/A - From RDC")
"""What its dates say instead: lost, and filled from a regional centre, without a purchase order."""

_COLUMNS = {
    "ID": "line",
    "ASN/DN #": "shipment",
    "Item Description": "item",
    "Country": "to_location",
    "Vendor": "vendor",
    "Manufacturing Site": "site",
    "Shipment Mode": "mode",
    "PO Sent to Vendor Date": "ordered",
    "Scheduled Delivery Date": "promised",
    "Delivered to Client Date": "delivered",
}


def read_scms(path: str | Path) -> pd.DataFrame:
    r"""Read the file as it is published, every cell as text.

    Parameters
    ----------
    path : str or Path
        ``SCMS_Delivery_History_Dataset.csv``.

    Returns
    -------
    DataFrame
        By the contract ``shipments``, one row per line of the file in its order; dates are texts in
        :data:`SCMS_FORMATS` or one of :data:`SCMS_MISSING`. No row is left out, no cell altered.

    Raises
    ------
    FolderError
        If the file cannot be read.
    TableError
        If a column is missing; with all that are.

    Examples
    --------
    >>> import tempfile
    >>> head = "ID,ASN/DN #,Item Description,Country,Vendor,Manufacturing Site,Shipment Mode,"
    >>> head += "PO Sent to Vendor Date,Scheduled Delivery Date,Delivered to Client Date"
    >>> line = "44,ASN-130,Efavirenz,Zambia,MERCK,MSD,Air,11/13/06,8-Jan-07,8-Jan-07"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "scms.csv"
    ...     _ = path.write_text(f"{head}\n{line}\n")
    ...     log = read_scms(path)
    >>> log[["line", "vendor", "ordered", "delivered"]]
      line vendor   ordered delivered
    0   44  MERCK  11/13/06  8-Jan-07
    """
    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise FolderError(
            f"cannot read {path}: {error}. Fix: give the published CSV file."
        ) from error
    absent = [name for name in _COLUMNS if name not in raw.columns]
    if absent:
        raise TableError(
            [
                Fault("scms", name, 0, None, "the column is missing", "give the published file")
                for name in absent
            ]
        )
    return raw[list(_COLUMNS)].rename(columns=_COLUMNS)
