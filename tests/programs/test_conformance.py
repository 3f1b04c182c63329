"""Every registered program keeps the interface of ``programs/interface.py``."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dreamerguard.programs
from dreamerguard.core.log_format import LogEvidence, RunFacts, StoredSettings
from dreamerguard.core.machine import UNKNOWN
from dreamerguard.core.programs import SUPPORTED, SupportedProgram
from dreamerguard.programs.interface import Program
from dreamerguard.programs.registry import (
    UnknownProgram,
    by_name,
    environment_maker,
    load_program,
    log_layouts,
    program_names,
    recognise,
)
from dreamerguard.sources.argv import read_command

FOLDER = Path(dreamerguard.programs.__file__).parent
NOT_PROGRAMS = {"shared", "hydra"}

#: One sound command of each program.
COMMANDS = {
    "native": "dreamerguard train dmc_walker_walk",
    "sheeprl": "sheeprl exp=dreamer_v3_dmc_walker_walk",
    "r2dreamer": "python train.py env=dmc_vision env.task=dmc_walker_walk",
    "rllib": "python -m ray.rllib.algorithms.dreamerv3 --env DMC/walker/walk --stop.num_env_steps_sampled_lifetime 5e5",
    "torchrl": "python sota-implementations/dreamer_v3/train.py --config-name=config_dmc_walker",
    "nm512_torch": "python dreamer.py --configs dmc_proprio --task dmc_walker_walk --logdir logs",
    "danijar": "python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk --logdir logs",
}
LOGGED = pytest.mark.parametrize("entry", [entry for entry in SUPPORTED if entry.logs], ids=lambda entry: entry.name)
ENTRIES = pytest.mark.parametrize("entry", SUPPORTED, ids=lambda entry: entry.name)


def test_every_folder_is_registered() -> None:
    folders = {path.parent.name for path in FOLDER.glob("*/__init__.py")} - NOT_PROGRAMS
    assert folders == set(program_names()) == set(COMMANDS)


@ENTRIES
def test_program_has_its_parts(entry: SupportedProgram) -> None:
    program = load_program(entry.name)
    assert isinstance(program, Program)
    assert program.name == entry.name and entry.title
    assert (FOLDER / entry.name / "__init__.py").read_text(encoding="utf-8").startswith('"""')


@ENTRIES
def test_its_command_is_recognised_and_resolved(entry: SupportedProgram, tmp_path: Path) -> None:
    command = read_command(COMMANDS[entry.name].split())
    program, reason = recognise(command, tmp_path)
    assert program.name == entry.name and reason
    run = program.resolve(command, UNKNOWN, tmp_path)
    assert run.dialect == entry.name
    keys = run.keys or run.settings  # a Hydra program declares a key by giving it a value
    assert run.settings and run.roles and set(run.settings) <= set(keys)
    for role in ("task", "frames", "train_ratio", "batch_size", "batch_length"):
        assert run.roles[role] in keys, role  # type: ignore[index]
    assert run.budget is not None and run.budget.updates > 0
    assert run.reference is not None and run.reference.load_curve() is not None, "nothing published to compare with"
    assert run.settings == program.resolve(command, UNKNOWN, tmp_path).settings


@ENTRIES
def test_no_other_program_takes_its_command(entry: SupportedProgram, tmp_path: Path) -> None:
    command = read_command(COMMANDS[entry.name].split())
    takers = [name for name in program_names() if load_program(name).detect(command, tmp_path) is not None]
    assert takers == [entry.name]


@ENTRIES
def test_it_can_be_named(entry: SupportedProgram) -> None:
    command = read_command(COMMANDS[entry.name].split())
    assert by_name(command, entry.name)[0].name == entry.name
    with pytest.raises(UnknownProgram):
        by_name(command, f"{entry.name}:1999")
    for edition in load_program(entry.name).editions:
        assert by_name(command, f"{entry.name}:{edition}")[0].name == entry.name


@ENTRIES
def test_its_log_directory_is_found(entry: SupportedProgram, tmp_path: Path) -> None:
    program = load_program(entry.name)
    run = program.resolve(read_command(COMMANDS[entry.name].split()), UNKNOWN, tmp_path)
    assert program.log_directory(run, "somewhere")


@LOGGED
def test_its_log_layout_is_complete(entry: SupportedProgram, tmp_path: Path) -> None:
    (layout,) = [layout for layout in log_layouts() if layout.program == entry.name]
    assert layout.title and layout.x and layout.names
    assert layout.files or layout.event_scores, "no place for scores"
    assert set(layout.metrics) <= set(layout.files)
    assert not layout.wrote(LogEvidence(tmp_path, frozenset(), frozenset(), frozenset()))
    assert isinstance(layout.facts(StoredSettings({})), RunFacts)
    targets = {
        layout.metric_name(key) for key in ("loss/dyn", "train/loss/dyn", "dyn_loss", "Loss/dyn_loss", "loss_reward")
    }
    assert targets - {None}, "its losses are not read"


@LOGGED
def test_reading_its_logs_loads_no_resolver(entry: SupportedProgram) -> None:
    code = f"import sys, dreamerguard.programs.{entry.name}.log_layout; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("dreamerguard.")}
    assert not any(name.startswith(("dreamerguard.lint", "dreamerguard.rules")) for name in loaded)
    assert not any(name.endswith(".program") for name in loaded)


@ENTRIES
def test_its_environment_maker_stands_alone(entry: SupportedProgram) -> None:
    path = environment_maker(entry.name)
    if path is None:
        pytest.skip("this program has none")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert functions == ["make_env"]
    assert modules <= set(sys.stdlib_module_names), "it runs where dreamerguard is not installed"
