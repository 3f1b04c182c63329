"""Loads dm_control with or without OpenGL, and makes tasks of its suite."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..protocol import EnvError
from .models import compiled_once
from .rendering import BACKENDS, choose_backend, no_rendering


def load_task(task: str, seed: int, time_limit: float | None, render: bool) -> tuple[tuple[str, str], Any]:
    """Returns domain and name of a task, and its dm_control environment.

    Raises:
      EnvError: the task does not exist, or `render` is set without OpenGL.
    """
    suite = load_suite(render)
    domain, name = find_task(task, suite.ALL_TASKS)
    kwargs = {"random": seed} | ({} if time_limit is None else {"time_limit": time_limit})
    with compiled_once():
        env = suite.load(domain, name, task_kwargs=kwargs)
    if not render:
        # quadruped_escape uploads its terrain to a renderer at every reset, and makes one for it.
        env.physics._make_rendering_contexts = lambda: None
    return (domain, name), env


@contextmanager
def stable(task: str) -> Iterator[None]:
    """Converts dm_control's PhysicsError to a message of one sentence.

    Raises:
      EnvError: the simulation became unstable.
    """
    from dm_control.rl.control import PhysicsError

    try:
        yield
    except PhysicsError as error:
        raise EnvError(f"a simulation of dmc_{task} became unstable: {error}") from error


def find_task(task: str, known: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """Returns domain and task of a name such as ``walker_walk``, ``cup_catch`` or ``humanoid_CMU_run``.

    Raises:
      EnvError: the suite has no such task; the message names similar tasks.
    """
    names = {f"{domain}_{name}": (domain, name) for domain, name in known}
    full = f"ball_in_{task}" if task.startswith("cup_") else task
    if full in names:
        return names[full]
    near = difflib.get_close_matches(task, names, n=3, cutoff=0.5)
    domains = sorted({domain for domain, _ in known})
    same = sorted(name for domain, name in known if task.startswith(f"{domain}_"))
    hint = f"did you mean {' or '.join(f'dmc_{name}' for name in near)}?" if near else f"domains: {', '.join(domains)}"
    tasks = f" Tasks of this domain: {', '.join(same)}." if same else ""
    raise EnvError(f"DeepMind Control has no task `dmc_{task}`; {hint}{tasks}")


def load_suite(render: bool) -> Any:
    """Imports `dm_control.suite`, without OpenGL unless `render`.

    MuJoCo and dm_control select OpenGL at import, once per process. Without a display or driver this import can fail or
    print, so a process that needs no images never loads OpenGL, whatever the value of MUJOCO_GL.

    Raises:
      EnvError: OpenGL cannot be loaded, or dm_control was imported without it before.
    """
    try:
        with _opengl(choose_backend() if render else "disable"):
            suite = importlib.import_module("dm_control.suite")
    except (ImportError, RuntimeError, AttributeError) as error:
        if not render:
            raise EnvError(f"dm_control could not be loaded: {error}") from error
        raise EnvError(no_rendering(error)) from error
    backend = sys.modules["dm_control._render"].BACKEND
    if render and backend not in BACKENDS:
        raise EnvError(no_rendering("dm_control is loaded without OpenGL; make environments with images first"))
    return suite


@contextmanager
def _opengl(backend: str) -> Iterator[None]:
    """Sets MUJOCO_GL for an import."""
    before = os.environ.get("MUJOCO_GL")
    os.environ["MUJOCO_GL"] = backend
    try:
        yield
    finally:
        if before is None:
            del os.environ["MUJOCO_GL"]
        else:
            os.environ["MUJOCO_GL"] = before
