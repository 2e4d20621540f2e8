"""Empty tables to fill in, with the meaning of each column."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from echelon.cli.outcome import FINE
from echelon.errors import FolderError

if TYPE_CHECKING:
    from echelon.tables.column import Column, Table

WIDTH: Final = 100
MEANINGS: Final = "columns.txt"
"""The file that says what each column means: too long to be printed."""


def write_template(options: argparse.Namespace) -> int:
    """Write a CSV file with heads for each table, and a text of what each column means."""
    from echelon.folder import MANIFEST
    from echelon.tables.catalog import CATALOG, template
    from echelon.tables.settings import SETTINGS

    folder = Path(options.folder)
    written = {name: f"{name}.csv" for name in CATALOG} | {SETTINGS.name: MANIFEST}
    columns = {
        table.name: [column for column in table.columns if column.dtype != "object"]
        for table in (*CATALOG.values(), SETTINGS)  # a CSV file holds no Python object
    }
    in_the_way = [name for name in (*written.values(), MEANINGS) if (folder / name).exists()]
    if in_the_way:
        raise FolderError(
            f"{folder} already holds {', '.join(in_the_way)}. Fix: choose another folder."
        )
    meanings = "\n".join(
        _meaning(written[table.name], table, columns[table.name])
        for table in (*CATALOG.values(), SETTINGS)
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in CATALOG:
            empty = template(name)[[column.name for column in columns[name]]]
            empty.to_csv(folder / written[name], index=False)
        defaults = {column.name: column.default for column in SETTINGS.columns}
        (folder / MANIFEST).write_text(json.dumps(defaults, indent=2) + "\n", encoding="utf-8")
        (folder / MEANINGS).write_text(meanings, encoding="utf-8")
    except OSError as error:
        raise FolderError(f"cannot write {folder}: {error}. Fix: choose another folder.") from error
    for table in (*CATALOG.values(), SETTINGS):
        print(_wrapped(_first_sentence(table.text), f"  {written[table.name]:21}"))
        needed = [column.name for column in table.columns if column.required]
        if needed:
            print(_wrapped(f"needs {', '.join(needed)}", " " * 23))
    print(
        f"Written to {folder}. {MEANINGS} there says what each column means.\n"
        "Begin with stages, lanes and demand: fill in the columns you need, delete the others, "
        "then:\n"
        f"  echelon check {folder}"
    )
    return FINE


def _meaning(file: str, table: Table, columns: Sequence[Column]) -> str:
    """Say what a table and each of its columns mean."""
    from echelon.tables.describe import legend

    lines = [_wrapped(f"{file}: {table.text}")]
    for column in columns:
        unit = f" [{column.unit}]" if column.unit else ""
        lines.append(_wrapped(legend(column), f"  {column.name + unit:36}"))
    return "\n".join([*lines, ""])


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".")


def _wrapped(text: str, name: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=name, subsequent_indent=" " * len(name) or "  "
    )
