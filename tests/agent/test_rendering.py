"""The backend of images is chosen by rendering a frame, and is the user's if MUJOCO_GL is set."""

from __future__ import annotations

import pytest

from dreamerguard_agent.envs import EnvError
from dreamerguard_agent.envs.dmc import rendering


def test_the_choice_of_the_user_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    monkeypatch.setattr(rendering, "_try", lambda backend: pytest.fail(f"{backend} is tried"))
    assert rendering.choose_backend() == "osmesa"


def test_the_first_backend_that_renders_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "")
    tried = []

    def attempt(backend: str) -> str:
        tried.append(backend)
        return "" if backend == "osmesa" else "no such library"

    monkeypatch.setattr(rendering, "_try", attempt)
    assert (rendering.choose_backend(), tried) == ("osmesa", ["egl", "osmesa"])
    assert (rendering.choose_backend(), tried) == ("osmesa", ["egl", "osmesa"]), "the choice holds for the process"


def test_without_a_backend_each_reason_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setattr(rendering, "_try", lambda backend: f"lib{backend} is missing")
    with pytest.raises(EnvError, match=r"MUJOCO_GL is not set.*egl: libegl is missing; osmesa: .*; glfw: .*libosmesa6"):
        rendering.choose_backend()


@pytest.mark.integration
def test_a_backend_is_tried_in_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that MuJoCo does not know fails with its message."""
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    assert "MUJOCO_GL must be one of" in rendering._try("nonsense")
