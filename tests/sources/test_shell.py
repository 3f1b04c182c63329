"""Reads shell text into commands: words, positions, unknown parts, and no crash."""

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN, read_command
from dreamerguard.sources.commands.launch import read_launch
from dreamerguard.sources.commands.shell import read_shell

from ..counting import grows_linearly


def commands(text: str) -> list[list[str]]:
    return [[word.text for word in command.words] for command in read_shell(Source("run.sh", text))]


def test_words_keep_their_places_across_continued_lines() -> None:
    text = 'python train.py \\\n  env=dmc_vision \\\n  logdir="a b" seed=1\n'
    (command,) = read_shell(Source("run.sh", text))
    assert [word.text for word in command.words] == ["python", "train.py", "env=dmc_vision", "logdir=a b", "seed=1"]
    assert [word.span.text for word in command.words][2:] == ["env=dmc_vision", 'logdir="a b"', "seed=1"]
    assert (command.words[2].span.line, command.words[2].span.column) == (2, 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("python a.py x=1 # y=2", ["python", "a.py", "x=1"]),
        ("python a.py x=a#b", ["python", "a.py", "x=a#b"]),
        ("python a.py x=1 > log.txt 2>&1 &", ["python", "a.py", "x=1"]),
        ("python a.py 'x y' \"it's\" a\\ b", ["python", "a.py", "x y", "it's", "a b"]),
        ("python a.py keys=[rgb,depth]", ["python", "a.py", "keys=[rgb,depth]"]),
        ("python a.py env.logdir=~/x/{timestamp}", ["python", "a.py", "env.logdir=~/x/{timestamp}"]),
        ("python a.py x=$HOME/$(date +%m)/`id`", ["python", "a.py", f"x={UNKNOWN}/{UNKNOWN}/{UNKNOWN}"]),
        ('python a.py "$@"', ["python", "a.py", UNKNOWN]),
        ("python a.py seed={1,2,3}", ["python", "a.py", "seed=1", "seed=2", "seed=3"]),
        ("python a.py *.yaml", ["python", "a.py", f"{UNKNOWN}.yaml"]),
        ("python a.py x=${X:-5}", ["python", "a.py", "x=5"]),
        ("python a.py $'x y'", ["python", "a.py", "x y"]),
    ],
)
def test_one_command(text: str, words: list[str]) -> None:
    assert commands(text) == [words]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("S=3\npython a.py s=$S", "s=3"),
        ("export S=3\npython a.py s=${S}", "s=3"),
        ("S=3; S=4\npython a.py s=$S", "s=4"),
        ("if test -e x; then S=3; fi\npython a.py s=$S", f"s={UNKNOWN}"),
        ("[ -z $S ] && S=3\npython a.py s=$S", "s=3"),
        ("read S\npython a.py s=$S", f"s={UNKNOWN}"),
        ("S=$1\npython a.py s=$S", f"s={UNKNOWN}"),
        ("S=3\nS+=4\npython a.py s=$S", "s=34"),
        ("python a.py s=$S", f"s={UNKNOWN}"),
    ],
)
def test_variables_are_only_known_when_the_script_says_so(text: str, value: str) -> None:
    assert commands(text)[-1][-1] == value


def test_a_variable_with_several_words_becomes_several_words() -> None:
    assert commands('A="x=1 y=2"\npython a.py $A "$A"')[-1] == ["python", "a.py", "x=1", "y=2", "x=1 y=2"]


def test_loops_over_literal_words_are_followed() -> None:
    text = "tasks=(walker hopper)\nfor t in ${tasks[@]}; do for s in 1 2; do\n python a.py t=$t s=$s\ndone; done\n"
    found = [words[2:] for words in commands(text)]
    assert found == [["t=walker", "s=1"], ["t=walker", "s=2"], ["t=hopper", "s=1"], ["t=hopper", "s=2"]]


def test_loops_over_something_else_leave_their_variable_unknown() -> None:
    assert commands("for s in $(ls); do python a.py s=$s; done") == [["python", "a.py", f"s={UNKNOWN}"]]


def test_long_loops_do_not_multiply() -> None:
    numbers = " ".join(str(number) for number in range(40))
    text = f"for a in {numbers}; do for b in {numbers}; do for c in {numbers}; do python a.py $a; done; done; done"
    assert len(commands(text)) <= 64


def test_here_documents_that_are_no_scripts_are_skipped() -> None:
    text = "cat <<-'EOF' > x.txt\n\tpython inner.py\n\tEOF\npython outer.py\n"
    assert [words for words in commands(text) if "python" in words] == [["python", "outer.py"]]


