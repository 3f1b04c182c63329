"""Arithmetic that danijar/dreamerv3 asserts about its settings (``dreamerv3/rssm.py`` at e3f0224).

The recurrent state is split into blocks, ``RSSM.__init__``, and into the groups of the decoder's spatial layer,
``Decoder.__call__``. In a checkout, only what its own code asserts counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.util.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class _Divides:
    """``whole`` must be a multiple of ``part``; ``assertion`` is the code that says so, without blanks."""

    whole: str
    part: str
    assertion: bytes


_CONSTRAINTS = (
    _Divides("agent.dyn.rssm.deter", "agent.dyn.rssm.blocks", b"assertself.deter%self.blocks==0"),
    _Divides("agent.dyn.rssm.deter", "agent.dec.simple.bspace", b"assertfeat['deter'].shape[-1]%self.bspace==0"),
)
#: The classes with the assertions.
_CLASSES = (b"class RSSM", b"class Decoder")


def broken_constraints(settings: Mapping[str, Setting], checkout: PythonCheckout | None) -> Iterator[Problem]:
    """Yields the problems of settings that do not divide each other, if the user chose one of them.

    Args:
      settings: of the run.
      checkout: its Python; upstream's code counts without it.
    """
    for item in _CONSTRAINTS:
        whole, part = settings.get(item.whole), settings.get(item.part)
        chosen = [setting for setting in (part, whole) if setting is not None and setting.chosen]
        if whole is None or part is None or not chosen or not _splits_badly(whole.number, part.number):
            continue
        place = chosen[0].last.span
        if place is None or not _asserted(item, checkout):
            continue
        message = (
            f"{item.whole} {spell_scalar(whole.value)} is not a multiple of {item.part} {spell_scalar(part.value)}"
        )
        other = [Label(setting.last.span, "does not fit") for setting in chosen[1:] if setting.last.span is not None]
        help = f"change one of them; {item.part} is 8 in the published configuration"
        yield Problem("inconsistent-settings", message, Label(place), chosen[0].key, tuple(other), help)


def _splits_badly(whole: float, part: float) -> bool:
    return whole >= 1 and part >= 1 and whole % part != 0


def _asserted(item: _Divides, checkout: PythonCheckout | None) -> bool:
    """Returns whether the code of a checkout asserts a constraint; upstream's code does."""
    files = (file.data for file in checkout.index.files.values()) if checkout is not None else ()
    texts = [data for data in files if data is not None and any(name in data for name in _CLASSES)]
    if checkout is not None and not texts:
        return False
    return not texts or any(item.assertion in data.replace(b" ", b"") for data in texts)
