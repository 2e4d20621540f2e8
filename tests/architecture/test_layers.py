"""The rooms import downwards only, and each heavy package has one room (pyproject.toml)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CONTRACTS = 6


def test_import_linter_keeps_every_contract(project_root: Path):
    finished = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=project_root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert f"Contracts: {CONTRACTS} kept, 0 broken." in finished.stdout


def test_no_room_is_called_by_what_says_nothing(project_root: Path):
    empty_words = {"utils", "util", "helpers", "helper", "common", "misc"}
    named = {path.stem for path in (project_root / "src").rglob("*")}
    assert not named & empty_words
