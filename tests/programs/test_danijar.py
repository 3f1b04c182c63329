"""Recognition, editions, layers and places of danijar/dreamerv3's runs."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.core.machine import UNKNOWN
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Origin
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.programs.danijar.keys import renames_for
from dreamerguard.programs.danijar.program import Danijar
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.programs.shared.key_tables import load_table
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.sources.argv import read_command

MAIN = "python dreamerv3/main.py"


def resolve(command: str, folder: Path) -> ResolvedRun:
    return Danijar().resolve(read_command(shlex.split(command)), UNKNOWN, folder)


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "known"),
    [
        (f"{MAIN} --configs crafter", True),
        (f"{MAIN} --logdir x", True),
        ("python -u dreamerv3/train.py --configs small", True),
        ("python -m dreamerv3.main --configs crafter", True),
        ("CUDA_VISIBLE_DEVICES=1 uv run python /opt/dreamerv3/main.py --configs crafter", True),
        ("python main.py --configs crafter --run.steps 1e6", True),
        ("timeout 3600 python train_online.py --configs a --run.steps 5", True),
        ("python dreamer.py --configs crafter", False),
        ("python train.py env=crafter", False),
        ("python embodied/agents/dreamerv2plus/train.py --configs a1 --run learning", False),
        ("rllib train --run DreamerV3 --env CartPole-v0", False),
        ("python atari_100k.py --env ALE/Pong-v5", False),
        ("", False),
    ],
)
def test_detection(command: str, known: bool, tmp_path: Path) -> None:
    assert (Danijar().detect(read_command(shlex.split(command)), tmp_path) is not None) is known


@pytest.mark.parametrize(
    ("command", "edition"),
    [
        (f"{MAIN} --configs crafter", "2025"),
        ("python dreamerv3/train.py --configs crafter", "2023"),
        (f"{MAIN} --configs crafter --run.num_envs 4", "2024"),
        (f"{MAIN} --configs crafter --envs.amount 4 --rssm.deter 512", "2023"),
        (f"{MAIN} --configs size1m --agent.horizon 100", "2025"),
        (f"{MAIN} --configs medium", "2023"),
    ],
)
def test_editions_are_told_by_the_words(command: str, edition: str, tmp_path: Path) -> None:
    assert resolve(command, tmp_path).edition == edition


def test_the_file_beside_the_script_is_the_truth(tmp_path: Path) -> None:
    write(tmp_path, with_preset("run.train_ratio: 8"))
    run = resolve(f"{MAIN} --configs mine --run.train_ratio 16", tmp_path)
    assert run.seen and run.files == ("dreamerv3/configs.yaml",)
    chain = run.settings["run.train_ratio"].chain
    assert [(layer.kind, layer.value) for layer in chain] == [
        ("defaults", 32.0),
        ("preset", 8.0),
        ("command line", 16.0),
    ]
    assert [layer.span.source.name for layer in chain if layer.span is not None] == [
        "dreamerv3/configs.yaml", "dreamerv3/configs.yaml", "command line",
    ]  # fmt: skip


def test_values_that_upstream_ships_are_nobodys_choice(tmp_path: Path) -> None:
    write(tmp_path, with_preset("batch_size: 4"))
    run = resolve(f"{MAIN} --configs mine", tmp_path)
    assert run.settings["batch_length"].last.upstream and not run.settings["batch_length"].chosen
    assert run.settings["batch_size"].chosen and not run.settings["run.steps"].last.upstream


def test_without_a_file_the_table_stands_in(tmp_path: Path) -> None:
    run = resolve(f"{MAIN} --configs crafter", tmp_path)
    last = run.settings["run.train_ratio"].last
    assert not run.seen and last.value == 512.0 and isinstance(last.origin, Origin)
    assert "preset crafter" in str(last.origin)
    assert run.update_share == pytest.approx(1)


def test_a_copy_of_the_presets_alone_is_found(tmp_path: Path) -> None:
    files = {f"deep/{name}": text for name, text in with_preset("seed: 1").items()}
    write(tmp_path, files)
    assert resolve("python elsewhere/main.py --configs mine", tmp_path).seen
    write(tmp_path, {f"other/{name}": text for name, text in files.items()})
    assert not resolve("python elsewhere/main.py --configs mine", tmp_path).seen  # two files: no guess


def test_what_the_shell_fills_in_is_not_judged(tmp_path: Path) -> None:
    result = check_command(
        read_command(shlex.split(f'{MAIN} --configs $CONFIG --seed "$SEED" --run.steps $N --logdir <path>/x')),
        folder=tmp_path,
    )
    assert result.findings == () and result.run.budget is None
    run = resolve(f'{MAIN} --configs crafter --run.train_ratio "$RATIO"', tmp_path)
    assert run.settings["run.train_ratio"].value is None and run.budget is None


def test_the_shells_own_words_end_the_command(tmp_path: Path) -> None:
    run = resolve(f"{MAIN} --configs crafter --seed 3 2>&1 | tee log.txt", tmp_path)
    assert run.problems == () and run.settings["seed"].value == 3


@pytest.mark.parametrize("words", ["crafter,size12m", "crafter size12m"])
def test_presets_are_separated_by_spaces_or_commas(words: str, tmp_path: Path) -> None:
    run = resolve(f"{MAIN} --configs {words}", tmp_path)
    assert [preset.name for preset in run.presets] == ["crafter", "size12m"]
    assert run.presets[1].span.text == "size12m"
    assert run.settings["agent.dyn.rssm.deter"].value == 2048


def test_a_size_without_a_task_preset_is_low_on_updates(tmp_path: Path) -> None:
    command = f"{MAIN} --logdir x --configs size12m --task dmc_cartpole_swingup --env.dmc.image False"
    result = check_command(read_command(shlex.split(command)), folder=tmp_path)
    (finding,) = (item for item in result.findings if item.severity is not Severity.INFO)
    assert finding.name == "low-train-ratio" and "1024" in finding.message


def test_merged_presets_keep_the_place_of_the_merge(tmp_path: Path) -> None:
    files = with_preset("seed: 1")
    files["dreamerv3/configs.yaml"] += "base: &base {batch_size: 8}\ntop:\n  <<: *base\n  seed: 2\n"
    write(tmp_path, files)
    last = resolve(f"{MAIN} --configs top", tmp_path).settings["batch_size"].last
    assert last.value == 8 and last.via is not None and last.via.text == "<<"


def test_renames_point_at_keys_that_the_edition_has() -> None:
    for name in ("danijar_2023", "danijar_2024", "danijar_2025"):
        defaults = load_table(name).defaults
        renames = renames_for(defaults)
        assert renames and not renames.keys() & defaults.keys()
        assert {renamed.path for renamed in renames.values()} <= defaults.keys()


def test_a_file_of_presets_is_checked_by_itself(tmp_path: Path) -> None:
    write(tmp_path, with_preset("run.train_ration: 8", "batch_size: no"))
    result = check_presets(tmp_path / "dreamerv3/configs.yaml")
    assert result is not None and result.dialect == "danijar"
    loud = {item.name: item.primary.span.text for item in result.findings if item.severity is Severity.ERROR}
    assert loud == {"unknown-key": "run.train_ration: 8", "wrong-type": "batch_size: no"}


@pytest.mark.parametrize(
    "text", ["", "a: 1\n", "defaults: 5\n", "defaults: {a: 1}\n", "- 1\n", "x: [\n", "defaults: {}\n"]
)
def test_other_files_are_not_taken_for_presets(text: str, tmp_path: Path) -> None:
    (tmp_path / "configs.yaml").write_text(text, encoding="utf-8")
    result = check_presets(tmp_path / "configs.yaml")
    assert result is None or result.findings


def test_duplicate_keys_stop_the_program(tmp_path: Path) -> None:
    write(tmp_path, with_preset("seed: 1", "seed: 2"))
    result = check_command(read_command(shlex.split(f"{MAIN} --configs mine")), folder=tmp_path)
    (finding,) = result.findings
    assert finding.name == "duplicate-key" and "refuses" in finding.message


def test_program_and_edition_can_be_demanded(tmp_path: Path) -> None:
    words = shlex.split("python start.py --envs.amount 8 --configs small")
    with pytest.raises(UnknownProgram):
        check_command(read_command(["python", "start.py", "--amount", "8"]), folder=tmp_path)
    result = check_command(read_command(words), folder=tmp_path, dialect="danijar:2023")
    assert (result.dialect, result.run.edition, result.detected) == ("danijar", "2023", "as requested")
    result = check_command(read_command(words), folder=tmp_path, dialect="danijar:2025")
    assert {item.name for item in result.findings} >= {"unknown-key"}
    for wrong in ("danijar:1999", "tensorflow", "native:2023"):
        with pytest.raises(UnknownProgram):
            check_command(read_command(words), folder=tmp_path, dialect=wrong)


def test_settings_that_a_run_never_reads_are_named(tmp_path: Path) -> None:
    result = check_command(read_command(shlex.split(f"{MAIN} --configs crafter --run.eval_eps 5")), folder=tmp_path)
    assert [item.name for item in result.findings] == ["no-effect"]
    script = f"{MAIN} --configs crafter --script train_eval --run.eval_eps 5"
    assert check_command(read_command(shlex.split(script)), folder=tmp_path).findings == ()


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        ("--configs crafter defaults", ["overridden-preset"]),
        ("--configs defaults crafter", []),
        ("--configs crafter --configs crafter", []),
        ("--configs crafter --configs crafter size1m", []),
        ("--configs crafter --configs size1m", ["dropped-presets"]),
        ("--configs+ crafter --configs+ size1m", []),
    ],
)
def test_order_and_repetition_of_presets(words: str, rules: list[str], tmp_path: Path) -> None:
    command = read_command(shlex.split(f"{MAIN} --logdir x --task crafter_reward {words}"))
    result = check_command(command, folder=tmp_path)
    found = {finding.name for finding in result.findings}
    assert [rule for rule in ("overridden-preset", "dropped-presets") if rule in found] == rules


def test_defaults_behind_a_preset_are_the_values(tmp_path: Path) -> None:
    run = resolve(f"{MAIN} --configs dmc_proprio defaults --task dmc_walker_walk", tmp_path)
    assert run.settings["run.train_ratio"].value == 32


@pytest.mark.parametrize(
    "folder_name",
    ["logs", "logs/{timestamp}", "{timestamp:>20}_{timestamp!s}", "{{a}}", "{task}", "{}", "{0}", "a}b", "{",
     "{timestamp", "{timestamp.year}", "{timestamp[0]}", "{seed}_{timestamp}"],
)  # fmt: skip
def test_fields_of_the_log_directory_are_pythons(folder_name: str, tmp_path: Path) -> None:
    try:
        folder_name.format(timestamp="20261128T065500F123456")
        stops = False
    except (KeyError, IndexError, ValueError, AttributeError):
        stops = "timestamp." not in folder_name  # attributes of text are not looked at
    command = read_command([*MAIN.split(), "--configs", "crafter", "--logdir", folder_name])
    found = {finding.name for finding in check_command(command, folder=tmp_path).findings}
    assert ("unknown-field" in found) == stops


RECIPE = f"{MAIN} --logdir x --configs dmc_proprio --task dmc_walker_walk --env.dmc.repeat 2"


@pytest.mark.parametrize(
    ("words", "warned"),
    [
        ("--run.steps 2.5e5 --run.train_ratio 512", False),
        ("--run.steps 5e5 --run.train_ratio 512", False),
        ("--run.steps 2.5e5 --run.train_ratio 300", True),
        ("--run.steps 1e4 --run.train_ratio 512", True),
    ],
)
def test_the_recipe_of_another_edition_is_sound(words: str, warned: bool, tmp_path: Path) -> None:
    findings = check_command(read_command(shlex.split(f"{RECIPE} {words}")), folder=tmp_path).findings
    assert any(finding.severity is not Severity.INFO for finding in findings) == warned
    assert not any("edition=" in finding.help for finding in findings)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("--configs dmc_proprio --env.dmc.image True", True),
        ("--configs dmc_vision --env.dmc.image True", False),
        ("--configs dmc_proprio --env.dmc.image False", False),
        ("--configs dmc_proprio", False),
    ],
)
def test_images_in_the_preset_for_vectors(words: str, found: bool, tmp_path: Path) -> None:
    command = read_command(shlex.split(f"{MAIN} --logdir x --task dmc_walker_walk {words}"))
    names = {finding.name for finding in check_command(command, folder=tmp_path).findings}
    assert ("accidental-pixels" in names) == found


def test_the_budget_of_a_preset_holds_for_the_fork_that_renamed_its_task(tmp_path: Path) -> None:
    text = with_preset("task: atari_pong", "run: {steps: 1.1e5, train_ratio: 256, envs: 1}")["dreamerv3/configs.yaml"]
    write(tmp_path, {"dreamerv3/configs.yaml": text.replace("mine:", "atari100k:").replace("    dmc:", ATARI)})
    run = resolve(f"{MAIN} --logdir x --configs atari100k", tmp_path)
    assert run.reference is not None
    assert (run.edition, run.reference.suite) == ("2025", "atari100k")


ATARI = "    atari: {size: [96, 96], repeat: 4, sticky: True}\n    dmc:"


HEAD = "class Head:\n  def categorical(self, x):\n    return Dist(x{more})\n  def onehot(self, x):\n    return x\n"


@pytest.mark.parametrize(
    ("words", "more", "silent"),
    [
        ("--agent.policy.unimix 0.2", "", False),
        ("", "", True),
        ("--agent.policy.unimix 0.2 --agent.policy_dist_disc onehot", "", True),
        ("--agent.policy.unimix 0.2", ", self.unimix", True),  # a fork that applies it
        ("--agent.dyn.rssm.unimix 0.2", "", True),
    ],
)
def test_the_uniform_share_of_the_policy_is_not_applied(words: str, more: str, silent: bool, tmp_path: Path) -> None:
    shares = "  agent:\n    policy: {unimix: 0.1}\n    policy_dist_disc: categorical\n    dyn: {rssm: {unimix: 0.1}}\n"
    text = with_preset("seed: 1")["dreamerv3/configs.yaml"].replace("  agent:\n", shares)
    write(tmp_path, {"dreamerv3/configs.yaml": text, "dreamerv3/main.py": "", "requirements.txt": ""})
    write(tmp_path, {"embodied/jax/heads.py": HEAD.format(more=more)})
    command = read_command(f"{MAIN} --configs mine --logdir x {words}".split())
    found = [item.key for item in check_command(command, folder=tmp_path).findings if item.name == "no-effect"]
    assert ("agent.policy.unimix" not in found) is silent
