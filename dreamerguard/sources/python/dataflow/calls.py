"""What calls give: methods of settings and dictionaries, functions that copy, and code outside the checkout."""

from __future__ import annotations

import ast
from typing import Any

from dreamerguard.sources.python.names import code_of, literal_text, shows

from .binding import Binding, CallArguments
from .objects import ELEMENTS
from .values import (
    ANY,
    CLASS,
    DATA,
    EMPTY,
    FUNCTION,
    METHOD,
    OBJECT,
    OUTSIDE,
    PARTIAL,
    PRESETS,
    QUIET,
    ROOT,
    SAME,
    SETTING,
    TEXT,
    UNKNOWN,
    Atom,
    Path,
    Value,
    certain,
    matters,
    ordered,
)  # fmt: skip

#: Built-in functions whose result holds no settings and that read none by name.
_PLAIN = frozenset({
    "len", "int", "float", "str", "bool", "range", "repr", "round", "abs", "sum", "hash", "id", "isinstance",
    "issubclass", "callable", "type", "print", "ord", "chr", "format", "all", "any", "divmod", "pow", "hasattr",
    "ValueError", "NotImplementedError", "KeyError", "RuntimeError", "AssertionError", "TypeError", "Exception",
})  # fmt: skip
#: Packages that get a configuration and read none of its values by name.
_HARMLESS = frozenset({
    "wandb", "yaml", "ruamel", "omegaconf", "OmegaConf", "elements", "tensorboard", "tensorboardX", "rich", "json",
    "cloudpickle", "pickle", "logging", "mlflow", "pprint", "warnings", "comet_ml", "neptune", "swanlab", "portal",
})  # fmt: skip
_CALLABLE = (FUNCTION, METHOD, CLASS, PARTIAL)
_LOADERS = frozenset({"load", "safe_load", "full_load", "unsafe_load", "load_all", "round_trip_load"})
_PARSERS = frozenset({"parse_args", "parse_known_args", "parse_intermixed_args", "parse_known_intermixed_args"})
_ENDS = frozenset({"split", "rsplit", "partition", "rpartition", "replace", "strip", "lower", "format", "removesuffix"})
_MOST_METHODS = 15


