"""What is said of a file that is not valid YAML while somebody types: the place of the error, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dreamerguard.core.finding import Finding
from dreamerguard.core.result import Result
from dreamerguard.core.source import Source
from dreamerguard.rules import find_rule
from dreamerguard.sources.comments import is_yaml
from dreamerguard.sources.values.yaml import read_yaml

_RULE = "invalid-yaml"
#: Lines of a configuration that this linter judges.
_OURS = re.compile(r"^(?:defaults[ \t]*:[ \t]*$|task[ \t]*:)|\b(?:train_ratio|replay_ratio)[ \t]*:", re.MULTILINE)


def parse_finding(source: Source, results: Sequence[Result], *, known: bool) -> Finding | None:
    """Returns the finding about a file that cannot be parsed; None for a valid file, and for the file of another tool.

    Args:
      source: the file.
      results: of a check of the file.
      known: whether the file held a run before it was changed.
    """
    found = next((item for result in results for item in result.active if item.name == _RULE), None)
    if found is not None:
        return found
    if not is_yaml(source) or not (known or _OURS.search(source.text)):
        return None
    document = read_yaml(source)
    rule = find_rule(_RULE)
    if document.root is not None or not document.problems or rule is None:
        return None
    return rule.from_problem(document.problems[0])
