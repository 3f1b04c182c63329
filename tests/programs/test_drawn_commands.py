"""Drawn command lines against the real libraries: danijar's shipped presets and elements, r2dreamer's and hydra."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import elements
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dreamerguard.core.machine import UNKNOWN
from dreamerguard.programs.danijar.program import Danijar
from dreamerguard.programs.hydra.composition import Composition
from dreamerguard.programs.hydra.defaults import Unsupported
from dreamerguard.programs.hydra.overrides import Malformed, read_override
from dreamerguard.programs.hydra.store import FolderStore
from dreamerguard.programs.hydra.tree import Tree
from dreamerguard.programs.shared.key_tables import load_table
from dreamerguard.sources.argv import read_command

from .test_danijar_oracle import same, stops
from .test_hydra_compose import EMPTY, R2, ours, theirs, write

TABLE = load_table("danijar_2025")
PRESETS = [*TABLE.presets, "defaults"]
KEYS = sorted(TABLE.defaults)
PATTERNS = [
    ".*\\.units",
    ".*train_ratio",
    "run\\..*",
    "(run|jax).*",
    ".*opt\\.lr",
    "agent\\..*\\.act",
    "batch_.*",
    "x.*",
]
WORDS = ["0", "1", "-1", "1.5", "1e3", "5e-5", "True", "false", "text", "1,2", "a,b", "64,64", "inf", "dmc_walker_walk"]

name = st.one_of(st.sampled_from(KEYS), st.sampled_from(KEYS).map(lambda key: f"{key}+"), st.sampled_from(PATTERNS))
flag = st.tuples(name, st.lists(st.sampled_from(WORDS), max_size=2), st.booleans())
preset = st.tuples(
    st.sampled_from(["configs", "configs", "configs+"]), st.lists(st.sampled_from(PRESETS), min_size=1, max_size=3),
    st.booleans(),
)  # fmt: skip


def spelled(flags: list[tuple[str, list[str], bool]]) -> list[str]:
    """Command line words; a joined flag has its first value, or several with commas, behind ``=``."""
    words: list[str] = []
    for key, values, joined in flags:
        words += [f"--{key}={','.join(values)}"] if joined and values else [f"--{key}", *values]
    return words


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in flat.items()}


def by_elements(words: list[str]) -> dict[str, Any] | None:
    """Resolved values as the program computes them; none when it stops."""
    try:
        parsed, other = elements.Flags(configs=["defaults"]).parse_known(words)
        config = elements.Config(nested(TABLE.defaults))
        for block in parsed.configs:
            config = config.update(nested(TABLE.defaults if block == "defaults" else TABLE.presets[block]))
        return dict(elements.Flags(config).parse(other).flat)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


@settings(max_examples=150)
@given(st.lists(st.one_of(flag, flag, preset), max_size=5))
def test_flags_and_shipped_presets(tmp_path: Path, drawn: list[tuple[str, list[str], bool]]) -> None:
    words = spelled(drawn)
    expected = by_elements(words)
    run = Danijar().resolve(read_command(["python", "dreamerv3/main.py", *words]), UNKNOWN, tmp_path)
    assert stops(run) == (expected is None), (words, run.problems, run.unknown)
    for key, value in (expected or {}).items():
        assert same(run.settings[key].value, value), (key, words)


OPTIONS = {"env": ["crafter", "dmc_proprio", "atari100k", "nope"], "model": ["size12M", "size200M", "nope"]}
HYDRA_KEYS = [
    "seed", "batch_size", "device", "logdir", "env", "env.task", "env.train_ratio", "env.encoder",
    "env.encoder.mlp_keys", "env.size", "model", "model.lr", "model.rssm.deter", "trainer", "trainer.steps",
    "trainer.train_ratio", "nope",
    "env.nope", "trainer.nope.deep",
]  # fmt: skip
HYDRA_VALUES = [
    "1", "-2", "1.5", "1e3", "null", "True", "no", "text", "a b", "'32'", '"5e2"', "''", "", "[]", "[1,2]", "[1,[a,b]]",
    "{}", "{a:1}", "{a:{b:c},d:[1]}", "a=b", "${seed}", "${env.task}_x", "a,b", "1,2", "range(1,3)", "choice(1,2)",
    "int('3')", "str(3)", "float(1)", "bool(1)", "json_str({a:1})", "json_str([1])", "sort(3,1)", "a:b", "$^",
    "a-b/c.d", "\\,", "a\\ b", "1_000", "0x10", "inf", "nan", "'it\\'s'", "x(y)", "tag(a)", "shuffle(1,2)",
    "glob(*)", "~/x", "???",
]  # fmt: skip


def group_words() -> st.SearchStrategy[str]:
    pairs = [(group, option) for group, options in OPTIONS.items() for option in options]
    shapes = ["{g}={o}", "+{g}={o}", "++{g}={o}", "~{g}", "~{g}={o}", "{g}@other={o}", "+{g}@a.b={o}", "{g}=null"]
    shapes += ["{g}@_global_={o}", "~{g}@other", "{g}={o},{o}"]
    return st.builds(
        lambda pair, shape: shape.format(g=pair[0], o=pair[1]), st.sampled_from(pairs), st.sampled_from(shapes)
    )


def value_words() -> st.SearchStrategy[str]:
    sign = st.sampled_from(["", "", "", "+", "++"])
    setting = st.builds(
        lambda sign, key, value: f"{sign}{key}={value}",
        sign,
        st.sampled_from(HYDRA_KEYS),
        st.sampled_from(HYDRA_VALUES),
    )
    removal = st.builds(
        lambda key, value: f"~{key}{value}", st.sampled_from(HYDRA_KEYS), st.sampled_from(["", "", "=1", "=text", "=0"])
    )
    return st.one_of(setting, setting, setting, removal)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("r2dreamer")
    write(R2, made)
    return made


@settings(max_examples=75)
@given(st.lists(st.one_of(group_words(), value_words()), min_size=1, max_size=4))
@example(["env=1", "env=crafter"])
@example(["env=true"])
def test_overrides_of_hydra(folder: Path, words: list[str]) -> None:
    expected = theirs(folder, "configs", words)
    try:
        overrides = [read_override(word) for word in read_command(words).words]
        found = ours(R2, "configs", words)
    except Malformed:
        assert expected is None, words
        return
    if any(item is not None and item.sweep for item in overrides):
        assert expected is None, words  # the programs report a sweep without -m
        return
    calls = any(set("([{") & set(word) for word in words)
    if calls and any(word.startswith("~") for word in words):
        return  # whether a value may be deleted depends on the value of a call
    check(found, expected, words, words)


PLAIN = ["1", "2", "text", "[1, 2]", "{y: 1}", "{z: 2, y: 3}", "null", "${x}", "${.y}", "'5'"]
ENTRIES = [
    "{g}: {o}", "{g}: {o}", "/{g}: {o}", "{g}@p: {o}", "/{g}@p: {o}", "/{g}@_global_: {o}", "{g}@_here_: {o}",
    "/{g}@_group_: {o}", "/{g}@_group_.p: {o}", "optional {g}: {o}", "optional {g}: nope", "{g}: null",
    "override {g}: {o}", "override /{g}: {o}", "/{g}/{o}", "{g}/{o}@q", "{g}: [a, b]", "{g}: ???",
]  # fmt: skip
HEADERS = [
    "",
    "",
    "",
    "# @package _global_\n",
    "# @package p.q\n",
    "# @package _group_\n",
    "# c\n# @package _global_\n",
]
CHOICES = [
    "g=a", "g=b", "g=nope", "h=a", "h=b", "+h=a", "+g=b", "~g", "~h", "~g=a", "g@p=b", "h@p=a", "+h@p=b", "g/k=a",
    "+g/k=b", "~g/k", "k=a", "g/k@p=a", "h@_global_=b", "+h@_global_=a", "g@q=a", "~h@p", "x=5", "+x=5", "++x=5",
    "p.y=7", "p=3", "+q={a:1}", "y.z=1", "g.x=1", "g.y.y=1", "h.x=2", "+g.w=1", "g.y={y:2}", "x={w:1}",
]  # fmt: skip


@st.composite
def config_files(draw: st.DrawFn) -> dict[str, str]:
    """Files of three groups, one inside another, with headers, defaults lists and values."""
    group, option = st.sampled_from(["g", "h", "g/k"]), st.sampled_from(["a", "b"])
    entry = st.builds(lambda text, g, o: text.format(g=g, o=o), st.sampled_from(ENTRIES), group, option)
    values = st.dictionaries(st.sampled_from(["x", "y", "p", "q"]), st.sampled_from(PLAIN), max_size=2)

    def text(header: str, items: list[str], own: str) -> str:
        listed = [item if ": " not in item else f"{{{item}}}" for item in items]
        listed = [*listed, "_self_"] if own == "last" else ["_self_", *listed] if own == "first" else listed
        first = f"{header}defaults: [{', '.join(listed)}]\n" if items else header
        return first + "".join(f"{key}: {value}\n" for key, value in draw(values).items())

    own = st.sampled_from(["first", "last", "none"])
    files = {"main": text("", draw(st.lists(entry, min_size=1, max_size=3)), draw(own))}
    for name in ("g/a", "g/b", "h/a", "h/b", "g/k/a", "g/k/b"):
        items = draw(st.one_of(st.just([]), st.just([]), st.lists(entry, max_size=2)))
        files[name] = text(draw(st.sampled_from(HEADERS)), items, draw(own))
    return files


@pytest.mark.filterwarnings("ignore:In 'main'")
@settings(max_examples=75)
@given(config_files(), st.lists(st.sampled_from(CHOICES), max_size=2, unique=True))
def test_drawn_folders_of_hydra(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, str], words: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    for file, text in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{file}.yaml").write_text(text)
    try:
        found = ours(FolderStore(folder, "made", EMPTY), "main", words)
    except Unsupported:
        return
    check(found, theirs(folder, "main", words), (files, words))


def _removes_unknown(found: Composition, words: Iterable[str]) -> bool:
    """Returns whether ``~key=value`` removes a key whose value hydra computes, such as a time."""
    removed = [word[1:].partition("=")[0] for word in words if word.startswith("~") and "=" in word]
    targets = (found.target(key) for key in removed)
    return any(target is None or not target.known for target in targets)


def check(found: Composition, expected: dict[str, Any] | None, drawn: object, words: Iterable[str] = ()) -> None:
    """Checks a composition against hydra's, which is none where hydra stops."""
    fatal = [problem for problem in found.problems if problem.rule != "void-header"]
    stopped = bool(fatal) or any(item.fatal for item in found.unknown)
    if not stopped and (found.blind or found.open or _removes_unknown(found, words)):
        return
    assert stopped == (expected is None), (drawn, fatal, found.unknown)
    if expected is not None:
        assert not differences(found.root, expected), drawn


def differences(tree: Tree, expected: dict[str, Any]) -> list[str]:
    """Returns the keys whose value, or whose kind, is not hydra's; calls and nested lists have no value here."""
    found = sorted(set(tree.children) - {"hydra"} ^ set(expected))
    for name in set(tree.children) & set(expected):
        branch, other = tree.children[name], expected[name]
        if isinstance(branch, Tree):
            found += differences(branch, other) if isinstance(other, dict) else [name]
        elif not branch.opaque:
            mine = list(branch.value) if isinstance(branch.value, tuple) else branch.value
            found += [] if repr(mine) == repr(other) else [name]
    return found
