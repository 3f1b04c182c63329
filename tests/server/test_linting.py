"""Documents are checked as `check` would after saving: unsaved texts, parts of presets, broken files, settings."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard.core.finding import Finding
from dreamerguard.lint.repository import check_tree
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.server.documents import Lines, OpenDocument
from dreamerguard.server.linting import Checked, Linter

RUN = "task: dmc_walker_walk\nrun:\n  train_ratio: 32\n"


class Editor:
    """Documents of one folder, and a linter."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.linter = Linter()
        self.open: dict[str, OpenDocument] = {}
        self.known: dict[str, Checked] = {}

    def type(self, name: str, text: str) -> OpenDocument:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        version = self.open[name].version + 1 if name in self.open else 1
        self.open[name] = OpenDocument(path.as_uri(), path, version, Lines(text))
        return self.open[name]

    def texts(self) -> dict[Path, bytes]:
        return {document.path: document.data for document in self.open.values()}

    def check(self, name: str) -> list[str]:
        self.known[name] = self.linter.check(self.open[name], self.root, self.texts(), self.known.get(name))
        return shown(self.known[name].findings)

    def check_near(self, name: str) -> list[str] | None:
        found = self.linter.check_near(self.open[name], self.root, self.texts(), self.known.get(name))
        if found is None:
            return None
        self.known[name] = found
        return shown(found.findings)


def shown(findings: tuple[Finding, ...]) -> list[str]:
    return sorted(f"{item.name} {item.severity} {item.primary.span} {item.primary.span.text}" for item in findings)


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    yield Editor(tmp_path)


def names(found: list[str] | None) -> list[str]:
    return [text.partition(" ")[0] for text in found or []]


def saved(editor: Editor, monkeypatch: pytest.MonkeyPatch, name: str) -> list[str]:
    """Returns what `check` says of a file after all documents are saved."""
    for document in editor.open.values():
        document.path.write_bytes(document.data)
    monkeypatch.chdir(editor.root)
    return shown(tuple(item for result in check_tree([Path(name)]).results for item in result.active))


FILES = {
    "run.yaml": RUN,
    "go.sh": "#!/bin/sh\ndreamerguard train dmc_walker_walk \\\n  run.train_ratio=32\n",
    "Makefile": "go:\n\tdreamerguard train dmc_walker_walk run.train_ratio=32\n",
    "README.md": "# x\n\n```bash\ndreamerguard train dmc_walker_walk run.train_ratio=32\n```\n",
    ".vscode/launch.json": '{"configurations": [{"name": "x", "type": "debugpy", "program": "dreamerv3/main.py",'
    ' "args": ["--configs", "dmc_proprio", "--task", "dmc_walker_walk", "--run.train_ratio", "32"]}]}\n',
    "tune.py": "from ray import tune\nfrom ray.rllib.algorithms.dreamerv3 import DreamerV3Config\n"
    'config = DreamerV3Config().environment("DMC/walker/walk").training(training_ratio=32)\n'
    'stop = {"num_env_steps_sampled_lifetime": int(5e5)}\n'
    'tune.Tuner("DreamerV3", param_space=config, run_config=tune.RunConfig(stop=stop))\n',
    "configs.yaml": with_preset("run.train_ratoi: 32")["dreamerv3/configs.yaml"],
}


