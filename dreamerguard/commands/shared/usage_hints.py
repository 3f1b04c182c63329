"""What to type instead, after a command line that cannot be read: a missing argument, or a command of other tools."""

from __future__ import annotations

from typing import Any

from dreamerguard.util.hints import did_you_mean

#: Command -> a line that works, for a missing argument.
EXAMPLES = {
    "compare": "dreamerguard compare NEW --baseline OLD",
    "eval": "dreamerguard eval runs/RUN",
    "init": "dreamerguard init dmc_walker_walk",
    "notify": "dreamerguard notify '${SLACK_URL}'",
    "report": "dreamerguard report runs/RUN -o report.html",
    "watch": "dreamerguard watch LOGDIR",
    "build": "dreamerguard reference build RUN... -o own.json",
}

#: What people type out of habit -> what to type here.
_HABITS = {
    "help": "--help",
    "version": "--version",
    "run": "train",
    "fit": "train",
    "learn": "train",
    "evaluate": "eval",
    "play": "eval",
    "test": "check",
    "fix": "check --fix",
    "monitor": "watch",
    "status": "watch --once",
    "diff": "compare",
    "plot": "report",
    "new": "init",
    "list": "tasks",
    "rule": "explain",
    "rules": "explain --all",
    "docs": "explain",
    "completion": "--install-completion",
}


def no_such_command(typed: str, near: str | None) -> str:
    """Returns the message about a command that does not exist.

    Args:
      typed: its name.
      near: the nearest name of a command; None without one.
    """
    habit = _HABITS.get(typed)
    hint = did_you_mean(f"`dreamerguard {habit}`" if habit and not near else near)
    return f"there is no command {typed!r}{hint or '; `dreamerguard --help` lists the commands'}"


def missing_argument(error: Any) -> str:
    """Returns the message about a missing argument with a line that works; empty for other usage errors.

    Args:
      error: Typer's usage error.
    """
    context = error.ctx
    if type(error).__name__ != "MissingParameter" or context is None:
        return ""
    name = context.command.name or ""
    example = EXAMPLES.get(name)
    parameter = getattr(error, "param", None)
    what = getattr(parameter, "metavar", None) or str(getattr(parameter, "name", "an argument")).upper()
    return f"{name} needs {what}, for example `{example}`" if example else ""
