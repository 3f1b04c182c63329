"""Words of a command and their columns."""

import shlex

from hypothesis import given
from hypothesis import strategies as st

from dreamerguard.sources.argv import Option, Override, Word, read_arguments, read_command


def arguments(text: str) -> list[Word | Override | Option]:
    return list(read_arguments(read_command(shlex.split(text)).words, {"--logdir": True, "--flag": False}))


def test_three_spellings_of_an_override() -> None:
    one, two, three = arguments("run.frames=5 --run.frames=6 --run.frames 7")
    assert isinstance(one, Override) and isinstance(two, Override) and isinstance(three, Override)
    assert [one.value, two.value, three.value] == ["5", "6", "7"]
    assert {one.key, two.key, three.key} == {"run.frames"}
    assert [item.value_span.text for item in (one, two, three) if item.value_span] == ["5", "6", "7"]
    assert three.span.text == "--run.frames 7"


def test_negative_numbers_are_values_and_options_are_not() -> None:
    one, two, three = arguments("--env.camera -1 --replay.online --seed=3")
    assert isinstance(one, Override) and one.value == "-1"
    assert isinstance(two, Override) and two.value is None
    assert isinstance(three, Override) and three.value == "3"


def test_own_options_set_nothing() -> None:
    assert [
        (item.name, item.value) for item in arguments("--logdir runs/a --flag --logdir=b") if isinstance(item, Option)
    ] == [
        ("--logdir", "runs/a"),
        ("--flag", None),
        ("--logdir", "b"),
    ]


def test_paths_with_an_equals_sign_are_words() -> None:
    assert [type(item) for item in arguments("runs/a=b.yaml ./x=1 task")] == [Word, Word, Word]


def test_values_inside_quotes_have_a_place() -> None:
    (override,) = arguments("'task=a b'")
    assert isinstance(override, Override) and override.value == "a b"
    assert override.value_span is not None and override.value_span.text == "a b"


def test_values_that_quoting_moved_have_none() -> None:
    (override,) = arguments('"task=it\'s"')
    assert isinstance(override, Override) and override.value == "it's" and override.value_span is None


@given(st.lists(st.text(max_size=12), max_size=6))
def test_the_joined_line_reads_back_and_every_word_has_its_place(words: list[str]) -> None:
    command = read_command(words)
    assert shlex.split(command.source.text) == words
    for word in command.words:
        assert shlex.split(word.span.text) == [word.text]
    list(read_arguments(command.words, {}))
