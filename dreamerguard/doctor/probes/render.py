"""Renders a frame with the backend that MUJOCO_GL names."""

import json
import time

MARK = "dreamerguard-probe:"


def main() -> None:
    """Prints milliseconds per frame and, if known, the renderer."""
    try:
        from dm_control import suite

        env = suite.load("cartpole", "balance", task_kwargs={"random": 0})
        env.reset()
        image = env.physics.render(64, 64)
        if image.min() == image.max():
            raise RuntimeError(f"the frame is empty: every pixel is {image.min()}")
        start = time.perf_counter()
        for _ in range(5):
            env.physics.render(64, 64)
        answer: dict[str, object] = {"milliseconds": round((time.perf_counter() - start) * 200, 2)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(MARK + json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
