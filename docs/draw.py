"""Draw the pictures of the pages anew: python docs/draw.py [NAME ...]."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

PICTURES = Path(__file__).with_name("pictures")


def main(names: list[str]) -> None:
    """Run each script, or those named, and keep its picture beside it."""
    for script in sorted(PICTURES.glob("*.py")):
        if names and script.stem not in names:
            continue
        spec = importlib.util.spec_from_file_location(script.stem, script)
        if spec is None or spec.loader is None:
            raise ImportError(script)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.draw().savefig(script.with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main(sys.argv[1:])