@pytest.mark.parametrize("name", FILES)
def test_unsaved_text_is_judged_as_if_saved(editor: Editor, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    editor.type(name, FILES[name])
    found = editor.check(name)
    assert found
    assert found == saved(editor, monkeypatch, name)


def test_a_hydra_file(editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    from dreamerguard.rules.helpers.example_files import with_r2_env

    files = with_r2_env("act_entropy: 1e-2")
    for name, text in {
        **files,
        "train.py": "",
        "configs/model/size12M.yaml": "deter: 2048\nact_entropy: 3e-4\n",
    }.items():
        editor.type(name, text).path.write_text(text)
    name = next(name for name in files if "env/" in name)
    assert names(editor.check(name)) == ["misplaced-key"]
    assert editor.check(name) == saved(editor, monkeypatch, name)


def test_a_script_sees_the_unsaved_run_file(editor: Editor) -> None:
    editor.type("run.yaml", RUN.replace("32", "512")).path.write_text(RUN)
    editor.type("go.sh", "dreamerguard train --config run.yaml\n")
    assert editor.check("go.sh") == []
    editor.type("run.yaml", RUN)
    assert names(editor.check("go.sh")) == ["low-train-ratio"]


def test_files_without_runs_have_no_findings(editor: Editor) -> None:
    for name, text in {"notes.txt": RUN, "other.yaml": "a: [1, 2\n", "tests/test_x.py": FILES["tune.py"]}.items():
        editor.type(name, text)
        assert editor.check(name) == [], name


@pytest.mark.parametrize("half", ["run: {train_ratio: 3", "  train_ratio: 'x", "run:\n\ttrain_ratio: 1", "? [a"])
def test_a_half_typed_file_has_one_parse_finding(editor: Editor, half: str) -> None:
    editor.type("run.yaml", RUN)
    editor.check("run.yaml")
    editor.type("run.yaml", f"task: dmc_walker_walk\n{half}\n")
    assert names(editor.check("run.yaml")) in (["invalid-yaml"], ["invalid-yaml"])
    editor.type("run.yaml", RUN)
    assert names(editor.check("run.yaml")) == ["low-train-ratio"]


def test_a_run_file_stays_one_while_a_key_is_typed(editor: Editor) -> None:
    for name in ("run.yaml", "below/run.yaml"):
        editor.type(name, RUN)
        editor.check(name)
        editor.type(name, f"{RUN}mod:\nsee: 1\n")
        found = editor.check(name)
        assert names(found) == ["low-train-ratio", "unknown-key", "unknown-key"]
        assert all(f" {name}:" in text for text in found)
    editor.type("other.yaml", f"{RUN}mod:\nsee: 1\n")
    assert editor.check("other.yaml") == []


def test_every_beginning_of_a_preset_file_is_survived(editor: Editor) -> None:
    text = with_preset("run.train_ratoi: 32")["dreamerv3/configs.yaml"]
    for end in range(0, len(text), max(len(text) // 40, 1)):
        editor.type("dreamerv3/configs.yaml", text[:end])
        editor.check("dreamerv3/configs.yaml")
        editor.check_near("dreamerv3/configs.yaml")


@given(st.sampled_from(sorted(FILES)), st.data())
def test_no_edit_stops_the_linter(tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject) -> None:
    """After any edits a check gives an answer, and the findings lie inside of the text."""
    editor, text = Editor(tmp_path_factory.mktemp("edited")), FILES[name]
    editor.type(name, text)
    editor.check(name)
    for _ in range(3):
        start = data.draw(st.integers(0, len(text)))
        end = min(start + data.draw(st.integers(0, 12)), len(text))
        new = data.draw(st.text("ab:#{}[]'\"\\\n\t -=$0é😀", max_size=4))
        text = text[:start] + new + text[end:]
        document = editor.type(name, text)
        editor.check_near(name)
        editor.check(name)
        for item in editor.known[name].here:
            assert item.primary.span.source.text == text
            assert document.lines.range(item.primary.span.start, item.primary.span.end)


PRESETS = with_preset("run.train_ratoi: 32")["dreamerv3/configs.yaml"] + "other:\n  run.envz: 3\n  seed: 1\n"


@pytest.mark.parametrize("old, new", [
    ("run.train_ratoi: 32", "run.train_ratoi: 321"), ("run.train_ratoi: 32", "run.train_ratio: 32"),
    ("  seed: 1\n", "  seed: 1\n  run.bad: 2\n"), ("other:", "# a comment\nother:"), ("run.envz", "run.envs"),
])  # fmt: skip
def test_the_part_around_a_change_is_what_the_whole_says(editor: Editor, old: str, new: str) -> None:
    name = "dreamerv3/configs.yaml"
    editor.type(name, PRESETS)
    before = editor.check(name)
    assert {"unknown-key"} <= set(names(before))
    assert old in PRESETS
    editor.type(name, PRESETS.replace(old, new))
    near = editor.check_near(name)
    assert near == editor.check(name)
    assert near != before


def test_a_finding_that_another_block_causes_stays_while_the_defaults_are_edited(editor: Editor) -> None:
    """For the task of the block ``other``, the length in the defaults is short."""
    name = "dreamerv3/configs.yaml"
    text = PRESETS.replace("  seed: 1\n", "  task: atari_pong\n")
    editor.type(name, text)
    before = editor.check(name)
    assert "low-update-budget" in names(before)
    for _ in range(2):
        text = text.replace("  seed: 0", "  seed: 01", 1)
        editor.type(name, text)
        near = editor.check_near(name)
        assert near == editor.check(name)
        assert names(near) == names(before)


def test_a_value_that_is_completed_loses_its_finding_at_once(editor: Editor) -> None:
    name = "dreamerv3/configs.yaml"
    text = PRESETS + "third:\n  task: dmc_walker_walk\n  run.train_ratio: 51"
    editor.type(name, text)
    assert "low-train-ratio" in names(editor.check(name))
    editor.type(name, f"{text}2")
    assert "low-train-ratio" not in names(editor.check_near(name))
    assert "low-train-ratio" not in names(editor.check(name))


def test_other_files_have_no_parts(editor: Editor) -> None:
    editor.type("run.yaml", RUN)
    assert editor.check_near("run.yaml") is None
    editor.check("run.yaml")
    assert editor.check_near("run.yaml") is None


def test_settings_of_the_folder_hold(editor: Editor) -> None:
    (editor.root / "pyproject.toml").write_text(
        '[tool.dreamerguard]\nexclude = ["old/*"]\nignore = ["low-train-ratio"]\n'
    )
    editor.type("run.yaml", RUN + "  frmaes: 1\n")
    editor.type("old/run.yaml", RUN + "  frmaes: 1\n")
    assert names(editor.check("run.yaml")) == ["unknown-key"]
    assert editor.check("old/run.yaml") == []
    (editor.root / "pyproject.toml").write_text("[tool.dreamerguard]\nselect = 3\n")
    editor.linter.files_changed()
    assert names(editor.check("run.yaml")) == ["low-train-ratio", "unknown-key"]
    assert "select" in editor.linter.settings.problem[editor.root]


def test_comments_accept_findings(editor: Editor) -> None:
    editor.type("run.yaml", RUN.replace("32", "32  # dreamerguard: ignore[low-train-ratio] -- smoke test"))
    assert editor.check("run.yaml") == []
    editor.type("run.yaml", RUN.replace("32", "32  # dreamerguard: ignore[low-train-ratio] --"))
    assert names(editor.check("run.yaml")) == ["low-train-ratio", "unexplained-suppression"]


def test_code_that_changes_on_disk_is_read_again(editor: Editor) -> None:
    """A key of a fork counts as read as soon as a saved file reads it."""
    name = "dreamerv3/configs.yaml"
    main = "import elements\nconfigs = elements.Config({})\nprint(config.run.train_ratio, config.seed)\n"
    (editor.root / "setup.py").write_text("")
    editor.type(name, re.sub(r"^(\s+)seed: .*$", r"\g<0>\n\1own_key: 3", PRESETS, count=1, flags=re.MULTILINE))
    (editor.root / "dreamerv3/main.py").write_text(main)
    editor.check(name)
    indexes = len(editor.linter.memory._found)
    ((state, index),) = editor.linter.memory._found.values()
    editor.check(name)
    assert next(iter(editor.linter.memory._found.values()))[1] is index
    (editor.root / "dreamerv3/main.py").write_text(main + "print(config.own_key)\n")
    editor.linter.files_changed()
    editor.check(name)
    assert len(editor.linter.memory._found) == indexes
    assert next(iter(editor.linter.memory._found.values()))[1] is not index
    del state
