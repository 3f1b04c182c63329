"""Commands of a document that run at another revision: ``git checkout BRANCH`` stands before them in the same block."""

from __future__ import annotations

import re
from dataclasses import replace

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.sources.argv import Command

#: Another revision. ``-b NAME`` keeps the files, ``--`` takes single files, and the main branch is probably this one.
_SWITCH = re.compile(
    r"(?:^|&&|;)[ \t]*(?:\$[ \t]*)?git[ \t]+(?:checkout|switch)[ \t]+([^\s-][^\s;&]*)[ \t]*(?:$|[&;#])", re.MULTILINE
)
_SAME = frozenset({"main", "master", "HEAD", "develop"})
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
#: Codes of the rules that compare names with the files of the checkout.
_CODES = ("DG0", "DG3")


def revision_of(command: Command) -> str:
    """Returns the revision that the commands before it in the same block switch to; empty if it is the checkout's."""
    text = command.source.text[: command.span.start]
    fences = [match.end() for match in _FENCE.finditer(text)]
    names = _SWITCH.findall(text, fences[-1] if fences else 0)
    return "" if not names or names[-1].rpartition("/")[2] in _SAME else str(names[-1])


def at_revision(finding: Finding, revision: str) -> Finding:
    """Lowers a finding about names to info, because the files of another revision may have them."""
    if not finding.code.startswith(_CODES) or finding.severity is Severity.INFO:
        return finding
    note = f"the command runs at {revision}; the files of this checkout may differ"
    return replace(finding, severity=Severity.INFO, help=f"{finding.help}; {note}" if finding.help else note)
