"""A whole repository: what is found, where findings point and what counts."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dreamerguard.commands.app import app
from dreamerguard.core.finding import Severity
from dreamerguard.core.result import RepositoryResult
from dreamerguard.core.source import SourceError
from dreamerguard.lint.repository import check_tree
from dreamerguard.lint.settings.model import Settings
from dreamerguard.reports.repository_summary import render_tree
from dreamerguard.rules.helpers.example_files import with_preset, with_r2_env, with_torch_preset

SCRIPT = "#!/bin/bash\nRATIO=32\nfor task in dmc_walker_walk dmc_hopper_hop; do\n  python train.py env=dmc_vision \\\n"
SCRIPT += "    env.task=$task env.train_ratio=$RATIO\ndone\n"


def put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def found(outcome: RepositoryResult) -> list[tuple[str, str]]:
    return [(item.name, str(item.primary.span)) for result in outcome.results for item in result.active]


def test_findings_point_into_the_script_once(tmp_path: Path) -> None:
    put(tmp_path, {"runs/go.sh": SCRIPT})
    outcome = check_tree([tmp_path])
    assert found(outcome) == [("low-train-ratio", "runs/go.sh:5:20")]
    assert (outcome.commands, outcome.presets, outcome.files) == (1, 0, 1)


def test_all_kinds_of_files(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "README.md": "```bash\ndreamerguard train dmc_walker_walk run.train_ratio=32\n```\n",
            "Dockerfile": 'CMD ["sheeprl", "exp=dreamer_v3_100k_boxing", "algo.replay_ratio=-1"]\n',
            "my.yaml": "task: dmc_walker_walk\nrun: {train_ration: 32}\n",
            "r2/train.py": "",
            "r2/configs/model/size12M.yaml": "deter: 2048\n",
            **{f"r2/{name}": text for name, text in with_r2_env("act_entropy: 1e-2").items()},
            "jax/dreamerv3/main.py": "",
            **{f"jax/{name}": text for name, text in with_preset("run.train_ratoi: 32").items()},
        },
    )
    put(tmp_path, {"r2/configs/model/size12M.yaml": "deter: 2048\nact_entropy: 3e-4\n"})
    presets = (tmp_path / "jax/dreamerv3/configs.yaml").read_text()
    line = presets[: presets.index("run.train_ratoi")].count("\n") + 1
    outcome = check_tree([tmp_path])
    assert sorted(found(outcome)) == [
        ("low-train-ratio", "README.md:2:36"),
        ("misplaced-key", "r2/configs/env/mine.yaml:9:1"),
        ("negative-ratio", "Dockerfile:1:47"),
        ("unknown-key", f"jax/dreamerv3/configs.yaml:{line}:3"),
        ("unknown-key", "my.yaml:2:7"),
    ]
    assert set(outcome.dialects) == {"native", "sheeprl", "r2dreamer", "danijar"}
    assert (outcome.commands, outcome.presets) == (2, 3)


def test_a_command_is_started_where_its_program_lies(tmp_path: Path) -> None:
    files = with_r2_env("own: 1") | {"train.py": "", "configs/model/size12M.yaml": "deter: 2048\n"}
    put(tmp_path, {f"sub/{name}": text for name, text in files.items()})
    put(tmp_path, {"sub/scripts/go.sh": "python train.py env=mine env.own=2 env.nope=3\n"})
    assert found(check_tree([tmp_path])) == [("unknown-key", "sub/scripts/go.sh:1:36")]


def test_comments_and_settings_count(tmp_path: Path) -> None:
    put(tmp_path, {"go.sh": SCRIPT, "old/go.sh": SCRIPT})
    assert found(check_tree([tmp_path], settings=Settings(exclude=("old",)))) == [("low-train-ratio", "go.sh:5:20")]
    assert found(check_tree([tmp_path], settings=Settings(ignore={"low-train-ratio": "known"}))) == []


def test_nothing_to_check(tmp_path: Path) -> None:
    put(tmp_path, {"go.sh": "echo hi\n", "a.yaml": "x: 1\n", "b.yaml": "\t"})
    assert check_tree([tmp_path]).checked == 0
    with pytest.raises(SourceError, match="no such file"):
        check_tree([tmp_path / "nope"])


def test_binary_and_broken_files_are_named_not_fatal(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_bytes(b"python train.py\0\xff")
    (tmp_path / "b.md").write_bytes(b"\xff\xfe")
    outcome = check_tree([tmp_path])
    assert len(outcome.unreadable) == 2
    assert "cannot be read" in render_tree(outcome)


def test_the_command_and_its_exit_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, {"bad/go.sh": SCRIPT, "good/go.sh": "python train.py env=dmc_vision\n", "none/a.md": "words\n"})
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    bad = runner.invoke(app, ["check", "bad"])
    assert bad.exit_code == 1
    assert "error" not in bad.output.split("[", 1)[0]
    assert "checked 1 command; read" in bad.output
    assert runner.invoke(app, ["check", "good"]).exit_code == 0
    assert runner.invoke(app, ["check", "none"]).exit_code == 3
    assert runner.invoke(app, ["check", "nope"]).exit_code == 2
    assert runner.invoke(app, ["check", "bad", "--exit-zero"]).exit_code == 0
    sarif = runner.invoke(app, ["check", "bad", "--output-format", "sarif"])
    results = json.loads(sarif.stdout)["runs"][0]["results"]
    assert results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "bad/go.sh"


@pytest.mark.parametrize(("text", "severity"), [("", "error"), ("First write `dreamer_v33.yaml`.\n", "info")])
def test_an_option_that_the_page_tells_to_write(tmp_path: Path, text: str, severity: str) -> None:
    put(tmp_path, {"README.md": f"{text}```\nsheeprl exp=dreamer_v33 env=dmc\n```\n"})
    outcome = check_tree([tmp_path])
    kinds = {item.name: item.severity for result in outcome.results for item in result.active}
    assert kinds["unknown-option"] == severity


def test_a_large_repository(tmp_path: Path) -> None:
    preset = with_preset("run.train_ratio: 64")["dreamerv3/configs.yaml"]
    for number in range(100):
        put(
            tmp_path,
            {
                f"p{number}/go.sh": f"python train.py env=dmc_vision seed={number}\n",
                f"p{number}/notes.md": "```\nsheeprl exp=dreamer_v3_100k_boxing seed=1\n```\n" + "words\n" * 50,
                f"p{number}/module.py": "x = 1\n" * 100,
                f"p{number}/data.yaml": "a: 1\nb: [1, 2]\n",
                f"p{number}/run.yaml": "task: dmc_walker_walk\nrun: {train_ratio: 512}\n",
            },
        )
    put(tmp_path, {"dreamerv3/configs.yaml": preset})
    outcome = check_tree([tmp_path])
    assert outcome.seen == 501
    assert outcome.checked >= 202


def test_what_only_the_shell_knows_is_not_judged(tmp_path: Path) -> None:
    text = (
        "dreamerguard train $TASK run.train_ratio=$R\n"
        "dreamerguard train dmc_walker_walk run.train_ratio=$R\n"
        'dreamerguard train "$@"\n'
        "python dreamerv3/main.py --configs $C --task $T --run.train_ratio $R\n"
        "python dreamer.py --configs dmc_vision --task $T --logdir $L --steps $S\n"
        "python dreamer.py --configs dmc_vision $EXTRA\n"
        "python train.py env=$ENV env.task=$T trainer.steps=$S model.rep_loss=$L\n"
        "sheeprl exp=$EXP algo.nonsense=3\n"
    )
    put(tmp_path, {"go.sh": text})
    outcome = check_tree([tmp_path])
    assert found(outcome) == []
    assert outcome.commands == 8


def test_comments_in_scripts_accept_findings(tmp_path: Path) -> None:
    line = (
        "python train.py env=dmc_vision env.train_ratio=32  # dreamerguard: ignore[low-train-ratio] -- a quick look\n"
    )
    put(tmp_path, {"go.sh": line})
    outcome = check_tree([tmp_path])
    assert found(outcome) == []
    assert [item.allowed for result in outcome.results for item in result.findings] == ["a quick look"]


def test_a_mistake_in_upstreams_own_document_is_not_the_keepers(tmp_path: Path) -> None:
    example = "python dreamerv3/main.py \\\n  --logdir ~/logdir/dreamer/{timestamp} \\\n  --configs crafter \\\n"
    command = f"{example}  --run.train_ratio 32\n"
    put(tmp_path, {"README.md": f"```sh\n{command}```\n", "mine.sh": command.replace("crafter", "dmc_proprio")})
    findings = [item for result in check_tree([tmp_path]).results for item in result.findings]
    labels = {item.primary.span.source.name: item.upstream for item in findings}
    assert labels == {"README.md": "danijar/dreamerv3 at e3f0224", "mine.sh": ""}
    put(tmp_path, {"README.md": f"```sh\n{command.replace('32', '16')}```\n"})
    assert not any(item.upstream for result in check_tree([tmp_path]).results for item in result.findings)


def test_a_command_does_not_hide_what_the_file_of_presets_says(tmp_path: Path) -> None:
    files = with_torch_preset("my_speed: 3")
    (tmp_path / "configs.yaml").write_text(files["configs.yaml"], encoding="utf-8")
    code = "def main(config):\n  print(config.train_ratio, config.seed, config.steps, config.task, config.logdir)\n"
    more = "  print(config.batch_size, config.batch_length, config.size, config.envs, config.critic, config.prefill)\n"
    (tmp_path / "dreamer.py").write_text(f"{code}{more}  print(config.action_repeat, config.eval_every)\n")
    (tmp_path / "A.md").write_text("```sh\npython dreamer.py --configs mine --logdir x\n```\n")
    found = [item for result in check_tree([tmp_path]).results for item in result.findings if item.key == "my_speed"]
    assert [(item.name, item.severity) for item in found] == [("unread-key", Severity.WARNING)]


@pytest.mark.parametrize(
    ("before", "severity"),
    [
        ("git checkout sparse-branch", Severity.INFO),
        ("cd x && git switch wide; pip install .", Severity.INFO),
        ("git switch origin/wide  # the branch", Severity.INFO),
        ("git checkout main", Severity.ERROR),
        ("git checkout -b mine", Severity.ERROR),
        ("git checkout other\n```\n\n```bash", Severity.ERROR),
        ("", Severity.ERROR),
    ],
)
def test_keys_of_another_branch_are_not_errors(before: str, severity: Severity, tmp_path: Path) -> None:
    page = f"# Runs\n\n```bash\n{before}\npython dreamerv3/main.py --logdir x --configs mine --agent.wide 3\n```\n"
    put(tmp_path, with_preset("seed: 1") | {"README.md": page})
    findings = [item for result in check_tree([tmp_path]).results for item in result.findings]
    (unknown,) = [item for item in findings if item.name == "unknown-key"]
    assert unknown.severity is severity
    assert ("may differ" in unknown.help) == (severity is Severity.INFO)


@pytest.mark.parametrize("home", ["$HOME/clone", "/home/user/clone", "~/clone"])
def test_a_path_of_another_machine_means_the_script_of_the_checkout(home: str, tmp_path: Path) -> None:
    script = (
        f'ARGS=(\n  --seed 1\n  --run.trian_ratio 3\n)\npython {home}/dreamerv3/main.py --configs mine "${{ARGS[@]}}"\n'
    )
    put(tmp_path, {"runs/go.sh": script, "dreamerv3/main.py": "", **with_preset("seed: 1")})
    assert ("unknown-key", "runs/go.sh:3:3") in found(check_tree([tmp_path / "runs"], folder=tmp_path))
    other = script.replace("dreamerv3/main.py", "other/main.py").replace("--configs mine", "")
    put(tmp_path, {"runs/go.sh": other})
    assert found(check_tree([tmp_path / "runs"], folder=tmp_path)) == []


def test_the_name_of_a_trainer_is_enough_beside_its_presets(tmp_path: Path) -> None:
    line = "python ~/MyClone/main.py --configs mine --run.trian_ratio 3 --logdir x\n"
    presets = with_preset("seed: 1")["dreamerv3/configs.yaml"]
    put(tmp_path, {"runs/go.sh": line, "main.py": "", "configs.yaml": presets})
    assert found(check_tree([tmp_path / "runs"], folder=tmp_path)) == [("unknown-key", "runs/go.sh:1:41")]
    (tmp_path / "configs.yaml").rename(tmp_path / "runs" / "configs.yaml")  # so that no presets are beside the script
    assert len(found(check_tree([tmp_path / "runs"], folder=tmp_path))) > 1


def test_the_same_command_is_blamed_at_each_place(tmp_path: Path) -> None:
    faulty = "python dreamerv3/main.py --logdir x --configs dmc_proprio --task dmc_walker_walk --run.train_ratio 8"
    for name in ("a.sh", "b.sh"):
        (tmp_path / name).write_text(f"{faulty}\n{faulty}\n")
    (tmp_path / "c.sh").write_text("python dreamerv3/main.py --logdir x --configs atari --task atari_pong\n")
    (tmp_path / "d.sh").write_text("python dreamerv3/main.py --logdir x --configs atari --task atari_pong\n")
    outcome = check_tree([tmp_path])
    places = [finding.primary.span for result in outcome.results for finding in result.findings]
    assert [(span.source.name, span.line) for span in places] == [("a.sh", 1), ("a.sh", 2), ("b.sh", 1), ("b.sh", 2)]
    assert outcome.commands == 5  # a sound command is checked once
