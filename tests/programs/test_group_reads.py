"""Keys that a fork adds to a group, where all code reads the group by literal names."""

import time
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.rules.helpers.example_files import with_torch_preset

#: Reads most of the declared keys, and hands the group to a class.
TRAIN = """
import net
def main(config):
    print(config.train_ratio, config.dyn_deter, config.batch_size, config.batch_length, config.seed, config.steps)
    print(config.prefill, config.pretrain, config.eval_every, config.log_every, config.dataset_size, config.size)
    print(config.task, config.logdir, config.envs, config.action_repeat, config.critic["layers"], config.grayscale)
    print(config.eval_episode_num, config.dyn_discrete, config.actor, config.encoder, config.decoder)
    net.Penalty(config.smooth_loss)
"""
CLEAR = """
class Penalty:
    def __init__(self, smooth_loss=None):
        self._smooth = smooth_loss or dict(scale_up=1.0, rows_kept=2, odd_mode="x")
        if "scale_up" in self._smooth and self._smooth is not None:
            print(self._smooth["scale_up"], self._smooth.get("rows_kept", 3))
            shape(4, self._smooth)
def shape(count, given):
    return given.get("rows_kept") * count
"""


def dead(tmp_path: Path, net: str, train: str = TRAIN) -> set[str]:
    """Returns the keys of the group that are reported."""
    text = with_torch_preset("seed: 1")["configs.yaml"]
    group = "  smooth_loss: {scale_up: 1.0, rows_kept: 2, odd_mode: x}\n"
    (tmp_path / "configs.yaml").write_text(text.replace("mine:\n", f"{group}mine:\n"))
    (tmp_path / "dreamer.py").write_text(train)
    (tmp_path / "net.py").write_text(net)
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None
    findings = [item for item in result.active if item.name == "dead-key" and item.key.startswith("smooth_loss")]
    assert all(item.severity is Severity.WARNING for item in findings)
    return {item.key for item in findings}


def test_a_key_under_none_of_the_names(tmp_path: Path) -> None:
    assert dead(tmp_path, CLEAR) == {"smooth_loss.odd_mode"}


def test_a_group_that_is_fetched_by_name(tmp_path: Path) -> None:
    train = TRAIN.replace("config.smooth_loss", 'getattr(config, "smooth_loss")')
    assert dead(tmp_path, CLEAR, train) == {"smooth_loss.odd_mode"}


@pytest.mark.parametrize("more", [
    "def f(x): return g(**x._smooth)",
    "def f(x): return [v for k, v in x._smooth.items()]",
    "def f(x, key): return x._smooth[key]",
    "def f(x, key): return x._smooth.get(key)",
    "def f(x, key): return key in x._smooth",
    "def f(x): return x._smooth",
    "def f(x): return library(x._smooth)",
    "def f(x): return library(given=x._smooth)",
    "def f(x): a, b = x._smooth, 1",
    "def f(x): y = x._smooth or {}; return list(y.values())",
    "def f(x): return (y := x._smooth) and g(**y)",
    "def f(x): return shape(*x._smooth)",
    "def f(x): return {**x._smooth}",
    "def f(x): return getattr(x._smooth, x.name)",
    "def f(x): return x._smooth | {}",
    "def f(x): return 'odd_mode'",
    "def f(odd_mode): return odd_mode",
    "def f(x): return x.odd_mode",
    "def f(x:\n",
])  # fmt: skip
def test_code_that_may_read_more(tmp_path: Path, more: str) -> None:
    assert dead(tmp_path, f"{CLEAR}\n{more}\n") == set()


def test_code_that_reads_the_group_nowhere_by_name(tmp_path: Path) -> None:
    assert dead(tmp_path, "class Penalty:\n    def __init__(self, given): self.kept = given\n") == set()


def test_deeply_nested_code(tmp_path: Path) -> None:
    nested = " or (".join(["x._smooth"] * 80) + ")" * 79
    assert dead(tmp_path, f"{CLEAR}\ndef f(x):\n    y = {nested}\n    return y['rows_kept']\n") == {
        "smooth_loss.odd_mode"
    }


def test_a_large_file_takes_bounded_time(tmp_path: Path) -> None:
    start = time.process_time()
    assert dead(tmp_path, CLEAR + "\nshape(1, x._smooth)" * 9_000) == {"smooth_loss.odd_mode"}
    assert time.process_time() - start < 4
