"""Parts of kernels as the compiler keeps them: ready to be put in place, not yet machine code.

numba makes machine code of every function it compiles. A part is never called but by the kernels it
is compiled into, and theirs is made anew with the part in it; so for a part that is done in vain,
and it was a good fifth of the time of compiling. Worse, a part that comes from the cache on disk
would be machine code without any of what makes it fast, under the name by which the kernel calls
its own: whichever is loaded first is called, and that was the slow one.
"""

# numba has few types inside
# mypy: disallow-untyped-calls=False, disallow-untyped-decorators=False
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from typing import Any, Final

import numba
from llvmlite.binding import parse_bitcode
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, DefaultPassBuilder
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.typed_passes import AnnotateTypes

KNOWN: Final = ((0, 68), (0, 68))
"""First and last version of numba whose insides are known to be as they are relied on here."""

WIDE: Final = '"prefer-vector-width"="512"'
"""Vectors of 16 numbers where the processor has them: by itself LLVM makes them of 8, because the
first processors that had the wide ones ran slower for it. A lane of a vector is a run, so that no
bit depends on it."""

WIDE_IN: Final = (
    "echelon.kernels.single_", "echelon.kernels.philox", "echelon.kernels.shelf_watch",
)  # fmt: skip
"""Modules whose parts have them: the kernels in double precision became several times slower."""


def known() -> bool:
    """Whether the version at hand is one of them; others compile parts as whatever else."""
    first, last = KNOWN
    return bool(first <= tuple(numba.version_info.short) <= last)


class _NoEnvironments:
    """What makes machine code, as one asks it who has none: a part has no environment to be set."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def set_env(self, name: str, environment: Any) -> None:
        """Leave it: kernels do not raise, and nothing else looks there."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)


class _Part(JITCodeLibrary):
    """A function that is only linked into others."""

    called = False  # and not put in place
    wide = False

    def add_ir_module(self, ir_module: Any) -> None:
        """Take in what numba made of the source."""
        for function in ir_module.functions:
            if self.wide and function.blocks:
                set.add(function.attributes, WIDE)  # the own method takes few names
        super().add_ir_module(ir_module)

    def finalize(self) -> None:
        """Link what it calls."""
        if self.called:
            for function in self._final_module.functions:
                if not function.is_declaration:
                    function.add_function_attribute("noinline")
        super().finalize()

    @property
    def codegen(self) -> Any:
        """What makes machine code of others."""
        return _NoEnvironments(self._codegen)

    def _optimize_final_module(self) -> None:
        """Leave it to the kernel."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:  # noqa: ARG002
        """None has an address."""
        self._ensure_finalized()
        return 0

    def serialize_using_object_code(self) -> tuple[str, str, bytes]:
        """What the cache on disk keeps: what is linked."""
        self._ensure_finalized()
        return self.name, "bitcode", self._get_module_for_linking().as_bitcode()

    def take(self, bitcode: bytes) -> None:
        """Be what the cache on disk kept."""
        self._final_module = parse_bitcode(bitcode)
        self._finalize_final_module()


class _Context:
    """What the compiler asks about its target while it takes a part from the cache on disk."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self.typing_context = context.typing_context

    def codegen(self) -> Any:
        """What makes libraries of what was kept: itself."""
        return self

    def unserialize_library(self, kept: tuple[str, str, bytes]) -> _Part:
        """Make a part of it, as it was when it was compiled."""
        name, _, bitcode = kept
        part = _Part(self._context.codegen(), name)
        part.take(bitcode)
        return part

    def get_executable(self, *asked: Any) -> Any:
        """Function that Python would call."""
        return self._context.get_executable(*asked)


def keep_as_parts(compiled: Any) -> None:
    """Let what is compiled of a part come from the cache on disk as a part, and as nothing else."""
    made = getattr(compiled, "_cache", None)
    kept = getattr(made, "_impl", None)  # none where there is no cache
    if kept is not None:
        rebuild = kept.rebuild

        def rebuilt(context: Any, payload: Any) -> Any:
            found = rebuild(_Context(context), payload)
            return found._replace(target_context=context)

        kept.rebuild = rebuilt


@register_pass(mutates_CFG=False, analysis_only=False)
class _KeepAsPart(LoweringPass):
    _name = "keep_as_part"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        """Choose where the function is lowered to."""
        state.library = _Part(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.called = not state.flags.forceinline
        state.library.wide = state.func_id.modname.startswith(WIDE_IN)
        return True


class PartCompiler(Compiler):
    """The compiler of parts."""

    def define_pipelines(self) -> list[Any]:
        """As ever, and then not to machine code."""
        pipeline = DefaultPassBuilder.define_nopython_pipeline(self.state)
        pipeline.add_pass_after(_KeepAsPart, AnnotateTypes)
        pipeline.finalize()
        return [pipeline]
