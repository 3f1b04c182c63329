"""Slurm ignores an option in the head of the script.

What it does:
  Reports misspelt ``#SBATCH`` lines, and ``#SBATCH`` lines behind the first command, in a script that starts a run.

Why is this bad:
  To ``sbatch`` such a line is a comment. The job runs without the partition, the time limit, the memory or the GPU that
  the line asks for.

How to fix:
  Write ``#SBATCH``, and move all these lines in front of the first command. Write ``##SBATCH`` to switch a line off.

References:
  https://slurm.schedmd.com/sbatch.html#SECTION_DESCRIPTION
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Source, Span
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG008", "ignored-directive", Severity.WARNING)

_COMMAND = "python dreamerv3/main.py --configs dmc_proprio --logdir logs\n"

GOOD = [
    Example(f"#!/bin/bash\n#SBATCH --mem=64G\n##SBATCH --time=1:00:00\n{_COMMAND}"),
    Example(f"#!/bin/bash\nsbatch <<EOT\n#!/bin/bash\n#SBATCH --mem=64G\n{_COMMAND}EOT\n"),
]
BAD = [
    Example(f"#!/bin/bash\n#SBATCH --mem=64G\n#SBATCG --time=1:00\n{_COMMAND}", mark="#SBATCG"),
    Example(f"#!/bin/bash\nmodule load cuda\n#SBATCH --mem=64G\n{_COMMAND}", mark="#SBATCH"),
    Example(f"#!/bin/bash\ncat <<<word\n#SBATCH --mem=64G\nword\n{_COMMAND}", mark="#SBATCH"),
]

_RIGHT = "#SBATCH"
#: A comment of one word with capital letters and an option: what may be meant as a directive.
_LINE = re.compile(r"^(?P<word>#[A-Za-z]{4,9})(?=[ \t]+--?[A-Za-z])[^\n]*", re.MULTILINE)
#: The start of a here-document, which is a script of its own.
_HEREDOC = re.compile(r"(?<!<)<<(?!<)-?[ \t]*(['\"]?)(\w+)\1")
_STATEMENT = re.compile(r"^[ \t]*[^#\s]", re.MULTILINE)
_MOST_BYTES = 1 << 16
#: The smallest share of common letters of a misspelt word.
_ALIKE = 0.8


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks at the script around the command."""
    source = run.anchor.source
    text = source.text[:_MOST_BYTES]
    if not text.startswith("#!") or "#SBAT" not in text.upper() or run.whole:
        return
    text = _without_heredocs(text)
    first = _STATEMENT.search(text)
    end = first.start() if first is not None else len(text)
    for line in _LINE.finditer(text):
        place = _place(source, line)
        if line["word"] == _RIGHT and line.start() > end:
            yield rule.at(place, f"Slurm ignores this line, because a command stands above it: {line[0].strip()[:60]}")
        elif line["word"] != _RIGHT and line.start() < end and _is_near(line["word"]):
            text = f"{line['word']} is no directive of Slurm, so this line is a comment; did you mean {_RIGHT}?"
            yield rule.at(place, text)


def _without_heredocs(text: str) -> str:
    """Returns a text of the same length with blanks for here-documents that are closed."""
    lines = text.split("\n")
    last = {line.strip(): at for at, line in enumerate(lines)}
    closing = ""
    for at, line in enumerate(lines):
        if closing:
            lines[at] = " " * len(line)
            closing = "" if line.strip() == closing else closing
        elif (start := _HEREDOC.search(line)) is not None and last.get(start[2], at) > at:
            closing = start[2]
    return "\n".join(lines)


def _place(source: Source, line: re.Match[str]) -> Span:
    return source.span(line.start("word"), line.end("word"))


def _is_near(word: str) -> bool:
    """Returns whether one letter is wrong, missing or too many, or two are swapped; case counts as one."""
    from difflib import SequenceMatcher

    return SequenceMatcher(None, word.upper(), _RIGHT).ratio() >= _ALIKE
