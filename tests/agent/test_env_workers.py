"""Games and worlds in worker processes equal those in one process."""

from __future__ import annotations

import numpy as np
import pytest

from dreamerguard_agent.envs import make_envs

from .played_envs import resolved

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("words", "classes"),
    [(("atari_breakout", "env.image_size=48"), 18), (("crafter_reward",), 17)],
    ids=lambda x: str(x),
)
def test_worker_processes_equal_one_process(words: tuple[str, ...], classes: int) -> None:
    config = resolved(*words, "run.envs=2", "env.workers=2")
    made = [
        make_envs(config.model_copy(update={"env": config.env.model_copy(update={"backend": backend})}), 0, 0)
        for backend in ("serial", "process")
    ]
    try:
        for actions in np.random.default_rng(0).integers(classes, size=(25, 2)).astype(np.int32):
            one, two = (envs.step({"action": actions}, np.zeros(2, bool)) for envs in made)
            assert one.keys() == two.keys() and all(np.array_equal(one[key], two[key]) for key in one)
        assert not np.array_equal(one["image"][0], one["image"][1])
    finally:
        for envs in made:
            envs.close()
