"""Compares the words that are read from a script with those that bash itself makes, and bounds the work."""

import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.core.source import Source
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.sources.commands.shell import read_shell

SCRIPTS = [
    "R=${R:-32}\npython a.py --r $R",
    "python a.py ${R:-32} ${R-a b} \"${R:-a b}\" ${R:=7}",
    "R=\npython a.py x${R:-32} x${R-5}",
    "R=4\npython a.py ${R:-32}",
    "A=(--x 1)\nA+=(--y '2 3')\npython a.py \"${A[@]}\"",
    "A=--x\nA+=' 1'\npython a.py $A \"$A\"",
    "R=${R:-5}\nA=(--r \"$R\")\npython a.py \"${A[@]}\" --z",
    "train() { python a.py --task $1 --r ${2:-9}; }\ntrain walker 32\ntrain hopper",
    "function go { local t=$1; shift; python a.py $t \"$@\"; }\ngo a b 'c d'",
    "f() { python a.py \"$@\"; }\nfor s in 1 2; do f --seed $s; done",
    "set -- a 'b c'\npython a.py $1 \"$2\" \"$@\"",
    "C='python a.py --x 1'\neval \"$C\"",
    "bash <<EOF\npython a.py --x 1\nEOF",
    "A=()\npython a.py \"${A[@]}\" --x",
    "D=${D:-${E:-4}}\npython a.py $D",
]  # fmt: skip


def commands(text: str) -> list[list[str]]:
    found = [[word.text for word in command.words] for command in read_shell(Source("run.sh", text))]
    return [words for words in found if words[0] == "python"]


def by_bash(text: str, folder: Path) -> list[list[str]]:
    """Runs a script with a stub in place of python that prints its words."""
    stub = folder / "python"
    stub.write_text("#!/bin/sh\nprintf 'python'\nfor w in \"$@\"; do printf '\\t%s' \"$w\"; done\nprintf '\\n'\n")
    stub.chmod(0o755)
    path = f"{folder}:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "-c", text], env={"PATH": path}, cwd=folder, capture_output=True, text=True, timeout=20
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("text", SCRIPTS)
def test_words_are_those_of_bash(text: str, tmp_path: Path) -> None:
    assert commands(text) == by_bash(text, tmp_path)


PARTS = st.sampled_from([
    "A=1", "A=(x 'y z')", "A+=(w)", "A+=v", "B=${A:-d e}", "python a.py $A", 'python a.py "${A[@]}"', "f", "f p 'q r'",
    "f() { python a.py f $1 \"$2\"; }", "python a.py \"${B:-none}\" $B", "for i in 1 2; do python a.py $i; done",
    "C=${C:=c}", "python a.py ${C-u}", "set -- m n", "shift", "python a.py \"$@\"",
])  # fmt: skip


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@settings(max_examples=40, deadline=None)
@given(parts=st.lists(PARTS, min_size=1, max_size=7))
def test_drawn_scripts_agree_with_bash_where_all_is_known(
    parts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = "\n".join(parts)
    read = commands(text)
    real = by_bash(text, tmp_path_factory.mktemp("bash"))
    for words in read:
        called = any(UNKNOWN in word for word in words) or words in real
        assert called or ("f" in words and not any(part.startswith("f ") or part == "f" for part in parts)), (
            text,
            real,
        )


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("#!/bin/bash\npython a.py logdir=~/x", f"logdir={UNKNOWN}/x"),
        ("#!/bin/sh\npython a.py logdir=~/x", "logdir=~/x"),
        ("#!/bin/bash\npython a.py env.dir=~/x", "env.dir=~/x"),
        ("#!/bin/bash\npython a.py 'logdir=~/x'", "logdir=~/x"),
        ('if test -e x; then A+=(--debug); fi\npython a.py "${A[@]}"', UNKNOWN),
        ("seq 5 | xargs python a.py --seed", UNKNOWN),
    ],
)
def test_last_word(text: str, last: str) -> None:
    assert [word.text for word in read_shell(Source("run.sh", text))[-1].words][-1] == last


@pytest.mark.parametrize(
    "text",
    [
        'tmux new -d "python a.py x=1"',
        "screen -dm bash -c 'python a.py x=1'",
        'sbatch --wrap="python a.py x=1"',
        "ssh host <<'EOF'\npython a.py x=1\nEOF\n",
    ],
)
def test_commands_for_another_shell_are_found(text: str) -> None:
    assert ["python", "a.py", "x=1"] in commands(text)


