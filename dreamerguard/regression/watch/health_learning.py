"""Health checks of learning: train ratio, losses, policy, gradients."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from dreamerguard.core.finding import Severity
from dreamerguard.logs import RunLog, Series
from dreamerguard.util.text import number_of

from .health_finding import Context, HealthFinding, configured_ratio
from .likely_causes import likely_cause

#: Losses that are not reconstructions of an observation, with the names of all training programs.
_OTHER_LOSSES = frozenset(
    {"dyn", "rep", "rew", "con", "policy", "value", "repval", "total", "model", "actor", "critic", "reward", "cont"}
    | {"state", "continue", "world_model", "kl", "reploss", "slow_value"}
)

#: Scores in a row that are NaN or infinite, from which on no score is expected any more.
_BAD_SCORES = 20

#: KL losses never go below their free nats, 1 in every edition (https://arxiv.org/abs/2301.04104, table of settings).
_FREE_NATS = 1.0


def ratio_drift(log: RunLog, context: Context) -> Iterator[HealthFinding]:
    """Reports an achieved train ratio that differs from the configured one by more than 10 %."""
    configured, achieved = configured_ratio(log), log.series.get("train_ratio")
    updates = log.series.get("updates")
    warm = updates is None or updates.last >= 100
    if not configured or achieved is None or len(achieved) < 5 or not warm or _restarted(achieved):
        return
    value = achieved.last if log.layout.ratio_is_total else median(achieved.tail(0.25))
    starts = log.facts.settings.get("algo.learning_starts")
    if isinstance(starts, (int, float)) and math.isfinite(starts) and log.facts.action_repeat:
        steps = achieved.frames[-1] / log.facts.action_repeat
        if steps <= 0 or steps < 2 * starts:
            return
        value /= 1 - starts / steps
    factor = value / configured
    if 0.9 <= factor <= 1.1:
        return
    far = not 0.5 <= factor <= 2
    yield HealthFinding(
        "achieved-ratio-drift",
        Severity.ERROR if far else Severity.WARNING,
        f"the run replays {value:.4g} agent steps per agent step, {factor:.2g} times the configured {configured:.4g}",
        likely_cause(context.lint, ("ratio", "training", "batch"))
        or "the learner cannot keep up or waits, the ratio was changed in the code, or updates are skipped",
        "compare updates and steps in the log with the configuration; fewer updates per frame lower the score",
    )


def non_finite(log: RunLog, context: Context) -> Iterator[HealthFinding]:
    """Reports losses and gradient norms that were NaN or infinite at least twice while updates ran."""
    bad = {name: seen for name, seen in log.nonfinite.items() if seen.count >= 2}
    if not bad:
        return
    name, seen = max(bad.items(), key=lambda item: item[1].count)
    frames = min(item.first for item in bad.values())
    yield HealthFinding(
        "non-finite",
        Severity.ERROR,
        f"{', '.join(sorted(bad))} not finite since {frames:,.0f} frames ({name}: {number_of(seen.count, 'row')})",
        likely_cause(context.lint, ("precision", "dtype", "learning-rate", "range"))
        or "an observation or reward that is not finite, float16, or a learning rate that is too high",
        "stop the run: parameters that are NaN never recover. Go back to an earlier checkpoint, check observations"
        " and rewards for NaN, use float32 or bfloat16",
    )


def non_finite_scores(log: RunLog, context: Context) -> Iterator[HealthFinding]:
    """Reports that the last scores of training are all NaN or infinite, in more rows than a pause between episodes."""
    if log.bad_scores < _BAD_SCORES:
        return
    yield HealthFinding(
        "non-finite-score",
        Severity.ERROR,
        f"the last {log.bad_scores:,} scores are NaN or infinite",
        likely_cause(context.lint, ("reward", "range", "precision", "dtype"))
        or "the environment returns rewards that are NaN or infinite",
        "stop the run: the world model and the critic learn from these rewards. Check the rewards of the environment",
    )


def kl_collapse(log: RunLog, context: Context) -> Iterator[HealthFinding]:
    """Reports both KL losses at their free nats while neither reconstruction nor score improves."""
    dyn, rep, updates = (log.series.get(name) for name in ("loss/dyn", "loss/rep", "updates"))
    if not context.struggling or dyn is None or rep is None or updates is None or updates.last < 5000:
        return
    pinned = all(max(series.tail(0.25)) <= 1.0005 * _FREE_NATS for series in (dyn, rep))
    poor = [name for name, series in _reconstructions(log) if _not_improved(series)]
    if pinned and poor and len(dyn) >= 40:
        yield HealthFinding(
            "kl-collapse",
            Severity.WARNING,
            f"loss/dyn and loss/rep stay at the {_FREE_NATS:g} free nat and {', '.join(poor)} does not improve:"
            " the latent state carries no information",
            likely_cause(context.lint, ("loss", "free", "size", "model"))
            or "observations without information (constant or empty images), a decoder with other keys than the"
            " encoder, or changed loss weights",
            "inspect a few observations as the agent gets them; keep loss.free_nats 1, loss weights dyn 1 and rep 0.1",
        )


def entropy(log: RunLog, context: Context) -> Iterator[HealthFinding]:
    """Reports an almost deterministic or almost random policy in a run with poor scores."""
    updates = log.series.get("updates")
    if not context.struggling or updates is None or updates.last < 5000:
        return
    for name, series in log.series.items():
        if not name.startswith("randomness/") or len(series) < 40:
            continue
        late = series.tail(0.25)
        if max(late) < 0.01:
            state, cause = "collapsed", "the entropy weight is too small for the scale of returns"
        elif min(late) > 0.99:
            state, cause = "stays at its ceiling", "no reward reaches the actor, or the entropy weight is too large"
        else:
            continue
        yield HealthFinding(
            "policy-entropy",
            Severity.WARNING,
            f"the policy's randomness ({name.removeprefix('randomness/')}, 0 to 1) {state} at {median(late):.3g}",
            likely_cause(context.lint, ("entropy", "reward", "loss", "ratio")) or cause,
            "check that rewards arrive and that returns are normalised; the published entropy weight is 3e-4",
        )


def gradients(log: RunLog, context: Context) -> Iterator[HealthFinding]:
    """Reports gradient norms above a hundred times their usual value."""
    for name, series in log.series.items():
        if not name.startswith("grad_norm/") or len(series) < 40:
            continue
        values = list(series.values)
        usual, now = median(values[len(values) // 10 : -len(values) // 10]), median(values[-5:])
        if usual > 0 and now > 100 * usual:
            yield HealthFinding(
                "gradient-explosion",
                Severity.WARNING,
                f"{name} is {now:.3g}, {now / usual:.0f} times its usual {usual:.3g}",
                likely_cause(context.lint, ("learning-rate", "clip", "range", "optimizer"))
                or "an observation or reward far outside the earlier range, or a learning rate that is too high",
                "inspect the newest observations and rewards; keep the published clipping 0.3 and learning rate 4e-5",
            )


def _restarted(series: Series) -> bool:
    """Returns whether sheeprl reset its ratio after a resume (https://github.com/Eclectic-Sheep/sheeprl/issues/300)."""
    return series.last < 0.5 * max(series.values) and series.last < 0.5 * median(series.values)


def _reconstructions(log: RunLog) -> Iterator[tuple[str, Series]]:
    for name, series in log.series.items():
        if name.startswith("loss/") and name.removeprefix("loss/") not in _OTHER_LOSSES:
            yield name, series


def _not_improved(series: Series) -> bool:
    first = list(series.values)[: max(len(series) // 10, 1)]
    return median(series.tail(0.25)) >= 0.9 * median(first) > 0
