"""The Python of a checkout as evidence: it decides over the tables of upstream's keys wherever it can be seen."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import field, replace

from dreamerguard.core.key import Key
from dreamerguard.core.setting import Setting, UnknownKey
from dreamerguard.sources.python.index import PythonIndex
from dreamerguard.sources.python.names import is_run_config
from dreamerguard.util.fast_dataclass import dataclass

from .preset_file import PresetFile, declared_keys

#: Share of the declared keys that the code must read before it counts as the program that reads them.
_COVERED = 0.5
#: Share of the declared keys that the trace of a program must find, so that what it misses is not read.
_TRACED = 0.8
#: Keys of a group that code must read by their names, so that the group is known to be the one that it reads.
_READ_BESIDE = 2


@dataclass(frozen=True, slots=True)
class PythonCheckout:
    """An indexed checkout.

    Attributes:
      index: its Python.
      script: the script that a command starts; None where that is not known.
      trainers: scripts beside the presets that may train with them.
      beside: scripts beside a configuration folder, of which one trains.
      every: whether every file may run, because the program finds its code by name.
      presets: the file of presets.
    """

    index: PythonIndex
    script: str | None
    trainers: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    every: bool = False
    presets: PresetFile | None = field(default=None, compare=False)

    def keys(
        self,
        keys: Mapping[str, Key],
        settings: Mapping[str, Setting],
        unread: Iterable[str],
        *,
        whole: bool,
        all_keys: Mapping[str, Key] | None = None,
        upstream: Container[str] = (),
    ) -> dict[str, Key]:
        """Keys with what the code says of them: those that it reads are alive, those that nothing reads are dead.

        Args:
          keys: keys of the program, dead as the table says.
          settings: their final values; only values that somebody chose are looked into.
          unread: keys that are reported otherwise.
          whole: whether the file of presets is checked, so that what it declares counts too.
          all_keys: all keys of the program; by default those in ``keys``.
          upstream: upstream's keys. Only keys that a fork added are followed through its code, and a group that is
            handed on only where upstream's keys are known.
        """
        all_keys = keys if all_keys is None else all_keys
        judged, left, unnamed = dict(keys), set(unread), set[str]()
        for name, key in keys.items():
            setting = settings.get(name)
            if setting is None or name in left or name.partition(".")[0] in left:
                continue
            declared = whole and len(setting.chain) == 1
            if not declared and not (setting.chosen and setting.value != key.default):
                continue
            if key.dead:
                judged[name] = replace(key, dead="" if self.index.reads(name) else key.dead)
            elif setting.last.upstream and declared:
                continue
            elif group := self._unnamed_group(name, all_keys, upstream):
                if group not in unnamed:  # one finding says it for all keys of the group
                    judged[name] = replace(key, dead=f"{self._none()} names {group}")
                unnamed.add(group)
            elif self._is_dead(name, all_keys) or self._is_left_out(name, all_keys, upstream):
                judged[name] = replace(key, dead=self._nothing())
            elif name not in upstream and self._is_missed(name, all_keys, whole=whole):
                judged[name] = replace(key, dead=self._missed(whole=whole))
        return judged

    def _unnamed_group(self, name: str, keys: Mapping[str, Key], upstream: Container[str]) -> str:
        """Returns the group around a fork's key that no code names, so that nothing can read its keys; else empty."""
        parts = name.split(".")
        if name in upstream or upstream == () or self._handed_on(name) or len(parts) < 2:
            return ""
        found = next((part for part in parts[:-1] if part.isidentifier() and not self.index.names(part)), "")
        return found if found and self._sure(keys) else ""

    def _is_left_out(self, name: str, keys: Mapping[str, Key], upstream: Container[str]) -> bool:
        """Returns whether all code reads a key's group by literal names, and the key under none of them."""
        group, _, leaf = name.rpartition(".")
        if upstream == () or name in upstream:
            return False
        if not group or self._handed_on(name) or self.index.names(leaf) or not self._sure(keys):
            return False
        beside = {key.rpartition(".")[2] for key in keys if key.rpartition(".")[0] == group}
        found = self.index.reads_of(group.rpartition(".")[2])
        return found is not None and leaf not in found and len(found & beside) >= _READ_BESIDE

    def _is_missed(self, name: str, keys: Mapping[str, Key], *, whole: bool) -> bool:
        """Returns whether the code that the scripts run never reads a key, though other code may name it."""
        scripts, own = self._traced(), whole or self.script is None
        if not scripts or self.presets is None or not (own or self.script in scripts):
            return False
        if self._plainly_read(name, scripts):
            return False
        file = self.presets
        found = self.index.trace(scripts, lambda: declared_keys(file))
        if found is None or found.may_read(name):
            return False
        alive = sum(found.may_read(key) for key in keys)
        return alive >= _TRACED * len(keys)

    def _plainly_read(self, name: str, scripts: tuple[str, ...]) -> bool:
        """Returns whether a file that a script imports reads ``config.name``, or ``group.name`` of anything."""
        group, _, leaf = name.rpartition(".")
        owners = self.index.owners_near(scripts).get(leaf, ())
        return group.rpartition(".")[2] in owners if group else any(map(is_run_config, owners))

    def _traced(self) -> tuple[str, ...]:
        """Returns the scripts that are followed together: all that choose presets, or else the one of a command."""
        if self.trainers:
            return tuple(dict.fromkeys((*self.trainers, *self.index.mains)))
        return (self.script,) if self.script is not None else ()

    def _started(self, *, whole: bool) -> tuple[str, ...]:
        return self._traced() if whole or self.script is None else (self.script,)

    def _missed(self, *, whole: bool) -> str:
        return f"{', '.join(self._started(whole=whole)[:3])} and the code that this runs never read it"

    def _is_dead(self, name: str, keys: Mapping[str, Key]) -> bool:
        return not self.index.may_read(name) and not self._handed_on(name) and self._sure(keys)

    def _handed_on(self, key: str) -> bool:
        """Returns whether an environment gets a key as an argument and may hand it on to a library."""
        return key.startswith(("env.", "envs.")) and self.index.hands_on("env")

    def unknown(
        self, unknown: Iterable[UnknownKey], keys: Mapping[str, Key], renamed: Container[str] = ()
    ) -> list[UnknownKey]:
        """Unknown keys without those that the code reads, and without options that one of its parsers declares.

        Args:
          unknown: keys that the program's defaults lack.
          keys: all keys of the program.
          renamed: names that other programs have for its keys: only a clear read makes one of them a key.
        """
        kept, items = [], list(unknown)
        declared = self.index.declares((item.key for item in items if item.fatal), self.script)
        given = {item.key for item in items if item.fatal and self._adds(item.key)}
        for item in items:
            if item.fatal and item.key in declared | given:
                continue
            if item.fatal:
                kept.append(replace(item, certain=item.certain and not self._lenient()))
            elif item.key.count(".") > 1 and self.index.may_read(item.key.partition(".")[0]):
                continue  # deep inside a group that the code takes whole, such as a simulator's own configuration
            elif not self.index.may_read(item.key):
                sure = not item.upstream and self._sure(keys)
                kept.append(replace(item, evidence=self._nothing() if sure else ""))
            elif (item.upstream or item.key in renamed) and not self.index.reads(item.key, keys):
                kept.append(item)
        return kept

    def _adds(self, key: str) -> bool:
        """Returns whether a file that makes options gives the key a value: ``defaults.setdefault("eval", False)``."""
        near = (facts for script in self._scripts for facts in self.index.reachable(script))
        return any(facts.parsers.made and key in facts.given for facts in near)

    def given(self) -> frozenset[str]:
        """Keys of the log directory to which the script gives a value."""
        return frozenset({"logdir"}) if self.index.gives("logdir", self.script) else frozenset()

    def _lenient(self) -> bool:
        """Returns whether the script goes on with options that it does not know."""
        facts = self.index.facts(self.script) if self.script is not None else None
        return facts is not None and facts.parsers.lenient and not facts.parsers.strict

    def _sure(self, keys: Mapping[str, Key]) -> bool:
        """Returns whether "nothing reads it" holds: everything was read, and it is the program of these keys."""
        names = {name.partition(".")[0] for name in keys}
        read = sum(self.index.may_read(name) for name in names)
        return bool(names) and read >= _COVERED * len(names) and not self.index.doubts_of(self._scripts)

    @property
    def starts(self) -> tuple[str, ...]:
        """Scripts from which the code that runs is reached; empty if that is not known, and if every file may run."""
        return self._scripts or self.beside

    @property
    def decides(self) -> bool:
        """Whether it is known which files run."""
        return self.every or bool(self.starts)

    @property
    def script_data(self) -> bytes | None:
        """Content of the script; None if it is not known or was not read."""
        return self.index.files[self.script].data if self.script is not None else None

    @property
    def script_texts(self) -> tuple[bytes, ...]:
        """Contents of the script, or of the scripts that may train."""
        found = (self.index.files[name].data for name in self._scripts)
        return tuple(data for data in found if data is not None)

    @property
    def _scripts(self) -> tuple[str, ...]:
        return (self.script,) if self.script is not None else self.trainers

    def _none(self) -> str:
        return f"none of the {len(self.index.files)} Python files of this checkout"

    def _nothing(self) -> str:
        return f"{self._none()} reads it"
