"""Numbers that no float holds, infinity, NaN and numbers near zero, in every numeric setting of every program."""

import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from dreamerguard.commands.app import app
from dreamerguard.core.finding import Severity
from dreamerguard.core.result import Result
from dreamerguard.core.source import SourceError
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.fixes import corrected_command, diff
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.lint.repository import check_tree
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.reports import render
from dreamerguard.reports.budget_table import render_budget
from dreamerguard.rules import all_rules
from dreamerguard.sources.argv import read_command

from .test_conformance import COMMANDS

EARLIER = {
    "danijar 2023": "python dreamerv3/train.py --configs dmc_proprio --task dmc_walker_walk --logdir logs",
    "danijar 2024": "python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk --run.num_envs 4",
    "torchrl script": "python sota-implementations/dreamer_v3/dreamer_v3.py",
    "sheeprl atari": "sheeprl exp=dreamer_v3_100k_ms_pacman",
}
PROGRAMS = {**COMMANDS, **EARLIER}
EXTREMES = [
    "1" + "0" * 400, "-1" + "0" * 400, "1e308", "-1e308", "1e-320", "0", "-0.0", "inf", ".inf", "nan", ".nan", "-1",
    "9223372036854775808", "0.10000000000000001", "0." + "3" * 500, "1e400", "1_000", "0x10", "True", "",
    "1e155", "1e-155", "3" * 4400,
]  # fmt: skip
#: Parts of the names of settings that are multiplied and divided with others.
SHARED = re.compile(
    "ratio|batch|length|envs|env_num|steps|frames|repeat|eval|prefill|pretrain|every|size|capacity|starts|seq|limit"
)
FORMATS = ("full", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown")
_NUMBER = re.compile(r"(?<=[:=\[,( ])-?\d+(?:\.\d+)?(?:e-?\d+)?\b")


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def report(result: Result) -> None:
    """Writes every report and fix; JSON must be JSON."""
    texts = {name: render(name, (result,)) for name in FORMATS}
    for name in ("json", "sarif", "gitlab"):
        json.loads(texts[name], parse_constant=no_constant)
    for line in texts["jsonl"].splitlines():
        json.loads(line, parse_constant=no_constant)
    render_budget(result.run)
    corrected_command((result,), unsafe=True)
    diff((result,), unsafe=True)


def check(words: list[str], folder: Path) -> Result | None:
    try:
        return check_command(read_command(words), folder=folder)
    except (SourceError, UnknownProgram):
        return None


def spelled(name: str, key: str, value: str) -> list[str]:
    flags = name in ("rllib", "nm512_torch") or name.startswith("danijar")
    return [f"--{key}", value] if flags else [f"{key}={value}"]


@cache
def numeric_keys(name: str) -> tuple[list[str], list[str]]:
    """Returns the settings of numbers that others are computed with, and the rest."""
    run = check_command(read_command(PROGRAMS[name].split()), folder=Path("/nonexistent")).run
    found = {key for key, setting in run.settings.items() if is_numeric(setting.value)}
    found |= {path for path, key in run.keys.items() if key.kind in ("integer", "number", "integers")}
    shared = {key for key in found if SHARED.search(key) or key in run.roles.values()}
    return sorted(shared), sorted(found - shared)


def is_numeric(value: object) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(map(is_numeric, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_number_of_the_tables(name: str, tmp_path: Path) -> None:
    shared, others = numeric_keys(name)
    assert len(shared) >= 5
    base, count = PROGRAMS[name].split(), len(EXTREMES)
    for number, key in enumerate(shared):
        for value in EXTREMES[number % 6 :: 6]:
            check([*base, *spelled(name, key, value)], tmp_path)
    for start in range(0, len(others), 6):  # no rule divides one of these by another
        keys = enumerate(others[start : start + 6], start)
        given = [word for number, key in keys for word in spelled(name, key, EXTREMES[number % count])]
        result = check([*base, *given], tmp_path)
        assert result is not None
        report(result)


@pytest.mark.parametrize("name", PROGRAMS)
@settings(max_examples=15)
@given(st.data())
def test_numbers_that_are_computed_together(name: str, tmp_path: Path, data: st.DataObject) -> None:
    shared, _ = numeric_keys(name)
    keys = data.draw(st.lists(st.sampled_from(shared), min_size=2, max_size=3, unique=True))
    given = [word for key in keys for word in spelled(name, key, data.draw(st.sampled_from(EXTREMES)))]
    result = check([*PROGRAMS[name].split(), *given], tmp_path)
    assert result is not None
    report(result)


def checkouts() -> Iterator[tuple[str, dict[str, str]]]:
    """Yields the commands and files of the rules' examples with a number in a file."""
    for rule in all_rules():
        for example in (*rule.good, *rule.bad):
            files = dict(example.files) | ({"run.yaml": example.file} if example.file else {})
            if any(_NUMBER.search(text) for text in files.values()):
                yield example.command, files


CHECKOUTS = list(checkouts())


@settings(max_examples=40)
@given(st.data())
def test_numbers_in_files(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    command, files = data.draw(st.sampled_from(CHECKOUTS))
    folder = tmp_path_factory.mktemp("checkout")
    places = [(name, match.span()) for name, text in files.items() for match in _NUMBER.finditer(text)]
    chosen = data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=3, unique=True))
    for name, (start, end) in sorted(chosen, key=lambda item: -item[1][0]):
        value = data.draw(st.sampled_from(EXTREMES))
        files = files | {name: files[name][:start] + value + files[name][end:]}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    result = check(shlex.split(command), folder)
    if result is not None:
        report(result)
    for name in files:
        if name.endswith(".yaml"):
            check_presets(folder / name)
    outcome = check_tree([folder], folder=folder)
    for format in ("json", "sarif"):
        json.loads(render(format, outcome), parse_constant=no_constant)


@pytest.mark.parametrize(
    "options", [[], ["--output-format", "json"], ["--output-format", "sarif"], ["--diff"], ["--fix"]]
)
def test_exit_codes(options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number, value in enumerate(EXTREMES):
        file = tmp_path / "run.yaml"
        file.write_text(f"task: dmc_walker_walk\nrun: {{train_ratio: {value}}}\nreplay: {{batch_size: {value}}}\n")
        unsafe = ["--unsafe-fixes"] if "--fix" in options and number % 2 else []
        done = CliRunner().invoke(app, ["lint", "run.yaml", *options, *unsafe])
        assert done.exit_code in (0, 1), (value, done.output)
        if "json" in options or "sarif" in options:
            json.loads(done.stdout, parse_constant=no_constant)


UNUSABLE = [
    ("danijar", "run.envs"), ("danijar", "run.train_ratio"), ("danijar", "replay.size"), ("sheeprl", "env.num_envs"),
    ("nm512_torch", "batch_size"), ("nm512_torch", "train_ratio"), ("nm512_torch", "steps"),
    ("r2dreamer", "env.steps"), ("r2dreamer", "batch_length"), ("sheeprl", "algo.total_steps"),
    ("sheeprl", "algo.replay_ratio"), ("torchrl", "replay_buffer.batch_size"), ("rllib", "batch_size_B"),
    ("native", "run.frames"), ("native", "replay.capacity"), ("native", "model.deter"),
]  # fmt: skip


@pytest.mark.parametrize("value", [EXTREMES[0], "1e400"])
@pytest.mark.parametrize(("name", "key"), UNUSABLE)
def test_a_count_that_no_float_holds_is_an_error(name: str, key: str, value: str, tmp_path: Path) -> None:
    result = check([*PROGRAMS[name].split(), *spelled(name, key, value)], tmp_path)
    assert result is not None
    found = [item for item in result.active if item.severity is Severity.ERROR and key in item.message]
    assert [item.name for item in found if item.name in ("out-of-range", "wrong-type")], result.findings
    assert all(len(item.message) < 300 for item in result.findings)


@pytest.mark.parametrize(
    ("name", "key"), [("danijar", "run.steps"), ("danijar 2023", "replay_size"), ("r2dreamer", "model.horizon")]
)
def test_an_endless_run_is_allowed(name: str, key: str, tmp_path: Path) -> None:
    result = check([*PROGRAMS[name].split(), *spelled(name, key, "inf")], tmp_path)
    assert result is not None
    assert not {"out-of-range", "wrong-type"} & {item.name for item in result.findings}


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("r2dreamer", "batch_size", "1e308"),
        ("sheeprl", "algo.replay_ratio", "1e308"),
        ("danijar", "batch_size", "1e308"),
    ],
)
def test_a_budget_that_no_float_holds_is_not_judged(name: str, key: str, value: str, tmp_path: Path) -> None:
    result = check([*PROGRAMS[name].split(), *spelled(name, key, value)], tmp_path)
    assert result is not None and not result.judged.budget and not result.judged.ratio
    assert f"{key} is 1e+308" in result.judged.text
    assert "no problems found" not in render("full", (result,))


@pytest.mark.parametrize("name", [*COMMANDS])
def test_a_ratio_near_zero_is_too_low(name: str, tmp_path: Path) -> None:
    run = check_command(read_command(PROGRAMS[name].split()), folder=tmp_path).run
    result = check([*PROGRAMS[name].split(), *spelled(name, run.roles["train_ratio"], "5e-324")], tmp_path)
    assert result is not None
    assert {"low-train-ratio", "low-update-budget", "ratio-unit"} & {item.name for item in result.findings}
