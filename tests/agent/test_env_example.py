"""The environments that docs/environments.md offers to copy run as they are."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent.base.names import FLAGS, LOSSES
from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.driver import Driver
from dreamerguard_agent.envs import make_envs
from dreamerguard_agent.envs.adapters.shared.observations import RESERVED

PAGE = (Path(__file__).parents[2] / "docs" / "environments.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(
    ("number", "kwargs", "actions", "obs"),
    [
        (
            0,
            {"length": 4},
            {"action/0": 3, "action/1": 2},
            {"distance": ArraySpace("float32", (1,)), "image": ArraySpace("uint8", (64, 64, 3))},
        ),
        (1, {}, {"action": 2}, {"count": ArraySpace("float32", (1,))}),
    ],
)
def test_an_example_runs_as_it_is(
    number: int, kwargs: Any, actions: dict[str, int], obs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"example_{number}"
    (tmp_path / f"{name}.py").write_text(EXAMPLES[number], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    env = {"make": f"{name}:make", "kwargs": kwargs, "backend": "serial", "action_repeat": 1}
    driver = Driver(make_envs(RunConfig.model_validate({"task": "mine", "env": env}), 0, 0, 2))
    assert dict(driver.obs_space) == obs
    rng, ended = np.random.default_rng(0), []
    for _ in range(120):
        ended += driver.step({key: rng.integers(0, most, 2).astype(np.int32) for key, most in actions.items()})
    driver.close()
    assert len(ended) > 2 and max(episode.length for episode in ended) <= 50
    assert number == 1 or {"log/steps_left/last", "log/steps_left/sum"} <= ended[0].logs.keys()


def test_the_page_names_every_reserved_key() -> None:
    listed = re.search(r"uses itself \((.*?)\)", PAGE, re.DOTALL)
    assert listed and set(re.findall(r"`(\w+)`", listed[1])) == RESERVED == {*FLAGS, *LOSSES, "reset", "action"}
