"""``train --from``: reads the parameters that a new run starts from, once, and notes their origin in its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import fail

if TYPE_CHECKING:
    from dreamerguard_agent.pretrained import Pretrained


@dataclass(frozen=True)
class Start:
    """Where the parameters of a run come from.

    Attributes:
      facts: the origin, for the manifest.
      pretrained: the parameters; None if the run continues from its own checkpoint.
    """

    facts: Mapping[str, Any]
    pretrained: Pretrained | None


def read_start(text: str | None, parts: tuple[str, ...], directory: Path, *, restart: bool) -> Start | None:
    """Reads the parameters to start from. A run with a checkpoint continues, and nothing is read.

    Args:
      text: the value of ``--from``; None without it.
      parts: the values of ``--from-parts``.
      directory: the run directory.
      restart: whether an earlier run there is set aside.

    Returns:
      The start, or None for a new agent. A run that ended before its first checkpoint starts from the same parameters
      again.

    Raises:
      CommandFailed: there are no such parameters, or the directory holds a run that started otherwise.
    """
    from dreamerguard.programs.native.manifest import origin_of
    from dreamerguard.programs.native.run_directory import CONFIG, has_checkpoint

    if parts and text is None:
        fail("--from-parts needs --from")
    exists = (directory / CONFIG).exists() and not restart
    stored = origin_of(directory) if exists else None
    typed = None if text is None else {"named": _absolute(text), "parts": list(parts)}
    if exists and typed is not None and (stored is None or any(stored.get(key) != typed[key] for key in typed)):
        fail(
            f"{directory} holds a run that {_describe(stored)}; use another --logdir to start from {text}, or --restart"
            " to set this run aside"
        )
    if exists and has_checkpoint(directory):
        return Start(stored, None) if stored is not None else None
    wanted = typed or stored
    return None if wanted is None else _read(wanted)


def _read(wanted: Mapping[str, Any]) -> Start:
    from dreamerguard_agent.checkpoints.errors import NoSoundCheckpoint, OtherFormat
    from dreamerguard_agent.pretrained import read_pretrained

    from .agent_extra import require_agent
    from .exit_codes import DAMAGED

    require_agent()
    named, parts = str(wanted.get("named")), [str(part) for part in wanted.get("parts") or ()]
    try:
        found = read_pretrained(named, parts)
    except NoSoundCheckpoint as error:
        fail(str(error), DAMAGED)
    except OtherFormat as error:
        fail(str(error))
    except OSError as error:
        fail(f"--from {named} cannot be read: {error.strerror or error}")
    return Start({"named": named, "parts": parts, **found.facts}, found)


def _absolute(text: str) -> str:
    path = Path(text)
    with suppress(RuntimeError):  # ~NAME of a user that does not exist is a folder of that name
        path = path.expanduser()
    return str(path.absolute())


def _describe(stored: Mapping[str, Any] | None) -> str:
    if stored is None:
        return "began with a new agent"
    parts = f" (only {','.join(map(str, stored.get('parts') or ()))})" if stored.get("parts") else ""
    return f"started from {stored.get('named')}{parts}"