@pytest.mark.parametrize(
    ("words", "is_open"),
    [
        ('--task "$T"', False),
        ("--task $T", False),
        ("--task dmc_$T", False),
        ("key=$X", False),
        ("--task walker $X", True),
        ('--task "$@"', True),
        ('--task walker "${ARR[@]}"', True),
        ("--task walker $(cat flags)", True),
        ("--seed $(date)", False),
    ],
)
def test_only_words_that_can_be_flags_leave_a_command_open(words: str, is_open: bool) -> None:
    (command,) = read_shell(Source("run.sh", f"python a.py {words}"))
    assert command.open is is_open
    assert command.unread


MAIN = "python dreamerv3/main.py --logdir x"


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (f'{MAIN} --task dmc_walker_walk "$@"', set()),
        (f"{MAIN} --task dmc_walker_walk --run.train_ratio 16 $(cat x)", set()),
        (f'{MAIN} --task dmc_walker_walk --configs dmc_vision --run.train_ratio 16 "$@"', {"low-train-ratio"}),
        (f'{MAIN} --task dmc_walker_walk --run.tain_ratio 16 "$@"', {"unknown-key"}),
        (f"{MAIN} --task dmc_walker_walk", {"low-train-ratio"}),
        (f"{MAIN} --configs dmc_proprio --task dmc_walker_walk --seed 1 \\ \n", {"malformed-override"}),
    ],
)
def test_nothing_rests_on_a_flag_that_may_be_there(line: str, names: set[str], tmp_path: Path) -> None:
    result = check_command(read_shell(Source("run.sh", line))[0], folder=tmp_path)
    assert {finding.name for finding in result.findings if finding.severity.name != "INFO"} == names
    assert result.run.open is ("$" in line)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ('--configs dmc_vision --task "$T" --run.train_ratio 16', {"low-train-ratio"}),
        ("--configs dmc_proprio --task dmc_$T --run.train_ratio 32", {"low-train-ratio"}),
        ("--configs dmc_proprio --task dmc_$T", set()),
        ("--configs atari --task $1", set()),
        ("--task $1 --run.train_ratio 16", set()),
    ],
)
def test_a_preset_is_enough_to_judge_an_unknown_task(words: str, names: set[str], tmp_path: Path) -> None:
    result = check_command(read_shell(Source("run.sh", f"{MAIN} {words}"))[0], folder=tmp_path)
    assert {finding.name for finding in result.findings if finding.severity.name != "INFO"} == names


def test_presets_with_windows_line_ends_are_checked(tmp_path: Path) -> None:
    keys = "logdir: x,task: dmc_walker_walk,train_ratio: 512,dyn_deter: 512,batch_size: 16,batch_length: 64,steps: 1e6"
    text = "defaults:\n" + "".join(f"  {key}\n" for key in keys.split(",")) + "my:\n  step: 1e7\n"
    (tmp_path / "configs.yaml").write_bytes(text.replace("\n", "\r\n").encode())
    outcome = check_tree([tmp_path])
    assert [finding.key for result in outcome.results for finding in result.findings] == ["step"]


def test_values_that_double_are_bounded() -> None:
    text = "A=(a b c d)\n" + 'A+=("${A[@]}" "${A[@]}")\n' * 60 + "S='a b '\n" + "S=$S$S\n" * 60
    text += 'python a.py "${A[@]}" $S\n' * 50 + "f() { f; f; python a.py $1; }\nf 1\n"
    found = read_shell(Source("run.sh", text))
    assert sum(len(command.words) for command in found) < 100_000


@pytest.mark.parametrize("part", ["${a:-", "${a:-x} ", "f() { f; }\n", "A+=(x)\n", "cat <<E\n", "\\ \n"])
def test_repeated_parts_are_read(part: str) -> None:
    read_shell(Source("run.sh", part * 2_000))


def test_installing_a_package_starts_nothing() -> None:
    text = 'pip install "sheeprl @ git+https://example.org/sheeprl"\npython -m pip install "sheeprl [atari] @ x"\n'
    assert not [words for words in commands(text) if words[0] == "sheeprl"]


@pytest.mark.parametrize(
    "part",
    ["{a,b}", "{a,", "*", "a*", '"\\a', "{1..200} ", "A[1]=2\n", "A+=(x)\n", "python a.py ${A[$i % ${#A[@]}]}\n",
     "bash -c 'python a.py x'\n", "for i in 1 2 3 4 5; do ", "f\nfor i in {1..120}; do f 1\ndone\n"],
)  # fmt: skip
def test_work_grows_with_the_length_of_a_script(part: str) -> None:
    def calls(letters: int) -> int:
        head, count = "A=(a b c)\ni=2\nf() {\n" + "local a=1; a=$1\n" * 450 + "}\n", itertools.count()
        sys.setprofile(lambda frame, event, argument: event == "call" and next(count))
        try:
            commands((head + part * (letters // len(part)))[:letters])
        finally:
            sys.setprofile(None)
        return next(count)

    assert calls(45_000) < 2.6 * calls(22_500)