def test_commands_in_quotes_are_read_with_their_places() -> None:
    text = "docker exec box bash -c 'cd x && python train.py seed=3'\n"
    found = read_shell(Source("run.sh", text))[-1]
    assert [word.text for word in found.words] == ["python", "train.py", "seed=3"]
    assert found.words[-1].span.column == text.index("seed=3") + 1


def test_what_is_only_talked_about_is_no_command() -> None:
    assert all(words[0] == "echo" for words in commands("echo 'python train.py seed=3'"))


@pytest.mark.parametrize(
    ("text", "program", "first"),
    [
        ("CUDA_VISIBLE_DEVICES=0 python -u train.py a=1", "train.py", "a=1"),
        ("srun --gres=gpu:1 python train.py a=1", "train.py", "a=1"),
        ("torchrun --nproc_per_node=4 train.py a=1", "train.py", "a=1"),
        ("nohup env X=1 python3.11 -m dreamerv3.main --seed 1", "dreamerv3.main", "--seed"),
        ("uv run sheeprl.py exp=dreamer_v3", "sheeprl.py", "exp=dreamer_v3"),
        ("timeout 5h accelerate launch --mixed_precision fp16 train.py a=1", "train.py", "a=1"),
        ("$PYTHON train.py a=1", "train.py", "a=1"),
    ],
)
def test_programs_behind_launchers(text: str, program: str, first: str) -> None:
    (command,) = read_shell(Source("run.sh", text))
    launch = read_launch(command)
    assert launch is not None
    assert (launch.program, launch.arguments[0].text) == (program, first)


@pytest.mark.parametrize("text", ["git add train.py", "vim train.py", "python -c 'import x'", "cd train.py", "A=1"])
def test_other_commands_launch_nothing(text: str) -> None:
    assert all(read_launch(command) is None for command in read_shell(Source("run.sh", text)))


@pytest.mark.parametrize(
    ("line", "word", "filled_in"),
    [
        ("#!/bin/bash", "logdir=~/a", True),
        ("#!/usr/bin/env bash", "logdir=~", True),
        ("", "logdir=~me/a", True),
        ("#!/bin/sh", "logdir=~/a", False),
        ("#!/bin/bash", "env.logdir=~/a", False),
        ("#!/bin/bash", "--logdir=~/a", False),
        ("#!/bin/bash", "'logdir=~/a'", False),
        ("#!/bin/bash", "logdir=a/~", False),
    ],
)
def test_bash_fills_in_the_home_directory_behind_a_plain_name(line: str, word: str, filled_in: bool) -> None:
    words = commands(f"{line}\npython train.py {word}\n")[-1]
    assert (UNKNOWN in words[-1]) == filled_in


PLAIN = st.text("abcXYZ019_-+=./:,@%[]~^", min_size=1, max_size=8).filter(lambda word: not word.startswith("#"))


@settings(max_examples=300)
@given(
    st.lists(st.one_of(PLAIN, PLAIN.map(lambda word: f"'{word} b'"), PLAIN.map(lambda word: f'"{word}"')), min_size=1)
)
def test_plain_lines_split_as_shlex_splits_them(words: list[str]) -> None:
    line = f"python {' '.join(words)}"
    if "=~" in line:
        line = f"#!/bin/sh\n{line}"
    assert commands(line) == [shlex.split(line.removeprefix("#!/bin/sh\n"), comments=False)]


@settings(max_examples=200)
@given(st.lists(st.text("abc =[]{}'\"$`\\*?#;&|<>()\u00e9\u4e2d~\n", max_size=8), min_size=1, max_size=5))
def test_quoted_words_read_back(words: list[str]) -> None:
    text = read_command(["python", *words]).source.text
    assert commands(text) == [["python", *words]]


SHELL = st.text(" \t\n\r\\'\"$`(){}[]<>|&;#=*?!~abfordoneifthen\u4e2d", max_size=200)


@settings(max_examples=4 * settings.default.max_examples)
@given(SHELL, st.sampled_from(["script", "make", "docs"]))
def test_any_text_is_read_without_a_crash(text: str, mode: str) -> None:
    source = Source("run.sh", text)
    for command in read_shell(source, mode=mode):  # type: ignore[arg-type]
        assert command.words
        for word in command.words:
            assert 0 <= word.span.start <= word.span.end <= len(text)
        read_launch(command)


@pytest.mark.parametrize(
    "part", ["$(", "${", '"', "'", "`", "<<X\n", "(", "a=(", "for x in ", "\\\n", "{a,", "$((", "<a"]
)
def test_work_is_linear(part: str) -> None:
    assert grows_linearly(lambda size: read_shell(Source("run.sh", part * (size // len(part))), mode="docs"), 20_000)
