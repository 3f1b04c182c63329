"""No file and no command of the upstream programs can make the linter fail, whatever is in them."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.rules.helpers.example_files import with_preset, with_torch_preset
from dreamerguard.sources.argv import read_command

PIECES = [
    "--configs", "--config", "mine", "crafter", "debug", "size50m", "dmc_proprio", "atari100k", "--task", "atari_pong",
    "dmc_walker_walk", "--run.steps", "1e6", "-1", "0", "nan", "inf", "--train_ratio", "--batch_size", "--steps",
    "--run.train_ratio", "[0]", "$X", "<path>", "--", "=", "--=", "--x=", "--configs=", "--.*", "--(", "--env.dmc.size",
    "--action_repeat", "--envs", "--encoder", "--script", "parallel", "--replay.size", "--time_limit", "--size",
    "84,84", "|", ">", "&&", "é", "", " ", "--run.save_every", "--jax.platform", "cpu", "--dataset_size",
    "--eval_every",
]  # fmt: skip
LINES = [
    "seed: 1", "task: 5", "task: null", "batch_size: 0", "batch_length: -3", "run: 7", "run: {}", "run: null",
    "run.train_ratio: .nan", "train_ratio: .inf", "env.dmc.size: []", "size: [64]", "size: x", ".*: 1", "(: 2",
    "a: [[1]]", "1: 2", "encoder: 5", "actor: null", "<<: {seed: 3}", "run.steps: 0", "action_repeat: 0", "prefill: x",
    "envs: 0", "replay.size: -1", "logdir: null", "agent.dyn.rssm.deter: 0", "eval_every: null", "time_limit: 0",
]  # fmt: skip


@settings(max_examples=120)
@given(
    st.sampled_from(["dreamerv3/main.py", "dreamerv3/train.py", "dreamer.py"]),
    st.lists(st.sampled_from(PIECES), max_size=9),
    st.lists(st.sampled_from(LINES), max_size=4),
    st.booleans(),
)
def test_nothing_fails(tmp_path: Path, script: str, words: list[str], lines: list[str], on_disk: bool) -> None:
    (tmp_path / "dreamerv3").mkdir(exist_ok=True)
    for files in (with_preset(*lines), with_torch_preset(*lines)):
        for name, text in files.items():
            if on_disk:
                (tmp_path / name).write_text(text, encoding="utf-8")
                check_presets(tmp_path / name)
            else:
                (tmp_path / name).unlink(missing_ok=True)
    try:
        result = check_command(read_command(["python", script, *words]), folder=tmp_path)
    except UnknownProgram:
        return
    for finding in result.findings:
        assert 0 <= finding.primary.span.start <= finding.primary.span.end <= len(finding.primary.span.source.text)


@settings(max_examples=60)
@given(st.text(max_size=80), st.integers(0, 400))
def test_damaged_files_are_read(tmp_path: Path, noise: str, where: int) -> None:
    for files in (with_preset("seed: 1"), with_torch_preset("seed: 1")):
        for text in files.values():
            damaged = text[:where] + noise + text[where:]
            (tmp_path / "configs.yaml").write_bytes(damaged.encode("utf-8", "surrogatepass"))
            check_presets(tmp_path / "configs.yaml")
