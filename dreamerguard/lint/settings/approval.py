"""Whether the code that a settings file names may run: only with the user's explicit approval.

A clone belongs to the user who made it, so the owner of the files says nothing. Approval is ``--allow-local-rules``, or
a folder in the user's own settings, ``$XDG_CONFIG_HOME/dreamerguard/config.toml``:

    trusted-folders = ["~/work/our-lab"]

Without it the settings apply and the code does not run.
"""

from __future__ import annotations

from dataclasses import replace

from dreamerguard.core.settings_files import TRUSTED, read_user_settings

from .model import Settings


def withhold(settings: Settings, *, allowed: bool) -> Settings:
    """Returns the settings without the code that they name, unless it is approved.

    Args:
      settings: as read from a settings file.
      allowed: whether the user approves with this command.

    Raises:
      SourceError: the user's own settings cannot be read.
    """
    if allowed or settings.file is None or not (settings.local_rules or settings.plugins):
        return settings
    own = read_user_settings()
    if own.trusts(settings.file, *settings.local_rules):
        return settings
    names = " and ".join(name for name, value in _code(settings) if value)
    add = f", or add the folder to {TRUSTED} in {own.file}" if own.file is not None else ""
    why = "they are code of its folder; if you trust it, use --allow-local-rules"
    text = f"{names} of {settings.file} not run: {why}{add}"
    return replace(settings, local_rules=(), plugins=(), withheld=text)


def _code(settings: Settings) -> tuple[tuple[str, bool], ...]:
    return ("local-rules", bool(settings.local_rules)), ("plugins", bool(settings.plugins))
