"""Reads the scores of histories that have the same keys in the same order as an earlier one, with one pattern each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .hits import Record
from .row_blocks import RowBlock, Wanted
from .wandb_rows import item_keys

#: Shapes that are kept: a program logs few kinds of rows with a score.
_MOST = 8
_NUMBER = rb"([-+0-9.eE]{1,40})"
_TEXT = rb"[^\0-\x1f\x80-\xff]*"
_LENGTH = rb"(?:[\0-\x7f]|[\x80-\xff]{1,3}[\0-\x7f])"
_RECORD = rb"(?:\x08[\x80-\xff]{0,8}[\0-\x7f])?\x12" + _LENGTH
_STEP = rb"(?:\x12[\0-\x7f]\x08[\x80-\xff]{0,9}[\0-\x7f])?"


class _Shape:
    """The keys of a row in order, and a pattern of the whole record."""

    def __init__(self, keys: Sequence[str], wanted: Wanted) -> None:
        self.keys = tuple(keys)
        step = next(key for key in wanted.steps if key in keys)
        self._factor = 1 if step == wanted.x else wanted.repeat
        taken = [key for key in keys if key == step or key in wanted.scores]
        self._scores = [key for key in taken if key != step]
        self._groups = [taken.index(key) + 1 for key in (step, *self._scores)]
        items = [self._item(key, _NUMBER if key in taken else _TEXT) for key in keys]
        self._match = re.compile(_RECORD + b"".join(items) + _STEP).fullmatch

    @staticmethod
    def _item(key: str, value: bytes) -> bytes:
        name = key.encode()
        return rb"\x0a[\0-\x7f][\x0a\x12]" + re.escape(bytes([len(name)]) + name) + rb"\x82\x01[\0-\x7f]" + value

    def add(self, block: RowBlock, record: Record) -> bool:
        found = self._match(*record)
        if found is None:
            return False
        try:
            frames, *values = map(float, found.group(*self._groups))
        except ValueError:
            return False
        columns = block.scores
        for key, value in zip(self._scores, values, strict=True):
            if key not in columns:
                columns[key] = [], []
            column = columns[key]
            column[0].append(frames * self._factor)
            column[1].append(value)
        return True


class Shapes:
    """The shapes of the rows with a score in a file.

    Args:
      wanted: columns to look for.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._shapes: list[_Shape] = []

    def add_scores(self, block: RowBlock, record: Record) -> bool:
        """Adds the scores of a record. Returns whether its shape is known; if not, nothing is added."""
        for shape in self._shapes:  # noqa: SIM110
            if shape.add(block, record):
                return True
        return False

    def learn(self, history: bytes) -> None:
        """Keeps the shape of a history, if it is a usual one."""
        keys = item_keys(history)
        if (
            len(self._shapes) >= _MOST
            or len(set(keys)) < len(keys)
            or any(shape.keys == keys for shape in self._shapes)
        ):
            return
        if any(key in keys for key in self._wanted.steps) and any(key in keys for key in self._wanted.scores):
            self._shapes.append(_Shape(keys, self._wanted))
