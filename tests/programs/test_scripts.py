"""Run scripts beside training have their own rules, and none of training's."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.core.result import Result
from dreamerguard.core.source import Source
from dreamerguard.lint.engine import check_command
from dreamerguard.reports.budget_table import render_budget
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.sources.argv import read_command
from dreamerguard.sources.commands.shell import read_shell

MAIN = "python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk --logdir x"
EVAL = f"{MAIN} --script eval_only --run.from_checkpoint c"


def lint(command: str, folder: Path) -> Result:
    return check_command(read_command(shlex.split(command)), folder=folder)


def names(command: str, folder: Path) -> set[str]:
    return {item.name for item in lint(command, folder).findings if item.severity is not Severity.INFO}


@pytest.mark.parametrize(
    "words",
    ["--run.steps 20", "--run.train_ratio 1", "--run.train_ratio 0", "--batch_size 1", "--replay.size 10"],
)
def test_no_rule_of_training_speaks_about_an_evaluation(words: str, tmp_path: Path) -> None:
    assert names(f"{EVAL} {words}", tmp_path) == set()


@pytest.mark.parametrize("script", ["parallel_env", "parallel_envs", "parallel_replay"])
def test_a_part_of_a_parallel_run_has_no_budget(script: str, tmp_path: Path) -> None:
    result = lint(f"{MAIN} --script {script} --run.train_ratio 8", tmp_path)
    assert not result.run.trains
    assert result.run.budget is None
    assert "does not train" in render_budget(result.run)


@pytest.mark.parametrize("script", ["train", "train_eval", "parallel"])
def test_scripts_that_train_are_judged_as_training(script: str, tmp_path: Path) -> None:
    assert "low-train-ratio" in names(f"{MAIN} --script {script} --run.train_ratio 8", tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        f"{MAIN} --script eval_only",
        "python dreamerv3/train.py --configs crafter --logdir x --run.script eval_only --run.steps 1e4",
        "python dreamerv3/main.py --configs crafter --logdir x --run.num_envs 1 --run.script eval_only --run.steps 10",
    ],
)
def test_an_evaluation_needs_a_checkpoint_in_every_edition(command: str, tmp_path: Path) -> None:
    assert "missing-checkpoint" in names(command, tmp_path)


def test_nothing_rests_on_an_absent_checkpoint_where_the_shell_may_add_one(tmp_path: Path) -> None:
    (command,) = read_shell(Source("run.sh", f'{MAIN} --script eval_only "$@"\n'))
    assert "missing-checkpoint" not in {item.name for item in check_command(command, folder=tmp_path).findings}


def test_the_checkpoint_of_another_machine_is_no_fault(tmp_path: Path) -> None:
    assert names(f"{EVAL}/runs/20260101", tmp_path) == set()


def test_a_checkpoint_that_its_folder_lacks_is_reported(tmp_path: Path) -> None:
    (tmp_path / "old/ckpt").mkdir(parents=True)
    assert names(f"{MAIN} --script eval_only --run.from_checkpoint old/ckpt/1", tmp_path) == {"missing-checkpoint"}


def test_the_name_in_latest_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old/latest").write_text("../../etc\x00", encoding="utf-8")
    (finding,) = lint(f"{MAIN} --script eval_only --run.from_checkpoint old", tmp_path).findings
    assert (finding.name, finding.fix) == ("missing-checkpoint", None)


def test_an_evaluation_with_the_default_length_does_not_end(tmp_path: Path) -> None:
    crafter = "python dreamerv3/main.py --configs size1m --task crafter_reward --logdir x --script eval_only"
    assert "endless-evaluation" in names(f"{crafter} --run.from_checkpoint c", tmp_path)
    assert names(f"{crafter} --run.from_checkpoint c --run.steps 1e4", tmp_path) == set()


@pytest.mark.parametrize("read", [True, False])
def test_the_checkout_decides_which_keys_a_script_reads(tmp_path: Path, read: bool) -> None:
    for name, text in with_preset("task: dummy_disc").items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.replace("run: {", "run: {from_checkpoint: '', "), encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("", encoding="utf-8")
    (tmp_path / "embodied/run").mkdir(parents=True)
    code = "def eval_only(args):\n  assert args.from_checkpoint\n"
    code += "  print(args.eval_eps)\n" if read else ""
    (tmp_path / "embodied/run/eval_only.py").write_text(code, encoding="utf-8")
    (tmp_path / "dreamerv3/main.py").write_text("print(1)\n", encoding="utf-8")
    command = "python dreamerv3/main.py --configs mine --script eval_only --run.from_checkpoint c --run.eval_eps 9"
    assert ("unread-by-script" in names(command, tmp_path)) is not read


@pytest.mark.parametrize("preset", ["script: eval_only", "task: dummy_disc"])
@pytest.mark.parametrize("words", ["--run.train_ratio 8", "--run.train_ratio=64", "--script eval_only --run.steps 9"])
def test_a_command_that_means_to_train_under_a_default_that_evaluates(preset: str, words: str, tmp_path: Path) -> None:
    for name, text in with_preset(preset, "run.from_checkpoint: /content").items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.replace("run: {", "run: {from_checkpoint: '', "), encoding="utf-8")
    found = names(f"python dreamerv3/main.py --configs mine --logdir x {words}", tmp_path)
    assert ("unread-by-script" in found) is ("eval" in preset and "ratio" in words)


def test_an_evaluation_of_sheeprl_has_no_budget(tmp_path: Path) -> None:
    result = lint("sheeprl-eval checkpoint_path=logs/ckpt_1.ckpt fabric.accelerator=gpu", tmp_path)
    assert (result.findings, result.run.trains, result.run.other) == ((), False, "")


@pytest.mark.parametrize("command", ["sheeprl-eval", "python sheeprl_eval.py env.capture_video=False"])
def test_an_evaluation_of_sheeprl_needs_a_checkpoint(command: str, tmp_path: Path) -> None:
    assert names(command, tmp_path) == {"missing-checkpoint"}


def test_an_evaluation_of_sheeprl_needs_the_configuration_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "v0/checkpoint").mkdir(parents=True)
    (tmp_path / "v0/checkpoint/1.ckpt").write_text("", encoding="utf-8")
    command = "sheeprl-eval checkpoint_path=v0/checkpoint/1.ckpt"
    assert names(command, tmp_path) == {"missing-checkpoint"}
    (tmp_path / "v0/config.yaml").write_text("algo: {name: dreamer_v3}\n", encoding="utf-8")
    assert names(command, tmp_path) == set()
    (tmp_path / "v0/config.yaml").write_text("algo: {name: ppo}\n", encoding="utf-8")
    assert lint(command, tmp_path).run.other == "ppo"


def test_the_checkpoint_of_another_algorithm_shows_in_its_path(tmp_path: Path) -> None:
    assert lint("sheeprl-eval checkpoint_path=logs/runs/ppo/v0/1.ckpt", tmp_path).run.other == "ppo"


@pytest.mark.parametrize("known", [True, False])
def test_keys_of_an_evaluation_of_sheeprl(known: bool, tmp_path: Path) -> None:
    if known:
        (tmp_path / "sheeprl/configs").mkdir(parents=True)
        path = tmp_path / "sheeprl/configs/eval_config.yaml"
        path.write_text("seed: null\ncheckpoint_path: ???\nmore: 1\n", encoding="utf-8")
    assert names("sheeprl-eval checkpoint_path=c more=2 seed=3", tmp_path) == set()
    assert ("unknown-key" in names("sheeprl-eval checkpoint_path=c env.id=x", tmp_path)) is known


@pytest.mark.parametrize(("script", "severity"), [("parallel", Severity.INFO), ("train", Severity.ERROR)])
def test_only_a_script_that_counts_updates_refuses_a_negative_ratio(
    script: str, severity: Severity, tmp_path: Path
) -> None:
    words = f"--configs dmc_vision --task dmc_walker_walk --logdir x --run.script {script} --run.train_ratio -1"
    found = [
        item.severity
        for item in lint(f"python dreamerv3/train.py {words} --envs.amount 4", tmp_path).findings
        if item.name == "negative-ratio"
    ]
    assert found == [severity]


RUN = "  run: {steps: 1e6, log_units: steps, train_ratio: 32.0,"


def put_script(folder: Path, name: str, code: str, preset: str = "task: dummy_disc") -> None:
    """A checkout of the 2025 edition with its own copy of a run script."""
    for path, text in with_preset(preset).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text.replace("  run: {steps: 1e6, train_ratio: 32.0,", RUN), encoding="utf-8")
    (folder / "requirements.txt").write_text("", encoding="utf-8")
    (folder / "embodied/run").mkdir(parents=True)
    (folder / "embodied/run" / f"{name}.py").write_text(f"def {name}(agent, args):\n{code}\n", encoding="utf-8")
    (folder / "dreamerv3/main.py").write_text("def main(argv=None):\n  run(config.run)\n", encoding="utf-8")


def unread(folder: Path, words: str) -> set[tuple[str, Severity]]:
    command = f"python dreamerv3/main.py --configs mine --logdir x --run.from_checkpoint c {words}"
    found = lint(command, folder).findings
    return {(item.key, item.severity) for item in found if item.name == "unread-by-script"}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("  driver(policy, steps=1e10)", {("run.steps", Severity.WARNING)}),
        ("  driver(policy, steps=args.steps)", set()),
        ("  driver(policy, steps=args['steps'])", set()),
        ("  driver(policy, **args)", set()),
        ("  from . import play\n  play(args)", set()),
        ("  more = vars(args)", set()),
    ],
)
def test_the_checkouts_script_shows_which_settings_of_the_run_it_reads(
    code: str, found: set[tuple[str, Severity]], tmp_path: Path
) -> None:
    put_script(tmp_path, "eval_only", f"{code}\n  load(args.from_checkpoint, args.log_every)")
    assert unread(tmp_path, "--script eval_only --run.steps 1e4") == found
    assert unread(tmp_path, "--script eval_only") == set()


def test_a_setting_of_the_log_that_the_script_does_not_read_is_information(tmp_path: Path) -> None:
    put_script(tmp_path, "train_best", "  print(args.steps, args.train_ratio)")
    assert unread(tmp_path, "--script train_best --run.log_every 7") == {("run.log_every", Severity.INFO)}
    assert unread(tmp_path, "--script train_best --run.log_every 120") == set()


def test_code_beside_the_scripts_may_read_a_setting(tmp_path: Path) -> None:
    put_script(tmp_path, "eval_only", "  load(args.from_checkpoint)")
    (tmp_path / "dreamerv3/agent.py").write_text("def f(config):\n  return config.run.steps\n", encoding="utf-8")
    assert unread(tmp_path, "--script eval_only --run.steps 1e4") == set()


def test_an_unread_setting_of_a_preset_is_information(tmp_path: Path) -> None:
    put_script(tmp_path, "eval_only", "  load(args.from_checkpoint)", "run.steps: 1e4")
    assert unread(tmp_path, "--script eval_only") == {("run.steps", Severity.INFO)}


@pytest.mark.parametrize(
    ("code", "loud"),
    [
        ("  should_save = elements.when.Clock(args.save_every)", True),
        ("  should_save = elements.StepClock(args.save_every)", False),
        ("  kind = Clock if args.log_units == 'seconds' else Every\n  should_save = kind(args.save_every)", False),
        ("  should_save = elements.when.Clock(int(args.save_every))", True),
    ],
)
def test_a_script_may_choose_the_unit_of_its_intervals(code: str, loud: bool, tmp_path: Path) -> None:
    put_script(tmp_path, "train", code)
    command = "python dreamerv3/main.py --configs mine --logdir x --run.save_every 1e5"
    assert ("interval-unit" in names(command, tmp_path)) is loud


@pytest.mark.parametrize(
    ("flag", "rules"),
    [
        (r"--.*\\.imag_length 20", set()),
        (r"--.*\\.imag_len 20", {"unknown-key"}),
        ("--agent.$NAME 20", set()),
    ],
)
def test_an_unquoted_pattern_is_read_as_it_is_typed(flag: str, rules: set[str], tmp_path: Path) -> None:
    put_script(tmp_path, "train", "  pass")
    (command,) = read_shell(Source("run.sh", f"python dreamerv3/main.py --configs mine --logdir x {flag}\n"))
    assert {
        item.name for item in check_command(command, folder=tmp_path).findings if item.key != "agent.imag_length"
    } == rules


PLAYS = "def {name}(make_agent, make_replay, make_env, args):\n  agent, replay = make_agent(), make_replay()\n"
PLAYS += (
    "  ratio = embodied.when.Ratio(args.train_ratio)\n  carry = agent.init_train(args.batch_size)\n  # agent.train()\n"
)
PLAYS += "  driver = embodied.Driver([bind(make_env, 0)])\n  driver.on_step(replay.add)\n  while step < args.steps:\n"
PLAYS += "    driver(lambda *a: agent.policy(*a, mode='train'), steps=10)\n"


def own_script(folder: Path, name: str, more: str = "") -> str:
    (folder / "dreamerv3/embodied/run").mkdir(parents=True, exist_ok=True)
    (folder / f"dreamerv3/embodied/run/{name}.py").write_text(PLAYS.format(name=name) + more)
    for path, text in with_preset("seed: 1").items():
        (folder / path).write_text(text)
    (folder / "dreamerv3/main.py").write_text("configs = 'configs.yaml'\n")
    presets = MAIN.replace("--configs dmc_proprio", "--configs mine")
    return f"{presets} --script {name} --run.train_ratio 8 --run.steps 100"


@pytest.mark.parametrize("name", ["sample", "collect_data", "watch"])
def test_a_script_that_only_plays_has_no_budget(name: str, tmp_path: Path) -> None:
    command = own_script(tmp_path, name)
    assert not lint(command, tmp_path).run.trains
    assert names(command, tmp_path) == set()


@pytest.mark.parametrize(
    "more",
    [
        "    agent.train(next(data), carry)\n",
        "    learn_step(batch)\n",
        "    loop(agent, driver)\n",
        "    embodied.run.train(make_agent)\n",
        "    from . import train\n",
        "    broken(\n",
    ],
)
def test_a_script_that_may_train_is_judged(more: str, tmp_path: Path) -> None:
    assert "run-too-short" in names(own_script(tmp_path, "sample", more), tmp_path)


def test_the_script_of_upstream_trains_whatever_it_holds(tmp_path: Path) -> None:
    assert "run-too-short" in names(own_script(tmp_path, "train_eval"), tmp_path)


@pytest.mark.parametrize(
    ("read", "needed"),
    [
        ("args.from_checkpoint_regex", True),
        ("args.from_checkpoint_regex if hasattr(args, 'from_checkpoint_regex') else None", False),
        ("getattr(args, 'from_checkpoint_regex', '.*')", False),
        ("args.get('from_checkpoint_regex')", False),
        ("args['from_checkpoint_regex'] if 'from_checkpoint_regex' in args else None", False),
        ("args.from_checkpoint_regex if hasattr(args, 'from_checkpoint') else None", True),
        ("(hasattr(args, 'from_checkpoint_regex') and args.from_checkpoint_regex)", False),
        ("None if hasattr(args, 'from_checkpoint_regex') else args.from_checkpoint_regex", True),
        ("None", False),
    ],
)
def test_a_script_that_asks_whether_a_setting_exists_can_do_without_it(read: str, needed: bool, tmp_path: Path) -> None:
    put_script(tmp_path, "train", f"  agent.train(args.from_checkpoint, regex={read})")
    presets = tmp_path / "dreamerv3/configs.yaml"
    presets.write_text(presets.read_text().replace("run: {", "run: {from_checkpoint: '', "), encoding="utf-8")
    command = "python dreamerv3/main.py --configs mine --logdir x --script train --run.from_checkpoint c"
    assert ("missing-checkpoint-regex" in names(command, tmp_path)) is needed


@pytest.mark.parametrize(
    ("end", "severity"),
    [
        ("  cp.save()", Severity.INFO),
        ("  print('done')", Severity.WARNING),
        ("  if args.steps:\n    cp.save()", Severity.WARNING),
    ],
)
def test_a_script_that_saves_behind_its_loop(end: str, severity: Severity, tmp_path: Path) -> None:
    code = "  should_save = LocalClock(args.save_every)\n  cp.save()\n  while step < args.steps:\n    agent.train()\n"
    put_script(tmp_path, "train", code + end)
    command = "python dreamerv3/main.py --configs mine --logdir x --script train --run.save_every 200000"
    found = [item.severity for item in lint(command, tmp_path).findings if item.name == "interval-unit"]
    assert found == [severity]


@pytest.mark.parametrize(
    ("words", "reported"),
    [('--run.from_checkpoint "${CKPT:-}"', False), ('--run.from_checkpoint ""', True), ("", True)],
)
def test_a_checkpoint_that_the_caller_of_a_script_names(words: str, reported: bool, tmp_path: Path) -> None:
    (item,) = read_shell(Source("run.sh", f"CKPT=${{1:-}}\n{MAIN} --script eval_only --run.steps 1e4 {words}\n"))
    found = {finding.name for finding in check_command(item, folder=tmp_path).findings}
    assert ("missing-checkpoint" in found) is reported


@pytest.mark.parametrize(
    ("code", "value", "severity"),
    [
        ("  should_save = Clock(args.save_every)", "-1", Severity.WARNING),
        ("  if args.save_every > 0 and should_save(step):\n    save()", "-1", Severity.INFO),
        ("  should_save = Clock(args.save_every) if args.save_every > 0 else never", "0", Severity.INFO),
        ("  if args.save_every and should_save(step):\n    save()", "0", Severity.INFO),
        ("  if args.save_every and should_save(step):\n    save()", "-1", Severity.WARNING),  # asks for zero only
        ("  if args.log_every > 0:\n    log(args.save_every)", "-1", Severity.WARNING),  # another interval
        ("  if args.save_every > 900:\n    save()", "-1", Severity.WARNING),
    ],
)
def test_an_interval_that_the_run_script_handles_itself(
    code: str, value: str, severity: Severity, tmp_path: Path
) -> None:
    put_script(tmp_path, "train", code)
    command = f"python dreamerv3/main.py --configs mine --logdir x --script train --run.save_every {value}"
    found = [item.severity for item in lint(command, tmp_path).findings if item.name == "nonpositive-interval"]
    assert found == [severity]
