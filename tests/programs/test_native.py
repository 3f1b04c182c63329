"""Layers of a native run, and what goes wrong while they are merged."""

from pathlib import Path

import pytest

from dreamerguard.core.machine import UNKNOWN
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import SourceError, Span
from dreamerguard.programs.native.keys import NATIVE_CONDITIONS, NATIVE_RENAMES, native_keys
from dreamerguard.programs.native.program import ROLES, Native
from dreamerguard.programs.native.run_files import is_run_file
from dreamerguard.schema import SIZES, RunConfig
from dreamerguard.sources.argv import read_command


def resolve(folder: Path, words: str, **files: str) -> ResolvedRun:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return Native().resolve(read_command(f"dreamerguard train {words}".split()), UNKNOWN, folder)


def kinds(run: ResolvedRun, key: str) -> list[str]:
    return [layer.kind for layer in run.settings[key].chain]


def test_layers_from_the_schema_to_the_command_line(tmp_path: Path) -> None:
    run = resolve(
        tmp_path, "dmc_walker_walk a.yaml b.yaml run.train_ratio=4", a="run.train_ratio: 1", b="run: {train_ratio: 2}"
    )
    chain = run.settings["run.train_ratio"].chain
    assert [layer.kind for layer in chain] == ["schema", "suite", "file", "file", "command line"]
    assert [layer.value for layer in chain] == [512, 512, 1, 2, 4]
    spans = [layer.span for layer in chain if layer.span is not None]
    assert [str(span) for span in spans] == ["a.yaml:1:1", "b.yaml:1:7", "command line:1:50"]
    assert run.config is not None and run.config.run.train_ratio == 4.0


def test_a_plain_run_is_what_the_task_was_published_with(tmp_path: Path) -> None:
    run = resolve(tmp_path, "dmc_walker_walk")
    assert run.reference is not None and run.config is not None
    assert run.budget == run.reference.budget
    assert run.update_share == pytest.approx(1)
    assert run.config.run.frames == 500_000


@pytest.mark.parametrize(
    "words", ["size=size25m model.deter=512", "model.deter=512 size=size25m", "a.yaml size=size25m"]
)
def test_a_width_beats_the_size_wherever_both_stand(tmp_path: Path, words: str) -> None:
    run = resolve(tmp_path, f"dmc_walker_walk {words}", a="model.deter: 512")
    assert run.config is not None
    assert (run.config.model.deter, run.config.model.units) == (512, SIZES["size25m"]["units"])


def test_the_task_chooses_the_size_and_the_user_another(tmp_path: Path) -> None:
    assert kinds(resolve(tmp_path, "crafter_reward"), "size") == ["schema", "suite"]
    run = resolve(tmp_path, "crafter_reward size=size12m")
    assert run.settings["model.deter"].value == SIZES["size12m"]["deter"]
    assert kinds(run, "model.deter") == ["schema", "size"]


def test_editions_are_taken_as_a_whole(tmp_path: Path) -> None:
    run = resolve(tmp_path, "dmc_walker_walk edition=head")
    assert run.config is not None
    assert (run.config.run.train_ratio, run.config.env.action_repeat, run.config.size) == (1024, 1, "size1m")
    assert run.update_share == pytest.approx(1)


def test_asking_for_images_takes_the_suite_that_has_them(tmp_path: Path) -> None:
    run = resolve(tmp_path, "dmc_walker_walk env.observation=vision")
    assert run.reference is not None and run.reference.suite == "dmc_vision"


def test_nested_and_dotted_keys_mean_the_same(tmp_path: Path) -> None:
    nested = resolve(tmp_path, "a.yaml", a="task: dmc_walker_walk\nloss: {scales: {rep: 0.2}}\n")
    dotted = resolve(tmp_path, "b.yaml", b="task: dmc_walker_walk\nloss.scales.rep: 0.2\n")
    assert nested.config == dotted.config != resolve(tmp_path, "dmc_walker_walk").config


def test_anchors_keep_the_place_of_the_merge(tmp_path: Path) -> None:
    text = "task: dmc_walker_walk\nrun: &base {envs: 8}\n"
    run = resolve(tmp_path, "a.yaml", a=text + "replay:\n  <<: {batch_size: 8}\n")
    last = run.settings["replay.batch_size"].last
    assert last.via is not None and last.via.line == 4


def test_an_empty_section_is_no_problem(tmp_path: Path) -> None:
    run = resolve(tmp_path, "a.yaml", a="task: dmc_walker_walk\nrun:\n  # frames: 5\n")
    assert run.problems == () and run.config is not None


def test_a_value_for_a_section_is_refused(tmp_path: Path) -> None:
    run = resolve(tmp_path, "dmc_walker_walk run=5 loss.scales=1")
    assert [problem.rule for problem in run.problems] == ["wrong-type", "wrong-type"]
    assert run.config is None


def test_problems_leave_the_rest_resolved_and_give_no_config(tmp_path: Path) -> None:
    run = resolve(tmp_path, "dmc_walker_walk run.train_ratio=often run.frames=1e5")
    assert run.config is None
    assert run.settings["run.train_ratio"].value == 512
    assert run.settings["run.frames"].value == 100_000


