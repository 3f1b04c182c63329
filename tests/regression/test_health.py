"""Every health check reports a log with the fault and stays silent on a log without it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from dreamerguard.core.log_format import LogLayout, RunFacts
from dreamerguard.logs import RunLog
from dreamerguard.logs.run_log import NonFinite
from dreamerguard.programs.registry import log_layouts
from dreamerguard.regression.watch.health import Context, check_health, is_flat
from dreamerguard.regression.watch.likely_causes import LintNote, likely_cause, rank_causes, read_lint, update_rate

RATIO = LintNote("DG101", "low-train-ratio", "train ratio 32 is 16 times below 512", severe=True, rank=1)


def _layout(program: str) -> LogLayout:
    return next(layout for layout in log_layouts() if layout.program == program)


def _log(rows: int = 100, **facts: object) -> RunLog:
    """A healthy native run of a DMC task."""
    known: dict[str, object] = {"action_repeat": 2, "train_ratio": 512.0, "batch_steps": 1024, "frames": 500_000.0}
    log = RunLog(Path("run"), _layout("native"), RunFacts(**(known | facts)))  # type: ignore[arg-type]
    for i in range(1, rows + 1):
        x = 2000.0 * i
        log.train.add(x, 5.0 * i)
        log.metrics_frames = x
        values = {"updates": 500.0 * i, "train_ratio": 511.0, "train_ratio_configured": 512.0, "fps_frames": 200.0}
        values |= {"loss/dyn": 3.0, "loss/rep": 3.0, "loss/image": 5000.0 / i, "randomness/action": 0.6}
        values |= {"grad_norm/all": 4.0 + math.sin(i), "memory_gb": 0.01 * i}
        for name, value in values.items():
            log.metric(name, x, value)
    log.modified = 1000.0
    return log


def _replace(log: RunLog, name: str, values: list[float]) -> None:
    frames = list(log.series.pop(name).frames)
    for x, y in zip(frames, values, strict=True):
        log.metric(name, x, y)


def _names(log: RunLog, **known: object) -> list[str]:
    context = Context(**({"now": 1010.0, "memory_gb": 64.0} | known))  # type: ignore[arg-type]
    return [finding.name for finding in check_health(log, context)]


@pytest.mark.parametrize("struggling", [False, True])
def test_a_healthy_run_has_no_finding(struggling: bool) -> None:
    assert _names(_log(), struggling=struggling) == []


def test_an_empty_log_has_no_finding() -> None:
    assert _names(RunLog(Path("run"), _layout("danijar"))) == []


@pytest.mark.parametrize(("achieved", "severity"), [(440.0, "warning"), (600.0, "warning"), (100.0, "error")])
def test_the_achieved_ratio_drifts(achieved: float, severity: str) -> None:
    log = _log()
    _replace(log, "train_ratio", [achieved] * 100)
    (found,) = check_health(log, Context(lint=[RATIO]))
    assert (found.name, found.severity.value) == ("achieved-ratio-drift", severity)
    assert f"{achieved / 512:.2g} times the configured 512" in found.message
    assert found.cause == "lint reported DG101 low-train-ratio: train ratio 32 is 16 times below 512"


def test_a_ratio_is_not_judged_before_it_means_anything() -> None:
    log = _log()
    _replace(log, "train_ratio", [100.0] * 100)
    _replace(log, "updates", [0.5 * i for i in range(100)])
    assert _names(log) == []
    sheeprl = _log()
    sheeprl.layout = _layout("sheeprl")
    sheeprl.facts = RunFacts(action_repeat=2, train_ratio=512.0, settings={"algo.learning_starts": 40_000})
    _replace(sheeprl, "train_ratio", [512 * max(0.0, 1 - 40_000 / (1000 * i)) for i in range(1, 101)])
    assert _names(sheeprl) == []  # half of the run was warm-up, which is no drift


def test_non_finite_losses() -> None:
    log = _log()
    log.nonfinite["loss/dyn"] = NonFinite(1, 5000, 5000)
    assert _names(log) == []  # once is a hiccup
    log.nonfinite["grad_norm/all"] = NonFinite(7, 4000, 9000)
    (found,) = check_health(log, Context())
    assert (found.name, found.severity.value) == ("non-finite", "error")
    assert "grad_norm/all not finite since 4,000 frames" in found.message


def test_kl_collapse_needs_poor_reconstruction_and_a_poor_score() -> None:
    log = _log()
    for name in ("loss/dyn", "loss/rep"):
        _replace(log, name, [1.0] * 100)
    assert _names(log, struggling=True) == []  # easy tasks rest on the free nats and reconstruct well
    _replace(log, "loss/image", [5000.0] * 100)
    assert _names(log, struggling=False) == []
    assert _names(log, struggling=True) == ["kl-collapse"]


@pytest.mark.parametrize("level", [0.001, 0.999])
def test_entropy_at_its_floor_or_ceiling(level: float) -> None:
    log = _log()
    _replace(log, "randomness/action", [0.5] * 60 + [level] * 40)
    assert _names(log) == []  # a solved task may be played without randomness
    assert _names(log, struggling=True) == ["policy-entropy"]


def test_gradients_explode() -> None:
    log = _log()
    _replace(log, "grad_norm/all", [4.0] * 94 + [1e4] * 6)
    assert _names(log) == ["gradient-explosion"]
    _replace(log, "grad_norm/all", [4.0] * 98 + [1e4] * 2)
    assert _names(log) == []  # single spikes are clipped


def test_the_learner_stalls() -> None:
    log = _log()
    _replace(log, "updates", [500.0 * min(i, 90) for i in range(1, 101)])
    assert _names(log) == ["stalled-learner"]


def test_the_log_stops_growing_before_the_end() -> None:
    log = _log()
    assert _names(log, now=1200.0) == []
    (found,) = check_health(log, Context(now=1000.0 + 7300))
    assert found.name == "no-progress"
    assert "2.0 h (usually every 10 s), at 200,000 of 500,000 frames" in found.message
    assert _names(_log(frames=200_000.0), now=1e9) == []  # it is at its end
    assert _names(_log(frames=None), now=1e9) == []


def test_episodes_stop_to_end() -> None:
    log = _log()
    log.metrics_frames += 9000
    assert _names(log) == []
    log.metrics_frames += 2000
    assert _names(log) == ["no-episode"]


def test_memory_runs_out_before_the_end() -> None:
    log = _log()
    _replace(log, "memory_gb", [0.4 * i for i in range(1, 101)])  # 40 GB at 200K frames: 100 GB at 500K
    (found,) = check_health(log, Context(memory_gb=64))
    assert found.message == "memory grows to 100 GB by the end of the run; the machine has 64 GB"
    assert _names(log, memory_gb=128.0) == []
    assert _names(log, memory_gb=None) == []
    _replace(log, "memory_gb", [min(0.4 * i, 24.0) for i in range(1, 101)])  # a replay that is full
    assert _names(log, memory_gb=64.0) == []


def test_the_run_gets_slower() -> None:
    log = _log()
    _replace(log, "fps_frames", [200.0] * 80 + [80.0] * 20)
    assert _names(log) == ["falling-throughput"]


def test_errors_come_first() -> None:
    log = _log()
    _replace(log, "fps_frames", [200.0] * 80 + [80.0] * 20)
    log.nonfinite["loss/dyn"] = NonFinite(2, 1, 2)
    assert _names(log) == ["non-finite", "falling-throughput"]


def test_flat_scores() -> None:
    assert is_flat([float(i % 3) for i in range(100)])
    assert not is_flat([float(i) for i in range(100)])
    assert not is_flat([0.0] * 10)  # too few to say


def test_causes_name_lint_first_and_then_missing_updates() -> None:
    log = _log()
    _replace(log, "train_ratio", [32.0] * 100)
    first, second = rank_causes(log, [RATIO], published_rate=250)
    assert first.startswith("lint reported DG101")
    assert "15.6 gradient updates per 1000 frames, 6% of the published 250" in second
    assert rank_causes(_log(), [], published_rate=250) == []
    assert update_rate(_log()) == pytest.approx(249.5, abs=0.1)
    torch = RunLog(Path("run"), _layout("nm512_torch"))
    for i in range(10):
        torch.metric("updates", 1000.0 * i, 250.0 * i)
    assert update_rate(torch) == pytest.approx(250)
    assert update_rate(RunLog(Path("run"), _layout("danijar"))) is None


def test_lint_is_read_from_the_run(tmp_path: Path) -> None:
    assert read_lint(tmp_path) == []
    rows = '{"name": "b", "severity": "info"}, 3, {"code": "X"}'
    severe = '{"name": "a", "severity": "warning", "harm": {"level": "severe"}}'
    (tmp_path / "lint.json").write_text(f'{{"findings": [{rows}, {severe}]}}')
    assert [(note.name, note.severe, note.rank) for note in read_lint(tmp_path)] == [("a", True, 1), ("b", False, 2)]
    (tmp_path / "lint.json").write_text("{")
    assert read_lint(tmp_path) == []
    assert likely_cause([RATIO], ("memory",)) == ""