class Calls(Binding):
    """Evaluates calls whose arguments are known.

    Attributes:
      targets: groups of settings -> dotted name of the function or class that hydra calls with their keys.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.pending: dict[int, tuple[str, CallArguments]] = {}
        self.targets: dict[Path, str] = {}

    # -- methods ------------------------------------------------------------------------------------------------------
    def method_call(self, node: ast.Call, name: str, owner: Value, arguments: CallArguments) -> Value:
        """Returns what a method of a value gives."""
        found: set[Atom] = set()
        others: set[Atom] = set()
        if not owner and self.sealed and name in ("append", "add", "insert", "extend", "update", "put", "setdefault"):
            for value in arguments.all():
                self.consume(value)
        for atom in ordered(certain(owner)):
            if atom[0] == SETTING or atom[0] == PRESETS:
                found |= self._of_settings(node, name, atom, arguments)
            elif atom[0] == OBJECT and isinstance(atom[1], tuple):
                found |= self._of_container(node, name, atom, arguments)
            elif atom[0] == OBJECT:
                found |= self._of_instance_call(node, name, atom, arguments)
            elif atom[0] == TEXT:
                found |= self._of_text(node, name, atom)
            elif atom[0] == "u":
                found |= self._of_unknown(node, name, atom, arguments)
            else:
                others |= self.part({atom}, name)
        return found | self.plain_call(node, others, arguments) if others else found

    def _of_settings(self, node: ast.Call, name: str, atom: Atom, arguments: CallArguments) -> Value:
        given = arguments.given
        if name in ("get", "pop", "setdefault", "__getitem__", "__getattr__"):
            rest = set().union(*given[1:])
            return {*self.item({atom}, node.args[0] if node.args else None), *rest}
        if name in ("parse_known", *_PARSERS):
            return self.pair(node, {atom}) if "known" in name else {atom}
        if name in SAME:
            if name in ("update", "merge"):
                self._merge({atom}, arguments)
            return {atom}
        if name not in QUIET and not shows(node):
            self.touched.add((*atom[1:], name) if atom[0] == PRESETS else (*atom[1], name))
            self.consume({atom})
        return EMPTY

    def _merge(self, owner: Value, arguments: CallArguments) -> None:
        for name, value in arguments.named.items():
            self.put(owner, name, value)
        for value in (*arguments.given[:1], *arguments.unpacked):
            for atom in ordered(value):
                if atom[0] == OBJECT and isinstance(atom[1], tuple):
                    for key in self.keys(atom[1]):
                        self.put(owner, key, self.get(("a", atom[1], key)))
                for own in ordered(owner):
                    if own[0] == OBJECT and own != atom:
                        self.add(("bases", own[1]), {atom})

    def _of_container(self, node: ast.Call, name: str, atom: Atom, arguments: CallArguments) -> Value:
        given = arguments.given
        if name in ("get", "pop", "setdefault"):
            rest = set().union(*given[1:])
            if name == "setdefault" and len(given) > 1:
                self.put({atom}, literal_text(node.args[0]), given[1])
            return {*self.item({atom}, node.args[0] if node.args else None), *rest}
        if name in ("append", "add", "insert", "appendleft", "put"):
            self.put({atom}, "", set().union(*given))
        elif name in ("extend", "update"):
            self._merge({atom}, arguments)
            for value in given if name == "extend" else ():
                self.put({atom}, "", self.anything(value))
        elif name in ("parse", *SAME):
            return {atom}
        elif "parse_known" in name:
            return self.pair(node, {atom})
        elif name not in QUIET and name not in ("sort", "join", "remove"):
            return self.plain_call(node, self.attribute(atom[1], name), arguments)
        return EMPTY

    def _of_instance_call(self, node: ast.Call, name: str, atom: Atom, arguments: CallArguments) -> Value:
        called = self.part({atom}, name)
        if any(other[0] != "u" for other in called) or not called:
            return self.plain_call(node, called, arguments)
        inner = self._made_inside(arguments)
        if inner is None:
            for value in arguments.all():
                self.consume(value)
            return {atom, UNKNOWN}
        return {*inner, UNKNOWN}

    def _made_inside(self, arguments: CallArguments) -> Value | None:
        """Returns what a method that makes a part gives: ``self.sub("name", Linear, 3, **kw)`` of ninjax."""
        for place, value in enumerate(arguments.given[:3]):
            if any(atom[0] in _CALLABLE for atom in value):
                rest = CallArguments(
                    arguments.given[place + 1 :], arguments.listed, arguments.named, arguments.unpacked
                )
                return self.call(value, rest)
        return None

    def _of_text(self, node: ast.Call, name: str, atom: Atom) -> Value:
        if name not in _ENDS or not ("split" in name or "partition" in name):
            return EMPTY
        owner = self.made(node, "parts")
        parts = [part for part in atom[1].replace(":", ".").split(".") if part]
        whole = atom[1].split(":")
        self.add(("a", owner, ELEMENTS), {(TEXT, part) for part in {*parts[-1:], *whole}})
        return {(OBJECT, owner)}

    def _of_unknown(self, node: ast.Call, name: str, atom: Atom, arguments: CallArguments) -> Value:
        if name == "get" and node.args:
            return {*self.item({atom}, node.args[0]), *set().union(*arguments.given[1:])}
        if name in _PARSERS:
            return self.pair(node, {ROOT}) if "known" in name else {ROOT}
        if name in ("append", "extend", "items", "keys", "copy", "format") or shows(node):
            return {atom}
        methods = self.get(("methods", name))
        inner = self._made_inside(arguments) if name in ("sub", "get", "create") else None
        if inner is not None:
            return {*inner, UNKNOWN}
        if not methods or len(methods) > _MOST_METHODS:
            self.pending[self.number_of(node)] = (name, arguments)
            return {*ANY, *self._functions(arguments)}
        return {UNKNOWN, *self.call(methods, arguments)}

    def pair(self, node: ast.AST, value: Value) -> Value:
        """Returns a pair that begins with a value: ``args, rest = parser.parse_known_args()``."""
        owner = {(OBJECT, self.made(node, "pair"))}
        self.put(owner, "0", value)
        self.put(owner, "1", EMPTY)
        return owner

    def item(self, owner: Value, index: ast.AST | None) -> Value:
        """Returns an item under a literal or computed name."""
        text = literal_text(index)
        if text:
            return self.part(owner, text)
        tag = code_of(index) if isinstance(index, ast.Name | ast.Attribute) else ""
        return self.anything(owner, tag)

    # -- functions ----------------------------------------------------------------------------------------------------
    def plain_call(self, node: ast.Call, called: Value, arguments: CallArguments) -> Value:
        """Returns what a call of a value gives; code that is not seen gets the arguments."""
        found: set[Atom] = set(self.call(called, arguments))
        if not called and self.sealed:
            called = ANY
        for atom in ordered(called):
            if atom[0] == OUTSIDE:
                found |= self._outside(node, atom[1], arguments)
            elif atom[0] == "u" or atom[0] == SETTING:
                for value in arguments.all():
                    self.consume(value)
                found |= {UNKNOWN, *self._functions(arguments)}
        return found

    def _functions(self, arguments: CallArguments) -> Value:
        """Returns functions and instances among the arguments: what wraps one gives something that calls it."""
        kinds = (*_CALLABLE, OBJECT)
        if len(arguments.given) != 1:
            return EMPTY
        return {a for a in arguments.given[0] if a[0] in kinds and not isinstance(a[1], tuple)}

    def _outside(self, node: ast.Call, name: str, arguments: CallArguments) -> Value:
        last = name.rpartition(".")[2]
        top = name.partition(".")[0]
        if name in _PLAIN:
            return EMPTY
        if last in _PARSERS:
            return self.pair(node, {ROOT}) if "known" in last else {ROOT}
        if last in _LOADERS and ("yaml" in name.lower() or "OmegaConf" in name):
            return {(PRESETS,)}
        if last == "compose":
            return {ROOT}
        if last == "instantiate" and arguments.given and (made := self._instantiated(arguments)) is not None:
            return made
        if "yaml" in name.lower() and not arguments.listed:
            return {(OUTSIDE, name)}
        inner = self._started(arguments)
        if inner is not None:
            return {UNKNOWN, *inner, *self._functions(arguments)}
        quiet = top in _HARMLESS or shows(node)
        for value in arguments.unpacked if quiet else arguments.all():
            self.consume(value)
        return {UNKNOWN, *self._functions(arguments)}

    def _instantiated(self, arguments: CallArguments) -> Value | None:
        """Returns what ``hydra.utils.instantiate(config.agent, more=1)`` makes; None if its class is not seen."""
        found: set[Atom] = set()
        assert self.now is not None, "only running code has calls"
        for atom in arguments.given[0]:
            target = self.targets.get(atom[1]) if atom[0] == SETTING else None
            module, _, name = (target or "").rpartition(".")
            path = self.find(self.now.file, module) if module else ""
            called = self.member(path, name) if path else EMPTY
            if not path or (not called and self.sealed):
                return None
            rest = CallArguments((), (), arguments.named, [{atom}, *arguments.unpacked])
            found |= self.call(called, rest)
        return found

    def _started(self, arguments: CallArguments) -> Value | None:
        """Returns what a function gives that outside code calls: ``Process(run, config)``, ``Thread(target=run)``."""
        target = arguments.named.get("target", arguments.given[0] if arguments.given else EMPTY)
        if not any(atom[0] in (FUNCTION, METHOD, PARTIAL) for atom in target):
            return None
        if "target" in arguments.named:
            listed = [value for name, value in arguments.named.items() if name == "args"]
            return self.call(target, CallArguments((), listed, {}, [arguments.named.get("kwargs", EMPTY)]))
        if not any(map(self._of_interest, arguments.all()[1:])):
            return None
        named = {key: value for key, value in arguments.named.items() if self._of_interest(value)}
        return self.call(target, CallArguments(arguments.given[1:], arguments.listed, named, arguments.unpacked))

    def _of_interest(self, value: Value) -> bool:
        return any(atom[0] == SETTING or atom[0] == OBJECT for atom in value)

    def wrapped(self, node: ast.Call, arguments: CallArguments) -> Value:
        """Returns an object that holds what its arguments hold: ``Config(**config.run, logdir=config.logdir)``."""
        parts = [*arguments.given, *arguments.unpacked, *arguments.listed]
        if not arguments.named and not arguments.unpacked and len(parts) == 1:
            return certain(parts[0])
        every = set().union(*arguments.all())
        plain = getattr(node.func, "id", "") == "dict"  # other ones keep the names of what they hold
        if plain and not matters(every, table=True):
            return DATA
        owner = self.made(node)
        for name, value in arguments.named.items():
            self.put({(OBJECT, owner)}, name, value)
        for value in parts:
            self.add(("bases", owner), {atom for atom in value if atom != (OBJECT, owner)})
        return {(OBJECT, owner)}
