"""A part that an earlier process left on disk is put into a kernel as one compiled here is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from echelon.kernels._jit import COMPILED

pytestmark = pytest.mark.skipif(not COMPILED, reason="kernels are plain Python here")

_KERNELS = '''
"""A loop that is called, and a kernel that calls it."""
import numpy as np
from echelon.kernels._jit import jit, jit_rows_step

@jit_rows_step
def add_rows(n, to, i, what, j):
    for r in range(n):
        to[i, r] += what[j, r]

@jit
def run(rows, times):
    for _ in range(times):
        add_rows(rows.shape[1], rows, 0, rows, 1)
'''

_RUN = """
import numpy as np
import kernels_of_test as kernels
from echelon.kernels._parts import _Part, known

rows = np.array([[0.0, 0.0], [1.0, 2.0]])
kernels.run(rows, 3)
assert rows[0].tolist() == [3.0, 6.0], rows
(kernel,) = kernels.run.overloads.values()
engine = kernel.library._codegen._engine._ee
defined = [f.name for module in engine._modules for f in module.functions if not f.is_declaration]
loaded = [
    isinstance(part.library, _Part) or not known() for part in kernels.add_rows.overloads.values()
]
hits = sum(kernels.run.stats.cache_hits.values())
print(sum("add_rows" in name for name in defined), loaded, hits)
"""


def _run(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _RUN],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]),
            "NUMBA_CACHE_DIR": str(folder / "kept"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_only_the_kernel_has_machine_code_of_its_parts(tmp_path: Path) -> None:
    """As such code comes first under the name, and was made without what makes it fast."""
    (tmp_path / "kernels_of_test.py").write_text(_KERNELS)
    assert _run(tmp_path) == "1 [True] 0"
    kept = list((tmp_path / "kept").rglob("*.nb*"))
    assert any(".add_rows-" in path.name for path in kept)
    for path in kept:
        if ".run-" in path.name:
            path.unlink()
    assert _run(tmp_path) == "1 [True] 0"
    assert _run(tmp_path).endswith(" 1")
