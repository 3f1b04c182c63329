"""The failures of checkpoints. Every message states what is wrong, where, and how to go on."""

from __future__ import annotations


class Damaged(Exception):
    """A checkpoint cannot be used: a file is missing, cut or changed, or a number in it is not valid."""


class NoSoundCheckpoint(Exception):
    """There are checkpoints, but none can be used."""


class DoesNotMatch(ValueError):
    """A sound checkpoint belongs to another model or environment: names, shapes or types differ."""


class OtherFormat(ValueError):
    """The checkpoint was written in a format that this version does not read."""


class NotSaved(Exception):
    """The run ended because no checkpoint could be saved."""
