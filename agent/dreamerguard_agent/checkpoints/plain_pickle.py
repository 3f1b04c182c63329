"""Reads plain data from a pickle file without running it: numbers, texts, lists, tuples, dictionaries, NumPy arrays.

Python's own loader calls whatever functions a pickle names. This reader only decodes the opcodes, with `pickletools`,
which calls nothing, and builds plain data from a short list of them. Of functions, it knows the five names that NumPy
writes for arrays, and builds these arrays itself from their bytes. Everything else is refused.
"""

from __future__ import annotations

import io
import pickletools
from pathlib import Path
from typing import Any, BinaryIO, cast

from .plain_arrays import ArrayParts, Name, NotPlain, build, call

#: Opcodes of one file. A checkpoint of danijar/dreamerv3 has about 40 for every array.
MOST_OPCODES = 1_000_000
_MOST_LINE = 1000
_MARK = object()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES = frozenset(
    {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
    | {"SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"}
)
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_SKIPPED = frozenset({"PROTO", "FRAME"})


def read_plain(path: Path) -> Any:
    """Reads a pickle file of plain data.

    Raises:
      NotPlain: it holds anything else, or is damaged. Nothing in it was run.
      OSError: it cannot be read.
    """
    with path.open("rb") as file:
        try:
            return _StackReader(_Bounded(file, path.stat().st_size)).read()
        except NotPlain as error:
            raise NotPlain(f"{path}: {error}") from None
        except (ValueError, TypeError, LookupError, OverflowError, MemoryError) as error:
            raise NotPlain(f"{path}: damaged: {str(error).partition(chr(10))[0] or 'not a pickle file'}") from None


class _Bounded(io.RawIOBase):
    """A file that never allocates more than it has left, whatever size a hostile pickle states."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._file.tell())
        return self._file.read(left if size < 0 else min(size, left))

    def readline(self, size: int | None = -1) -> bytes:
        line = self._file.readline(_MOST_LINE)
        if len(line) == _MOST_LINE:
            raise NotPlain("a line in it is too long")
        return line


class _StackReader:
    """Builds the data of one pickle on a stack, as its opcodes state."""

    def __init__(self, file: _Bounded) -> None:
        self._file = file
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def read(self) -> Any:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(cast(BinaryIO, self._file))):
            if count >= MOST_OPCODES:
                raise NotPlain(f"it has more than {MOST_OPCODES:,} opcodes")
            if opcode.name == "STOP":
                if len(self._stack) != 1:
                    raise NotPlain("damaged: its stack is not empty at the end")
                return _finished(self._stack[0])
            self._step(opcode.name, argument)
        raise NotPlain("damaged: it has no end")

    def _step(self, name: str, argument: Any) -> None:
        if name in _VALUES:
            self._stack.append(argument)
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _TUPLES:
            self._stack.append(tuple(self._pop(_TUPLES[name])))
        elif name not in _SKIPPED:
            method = getattr(self, f"_on_{name.lower()}", None)
            if method is None:
                raise NotPlain(f"it holds more than numbers and arrays (opcode {name}); nothing in it was run")
            method(argument)

    def _pop(self, count: int) -> list[Any]:
        if count > len(self._stack) or any(item is _MARK for item in self._stack[len(self._stack) - count :]):
            raise NotPlain("damaged: its stack is empty")
        taken = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return taken

    def _pop_mark(self) -> list[Any]:
        for index in range(len(self._stack) - 1, -1, -1):
            if self._stack[index] is _MARK:
                taken = self._stack[index + 1 :]
                del self._stack[index:]
                return taken
        raise NotPlain("damaged: a mark is missing")

    def _top(self, kind: type) -> Any:
        if not self._stack or not isinstance(self._stack[-1], kind):
            raise NotPlain(f"damaged: a {kind.__name__} is missing")
        return self._stack[-1]

    def _on_mark(self, _: Any) -> None:
        self._stack.append(_MARK)

    def _on_empty_dict(self, _: Any) -> None:
        self._stack.append({})

    def _on_empty_list(self, _: Any) -> None:
        self._stack.append([])

    def _on_tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._pop_mark()))

    def _on_setitem(self, _: Any) -> None:
        self._set(self._pop(2))

    def _on_setitems(self, _: Any) -> None:
        self._set(self._pop_mark())

    def _set(self, items: list[Any]) -> None:
        target = self._top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | int):
                raise NotPlain("a key in it is neither a text nor a number")
            target[key] = value

    def _on_append(self, _: Any) -> None:
        item = self._pop(1)
        self._top(list).extend(item)

    def _on_appends(self, _: Any) -> None:
        items = self._pop_mark()
        self._top(list).extend(items)

    def _on_memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._top(object)

    def _on_binput(self, number: int) -> None:
        self._memo[number] = self._top(object)

    _on_long_binput = _on_binput

    def _on_binget(self, number: int) -> None:
        if number not in self._memo:
            raise NotPlain("damaged: it refers to a value that is not there")
        self._stack.append(self._memo[number])

    _on_long_binget = _on_binget

    def _on_global(self, argument: str) -> None:
        self._stack.append(Name.known(*argument.split(" ", 1)))

    def _on_stack_global(self, _: Any) -> None:
        module, name = self._pop(2)
        self._stack.append(Name.known(str(module), str(name)))

    def _on_reduce(self, _: Any) -> None:
        function, arguments = self._pop(2)
        self._stack.append(call(function, arguments))

    def _on_build(self, _: Any) -> None:
        (state,) = self._pop(1)
        build(self._top(object), state)


def _finished(root: Any) -> Any:
    """Replaces the parts of arrays by arrays, in dictionaries and lists of any depth, without recursion."""
    top, seen = [root], set[int]()
    pending: list[Any] = [top]
    while pending:
        container = pending.pop()
        if id(container) in seen:
            continue
        seen.add(id(container))
        for key, value in list(container.items() if isinstance(container, dict) else enumerate(container)):
            if isinstance(value, ArrayParts):
                container[key] = value.array()
            elif isinstance(value, dict | list):
                pending.append(value)
    return top[0]
