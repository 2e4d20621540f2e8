"""Named tuples of arrays as kernels see them: one address, and fields read where they are used.

To numba a tuple is a value: each kernel that takes one takes every word of every array in it, and
the text of its type stands in every instruction that touches it. With a hundred arrays that is most
of the time of compiling, and a call hands a thousand words over. Here the caller lays the arrays'
descriptions out once, in memory of its own, and kernels hand on the address.

Fields cannot be assigned to; arrays are not kept alive by a kernel, only by its caller.
"""

# numba has few types inside
# mypy: disallow-untyped-calls=False, disallow-untyped-decorators=False
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from numba.core import cgutils, types
from numba.core.datamodel import models, registry
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate
from numba.extending import NativeValue, infer_getattr, lower_getattr_generic, typeof_impl, unbox

ir: Any = cgutils.ir  # type: ignore[attr-defined]  # of llvmlite, which comes with numba

_WORD: Final = 8  # bytes; every field is whole words


class Reference(types.Type):
    """Type of a named tuple in a kernel, by the types of its fields."""

    def __init__(self, of: type, fields: tuple[types.Type, ...]) -> None:
        self.of = of
        self.fields = fields
        told = f"{of.__module__}.{of.__qualname__}({', '.join(str(field) for field in fields)})"
        self._digest = sha256(told.encode()).hexdigest()[:12]
        super().__init__(name=f"Reference({told})")

    @property
    def mangling_args(self) -> tuple[str, tuple[()]]:
        """A short name in those of compiled functions."""
        return f"{self.of.__qualname__}_{self._digest}", ()

    def field(self, name: str) -> types.Type:
        """Type of a field."""
        return self.fields[self.names.index(name)]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the fields."""
        found: tuple[str, ...] = self.of._fields  # type: ignore[attr-defined]
        return found


@registry.register_default(Reference)
class ReferenceModel(models.OpaqueModel):
    """An address."""


def know(of: type) -> None:
    """Let kernels take a class of named tuples by reference."""

    def typed(value: Any, context: Any) -> Reference:
        return Reference(of, tuple(typeof_impl(field, context) for field in value))

    typeof_impl.register(of)(typed)


@infer_getattr
class ReferenceAttribute(AttributeTemplate):
    """What type ``tuple.field`` has."""

    key = Reference

    def generic_resolve(  # type: ignore[override]  # what numba says of it is not a type
        self, reference: Reference, name: str
    ) -> types.Type | None:
        """Type of a field; nothing where there is none of the name."""
        return reference.field(name) if name in reference.names else None


def _size(context: Any, kind: types.Type) -> int:
    if isinstance(kind, Reference):
        return sum(_size(context, field) for field in kind.fields)
    bytes_: int = context.get_abi_sizeof(context.get_data_type(kind))
    return -(-bytes_ // _WORD) * _WORD


def _offset(context: Any, reference: Reference, position: int) -> int:
    return sum(_size(context, field) for field in reference.fields[:position])


def _at(context: Any, builder: Any, reference: Reference, address: Any, position: int) -> Any:
    offset = ir.Constant(cgutils.intp_t, _offset(context, reference, position))
    return builder.gep(address, [offset], inbounds=True)


@lower_getattr_generic(Reference)
def _read(context: Any, builder: Any, reference: Reference, address: Any, name: str) -> Any:
    position = reference.names.index(name)
    kind = reference.fields[position]
    at = _at(context, builder, reference, address, position)
    if isinstance(kind, Reference):  # laid out in place
        return at
    if isinstance(kind, types.Array):
        value = _array(context, builder, kind, at)
    else:
        model = context.data_model_manager[kind]
        pointer = builder.bitcast(at, model.get_data_type().as_pointer())
        value = model.load_from_data_pointer(builder, pointer)
    return impl_ret_borrowed(context, builder, kind, value)


def _array(context: Any, builder: Any, kind: types.Array, at: Any) -> Any:
    """Read an array but for its owner, which the caller is."""
    model = context.data_model_manager[kind]
    struct = model.get_data_type()
    pointer = builder.bitcast(at, struct.as_pointer())
    value = ir.Constant(struct, None)
    for name in ("nitems", "itemsize", "data", "shape", "strides"):
        position = model.get_field_position(name)
        part = builder.load(cgutils.gep_inbounds(builder, pointer, 0, position))
        value = builder.insert_value(value, part, position)
    return value


@unbox(Reference)
def _lay_out(reference: Reference, value: Any, c: Any) -> NativeValue:
    """Write what kernels need to know of each array into the memory of the caller."""
    memory = cgutils.alloca_once(
        c.builder, ir.IntType(64), size=_size(c.context, reference) // _WORD
    )
    address = c.builder.bitcast(memory, cgutils.voidptr_t)
    failed = cgutils.alloca_once_value(c.builder, cgutils.false_bit)
    _write(reference, value, c, address, failed)
    return NativeValue(address, is_error=c.builder.load(failed))


def _write(reference: Reference, value: Any, c: Any, address: Any, failed: Any) -> None:
    for position, kind in enumerate(reference.fields):
        field = c.pyapi.tuple_getitem(value, position)
        at = _at(c.context, c.builder, reference, address, position)
        if isinstance(kind, Reference):
            _write(kind, field, c, at, failed)
            continue
        if isinstance(kind, types.Array):
            # without an owner: `numba_array_adaptor` is for kernels that count no references
            adapt = c.pyapi._get_function(
                ir.FunctionType(ir.IntType(32), [c.pyapi.pyobj, c.pyapi.voidptr]),
                name="numba_adapt_ndarray",
            )
            is_error = cgutils.is_not_null(c.builder, c.builder.call(adapt, (field, at)))
            with c.builder.if_then(is_error, likely=False):
                c.pyapi.err_set_string("PyExc_TypeError", "an array of another type is in a tuple")
        else:
            native = c.unbox(kind, field)
            model = c.context.data_model_manager[kind]
            pointer = c.builder.bitcast(at, model.get_data_type().as_pointer())
            c.builder.store(model.as_data(c.builder, native.value), pointer)
            is_error = native.is_error
        with c.builder.if_then(is_error, likely=False):
            c.builder.store(cgutils.true_bit, failed)
