"""The own composer against hydra's: upstream's presets, overrides of all kinds, values, and made-up folders."""

import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dreamerguard.programs.hydra.compose import compose
from dreamerguard.programs.hydra.composition import Composition
from dreamerguard.programs.hydra.overrides import Malformed, Opaque, read_override
from dreamerguard.programs.hydra.scalars import file_scalar
from dreamerguard.programs.hydra.store import FolderStore
from dreamerguard.programs.hydra.table import TableStore, load_table_store
from dreamerguard.programs.hydra.tree import Leaf, Tree
from dreamerguard.sources.argv import UNKNOWN, read_command

hydra = pytest.importorskip("hydra")
from hydra import compose as hydra_compose  # noqa: E402
from hydra import initialize_config_dir  # noqa: E402
from hydra.core.override_parser.overrides_parser import OverridesParser  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402

SHEEPRL, R2 = load_table_store("sheeprl"), load_table_store("r2dreamer")
EMPTY = TableStore({"repository": "", "commit": "", "licence": "", "folder": "", "files": {}})


def write(table: TableStore, folder: Path) -> None:
    """A table as the folder that it was made from, in hydra's own words."""
    for name, data in table.files.items():
        path = folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        body = plain(data["values"])
        if "defaults" in data:
            body = {"defaults": [entry(item) for item in data["defaults"]], **body}
        header = f"# @package {data['package']}\n" if "package" in data else ""
        path.write_text(header + OmegaConf.to_yaml(OmegaConf.create(body)), encoding="utf-8")


def plain(values: Any) -> Any:
    if isinstance(values, dict):
        return {name: plain(item) for name, item in values.items()}
    return "left out" if len(values) > 2 else values[0]


def entry(item: dict[str, Any]) -> Any:
    marks = [mark for mark in ("optional", "override") if item.get(mark)]
    package = f"@{item['package']}" if "package" in item else ""
    if "group" not in item:
        return f"{item['name']}{package}"
    return {" ".join([*marks, item["group"] + package]): item.get("name")}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {}
    for name, table in (("sheeprl", SHEEPRL), ("r2dreamer", R2)):
        found[name] = tmp_path_factory.mktemp(name)
        write(table, found[name])
    return found


def ours(store: Any, primary: str, words: list[str]) -> Composition:
    command = read_command(words or ["program"])
    overrides = [item for word in command.words if words and (item := read_override(word)) is not None]
    return compose(store, primary, overrides, command.source.span(0))


def container(tree: Tree) -> dict[str, Any]:
    return {name: value(branch) for name, branch in tree.children.items() if name != "hydra"}


def value(branch: Tree | Leaf) -> Any:
    if isinstance(branch, Tree):
        return container(branch)
    return list(branch.value) if isinstance(branch.value, tuple) else branch.value


def theirs(folder: Path, primary: str, words: list[str]) -> dict[str, Any] | None:
    with initialize_config_dir(str(folder), version_base=None):
        try:
            config = OmegaConf.to_container(hydra_compose(primary, overrides=words), resolve=False)
        except Exception:
            return None
    assert isinstance(config, dict)
    return {str(name): item for name, item in config.items() if name != "hydra"}


def refused(composition: Composition) -> bool:
    return bool(composition.problems) or any(item.fatal for item in composition.unknown)


@pytest.mark.parametrize("option", SHEEPRL.options("exp"))
def test_every_experiment_of_sheeprl(option: str, folders: dict[str, Path]) -> None:
    words = [f"exp={option}"]
    expected = theirs(folders["sheeprl"], "config", words)
    for store in (SHEEPRL, FolderStore(folders["sheeprl"], "configs", EMPTY)):
        found = ours(store, "config", words)
        if expected is None:
            assert refused(found)
        else:
            assert not refused(found)
            assert without_opaque(container(found.root), found.root) == without_opaque(expected, found.root)


def without_opaque(data: dict[str, Any], tree: Tree) -> dict[str, Any]:
    """Leaves out lists of mappings, which no setting is."""
    kept = {}
    for name, item in data.items():
        branch = tree.children.get(name)
        if isinstance(branch, Leaf) and branch.opaque:
            continue
        kept[name] = without_opaque(item, branch) if isinstance(item, dict) and isinstance(branch, Tree) else item
    return kept


