"""Compiles the model of a task once for all its environments.

dm_control parses and compiles a task's XML again for every environment, which takes most of the time of making one.
Compiling is a function of XML and assets, so a copy of the compiled model is the same model, bit for bit.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()
#: XML, assets and compiled model of the newest compilation. Only copies of the model are handed out, because a task
#: may change the model of its environment.
_newest: list[tuple[Any, Any, Any]] = []


@contextmanager
def compiled_once() -> Iterator[None]:
    """Inside the block, dm_control gets a copy of the newest model if XML and assets are those of the newest model.

    One thread at a time enters the block; import dm_control before.
    """
    from dm_control.mujoco import wrapper

    original = wrapper.MjModel.__dict__["from_xml_string"]

    def from_xml_string(cls: Any, xml_string: Any, assets: Mapping[str, Any] | None = None) -> Any:
        known = {**assets} if assets else None
        if not _newest or _newest[0][:2] != (xml_string, known):
            compiled = original.__get__(None, cls)(xml_string, assets=assets)
            _newest[:] = [(xml_string, known, compiled.ptr)]
        return cls(copy.copy(_newest[0][2]))

    with _lock:
        wrapper.MjModel.from_xml_string = classmethod(from_xml_string)
        try:
            yield
        finally:
            wrapper.MjModel.from_xml_string = original
