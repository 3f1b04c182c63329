"""Estimates memory and checkpoint size of the run whose configuration stands on standard input as JSON."""

import json
import os
import sys
from typing import Any

MARK = "dreamerguard-probe:"


def budget(text: str, main_memory: bool) -> dict[str, Any]:
    """Returns bytes of memory and of one checkpoint, or ``no_environment``: why the environment cannot be made."""
    import jax

    jax.config.update("jax_platforms", "cpu")  # shapes are enough, and no GPU is touched
    from dreamerguard.schema import RunConfig
    from dreamerguard_agent.envs import EnvError
    from dreamerguard_agent.evaluate import read_spec
    from dreamerguard_agent.runtime import memory_budget

    config = RunConfig.model_validate_json(text)
    if config.runtime.dtype == "auto" and not main_memory:
        config = config.model_copy(update={"runtime": config.runtime.model_copy(update={"dtype": "bfloat16"})})
    steps = -(-config.run.frames // (config.run.envs * config.env.action_repeat))
    try:
        spec = read_spec(config)
    except EnvError as error:
        return {"no_environment": str(error)}
    need = memory_budget.estimate(config, spec, steps, main_memory=main_memory)
    learner = need.parameters + need.optimizer + need.slow
    return {
        "total": need.total,
        "parts": need.text(),
        "checkpoint": learner + (need.ring if config.checkpoint.replay else 0),
    }


def main() -> None:
    """Prints the estimate."""
    sys.path += os.environ.get("DREAMERGUARD_ROOTS", "").split(os.pathsep)
    try:
        answer = budget(sys.stdin.read(), sys.argv[1] == "cpu")
    except Exception as error:
        answer = {"error": str(error)}
    print(MARK + json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
