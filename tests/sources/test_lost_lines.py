"""Options behind a line that lacks its backslash, and placeholders in documents."""

import pytest

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN, Command
from dreamerguard.sources.commands.lost_lines import lost_line
from dreamerguard.sources.commands.readers import reader_for

RUN = "python dreamerv3/main.py \\\n  --configs crafter"


def first(name: str, text: str) -> Command:
    source = Source(name, text)
    return next(item for item in reader_for(source)(source) if item.words[0].text == "python")


def lost(name: str, text: str) -> str:
    found = lost_line(first(name, text))
    return found.text if found is not None else ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{RUN}\n  --seed 1\n", "--seed 1"),
        (f"{RUN}  # all games\n  --seed 1 \\\n  --run.envs 2\n", "--seed 1 \\"),
        ("python train.py env=crafter \\\n  seed=1\n  env.steps=1e5\n", "env.steps=1e5"),
        (f"{RUN} \\\n  --seed 1\n", ""),
        (f"{RUN}\n\n  --seed 1\n", ""),
        (f"{RUN}\n-- next\n", ""),
        ("python train.py env=crafter\nenv.steps=1e5\n", ""),
        (f'ARGS=(\n  --seed 1\n  --run.envs 2\n)\n{RUN} "${{ARGS[@]:0:2}}"\n', ""),
    ],
)
def test_options_behind_the_end_of_a_command(text: str, expected: str) -> None:
    assert lost("run.sh", text) == expected
    assert lost("README.md", f"```sh\n{text}```\n") == ("" if "ARGS" in text else expected)


def test_a_list_in_python_has_no_line_ends() -> None:
    text = "import subprocess\nsubprocess.run(['python', 'dreamerv3/main.py', '--configs', 'a'])\n--x\n"
    assert lost("run.py", text) == ""


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("--seed SEED", "--seed ?"), ("--task [TASK]", "--task ?"), ("--task {task}", "--task ?"),
        ("--logdir logs/{task}/{SEED}", "--logdir logs/?/?"),
        ("--logdir logs/{timestamp}", "--logdir logs/{timestamp}"),
        ("env.task=TASK", "env.task=?"), ("keys=[rgb]", "keys=[rgb]"), ("--task walker", "--task walker"),
        ("--logdir {save path}", "--logdir ?"), ("--task [YOUR TASK]", "--task ?"),
        ("--configs a [b]", "--configs a"), ("--seed 1 [--name NAME] --x 2", "--seed 1 --x 2"), ("[--debug]", ""),
        ("keys=[a, b]", "keys=[a, b]"), ("--task {your task}/x", "--task ?/x"),
        ("--run.wandb TRUE", "--run.wandb TRUE"), ("--configs A1", "--configs A1"),
    ],
)  # fmt: skip
def test_placeholders_in_documents(word: str, known: str) -> None:
    command = first("README.md", f"```sh\npython train.py {word}\n```\n")
    assert " ".join(item.text for item in command.words[2:]).replace(UNKNOWN, "?") == known
    script = first("run.sh", f"python train.py {word}\n")
    assert " ".join(item.text for item in script.words[2:]) == word


def test_commands_between_the_blocks_of_a_document() -> None:
    text = "# Use\n\n    python train.py --seed 1\n\nThen `python train.py --seed 2`:\n"
    text += "```yaml\na: 1\n```\npython t.py \\\n --b 3\n"
    source = Source("README.md", text)
    assert [[word.text for word in item.words] for item in reader_for(source)(source)] == [
        ["python", "train.py", "--seed", "1"],
        ["python", "t.py", "--b", "3"],
    ]
