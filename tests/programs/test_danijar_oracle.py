"""danijar/dreamerv3's merging against the library that it uses, for random presets and flags."""

import math
from pathlib import Path
from typing import Any

import elements
import pytest
import ruamel.yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.core.machine import UNKNOWN
from dreamerguard.core.run import ResolvedRun
from dreamerguard.programs.danijar.program import Danijar
from dreamerguard.programs.shared.key_tables import load_table
from dreamerguard.sources.argv import read_command

DEFAULTS = """defaults:
  logdir: logs
  task: dummy_disc
  seed: 0
  script: train
  batch_size: 16
  batch_length: 64
  report_length: 32
  consec_train: 1
  consec_report: 1
  replay_context: 1
  random_agent: False
  errfile: False
  ratio_of: 1.5
  logger: {outputs: [jsonl, scope], filter: 'score|length', fps: 15}
  env:
    dmc: {size: [64, 64], repeat: 1, image: True}
  replay: {size: 5e6, online: True, chunksize: 1024}
  run: {steps: 1e10, train_ratio: 32.0, envs: 16, eval_envs: 4, eval_eps: 1, log_every: 120, save_every: 900}
  jax: {platform: cuda, prealloc: True, policy_devices: [0]}
  agent:
    dyn: {typ: rssm, rssm: {deter: 8192, hidden: 1024, act: silu}}
    imag_loss: {actent: 3e-4}
"""
KEYS = [
    "task", "seed", "batch_size", "errfile", "ratio_of", "logger.outputs", "logger.fps", "env.dmc.size",
    "env.dmc.image", "replay.size", "run.steps", "run.train_ratio", "run.envs", "jax.prealloc", "jax.policy_devices",
    "agent.dyn.rssm.deter", "agent.dyn.rssm.act", ".*\\.deter", ".*size", "run\\..*_e", ".*\\.act", "(run|jax).*",
    "agent.dyn.typ", "no.such.key", ".*nothing",
]  # fmt: skip
VALUES = ["1", "0", "1.5", "1e3", "-2", "5e6", "True", "false", "no", "text", "null", "[1, 2]", "[a]", "[1, a]", "'7'",
          "inf", ".inf", "1_000", "0o17", "08", "''", "[]", "12:30"]  # fmt: skip
WORDS = ["1", "0", "1.5", "1e3", "-2", "True", "False", "true", "text", "1,2", "a,b", "[0]", "inf", "nan", "", "a b"]
FLAGS = [
    "seed", "batch_size", "errfile", "run.steps", "run.train_ratio", "logger.outputs", "env.dmc.size", "task",
    "jax.policy_devices", "jax.policy_devices+", "logger.outputs+", "seed+", ".*\\.deter", ".*size", "run", "no.key",
]  # fmt: skip

entries = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES)), max_size=4, unique_by=lambda pair: pair[0]
)
presets = st.lists(entries, max_size=3)
flags = st.lists(st.tuples(st.sampled_from(FLAGS), st.lists(st.sampled_from(WORDS), max_size=2)), max_size=3)


def theirs(text: str, words: list[str]) -> dict[str, Any] | None:
    """What the program computes (danijar/dreamerv3 at e3f0224, ``main.py``); none when it stops."""
    blocks = ruamel.yaml.YAML(typ="safe").load(text)
    try:
        parsed, other = elements.Flags(configs=["defaults"]).parse_known(words)
        config = elements.Config(blocks["defaults"])
        for name in parsed.configs:
            config = config.update(blocks[name])
        return dict(elements.Flags(config).parse(other).flat)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def ours(text: str, words: list[str], folder: Path) -> ResolvedRun:
    (folder / "dreamerv3").mkdir(exist_ok=True)
    (folder / "dreamerv3" / "configs.yaml").write_text(text, encoding="utf-8")
    return Danijar().resolve(read_command(["python", "dreamerv3/main.py", *words]), UNKNOWN, folder)


def stops(run: ResolvedRun) -> bool:
    """Whether we say that the program stops."""
    fatal = {"wrong-type", "malformed-override", "unknown-preset", "invalid-pattern", "duplicate-key", "invalid-yaml"}
    return bool(run.unknown) or any(problem.rule in fatal for problem in run.problems)


def same(mine: Any, other: Any) -> bool:
    if isinstance(mine, float) and isinstance(other, float) and math.isnan(mine) and math.isnan(other):
        return True
    if isinstance(mine, tuple):
        return (
            isinstance(other, tuple)
            and len(mine) == len(other)
            and all(same(first, second) for first, second in zip(mine, other, strict=True))
        )
    return type(mine) is type(other) and mine == other


@settings(max_examples=200)
@given(presets, flags)
def test_every_value_and_every_stop_is_the_programs(
    tmp_path: Path, blocks: list[list[tuple[str, str]]], given_flags: list[tuple[str, list[str]]]
) -> None:
    names = [f"p{index}" for index in range(len(blocks))]
    body = "".join(
        f"{name}:\n" + "".join(f"  {key}: {value}\n" for key, value in block) if block else f"{name}: {{}}\n"
        for name, block in zip(names, blocks, strict=True)
    )
    words = [
        *(["--configs", *names] if names else []),
        *(w for name, values in given_flags for w in (f"--{name}", *values)),
    ]
    expected = theirs(DEFAULTS + body, words)
    run = ours(DEFAULTS + body, words, tmp_path)
    assert stops(run) == (expected is None), (body, words, run.problems, run.unknown)
    if expected is not None:
        for key, value in expected.items():
            assert same(run.settings[key].value, value), (key, body, words)


BLOCKS = "a:\n  run.train_ratio: 1024\n  seed: 3\nb:\n  run.steps: 1e6\n  .*\\.deter: 512\n"
uses = st.lists(
    st.tuples(st.sampled_from(["configs", "configs+"]), st.lists(st.sampled_from(["a", "b", "defaults"]), min_size=1)),
    max_size=3,
)


@settings(max_examples=60)
@given(uses)
def test_presets_apply_in_the_order_of_the_program(tmp_path: Path, given_uses: list[tuple[str, list[str]]]) -> None:
    words = [word for name, values in given_uses for word in (f"--{name}", *values)]
    expected = theirs(DEFAULTS + BLOCKS, words)
    assert expected is not None
    run = ours(DEFAULTS + BLOCKS, words, tmp_path)
    assert all(same(run.settings[key].value, value) for key, value in expected.items()), words


@pytest.mark.parametrize("table", ["danijar_2023", "danijar_2024", "danijar_2025"])
def test_shipped_presets_merge_as_the_program_merges_them(table: str) -> None:
    from dreamerguard.programs.danijar.published import preset_values

    shipped = load_table(table)
    for preset, values in shipped.presets.items():
        changes = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
        changes.pop("actor_eval_sample", None)  # stops the program in 2023; the rule unknown-key reports it
        merged = dict(elements.Config(_nested(shipped.defaults)).update(changes).flat)
        assert merged == preset_values(shipped, preset), preset


def _nested(flat: Any) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in flat.items()}