def test_the_native_config_holds_every_resolved_value(tmp_path: Path) -> None:
    run = resolve(tmp_path, "dmc_walker_walk model.image_mults=[1,2] seed=7")
    assert run.config is not None
    dumped = run.config.model_dump()
    for key, setting in run.settings.items():
        value = dumped
        for part in key.split("."):
            value = value[part]
        assert value == setting.value, key


def test_missing_files_are_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        resolve(tmp_path, "missing.yaml")


@pytest.mark.parametrize(
    ("command", "known"),
    [
        ("dreamerguard train x", True),
        ("/opt/bin/dreamerguard lint x", True),
        ("python -m dreamerguard train x", True),
        ("CUDA_VISIBLE_DEVICES=1 uv run dreamerguard train x", True),
        ("python dreamerv3/main.py --configs crafter", False),
        ("dreamerguard tasks", False),
        ("", False),
    ],
)
def test_detection(command: str, known: bool) -> None:
    assert (Native().detect(read_command(command.split()), Path()) is not None) is known


def test_every_key_of_the_schema_is_known_with_its_default() -> None:
    dumped = RunConfig(task="dmc_walker_walk").model_dump()
    for path, key in native_keys().items():
        value = dumped
        for part in path.split("."):
            value = value[part]
        assert path == "task" or value == key.default
        assert key.description.endswith(".")


def test_tables_name_real_keys() -> None:
    keys = native_keys()
    assert {renamed.path for renamed in NATIVE_RENAMES.values()} <= keys.keys()
    assert not NATIVE_RENAMES.keys() & keys.keys()
    assert set(ROLES.values()) <= keys.keys()
    for condition in NATIVE_CONDITIONS:
        assert {*condition.keys, condition.other} <= keys.keys()


def test_every_written_value_has_a_span(tmp_path: Path) -> None:
    run = resolve(tmp_path, "dmc_walker_walk a.yaml run.envs=8", a="seed: 3\n")
    written = {key for key, setting in run.settings.items() if setting.chosen}
    assert written == {"task", "seed", "run.envs"}
    assert all(isinstance(run.settings[key].last.origin, Span) for key in written)


def test_a_file_can_be_named_by_the_option_of_train(tmp_path: Path) -> None:
    run = resolve(tmp_path, "dmc_walker_walk --config a.yaml --logdir runs/x --seed 5", a="seed: 3\nrun.envs: 8\n")
    assert run.files == ("a.yaml",) and run.problems == ()
    assert run.config is not None and (run.config.seed, run.config.run.envs) == (5, 8)


def test_suite_and_edition_are_filled_in(tmp_path: Path) -> None:
    run = resolve(tmp_path, "dmc_walker_walk")
    assert run.config is not None
    assert (run.config.suite, run.config.edition) == ("dmc_proprio", "paper-2025")
    assert kinds(run, "suite") == ["schema", "suite"]


def test_the_place_of_a_key_is_behind_its_dashes(tmp_path: Path) -> None:
    unknown = resolve(tmp_path, "dmc_walker_walk --sed 3").unknown
    assert [item.key_span.text for item in unknown if item.key_span is not None] == ["sed"]


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("dmc_vision", "is a suite, not a task"),
        ("dmc_vision_walker_walk", "write dmc_walker_walk suite=dmc_vision"),
        ("dmc_proprio_nothing", "does not exist"),
    ],
)
def test_the_name_of_a_suite_is_no_task(task: str, said: str, tmp_path: Path) -> None:
    (problem,) = [problem for problem in resolve(tmp_path, task).problems if problem.rule == "unknown-task"]
    assert said in problem.message


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("task: dmc_walker_walk\nrun:\n  frames: 1e6\n", True),
        ("task: dmc_walker_walk\nrun: {frames: 1e6}\nrun.envs: 4\n", True),
        ('"task": "dmc_walker_wlk"  # ours\nseed: 3\nrun: # length\n  frames: 1\n', True),
        ("task: build\nrun: make all\n", False),
        ("task: build_all\nrun: make all\n", False),
        ("task: build\nseed: 3\n", False),
        ("run:\n  frames: 1e6\n", False),
    ],
)
def test_which_files_are_runs(text: str, ours: bool) -> None:
    assert is_run_file(text) == ours


@pytest.mark.parametrize("words", ["--devices 4", "--devices=4", "runtime.devices=4"])
def test_devices_have_a_short_option(tmp_path: Path, words: str) -> None:
    run = resolve(tmp_path, f"dmc_walker_walk {words}")
    assert run.problems == () and run.config is not None
    assert run.config.runtime.devices == 4


@pytest.mark.parametrize("words", ["--devices 3", "--devices 2 seeds=3", "--devices 2 replay.batch_size=9"])
def test_a_batch_that_cannot_be_split_is_an_error(tmp_path: Path, words: str) -> None:
    (problem,) = resolve(tmp_path, f"dmc_walker_walk {words}").problems
    assert problem.rule == "inconsistent-settings" and "runtime.devices" in problem.message


@pytest.mark.parametrize("words", ["--max-unsaved 20", "--max-unsaved=20", "checkpoint.max_unsaved=20"])
def test_the_time_without_a_checkpoint_has_a_short_option(tmp_path: Path, words: str) -> None:
    run = resolve(tmp_path, f"dmc_walker_walk {words}")
    assert run.problems == () and run.config is not None
    assert run.config.checkpoint.max_unsaved == 20
