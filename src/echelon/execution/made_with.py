"""What decides the bits of a number: the source of this library, and the libraries it rests on."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

PACKAGES: Final = ("echelon", "numpy", "scipy", "pandas", "numba", "llvmlite", "pyomo", "highspy")
"""Another version of one of these may round, compile or branch in another way."""

_BYTES: Final = 16


@cache
def made_with() -> str:
    """Name what this process computes with: versions, and a digest of the library's source.

    Looked up once in a process. The processor is not part of it: workers of a cluster share what
    they have finished, and are taken to be alike.

    Examples
    --------
    >>> [text.partition(" ")[0] for text in made_with().split(", ")][:3]
    ['python', 'echelon', 'numpy']
    """
    versions = [f"{name} {metadata.version(name)}" for name in PACKAGES]
    source = source_digest(Path(__file__).parents[1])
    return ", ".join([f"python {platform.python_version()}", *versions, f"source {source}"])


def source_digest(folder: Path) -> str:
    """Digest of all modules in a folder and below: 32 hexadecimal digits.

    A checkout that is worked in keeps its version while its numbers change.

    Parameters
    ----------
    folder : Path
    """
    hashed = hashlib.blake2b(digest_size=_BYTES)
    for path in sorted(folder.rglob("*.py")):
        content = path.read_bytes()
        hashed.update(f"{path.relative_to(folder).as_posix()} {len(content)} ".encode())
        hashed.update(content)
    return hashed.hexdigest()
