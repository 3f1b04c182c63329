"""Composes the configuration that the program would get from a store of files and the overrides of a command."""

from __future__ import annotations

from collections.abc import Sequence

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Layer, Preset, UnknownKey
from dreamerguard.core.source import Label, Span, Value
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.util.hints import did_you_mean, nearest

from .composition import Composition
from .defaults import Defaults, Missing, Step
from .interpolation import follow
from .overrides import HydraOverride, Opaque, Parsed
from .refusals import forced, no_name, refused_lists, refused_removal, refused_value
from .store import Default, Store
from .tree import Branch, Leaf, Tree, find, graft, leaves, merge


def compose(
    store: Store, primary: str, overrides: Sequence[HydraOverride], anchor: Span, *, sure: bool = True
) -> Composition:
    """Composes the files and applies the overrides.

    Args:
      store: the configuration files.
      primary: name of the primary file.
      overrides: overrides in the order of the command.
      anchor: place of a problem that no argument of the command causes.
      sure: whether the store has all files of the program; otherwise a fork may have more.

    Raises:
      Unsupported: this reader cannot compose the configuration, but hydra could.
    """
    return _HydraComposer(store, primary, overrides, anchor, sure).compose()


class _HydraComposer:
    def __init__(
        self, store: Store, primary: str, overrides: Sequence[HydraOverride], anchor: Span, sure: bool
    ) -> None:
        self.anchor = anchor
        self.sure = sure
        self.store = store
        self.primary = primary
        self.overrides = overrides
        self.result = Composition()
        self.groups: dict[str, HydraOverride] = {}
        self.values: list[HydraOverride] = []
        self.appended: list[Default] = []
        self.deleted: dict[str, str | None] = {}

    def compose(self) -> Composition:
        self._sort()
        choices = {name: self._option(item) for name, item in self.groups.items()}
        defaults = Defaults(self.store, choices, self.deleted)
        steps = defaults.expand(self.primary, tuple(self.appended))
        self._merge(steps)
        self.result.choices = defaults.chosen
        self._report_missing(defaults)
        self._report_unused(defaults)
        self._report_repeated(defaults)
        self.result.problems += refused_lists(defaults, self.deleted, self.overrides, self.anchor, sure=self.sure)
        for item in self.values:
            self._apply(item)
        return self.result

    def _sort(self) -> None:
        """Separates group choices from values as hydra does: by whether the group exists."""
        for item in self.overrides:
            if item.key.startswith(("hydra/", "hydra.")) or item.key == "hydra":
                continue
            is_group = bool(self.store.options(item.key)) and item.members is None
            if not is_group and "/" not in item.key:
                self.values.append(item)
            elif item.kind == "force":
                self.result.problems.append(forced(item))
            elif item.kind == "delete":
                self.deleted[item.element] = str(item.value) if item.text else None
            elif (item.value is None and not item.unknown) or isinstance(item.value, bool | int | float):
                self.result.problems.append(no_name(item))
            elif item.kind == "add":
                self.appended.append(Default(item.key, self._option(item), item.package))
                self.groups.setdefault(f"+{item.element}", item)
            else:
                self.groups[item.element] = item

    def _option(self, item: HydraOverride) -> str | None:
        """Returns the option that an override chooses; None if it is unknown, which leaves the group's package open."""
        value = item.value
        if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], str):
            return value[0]  # hydra takes a list of options, too
        if item.unknown or item.sweep or isinstance(value, Opaque | tuple) or "$" in str(item.text):
            self._leave_open(item.key, item.package or "")
            return None
        return None if value is None else str(item.text).strip("'\"").removesuffix(".yaml")

    def _merge(self, steps: list[Step]) -> None:
        for step in steps:
            clashes: list[tuple[str, Branch]] = []
            graft(self.result.root, step.package, step.file.body, clashes)
            self.result.problems += [self._clash(key, branch, step) for key, branch in clashes[:3]]
        files = {step.file.name: step.file for step in steps}
        self.result.files = tuple(files)
        self.result.problems += [problem for file in files.values() for problem in file.problems]
        for name, item in self.groups.items():
            option = self._option(item)
            if option is not None:
                known = self.store.load(f"{item.key}/{option}") is not None
                self.result.presets.append(Preset(f"{name.lstrip('+')}={option}", item.span, known, upstream=False))

    def _clash(self, key: str, branch: Branch, step: Step) -> Problem:
        first = branch if isinstance(branch, Leaf) else next((leaf for _, leaf in leaves(branch)), None)
        place = first.chain[-1].span if first is not None else None
        text = f"{step.file.name} puts a list and a mapping in {key}, which hydra cannot merge"
        return Problem("wrong-type", text, Label(place or self.anchor), key)

    def _report_missing(self, defaults: Defaults) -> None:
        for missing in defaults.missing:
            item = self.groups.get(missing.element) or self.groups.get(f"+{missing.element}")
            if item is not None and missing.name is not None:
                self.result.problems.append(self._no_option(item, missing))
            elif missing.name is None:
                self.result.problems.append(self._no_choice(missing))
            self._leave_open(missing.group, missing.element.partition("@")[2])

    def _leave_open(self, group: str, package: str) -> None:
        """Marks the settings of a missing file as unknown."""
        self.result.open.add(package or group.replace("/", "."))
        files = [self.store.load(f"{group}/{name}") for name in self.store.options(group)[:3]]
        self.result.blind |= not group or any(file is not None and file.package == "_global_" for file in files)

    def _no_option(self, item: HydraOverride, missing: Missing) -> Problem:
        options = self.store.options(missing.group)
        near = nearest(str(missing.name), options) or [
            option for option in options if option.startswith((f"{missing.name}_", f"{missing.name}-"))
        ]
        shown = ", ".join(options[:12]) + (", ..." if len(options) > 12 else "")
        certain = self.sure or bool(near)
        return Problem(
            "unknown-option" if certain else "unverified-option",
            f"there is no {missing.group}={missing.name}{did_you_mean(near[0] if near else None)}",
            Label(item.span),
            key=missing.group,
            help=f"options are {shown}" if options else "",
            value=(near[0] if near else None) if certain else f"{missing.group}={missing.name}",
            place=item.value_span,
        )

    def _no_choice(self, missing: Missing) -> Problem:
        options = ", ".join(self.store.options(missing.group)[:12])
        message = f"no option is chosen for {missing.element}, which is required"
        return Problem(
            "unknown-option", message, Label(self.anchor), key=missing.element, help=f"options are {options}"
        )

    def _report_repeated(self, defaults: Defaults) -> None:
        for name in defaults.repeated:
            item = self.groups.get(f"+{name}")
            span = item.span if item is not None else self.anchor
            message = f"{name} is twice in the defaults list"
            help = f"write {item.word.text[1:]}" if item is not None else ""
            self.result.problems.append(Problem("unknown-option", message, Label(span), key=name, help=help))

    def _report_unused(self, defaults: Defaults) -> None:
        for name, item in self.groups.items():
            if name.startswith("+") or name in defaults.used or item.unknown or item.sweep:
                continue
            self._leave_open(item.key, item.package or "")
            near = nearest(name, defaults.chosen)
            message = f"the defaults list has no group {name}{did_you_mean(near[0] if near else None)}"
            text = f"hydra stops with an error; +{name}={item.text} would add the group"
            self.result.problems.append(Problem("unknown-option", message, Label(item.span), key=name, help=text))

    def _apply(self, item: HydraOverride) -> None:
        path = item.key.split(".")
        if any(item.key == package or item.key.startswith(f"{package}.") for package in self.result.open):
            return
        existing = find(self.result.root, path)
        present = existing is not None or follow(self.result.root, path) is not None
        if item.kind == "delete":
            target = follow(self.result.root, path)
            if not present:
                self._unknown(item, fatal=True)
            elif (target or not self.result.open) and (refusal := refused_removal(target, item)) is not None:
                self.result.problems.append(refusal)
            elif existing is not None:
                self._remove(path)
            return
        if not present and item.kind == "set":
            self._unknown(item, fatal=True)
            return
        if not present:
            self._unknown(item, fatal=False)
        refusal = refused_value(existing, item) if present else None
        if refusal is not None:
            self.result.problems.append(refusal)
            return
        if item.kind == "set" and isinstance(existing, Tree) and self._new_members(existing, item):
            return
        if existing is not None or not present:
            self._set(path, item, existing)

    def _set(self, path: list[str], item: HydraOverride, existing: Branch | None) -> None:
        *parents, name = path
        node = self.result.root
        for part in parents:
            below = node.children.get(part)
            if not isinstance(below, Tree):
                below = node.children[part] = Tree()
            node = below
        if item.members is not None:
            body = Tree({key: _leaf(item, value) for key, value in item.members})
            if not isinstance(existing, Tree):
                node.children[name] = Tree()
            merge(node, Tree({name: body}))
            return
        leaf = _leaf(item, item.value)
        before = existing.chain if isinstance(existing, Leaf) else ()
        node.children[name] = Leaf((*before, *leaf.chain), leaf.opaque)

    def _new_members(self, existing: Tree, item: HydraOverride) -> bool:
        """Reports the keys of a mapping that the changed mapping does not have. Returns whether there are any."""
        missing = [name for name, _ in item.members or () if name not in existing.children]
        for name in missing if not self.result.blind else ():
            key = f"{item.key}.{name}"
            self.result.unknown.append(UnknownKey(key, None, item.span, item.value_span, fatal=True))
        return bool(missing)

    def _remove(self, path: list[str]) -> None:
        parent = find(self.result.root, path[:-1]) if path[:-1] else self.result.root
        if isinstance(parent, Tree):
            parent.children.pop(path[-1], None)

    def _unknown(self, item: HydraOverride, *, fatal: bool) -> None:
        if self.result.blind or (not fatal and self._built_by_call(item.key.split("."))):
            return
        value = None if isinstance(item.value, Opaque) else item.value
        self.result.unknown.append(UnknownKey(item.key, value, item.span, item.key_span, fatal=fatal))

    def _built_by_call(self, path: list[str]) -> bool:
        """Returns whether a mapping on the path has a ``_target_``, a function that gets its keys as arguments."""
        parents = (find(self.result.root, path[:length]) for length in range(1, len(path)))
        return any(isinstance(parent, Tree) and "_target_" in parent.children for parent in parents)


def _leaf(item: HydraOverride, value: Parsed) -> Leaf:
    opaque = isinstance(value, Opaque)
    plain: Value = None if isinstance(value, Opaque) else value
    if item.unknown or item.sweep:
        plain = UNKNOWN
    return Leaf((Layer("command line", "command line", plain, item.span, item.value_span),), opaque)
