"""Commands in all kinds of files, each with its position."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.sources.commands.readers import is_script, reader_of

from ..counting import grows_linearly

MARKDOWN = """# Title

python not_a_command.py

```bash
$ python train.py logdir=<path> \\
    seed=1
some output
```

~~~sh
python other.py --configs crafter ...
~~~

```python
python = "no.py"
```
"""
LAUNCH = """{
  // a comment, with "python"
  "configurations": [
    {"name": "a", "program": "${workspaceFolder}/dreamer.py", "args": ["--configs", "crafter", "--x", "${input:y}",]},
    {"name": "b", "module": "dreamerv3.main", "args": ["--seed", 3]},
  ]
}
"""
DOCKER = 'FROM x\nRUN pip install a && \\\n    python b.py --c 1\nCMD ["python", "train.py", "a=1"]\n'
MAKE = "SEED = 3\nN ?= 4\ntrain:\n\t@python dreamer.py --seed $(SEED) \\\n\t  --n $(N) --x $$Y\n"
WORKFLOW = (
    "jobs:\n  a:\n    steps:\n      - run: |\n          python train.py a=1\n      - run: python b.py c=${{ x.y }}\n"
)
NOTEBOOK = '{"cells": [{"source": ["!python sheeprl.py exp=a\\n", "x = 1\\n"]}]}'


def words(name: str, text: str) -> list[list[str]]:
    reader = reader_of(name)
    assert reader is not None
    found = reader(Source(name, text))
    return [[word.text for word in command.words] for command in found if command.words[0].text == "python"]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "README.md",
            MARKDOWN,
            [
                ["python", "train.py", f"logdir={UNKNOWN}", "seed=1"],
                ["python", "other.py", "--configs", "crafter", UNKNOWN],
            ],
        ),
        (
            ".vscode/launch.json",
            LAUNCH,
            [
                ["python", "dreamer.py", "--configs", "crafter", "--x", UNKNOWN],
                ["python", "-m", "dreamerv3.main", "--seed", "3"],
            ],
        ),
        ("Dockerfile", DOCKER, [["python", "b.py", "--c", "1"], ["python", "train.py", "a=1"]]),
        ("Makefile", MAKE, [["python", "dreamer.py", "--seed", "3", "--n", "4", "--x", UNKNOWN]]),
        (".github/workflows/a.yml", WORKFLOW, [["python", "train.py", "a=1"], ["python", "b.py", f"c={UNKNOWN}"]]),
        ("a.ipynb", NOTEBOOK, [["python", "sheeprl.py", "exp=a"]]),
    ],
)
def test_files(name: str, text: str, expected: list[list[str]]) -> None:
    assert words(name, text) == expected


def test_places_in_a_launch_file() -> None:
    reader = reader_of("launch.json")
    assert reader is not None
    word = reader(Source("launch.json", LAUNCH))[0].words[3]
    assert word.span.text == '"crafter"'
    assert word.span.line == 4


def test_other_files_hold_no_commands() -> None:
    assert [reader_of(name) for name in ("train.pyi", "configs.yaml", "data.json", "a.txt")] == [None] * 4


def test_scripts_without_a_suffix_are_told_by_their_first_line() -> None:
    assert is_script("#!/usr/bin/env bash\npython a.py")
    assert not is_script("#!/usr/bin/env python\nimport os")


@settings(max_examples=300)
@given(
    st.text("`~ \n#abc$\\\"'<>{}[]:,/*-|!", max_size=200),
    st.sampled_from(
        ["a.md", "launch.json", "Dockerfile", "Makefile", ".github/workflows/a.yml", "a.ipynb", "justfile"]
    ),
)
def test_any_text_is_read_without_a_crash(text: str, name: str) -> None:
    reader = reader_of(name)
    assert reader is not None
    for command in reader(Source(name, text)):
        for word in command.words:
            assert 0 <= word.span.start <= word.span.end <= len(text)


@pytest.mark.parametrize("part", ["```\n", "~~~~", "> ```sh\n", "RUN [", '"!', "\t@a \\\n", "/*", '"a" , ', "$ "])
@pytest.mark.parametrize("name", ["a.md", "launch.json", "Dockerfile", "Makefile", "a.ipynb"])
def test_work_is_linear(name: str, part: str) -> None:
    reader = reader_of(name)
    assert reader is not None
    assert grows_linearly(lambda size: reader(Source(name, part * (size // len(part)))), 20_000)
