"""Loads a task of dm_control without OpenGL and plays some steps."""

import json
import os
from importlib.metadata import version

MARK = "dreamerguard-probe:"


def main() -> None:
    """Prints the versions of MuJoCo and dm_control."""
    os.environ["MUJOCO_GL"] = "disable"
    try:
        import numpy as np
        from dm_control import suite

        env = suite.load("walker", "walk", task_kwargs={"random": 0})
        env.reset()
        for _ in range(10):
            env.step(np.zeros(env.action_spec().shape))
        answer = {"mujoco": version("mujoco"), "dm_control": version("dm_control")}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(MARK + json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
