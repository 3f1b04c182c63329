"""What parts of a shell script print into its variables, and what a guard says about them."""

import pytest

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN, Command
from dreamerguard.sources.commands.shell import read_shell

HEAD = "#!/bin/bash\n"
CALL = '\npython dreamer.py "${ARGS[@]}"\n'


def commands(text: str) -> list[Command]:
    return [item for item in read_shell(Source("run.sh", HEAD + text)) if item.words[0].text == "python"]


def rest(text: str) -> list[list[str]]:
    return [[word.text for word in command.words[2:]] for command in commands(text)]


@pytest.mark.parametrize(
    "text",
    [
        "mapfile -t ARGS < <(printf '%s\\n' --seed 1)",
        "readarray -t ARGS < <(echo --seed; echo 1)",
        "flags() {\n  printf '%s\\n' --seed \"$1\"\n}\nmapfile -t ARGS < <(flags 1)",
        "flags() {\n  echo --seed\n  echo 'a note' >&2\n  echo 1\n}\nmapfile -t ARGS < <(flags)",
        'flags() {\n  echo "--seed $1"\n}\nARGS=($(flags 1))',
        "mapfile -t ARGS <<'END'\n--seed\n1\nEND",
        "mapfile -t ARGS <<< $'--seed\n1'",
        "read -r -a ARGS <<< '--seed 1'",
        "IFS=, read -ra ARGS <<< '--seed,1'",
        "read -r key value <<< '--seed 1'\nARGS=($key $value)",
        'ALL=(--task x --seed 1)\nARGS=("${ALL[@]:2}")',
        'ALL=(--task x --seed 1 --other 2)\nARGS=("${ALL[@]:2:2}")',
        'ALL=(--seed 1)\nARGS=(${ALL[@]+"${ALL[@]}"})',
        "SEED=1\nARGS=(${SEED:+--seed $SEED} ${OTHER:+--other $OTHER})",
    ],
)
def test_lists_of_arguments(text: str) -> None:
    assert rest(text + CALL) == [["--seed", "1"]]


def test_a_function_that_prints_in_two_ways_gives_two_commands() -> None:
    text = 'flags() {\n  echo --seed 1\n  if [ -n "$MORE" ]; then\n    echo --bad 2\n  fi\n}\nARGS=($(flags))'
    assert sorted(rest(text + CALL)) == [["--seed", "1"], ["--seed", "1", "--bad", "2"]]


@pytest.mark.parametrize(
    "text",
    [
        "mapfile -t ARGS < <(other-tool)",
        "flags() {\n  other-tool --flags\n}\nmapfile -t ARGS < <(flags)",
        "flags() {\n  for x in $LIST; do echo --$x; done\n}\nmapfile -t ARGS < <(flags)",
        "mapfile -t ARGS < flags.txt",
        'ALL=("$@")\nARGS=("${ALL[@]:2}")',
    ],
)
def test_what_another_program_prints_is_unknown(text: str) -> None:
    (words,) = rest(text + CALL)
    assert any(UNKNOWN in word for word in words)


def test_a_read_without_known_text_leaves_nothing_of_before() -> None:
    text = 'ARGS=(--seed 1)\nwhile IFS= read -ra ARGS; do\n  python dreamer.py "${ARGS[@]}"\ndone < list.txt'
    assert rest(text) == [[UNKNOWN]]


def test_an_argument_in_an_array_has_the_place_where_it_is_written() -> None:
    (command,) = commands('ARGS=(\n  --seed 1\n  --size 3\n)\npython dreamer.py --a b "${ARGS[@]}"')
    assert [word.span.line for word in command.words] == [6, 6, 6, 6, 3, 3, 4, 4]
    assert [word.span.text for word in command.words[-2:]] == ["--size", "3"]
    assert command.span.text == "python dreamer.py --a b"


@pytest.mark.parametrize("use", ["mapfile -t ARGS < <(flags)", "ARGS=($(flags))"])
def test_an_argument_that_a_function_prints_has_the_place_where_it_is_written(use: str) -> None:
    (command,) = commands("flags() {\n  printf '%s\\n' --seed 1\n  echo --size\n  echo 3\n}\n" + use + CALL)
    assert [(word.text, word.span.line) for word in command.words[2:]] == [
        *(("--seed", 3), ("1", 3), ("--size", 4), ("3", 5)),
    ]


def test_a_list_of_values_keeps_the_place_of_its_use() -> None:
    (command,) = commands('TASKS=(a b)\npython dreamer.py --tasks "${TASKS[@]}"')
    assert [word.span.line for word in command.words] == [3, 3, 3, 3, 3]


@pytest.mark.parametrize(
    "guard",
    [
        '[ -z "$X" ] && exit 1',
        '[[ -z "$X" ]] && { echo usage; exit 1; }',
        '[ -n "$X" ] || exit 1',
        'if [ -z "$X" ]; then\n  exit 1\nfi',
        'if ! [ -n "$X" ]; then\n  exit 1\nfi',
    ],
)
def test_behind_a_guard_a_variable_is_not_empty(guard: str) -> None:
    assert rest(f'X="${{X:-}}"\n{guard}\npython dreamer.py --task "$X"') == [["--task", UNKNOWN]]


def test_without_a_guard_a_variable_is_its_default() -> None:
    assert rest('X="${X:-}"\n[ -z "$X" ] && echo none\npython dreamer.py --task "$X"')[0] == ["--task", ""]
