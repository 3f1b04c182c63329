"""Commands in notes and in the docstring of a script."""

import pytest

from dreamerguard.core.source import Source
from dreamerguard.sources.commands.readers import is_notes, may_be_notes, reader_for

RUN = "python dreamerv3/main.py --configs crafter --logdir logs"


def read(name: str, text: str) -> list[str]:
    source = Source(name, text)
    return [" ".join(word.text for word in item.words) for item in reader_for(source)(source)]


@pytest.mark.parametrize(
    ("name", "notes"),
    [("launch_all", True), ("notes/runs.txt", True), ("requirements-dev.txt", False), ("runs.json", False)],
)
def test_names_of_notes(name: str, notes: bool) -> None:
    assert may_be_notes(name) is notes


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        (f"first try:\n{RUN}\n", True),
        (f"$ CUDA_VISIBLE_DEVICES=0 {RUN}\n", True),
        ("python 3.11 is needed, --configs are in dreamerv3\n", False),
        ("start python dreamerv3/main.py --configs crafter by hand\n", False),
        ("#!/usr/bin/env node\npython x.py --a\n", False),
    ],
)
def test_texts_of_notes(text: str, notes: bool) -> None:
    assert is_notes(text) is notes


def test_each_line_of_notes_is_a_command_of_its_own() -> None:
    text = f"It failed with 'out of memory:\n{RUN}\n\n/tmp/a (better)\n  {RUN} \\\n    --seed 2\n"
    assert read("runs.txt", text) == [RUN, f"{RUN} --seed 2"]


def test_a_script_without_its_first_line_keeps_its_variables() -> None:
    assert read("runs", f"SEED=3\n{RUN} --seed $SEED\n") == [f"{RUN} --seed 3"]


def test_the_docstring_of_a_script() -> None:
    text = f'# ours\n"""Plays.\n\nUsage:\n  {RUN} \\\n    --seed 1\n"""\nimport sys\n\n\ndef f():\n    """{RUN}"""\n'
    assert read("play.py", text) == [f"{RUN} --seed 1"]


@pytest.mark.parametrize("text", [f'x = """\n{RUN}\n"""\n', f'"""Plays {RUN}."""\n', f"# {RUN}\nimport sys\n"])
def test_other_texts_of_a_script_are_no_commands(text: str) -> None:
    assert read("play.py", text) == []
