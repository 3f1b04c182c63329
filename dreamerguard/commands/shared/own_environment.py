"""The run file of an environment without published settings, written by ``dreamerguard init``."""

from __future__ import annotations

from dreamerguard.schema.sizes import SizeName

#: Where the values of the file come from.
_SOURCE = "https://github.com/danijar/dreamerv3/blob/e3f0224/dreamerv3/configs.yaml"


def check_own(task: str, maker: str | None) -> str:
    """Returns why no run file can be written for a task; empty if it can.

    Args:
      task: an id such as ``gym:CartPole-v1``, or any name if there is a maker.
      maker: value of ``env.make``.
    """
    from dreamerguard.schema.suites import has_free_names
    from dreamerguard.schema.tasks import UnknownTask, find_task

    if maker is None:
        return "" if has_free_names(task) else f"{task} is no id of an environment library"
    if ":" in task:
        return f"{task}: the task of your own environment is a name without a colon; the function is given by --make"
    try:
        find_task(task)
    except UnknownTask:
        return ""
    return f"{task} is a published task; give your environment another name, so that its scores are not compared"


def own_configuration(task: str, maker: str | None, size: SizeName | None, schema: str) -> str:
    """Returns the text of a run file with the reference program's defaults, each with its unit.

    Args:
      task: the task; see `check_own`.
      maker: value of ``env.make``; None for an id of an environment library.
      size: model size instead of the default.
      schema: address of the JSON Schema.
    """
    from dreamerguard.programs.native.layers import OWN_DEFAULTS
    from dreamerguard.schema.config import RunConfig
    from dreamerguard.schema.publish import unit

    default = RunConfig.model_validate({"task": task})
    ratio, repeat = OWN_DEFAULTS["run.train_ratio"], OWN_DEFAULTS["env.action_repeat"]
    make = [f"  make: {maker}  # your function; the run starts in the folder of its module"] if maker else []
    takes = "your function" if maker else "the environment"
    return "\n".join(
        [
            f"# yaml-language-server: $schema={schema}",
            f"# {task}: no settings are published. Values with [1] are defaults of danijar/dreamerv3; the others are",
            "# starting points to change. docs/environments.md describes how spaces become observations and actions.",
            "",
            f"task: {task}",
            f"size: {size or default.size}  # size1m to size400m; small: faster, large: learns from fewer frames",
            "",
            "run:",
            f"  frames: {default.run.frames}  # {unit('run.frames')}: the length that you can afford",
            f"  train_ratio: {ratio:g}  # {unit('run.train_ratio')} [1]; up to 512 where frames are few or slow",
            f"  envs: {default.run.envs}  # {unit('run.envs')} [1]",
            "",
            "env:",
            *make,
            f"  action_repeat: {repeat}  # {unit('env.action_repeat')} [1]",
            "  observation: proprio  # its own observations, images included; vision: only the rendered image",
            f"  image_size: {default.env.image_size}  # {unit('env.image_size')} [1]; no effect without images",
            f"  time_limit: 0  # {unit('env.time_limit')}; needed if episodes have no limit, for example 1000",
            f"  kwargs: {{}}  # arguments of {takes}, for example {{size: 8}}",
            "",
            "eval:",
            f"  every: {default.run.frames // 10}  # {unit('eval.every')}; 0 for no evaluation",
            "",
            "# Sources",
            "# [1] danijar/dreamerv3 at e3f0224, preset defaults",
            f"#     {_SOURCE}",
        ]
    ) + "\n"  # fmt: skip