WORDS = [
    ["env=atari100k"],
    ["env=crafter", "model=size200M", "trainer.steps=1e5"],
    ["env=nope"],
    ["nope=1"],
    ["+nope=1"],
    ["++nope.a.b=[1,x,'y z']"],
    ["+trainer.steps=1"],
    ["~trainer.steps"],
    ["~trainer.nope"],
    ["~trainer.pretrain=0"],
    ["model.lr=1e-3", "model.lr=2e-3"],
    ["+env.extra={a:1,b:x}"],
    ["env.task=a=b"],
    ["env.task='a=b'"],
    ["model.encoder.cnn.mults=[1,2]"],
    ["trainer=1"],
    ["~env"],
    ["+env=crafter"],
    ["env=null"],
    ["model@other=size12M"],
    ["env.task="],
    ["env.task=null"],
    ["env.encoder.cnn_keys='$^'"],
    ["env.size=[32,32]"],
    ["seed=0x10"],
    ["device=cuda:1", "logdir=logs/${seed}"],
    ["~env=crafter"],
    ["~env=dmc_vision"],
    ["++env=crafter"],
    ["env=[crafter]"],
    ["+trainer=1"],
    ["+model.encoder.cnn.mults=[1,2]"],
    ["+model.encoder={a:1}"],
    ["model.encoder=[1]"],
    ["model.encoder.mults={a:1}"],
    ["env.size={a:1}"],
    ["env.task=sized(3)"],
    ["env.train_ratio='32'"],
    ["env.train_ratio=1/2"],
]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_overrides(words: list[str], folders: dict[str, Path]) -> None:
    expected = theirs(folders["r2dreamer"], "configs", words)
    try:
        found = ours(R2, "configs", words)
    except Malformed:
        assert expected is None
        return
    assert refused(found) == (expected is None)
    if expected is not None:
        assert container(found.root) == expected


def test_resolved_values(folders: dict[str, Path]) -> None:
    words = ["env=dmc_proprio", "batch_size=8", "env.train_ratio=64", "model=size50M"]
    with initialize_config_dir(str(folders["r2dreamer"]), version_base=None):
        config = hydra_compose("configs", overrides=words)
    found = ours(R2, "configs", words)
    for key in (
        "trainer.train_ratio",
        "trainer.steps",
        "buffer.batch_size",
        "model.rssm.deter",
        "model.encoder.mlp_keys",
    ):
        assert found.value(key) == OmegaConf.select(config, key), key
    target = found.target("trainer.train_ratio")
    assert target is not None and target.key == "env.train_ratio"


NAMES = st.sampled_from(["a", "b", "c", "d"])
FILES = st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(0, 9), max_size=3), min_size=1, max_size=3)


