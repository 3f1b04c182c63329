"""Estimates memory and checkpoint size of the run whose configuration stands on standard input as JSON."""

import json
import os
import sys
from pathlib import Path
from typing import Any

MARK = "dreamerguard-probe:"


def budget(text: str, main_memory: bool, device_limit: int | None, folder: Path) -> dict[str, Any]:
    """Returns bytes of memory, of one checkpoint and of the replay's files in the run directory.

    If the environment cannot be made, it returns only the reason, as ``no_environment``.
    """
    import jax

    jax.config.update("jax_platforms", "cpu")  # shapes are enough, and no GPU is touched
    from dreamerguard.schema import RunConfig
    from dreamerguard_agent.envs import EnvError
    from dreamerguard_agent.evaluate import read_spec
    from dreamerguard_agent.runtime import memory_budget, storage_choice

    config = RunConfig.model_validate_json(text)
    if config.runtime.dtype == "auto" and not main_memory:
        config = config.model_copy(update={"runtime": config.runtime.model_copy(update={"dtype": "bfloat16"})})
    steps = -(-config.run.frames // (config.run.envs * config.env.action_repeat))
    try:
        spec = read_spec(config)
    except EnvError as error:
        return {"no_environment": str(error)}
    whole = memory_budget.main_memory()
    device, host = (whole, None) if main_memory else (device_limit, whole)
    limits = storage_choice.Limits(main_memory, device, host, storage_choice.free_bytes(folder))
    try:
        storage = storage_choice.choose_storage(config, spec, steps, folder, limits).storage
    except memory_budget.DoesNotFit:  # the checks state the numbers
        storage = "device" if config.replay.storage == "auto" else config.replay.storage
    need = memory_budget.estimate(config, spec, steps, main_memory=main_memory, storage=storage)
    ring = memory_budget.estimate(config, spec, steps, main_memory=main_memory).device.ring
    learner = need.device.parameters + need.device.optimizer + need.device.slow
    return {
        "total": need.device.total,
        "parts": f"{need.device.text()}, replay.storage={storage}",
        "checkpoint": learner + (ring if config.checkpoint.replay else 0),
        "files": 0 if config.replay.scratch else need.disk,
    }


def main() -> None:
    """Prints the estimate."""
    sys.path += os.environ.get("DREAMERGUARD_ROOTS", "").split(os.pathsep)
    try:
        device, limit, folder = sys.argv[1:]
        answer = budget(sys.stdin.read(), device == "cpu", int(limit) or None, Path(folder))
    except Exception as error:
        answer = {"error": str(error)}
    print(MARK + json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
