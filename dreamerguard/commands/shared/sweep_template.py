"""Writes the text of a commented sweep file for a task."""

from __future__ import annotations

from dreamerguard.schema.tasks import TaskDefaults

#: Name of the schema file that is written next to the sweep file.
SWEEP_SCHEMA_FILE = "dreamerguard.sweep.schema.json"


def sweep_configuration(task: str, defaults: TaskDefaults | None, schema: str = SWEEP_SCHEMA_FILE) -> str:
    """Returns a sweep file with the published train ratio of a task and half of it.

    Args:
      task: name of the task.
      defaults: its published defaults; None if nothing is published.
      schema: address of the JSON Schema, relative to the file or absolute.
    """
    ratio = _published_ratio(defaults)
    values = f"[{ratio:g}, {ratio / 2:g}]" if ratio is not None else "[512, 256]"
    suite = f"  suite: {defaults.suite}\n" if defaults is not None else ""
    return _TEXT.format(schema=schema, task=task, suite=suite, values=values)


def _published_ratio(defaults: TaskDefaults | None) -> float | None:
    if defaults is None:
        return None
    found = defaults.values(defaults.default_edition).get("run.train_ratio")
    return float(found.value) if found is not None and isinstance(found.value, int | float) else None


_TEXT = """\
# yaml-language-server: $schema={schema}
# Every task x combination x seed is a run. `dreamerguard sweep FILE --dry-run` shows them, linted, and starts nothing.

name: ratio
description: does half the train ratio cost score?
tasks: [{task}]
seeds: 3                      # 0, 1 and 2; or a list

settings:                     # of every run; `config: run.yaml` takes them from a run file
{suite}  size: size12m

vary:                         # blocks are combined with each other
  - grid:                     # every combination of these values
      run.train_ratio: {values}
  # - zip: {{key: [1, 2], other: [3, 4]}}                    # first with first, second with second
  # - list: [{{key: 1}}, {{key: 2}}]                         # combinations one by one
  # - random: {{count: 8, draw: {{optimizer.lr: {{log_uniform: [1e-5, 1e-4]}}}}}}

on_refused: skip              # lint refuses a run: leave it out (skip), or start nothing (stop)
# allow: {{low-train-ratio: "the sweep measures it"}}

engine:
  kind: embedded              # this machine; or ray, or slurm
  cores_per_run: 2
  gpus_per_run: 0

retries:
  count: 2                    # of a run that failed
  backoff: 30                 # seconds, doubled each time

watch:
  interval: 30                # seconds between two looks at all runs
  stop: true                  # stop combinations that are hopeless
  against: [reference, best]  # than the published agent, or than the sweep's own best
  rate: 0.05                  # most probability of stopping any good combination
"""
