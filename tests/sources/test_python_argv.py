"""Words that Python code gives to a program in its own process."""

import pytest

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.sources.commands.python import read_python, unread_values

IMPORT = "import sys, runpy\nfrom dreamerv3.main import main\n"


def read(code: str) -> list[list[str]]:
    return [[word.text for word in command.words] for command in read_python(Source("tools/a.py", IMPORT + code))]


@pytest.mark.parametrize(
    "code",
    [
        "sys.argv = ['x', '--configs', 'crafter', '--seed', '1']\nmain()",
        "sys.argv[1:] = ['--configs', 'crafter', '--seed', '1']\nmain()",
        "sys.argv = [sys.argv[0]] + ['--configs', 'crafter', '--seed', '1']\nmain()",
        "sys.argv = sys.argv[:1] + ['--configs', 'crafter', '--seed', '1']\nmain()",
        "words = ['--configs', 'crafter']\nwords += ['--seed', '1']\nmain(words)",
        "words = ['--configs', 'crafter']\nwords.append('--seed')\nwords.append('1')\nmain(argv=words)",
        "main(['--configs', 'crafter', '--seed', '1'])",
        "main('--configs crafter --seed 1'.split())",
        "def go():\n    sys.argv = ['x', '--configs', 'crafter', '--seed', '1']\ngo()\nmain()",
        "from dreamerv3.main import main as train\nargv = ['--configs', 'crafter', '--seed', '1']\ntrain(argv)",
        "import dreamerv3.main as m\nsys.argv = ['x', '--configs', 'crafter', '--seed', '1']\nm.main()",
        "sys.argv = ['x', '--configs', 'crafter', '--seed', '1']\nrunpy.run_path('dreamerv3/main.py')",
        "sys.argv = ['x', '--configs', 'crafter', '--seed', '1']\nrunpy.run_module('dreamerv3.main')",
    ],
)
def test_words_for_an_imported_program(code: str) -> None:
    assert read(code) == [["python", "dreamerv3/main.py", "--configs", "crafter", "--seed", "1"]]


@pytest.mark.parametrize(
    "code",
    [
        "parser.parse_args(['--configs', 'crafter', '--seed', '1'])",
        "args, rest = parser.parse_known_args(['--configs', 'crafter', '--seed', '1'])",
        "embodied.Flags(configs=['defaults']).parse_known(argv=['--configs', 'crafter', '--seed', '1'])",
        "sys.argv = ['x', '--configs', 'crafter', '--seed', '1']\nparser.parse_args()",
    ],
)
def test_words_that_the_file_itself_parses(code: str) -> None:
    assert read(code) == [["python", "a.py", "--configs", "crafter", "--seed", "1"]]


def test_each_branch_is_a_command() -> None:
    code = """
words = ['--configs', 'crafter']
if len(sys.argv) > 2:
    words += ['--seed', '1']
else:
    words += ['--seed', '2']
main(words)
"""
    assert [words[-1] for words in read(code)] == ["1", "2"]


def test_added_words_stand_behind_those_of_the_caller() -> None:
    (words,) = read("sys.argv += ['--configs', 'crafter']\nmain()")
    assert words[2:] == [UNKNOWN, "--configs", "crafter"]


def test_what_is_not_literal_is_named() -> None:
    text = IMPORT + "main(['--configs', 'crafter', '--seed', str(seed), *rest])"
    (command,) = read_python(Source("a.py", text))
    assert [word.text for word in command.words][-2:] == [UNKNOWN, UNKNOWN]
    assert list(unread_values(command)) == ["a.py:3 --seed is not literal", "a.py:3 an argument is not literal"]
    assert all("when the code runs" in reason for reason in command.unread)


def test_a_word_has_its_place() -> None:
    (command,) = read_python(Source("a.py", IMPORT + "main(\n    '--configs crafter'.split())"))
    assert command.words[-1].span.text == "crafter" and command.words[-1].span.line == 4


@pytest.mark.parametrize(
    "code",
    [
        "sys.argv = sys.argv[:1]\nmain()",  # only removes words
        "parser.parse_args(['--seed', '1'])",  # any parser
        "other.main(['--seed', '1'])",  # an object
        "main(config)",
        "main(['a', 'b'])",  # no options
        "if sys.argv[1] == '--seed':\n    main()",
    ],
)
def test_other_calls_are_no_commands(code: str) -> None:
    assert read(code) == []
