"""Lists of words that a shell makes, compared with bash, and the loops over them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.sources.commands.markdown_blocks import read_markdown
from dreamerguard.sources.commands.shell import read_shell
from dreamerguard.sources.commands.shell_limits import MAX_PASSES

LISTS = [
    "{1..4}", "{4..1}", "{1..9..3}", "{9..1..3}", "{-2..2}", "{a,b}", "{32,64,}", "{0.1,0.2}", "$(seq 3)",
    "$(seq 2 4)", "$(seq 1 3 9)", "$(seq 5 -2 1)", "`seq 1 3`", "$(seq 4 1)",
    "{08..11}", "x{a,}", "{a,b}{1..2}", "{a:{b,c}", "$(seq -w 8 11)", "$(seq -w -1 1)",
]  # fmt: skip


def texts(script: str) -> list[str]:
    return [" ".join(word.text for word in command.words) for command in read_shell(Source("go.sh", script))]


@pytest.mark.parametrize("text", LISTS)
def test_the_words_are_those_of_bash(text: str) -> None:
    bash = shutil.which("bash")
    if bash is None or shutil.which("seq") is None:
        pytest.skip("there is no bash")
    real = subprocess.run([bash, "-c", f"echo {text}"], capture_output=True, text=True, check=True).stdout.strip()
    assert texts(f"python a.py {text}\n") == [f"python a.py {real}".strip()]
    assert texts(f"for x in {text}; do python a.py $x; done\n") == [
        f"python a.py {word}" for word in real.split() or [UNKNOWN]
    ]


@pytest.mark.parametrize(
    "text", ["$(seq 1 99999)", "{1..99999}", "$(ls)", "$(seq $N)", "{a,{b,c}}", "{a,$X}", "{1..z}"]
)
def test_other_lists_are_unknown(text: str) -> None:
    assert texts(f"python a.py {text}\n") == [f"python a.py {UNKNOWN}"]


def test_loops_and_arrays() -> None:
    script = "S=($(seq 1 2))\nfor r in {32,64}; do for s in ${S[@]}; do python a.py $r $s; done; done\n"
    assert texts(script) == [f"python a.py {r} {s}" for r in (32, 64) for s in (1, 2)]


def test_beyond_the_bound_every_value_is_still_a_run() -> None:
    script = "for s in $(seq 1 60); do for r in 32 64 128; do python a.py $s $r; done; done\n"
    found = [text.split()[2:] for text in texts(script)]
    assert {seed for seed, _ in found} == {str(number) for number in range(1, 61)}
    assert {ratio for _, ratio in found} == {"32", "64", "128"}
    assert len(found) < 3 * MAX_PASSES


def test_of_too_many_values_the_first_and_the_last_are_runs() -> None:
    words = ["1", "199", UNKNOWN]
    assert texts("for s in {1..199}; do python a.py $s; done\n") == [f"python a.py {word}" for word in words]


def test_functions_in_long_loops_are_called_for_every_value() -> None:
    script = "go() { python a.py $1 $2; }\nfor s in $(seq 1 60); do for r in 32 64 128; do go $s $r; done; done\n"
    found = [text.split()[2:] for text in texts(script)]
    assert {seed for seed, _ in found} == {str(number) for number in range(1, 61)}


def test_a_loop_in_a_document_lists_braces() -> None:
    text = "```bash\nfor r in {32,64}; do python a.py $r; done\n```\n"
    found = [" ".join(word.text for word in command.words) for command in read_markdown(Source("README.md", text))]
    assert found == ["python a.py 32", "python a.py 64"]


def test_braces_within_a_word_of_a_loop_in_a_document() -> None:
    text = "```bash\nfor d in a/{b,c}; do python $d/run.py; done\nfor t in dmc_{t}; do python a.py $t; done\n```\n"
    found = [" ".join(word.text for word in command.words) for command in read_markdown(Source("README.md", text))]
    assert found == ["python a/b/run.py", "python a/c/run.py", f"python a.py dmc_{UNKNOWN}"]
