"""Empty tables to fill in, with the meaning of each column."""

from __future__ import annotations

import argparse
import json
import textwrap
from pathlib import Path
from typing import Final

from echelon.cli.outcome import FINE
from echelon.errors import FolderError

WIDTH: Final = 100


def write_template(options: argparse.Namespace) -> int:
    """Write a CSV file with heads for each table, and say what goes into it."""
    from echelon.folder import MANIFEST
    from echelon.tables.catalog import CATALOG, template
    from echelon.tables.describe import legend
    from echelon.tables.settings import SETTINGS

    folder = Path(options.folder)
    written = {name: f"{name}.csv" for name in CATALOG} | {SETTINGS.name: MANIFEST}
    columns = {
        table.name: [column for column in table.columns if column.dtype != "object"]
        for table in (*CATALOG.values(), SETTINGS)  # a CSV file holds no Python object
    }
    in_the_way = [name for name in written.values() if (folder / name).exists()]
    if in_the_way:
        raise FolderError(
            f"{folder} already holds {', '.join(in_the_way)}. Fix: choose another folder."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in CATALOG:
            empty = template(name)[[column.name for column in columns[name]]]
            empty.to_csv(folder / written[name], index=False)
        defaults = {column.name: column.default for column in SETTINGS.columns}
        (folder / MANIFEST).write_text(json.dumps(defaults, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise FolderError(f"cannot write {folder}: {error}. Fix: choose another folder.") from error
    for table in (*CATALOG.values(), SETTINGS):
        print(_wrapped(f"{folder / written[table.name]}: {table.text}"))
        for column in columns[table.name]:
            unit = f" [{column.unit}]" if column.unit else ""
            print(_wrapped(legend(column), f"  {column.name + unit:36}"))
        print()
    print(f"Fill in the columns you need and delete the others, then: echelon check {folder}")
    return FINE


def _wrapped(text: str, name: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=name, subsequent_indent=" " * len(name) or "  "
    )
