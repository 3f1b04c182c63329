"""Options that a shell script adds under a condition, with a value that only the caller knows."""

from pathlib import Path

import pytest

from dreamerguard.core.source import Source
from dreamerguard.lint.engine import check_command
from dreamerguard.sources.commands.readers import reader_for

START = '\npython dreamerv3/main.py --configs crafter --logdir x "${more[@]}"'
ADDED = [
    'more=()\nif [[ -n "${CKPT:-}" ]]; then\n  test -f "$CKPT"\n  more+=(--run.from_checkpoint "$CKPT")\nfi',
    'more=()\nif [ ! -z "$1" ]; then more+=(--run.from_checkpoint "$1"); shift; fi',
    'more=(--seed 1)\n[[ -n "$CKPT" ]] && more=("${more[@]}" --run.from_checkpoint "${CKPT}")',
    'more=()\nif test "$CKPT"; then more=(--run.from_checkpoint $CKPT --seed 1); fi',
    'set -- --run.from_checkpoint "$(ls -t | head -1)" "$@"\nmore=()',
]


def broken(folder: Path, text: str) -> list[str]:
    source = Source("go.sh", text)
    findings = [item for command in reader_for(source)(source) for item in _found(command, folder)]
    return sorted({item.key for item in findings if item.name == "malformed-override"})


def _found(command, folder):  # type: ignore[no-untyped-def]
    texts = [word.text for word in command.words]
    return check_command(command, folder=folder).findings if "python" in texts else ()


@pytest.mark.parametrize("added", ADDED)
def test_an_option_with_an_unknown_value_has_one(tmp_path: Path, added: str) -> None:
    assert broken(tmp_path, f'#!/bin/bash\n{added}{START} "$@"\n') == []


@pytest.mark.parametrize(
    "added",
    [
        'more=()\nif [[ -n "$CKPT" ]]; then more+=(--run.from_checkpoint); fi',
        "more=(--run.from_checkpoint --seed 1)",
    ],
)
def test_an_option_without_a_value_is_reported(tmp_path: Path, added: str) -> None:
    assert broken(tmp_path, f"#!/bin/bash\n{added}{START}\n") == ["run.from_checkpoint"]
