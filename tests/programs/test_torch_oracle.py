"""dreamerv3-torch's options against argparse itself, set up as the program sets it up, for random presets and words."""

import argparse
import contextlib
import io
from pathlib import Path
from typing import Any

import ruamel.yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.core.machine import UNKNOWN
from dreamerguard.core.run import ResolvedRun
from dreamerguard.programs.nm512_torch.program import Nm512Torch
from dreamerguard.sources.argv import read_command

DEFAULTS = """defaults:
  logdir: null
  steps: 1e6
  task: dmc_walker_walk
  seed: 0
  compile: True
  size: [64, 64]
  train_ratio: 512
  batch_size: 16
  batch_length: 64
  dyn_deter: 512
  dyn_hidden: 512
  encoder: {mlp_keys: '$^', cnn_keys: image}
"""
LINES = [
    "steps: 2e6",
    "seed: 3",
    "step: 1e6",
    "compile: False",
    "size: [32, 32]",
    "encoder: {mlp_keys: '.*'}",
    "noops: 30",
]
OPTIONS = ["logdir", "steps", "ste", "see", "seed", "size", "compile", "dyn_d", "dyn_", "train_ratio", "encoder", "stp"]
WORDS = ["1", "1e3", "1.5", "True", "False", "true", "text", "32,32", "-1", "a,b"]

blocks = st.lists(st.lists(st.sampled_from(LINES), max_size=3, unique=True), max_size=3)
option = st.tuples(st.sampled_from(OPTIONS), st.lists(st.sampled_from(WORDS), max_size=2), st.booleans())
options = st.lists(option, max_size=3)


def args_type(default: Any) -> Any:
    """An option's type, from the merged value (NM512/dreamerv3-torch at 6ef8646, ``tools.py``)."""

    def parse(word: str) -> Any:
        if default is None:
            return word
        if isinstance(default, bool):
            return bool(["False", "True"].index(word))
        if isinstance(default, int):
            return float(word) if "e" in word or "." in word else int(word)
        if isinstance(default, list | tuple):
            return tuple(args_type(default[0])(part) for part in word.split(","))
        return type(default)(word)

    return parse


def merge(base: dict[str, Any], update: dict[str, Any]) -> None:
    for key, value in update.items():
        if isinstance(value, dict) and key in base:
            merge(base[key], value)
        else:
            base[key] = value


def theirs(text: str, words: list[str]) -> dict[str, Any] | None:
    """Parsed options; none when the program stops."""
    configs = ruamel.yaml.YAML(typ="safe").load(text)
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            first = argparse.ArgumentParser()
            first.add_argument("--configs", nargs="+")
            args, rest = first.parse_known_args(words)
            values: dict[str, Any] = {}
            for name in ["defaults", *(args.configs or [])]:
                merge(values, configs[name])
            second = argparse.ArgumentParser()
            for key, value in sorted(values.items()):
                second.add_argument(f"--{key}", type=args_type(value), default=value)
            return vars(second.parse_args(rest))
        except (SystemExit, KeyError):
            return None


def ours(text: str, words: list[str], folder: Path) -> ResolvedRun:
    (folder / "configs.yaml").write_text(text, encoding="utf-8")
    return Nm512Torch().resolve(read_command(["python", "dreamer.py", *words]), UNKNOWN, folder)


@settings(max_examples=150)
@given(blocks, options)
def test_every_value_and_every_stop_is_argparses(
    tmp_path: Path, lines: list[list[str]], given_options: list[tuple[str, list[str], bool]]
) -> None:
    names = [f"p{index}" for index in range(len(lines))]
    body = "".join(
        f"{name}:\n" + "".join(f"  {line}\n" for line in block) if block else f"{name}: {{}}\n"
        for name, block in zip(names, lines, strict=True)
    )
    words = ["--configs", *names] if names else []
    for name, values, joined in given_options:
        words += [f"--{name}={values[0]}", *values[1:]] if joined and values else [f"--{name}", *values]
    expected = theirs(DEFAULTS + body, words)
    run = ours(DEFAULTS + body, words, tmp_path)
    fatal = {"wrong-type", "malformed-override", "unknown-preset"}
    stops = any(item.fatal for item in run.unknown) or any(problem.rule in fatal for problem in run.problems)
    assert stops == (expected is None), (body, words, run.problems, run.unknown)
    for key, value in (expected or {}).items():
        if not isinstance(value, dict):
            value = tuple(value) if isinstance(value, list) else value
            mine = run.settings[key].value
            assert type(mine) is type(value) and mine == value, (key, body, words)