@settings(max_examples=60)
@given(
    groups=st.dictionaries(st.sampled_from(["g", "h"]), FILES, min_size=1),
    root=st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 9)),
    last=st.booleans(),
    headers=st.sampled_from(["", "# @package _global_\n", "# @package p.q\n"]),
    data=st.data(),
)
def test_made_up_folders(
    tmp_path_factory: pytest.TempPathFactory, groups: Any, root: Any, last: bool, headers: str, data: Any
) -> None:
    folder = tmp_path_factory.mktemp("made")
    choices = {name: data.draw(st.sampled_from(sorted(files))) for name, files in groups.items()}
    for name, files in groups.items():
        (folder / name).mkdir()
        for option, values in files.items():
            header = headers if option == choices[name] else ""
            (folder / name / f"{option}.yaml").write_text(header + OmegaConf.to_yaml(OmegaConf.create(values)))
    listed: list[Any] = [{name: option} for name, option in choices.items()]
    listed = [*listed, "_self_"] if last else ["_self_", *listed]
    (folder / "main.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create({"defaults": listed, **root})))
    group = data.draw(st.sampled_from(sorted(groups)))
    words = [f"{group}={data.draw(NAMES)}", "x=5"]
    expected = theirs(folder, "main", words)
    found = ours(FolderStore(folder, "made", EMPTY), "main", words)
    assert refused(found) == (expected is None)
    if expected is not None:
        assert container(found.root) == expected


VALUES = st.text(string.ascii_letters + string.digits + "._-+/:,[]{}'\" =()$%*@?|\\~", max_size=12)


@settings(max_examples=2 * settings.default.max_examples)
@given(VALUES)
@example(": ")
@example("a:  ")
@example("\\: ")
@example("\\\\: ")
@example("[a: , b]")
def test_values_of_overrides(text: str) -> None:
    parser = OverridesParser.create()
    try:
        expected = parser.parse_override(f"key={text}")
    except Exception:
        expected = None
    word = read_command([f"key={text}"]).words[0]
    try:
        found = read_override(word)
    except Malformed:
        assert expected is None
        return
    assert found is not None
    if expected is None or found.unknown or "${" in text:
        return  # accepting too much is harmless; refusing what hydra reads is not
    assert found.sweep == expected.is_sweep_override()
    if found.sweep or isinstance(found.value, Opaque):
        return
    their = expected.value()
    mine = list(found.value) if isinstance(found.value, tuple) else found.value
    assert repr(mine) == repr(getattr(their, "text", their) if not isinstance(their, list) else texts(their))


def texts(items: list[Any]) -> list[Any]:
    return [getattr(item, "text", item) for item in items]


SCALARS = st.one_of(
    st.text("0123456789._eE+-x:boinfaytruls~", min_size=1, max_size=8),
    st.floats().map(repr),
    st.integers().map(str),
    st.sampled_from(
        ["yes", "No", "on", "OFF", "1_000", "0o17", "017", "08", "12:30", ".inf", ".nan", "1e6", "5e-5", "~"]
    ),
)


@settings(max_examples=2 * settings.default.max_examples)
@given(SCALARS)
@example("._0")
@example(".0_")
def test_scalars_of_files(text: str) -> None:
    try:
        expected = OmegaConf.create(f"key: {text}\n")
    except Exception:
        return
    assert isinstance(expected, object)
    if (
        not OmegaConf.is_dict(expected)
        or OmegaConf.is_interpolation(expected, "key")
        or OmegaConf.is_missing(expected, "key")
    ):
        return
    their = expected["key"]
    if not isinstance(their, str | int | float | bool | None) or (isinstance(their, str) and their != text):
        return
    assert repr(file_scalar(text)) == repr(their)


FOLDERS = {
    "comment before the header": {"main": "defaults: [g: a]", "g/a": "# ours\n# @package _global_\nx: 1"},
    "blank line before the header": {"main": "defaults: [g: a]", "g/a": "\n  # @package _global_\nx: 1"},
    "comment behind the header": {"main": "defaults: [g: a]", "g/a": "# @package _global_\n# ours\nx: 1"},
    "two headers": {"main": "defaults: [g: a]", "g/a": "# @package p\n# @package q\nx: 1"},
    "three words": {"main": "defaults: [g: a]", "g/a": "# @package p  # why\nx: 1"},
    "one word": {"main": "defaults: [g: a]", "g/a": "# @package\nx: 1"},
    "another mark": {"main": "defaults: [g: a]", "g/a": "# @author me\n# @package p\nx: 1"},
    "header behind a value": {"main": "defaults: [g: a]", "g/a": "x: 1\n# @package _global_\n"},
    "list over mapping": {
        "main": "defaults: [g: a, h: b]",
        "g/a": "# @package z\nx: {y: 1}",
        "h/b": "# @package z\nx: [1]",
    },
    "mapping over list": {
        "main": "defaults: [g: a, h: b]",
        "g/a": "# @package z\nx: [1]",
        "h/b": "# @package z\nx: {y: 1}",
    },
    "mapping over number": {
        "main": "defaults: [g: a, h: b]",
        "g/a": "# @package z\nx: 1",
        "h/b": "# @package z\nx: {y: 1}",
    },
    "number over mapping": {
        "main": "defaults: [g: a, h: b]",
        "g/a": "# @package z\nx: {y: 1}",
        "h/b": "# @package z\nx: 1",
    },
    "override in front": {
        "main": "defaults: [f]",
        "f": "defaults: [override g: b, g: a]",
        "g/a": "x: 1",
        "g/b": "x: 2",
    },
    "override of nothing": {"main": "defaults: [g: a, override h: b, _self_]", "g/a": "x: 1", "h/b": "x: 2"},
    "override in front of self": {
        "main": "defaults: [g: a, f]",
        "f": "defaults: [override /g: b, _self_]\ny: 1",
        "g/b": "x: 2",
    },
}


@pytest.mark.parametrize("files", FOLDERS.values(), ids=FOLDERS)
def test_headers_and_orders(files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.yaml").write_text(f"{text}\n")
    expected = theirs(tmp_path, "main", [])
    found = ours(FolderStore(tmp_path, "made", EMPTY), "main", [])
    fatal = [problem for problem in found.problems if problem.rule != "void-header"]
    assert bool(fatal) == (expected is None)
    if expected is not None:
        assert container(found.root) == expected
    assert any(problem.rule == "void-header" for problem in found.problems) == (
        "# ours\n# @" in "".join(files.values())
    )


def test_what_only_the_shell_knows_stays_open() -> None:
    found = ours(R2, "configs", [f"env={UNKNOWN}", "env.whatever=3", f"trainer.steps={UNKNOWN}"])
    assert not refused(found)
    assert found.value("trainer.train_ratio") is None
    assert found.value("trainer.steps") is None
    assert found.value("batch_size") == 16
    blind = ours(SHEEPRL, "config", ["exp=$exp", "algo=dem"])
    assert blind.blind and blind.settings() == {}
