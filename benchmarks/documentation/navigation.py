"""The configuration of the site: its pages in order. Pages that do not exist are left out."""

from __future__ import annotations

import json
from pathlib import Path

from dreamerguard.commands.app import COMMANDS

#: Title -> page, or pages of a part.
NAVIGATION: dict[str, str | dict[str, str]] = {
    "Which command do I type?": "index.md",
    "Tutorials": {
        "I use danijar/dreamerv3": "tutorials/danijar.md",
        "Check in CI": "tutorials/ci.md",
        "Train": "tutorials/train.md",
        "My own environment": "tutorials/own-environment.md",
        "Compare two releases": "tutorials/compare.md",
        "Sweep": "sweeps.md",
    },
    "Before a run": {
        "Rules": "rules/index.md",
        "Settings and suppressions": "settings.md",
        "Other tools: CI, pre-commit, reports": "integrations.md",
        "Editors": "editors.md",
        "Test a machine": "doctor.md",
    },
    "The trainer": {
        "Keys of a run": "keys.md",
        "Run directories and exit codes": "runs.md",
        "Environments": "environments.md",
        "Algorithm, differences, speed": "agent.md",
        "Scale": "scale.md",
    },
    "During and after a run": {
        "Watch a run": "watching.md",
        "Compare two versions": "comparing.md",
        "How the statistics work": "statistics.md",
        "Statistics of sweeps": "sweep-statistics.md",
    },
    "Reference": {
        "Python": "api.md",
        "Glossary": "glossary.md",
        "Other tools beside it": "other-tools.md",
        "Architecture": "architecture.md",
        "Development": "development.md",
    },
}


def site_configuration(docs: Path) -> str:
    """Returns the configuration of the site in TOML.

    Args:
      docs: folder of the pages.
    """
    parts = [_entry(title, page, docs) for title, page in NAVIGATION.items()]
    names = [("All commands", "commands/index.md"), *((name, f"commands/{name}.md") for name in COMMANDS)]
    commands = [f"{{ {json.dumps(title)} = {json.dumps(page)} }}" for title, page in names if (docs / page).exists()]
    parts.insert(2, f'{{ "Commands" = [{", ".join(commands)}] }}')
    entries = "\n".join(f"  {part}," for part in parts if part)
    return f"""[project]
site_name = "DreamerGuard"
site_description = "Lint, train and regression-guard DreamerV3 runs."
docs_dir = {json.dumps(docs.name)}
site_dir = "site"
use_directory_urls = false
nav = [
{entries}
]

[project.theme]
language = "en"
font = false
features = ["content.code.copy", "navigation.indexes", "navigation.top", "search.highlight", "toc.follow"]

[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"

[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
"""


def _entry(title: str, page: str | dict[str, str], docs: Path) -> str:
    """Returns one entry of the navigation; an empty text if none of its pages exists."""
    if isinstance(page, str):
        return f"{{ {json.dumps(title)} = {json.dumps(page)} }}" if (docs / page).exists() else ""
    inner = [entry for name, path in page.items() if (entry := _entry(name, path, docs))]
    return f"{{ {json.dumps(title)} = [{', '.join(inner)}] }}" if inner else ""
