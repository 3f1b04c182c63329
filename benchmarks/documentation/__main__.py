"""``python -m benchmarks.documentation``: writes pages and pictures; ``--site FILE`` the configuration of the site."""

from __future__ import annotations

import argparse
from pathlib import Path

from .command_pages import command_pages
from .glossary_page import glossary_page
from .key_page import key_page
from .measured_tables import with_tables
from .navigation import site_configuration
from .pictures import pictures

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def generated() -> dict[str, str]:
    """Returns the generated files of the documentation: name below ``docs`` -> content."""
    pages = {f"commands/{name}": text for name, text in command_pages().items()}
    return (
        pages
        | {"keys.md": key_page(), "glossary.md": glossary_page()}
        | {"agent.md": with_tables((DOCS / "agent.md").read_text(encoding="utf-8"))}
        | {f"pictures/{name}": text for name, text in pictures().items()}
    )


def main() -> None:
    """Reads the options and writes the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, help="write the configuration of the site into this file instead")
    site = parser.parse_args().site
    if site is not None:
        site.write_text(site_configuration(DOCS), encoding="utf-8")
        return
    files = generated()
    for name, text in files.items():
        path = DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in (DOCS / "commands").glob("*.md"):
        if f"commands/{path.name}" not in files:
            path.unlink()
    print(f"wrote {len(files)} files into {DOCS.name}")


if __name__ == "__main__":
    main()
