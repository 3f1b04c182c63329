"""Recognises runs that only try the program out: by their length, their preset, or what the text beside them says."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from itertools import islice, takewhile

from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import as_number
from dreamerguard.rules.helpers.intervals import is_never
from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.placeholders import DOCUMENTS

#: Shares of the published length and network below which a command that sets both is a trial of the program.
_TRIAL_LENGTH, _TRIAL_NETWORK = 0.01, 1 / 8
#: Frames below which a command that switches checkpoints off, or shrinks the batch, is one too; the shortest published
#: run has 400 000.
_TRIAL_FRAMES = 20_000
#: Share of the published steps of a batch below which a command shrinks it.
_TRIAL_BATCH = 0.5
#: What people call a run that only tries the program out. A "quick start" is none.
_CALLED = re.compile(
    r"\b(?:smoke[- ]?(?:test|run)s?|sanity[- ]check|dry[- ]run|test[- ]run|debug(?:ging)?|toy (?:run|example)"
    r"|(?:quick|short|fast|minimal|tiny|local|small) (?:smoke |local |sanity )?(?:test|check|trial)(?:s|ing)?"
    r"|(?:quickly|to) (?:test|check|verify|try)(?: out)? (?:that|whether|if|your|the|everything|installation|setup)\b)",
    re.IGNORECASE,
)
#: The same as a part of a file name: ``debug.sh``, ``run_smoke_test.sh``.
_CALLED_FILE = re.compile(r"(?:^|[_.-])(?:debug|smoke|sanity)(?:[_.-]|test|$)", re.IGNORECASE)
#: The name of a configuration in ``launch.json``.
_NAME = re.compile(r'"name"\s*:\s*"([^"\n]{1,200})"')
_COMMENT = ("#", "//", "::", "rem ", "REM ")
_FENCE = ("```", "~~~")
_FENCED = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
#: Lines above a command that speak of it, and the most characters of each that are read.
_LINES, _WIDTH = 2, 300


def is_trial(run: ResolvedRun) -> bool:
    """Returns whether the command itself asks for a trial of the program.

    That is a tiny part of the published length with a tiny network, or a tiny length without any checkpoint or with a
    smaller batch.
    """
    if not _types_length(run) or run.budget is None:
        return False
    published = run.reference.budget.frames if run.reference is not None else 0.0
    short, tiny = run.budget.frames <= _TRIAL_LENGTH * published, has_tiny_length(run)
    return (short and _is_tiny(run)) or (tiny and (_saves_never(run) or _shrinks_batch(run)))


def _types_length(run: ResolvedRun) -> bool:
    frames = run.setting("frames")
    return frames is not None and frames.last.kind == "command line"


def has_tiny_length(run: ResolvedRun) -> bool:
    """Returns whether the command itself sets a length that nobody trains an agent with."""
    return _types_length(run) and run.budget is not None and run.budget.frames <= _TRIAL_FRAMES


def _is_tiny(run: ResolvedRun) -> bool:
    deter, published = run.setting("deter"), run.expected("deter")
    if deter is None or published is None or deter.last.kind != "command line":
        return False
    return deter.number <= _TRIAL_NETWORK * as_number(published.value)


def _shrinks_batch(run: ResolvedRun) -> bool:
    """Returns whether the command itself sets a much smaller batch than the published one."""
    if run.budget is None or run.reference is None:
        return False
    chosen = [item for role in ("batch_size", "batch_length") if (item := run.setting(role)) is not None]
    typed = any(item.last.kind == "command line" for item in chosen)
    return typed and run.budget.batch_steps <= _TRIAL_BATCH * run.reference.budget.batch_steps


def _saves_never(run: ResolvedRun) -> bool:
    """Returns whether the command switches checkpoints off, so that nothing of the run is kept."""
    found = (item for key, item in run.settings.items() if key.rpartition(".")[2] in ("save_every", "checkpoint_every"))
    return any(item.last.kind == "command line" and is_never(item) for item in found)


def called_trial(command: Command) -> bool:
    """Returns whether the file of a command calls it a trial: in its own name, above the command, or behind it."""
    source = command.source
    if source.kind != "file":
        return False
    if _CALLED_FILE.search(source.name.replace("\\", "/").rpartition("/")[2]):
        return True
    return any(_CALLED.search(line) for line in _said(command))


def _said(command: Command) -> list[str]:
    """Returns the lines that speak of a command."""
    text, span = command.source.text, command.span
    if command.source.name.endswith(".json"):
        names = list(_NAME.finditer(text, 0, span.start))
        return [names[-1][1]] if names else []
    end = text.find("\n", span.end)
    behind = text[span.end : end if end >= 0 else len(text)].partition("#")[2]
    start = text.rfind("\n", 0, span.start) + 1
    above = [line.strip() for line in text[max(0, start - 4000) : start].split("\n")[:-1]]
    document = command.source.name.lower().endswith(DOCUMENTS)
    return [
        behind[:_WIDTH],
        *(line[:_WIDTH] for line in (_above_block(above, text, start) if document else _comments(above))),
    ]


def _comments(above: list[str]) -> list[str]:
    """Returns the comments directly above a line of a script."""
    return list(takewhile(lambda line: line.startswith(_COMMENT), reversed(above)))[:_LINES]


@lru_cache(maxsize=8)
def _fences(text: str) -> tuple[int, ...]:
    return tuple(found.start() for found in _FENCED.finditer(text))


def _above_block(above: list[str], text: str, start: int) -> list[str]:
    """Returns the comments directly above a line of a document, and the text above its block of code."""
    spoken = _comments(above)
    if bisect_left(_fences(text), start) % 2:
        opening = max((at for at, line in enumerate(above) if line.startswith(_FENCE)), default=0)
        above = above[:opening]
    told = takewhile(
        lambda line: not line.startswith(_FENCE), (line for line in reversed(above) if line and " --" not in line)
    )
    return spoken + list(islice(told, _LINES))
