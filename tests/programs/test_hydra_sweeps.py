"""Sweeps of hydra programs: which values they have, compared with hydra itself, and which runs they start."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.lint.engine import check_command
from dreamerguard.programs.hydra.sweep_values import MAX_VALUES, sweep_values
from dreamerguard.programs.registry import recognise
from dreamerguard.sources.argv import Command, read_command

WALKER = ("python", "sheeprl.py", "exp=dreamer_v3_dmc_walker_walk")
NUMBERS = st.one_of(st.integers(-20, 20), st.sampled_from([0.1, 0.25, 1.5, -0.5]))


def swept(*words: str, folder: Path = Path("/nowhere")) -> Command:
    command = read_command(words)
    program, _ = recognise(command, folder)
    return program.with_sweep(command, folder)


def values(*words: str, folder: Path = Path("/nowhere")) -> dict[str, tuple[str, ...]]:
    return {axis.name: axis.labels for axis in swept(*words, folder=folder).axes}


def real(text: str) -> list[str] | None:
    parser = pytest.importorskip("hydra.core.override_parser.overrides_parser").OverridesParser.create()
    override = parser.parse_override(f"key={text}")
    if not (override.is_sweep_override() and override.is_discrete_sweep()):
        return None
    return sorted(override.sweep_string_iterator()) or None


@pytest.mark.parametrize(
    "text",
    [
        "1,2", "a, b ,c", "choice(1,2)", "choice( a , b )", "range(3)", "range(1,4)", "range(5,1,-2)", "range(2,1)",
        "range(0.1,0.4,0.1)", "range(start=1,stop=7,step=3)", "range(1.0,3)", "range(0,1,0.25)", "sort(3,1,2)",
        "sort(choice(3,1),reverse=true)", "sort(range(1,10,3),reverse=true)", "shuffle(1,2)", "shuffle(range(1,4))",
        "shuffle(sweep=choice(1,2))", "tag(a,b,choice(1,2))", "int(1.5,2.5)", "int(choice(1.2,2))", "float(1,2)",
        "float(range(1,3))", "'a,b',c", "[1,2],[3]", "{a:1},{a:2}", "choice([1],[2])", "choice(1)", "1", "[1,2]",
        "int(3.7)", "interval(0,1)", "tag(t,interval(0,1))",
    ],
)  # fmt: skip
def test_the_values_are_those_of_hydra(text: str) -> None:
    ours = sweep_values(text, ())
    assert (sorted(item.text for item in ours) if ours is not None else None) == real(text)


@settings(deadline=None, max_examples=60)
@given(NUMBERS, NUMBERS, NUMBERS.filter(bool))
def test_ranges_are_those_of_hydra(start: float, stop: float, step: float) -> None:
    text = f"range({start},{stop},{step})"
    ours = sweep_values(text, ())
    assert (sorted(item.text for item in ours) if ours is not None else None) == real(text)


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="ab,1.()[]{}'\"= rangechoiceglobsort$\\", max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = sweep_values(text, ("a", "b"))
    assert found is None or 0 < len(found) <= MAX_VALUES


@pytest.mark.parametrize(
    "text", ["range(0,1000000000000)", "range(0,1,0.0000001)", "1," * 50_000 + "1", "sort(" * 5000]
)
def test_what_is_too_long_is_not_listed(text: str) -> None:
    assert sweep_values(text, ()) is None


def test_each_value_has_its_place() -> None:
    (axis,) = swept(*WALKER, "-m", "algo.replay_ratio=0.5,0.01").axes
    assert [choice[0].span.text for choice in axis.choices] == ["0.5", "0.01"]


def test_one_run_is_a_command() -> None:
    command = swept(*WALKER, "-m", "algo.replay_ratio=choice(0.5, 0.01)", "seed=1,2")
    assert [axis.labels for axis in command.axes] == [("0.5", "0.01"), ("1", "2")]
    assert command.pick((1, 0)).words[-2].text == "algo.replay_ratio=0.01"
    assert command.pick((1, 0)).words[-1].text == "seed=1"


@pytest.mark.parametrize("mode", ["-m", "--multirun", "hydra.mode=MULTIRUN"])
def test_a_sweep_needs_a_mode(mode: str) -> None:
    assert values(*WALKER, mode, "algo.replay_ratio=0.5,0.01") == {"algo.replay_ratio": ("0.5", "0.01")}
    assert not swept(*WALKER, "algo.replay_ratio=0.5,0.01").axes


def test_without_a_mode_hydra_stops() -> None:
    found = check_command(read_command([*WALKER, "algo.replay_ratio=0.5,0.01"])).findings
    assert "malformed-override" in {item.name for item in found}
    assert not check_command(read_command([*WALKER, "hydra.mode=MULTIRUN", "algo.replay_ratio=0.5,0.4"])).refused


def test_of_two_arguments_with_one_key_the_last_counts() -> None:
    command = swept(*WALKER, "-m", "algo.replay_ratio=0.01,0.02", "algo.replay_ratio=0.5")
    assert not command.axes
    assert not any(item.severe for item in check_command(command).findings)


def test_options_of_a_group_are_a_sweep() -> None:
    table = values("sheeprl", "-m", "exp=dreamer_v3_dmc_*", "algo=glob(dreamer_v3_X*)")
    assert set(table["algo"]) == {"dreamer_v3_XL", "dreamer_v3_XS"}


def test_an_interval_is_an_unknown_value_on_which_nothing_rests() -> None:
    result = check_command(read_command([*WALKER, "-m", "algo.replay_ratio=interval(0.001,0.002)"]))
    assert not result.findings
    assert not result.judged.ratio
    assert "algo.replay_ratio=interval(0.001,0.002)" in result.judged.reason
    assert "chosen while the sweep runs" in result.judged.reason


def test_parameters_of_the_sweeper_on_the_command_line() -> None:
    command = swept(*WALKER, "-m", "hydra.sweeper.params={algo.replay_ratio: '0.5,0.01'}")
    assert [(axis.name, axis.labels) for axis in command.axes] == [("algo.replay_ratio", ("0.5", "0.01"))]


def checkout(folder: Path, mode: str = "  mode: MULTIRUN\n") -> Path:
    configs = folder / "configs"
    (configs / "exp").mkdir(parents=True)
    (configs / "exp" / "mine.yaml").write_text(
        "# @package _global_\ndefaults:\n  - dreamer_v3_dmc_walker_walk\n  - override /algo: dreamer_v3\n  - _self_\n"
        f"hydra:\n{mode}  sweeper:\n    params:\n      algo.replay_ratio: 0.5,0.01\n"
    )
    return folder


def test_parameters_of_the_sweeper_in_a_file(tmp_path: Path) -> None:
    command = read_command(["python", "sheeprl.py", "exp=mine"])
    (finding,) = [item for item in check_command(command, folder=checkout(tmp_path)).findings if item.severe]
    assert finding.name == "low-train-ratio"
    assert "with algo.replay_ratio=0.01; 1 of 2 runs" in finding.message
    assert finding.primary.span.source.name.endswith("mine.yaml")


def test_parameters_in_a_file_need_the_mode(tmp_path: Path) -> None:
    folder = checkout(tmp_path, mode="")
    assert not swept("python", "sheeprl.py", "exp=mine", folder=folder).axes
    assert values("python", "sheeprl.py", "-m", "exp=mine", folder=folder) == {"algo.replay_ratio": ("0.5", "0.01")}
    given = swept("python", "sheeprl.py", "-m", "exp=mine", "algo.replay_ratio=0.5", folder=folder)
    assert not given.axes
