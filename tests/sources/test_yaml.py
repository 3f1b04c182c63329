"""Positions, merges and refusals of the YAML reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard.core.source import Source
from dreamerguard.sources.values.nodes import Document, Mapping, Scalar
from dreamerguard.sources.values.yaml import MAX_DEPTH, read_yaml


def read(text: str) -> Document:
    return read_yaml(Source("run.yaml", text))


def flat(mapping: Mapping, prefix: str = "") -> dict[str, object]:
    values: dict[str, object] = {}
    for entry in mapping.entries:
        if isinstance(entry.value, Mapping):
            values |= flat(entry.value, f"{prefix}{entry.name}.")
        elif isinstance(entry.value, Scalar):
            values[prefix + entry.name] = entry.value.value
    return values


def root(text: str) -> Mapping:
    document = read(text)
    assert document.problems == () and document.root is not None
    return document.root


def test_positions_count_code_points() -> None:
    mapping = root("# é\r\ntask: 日本\r\nrun:\r\n  größe: 'x'  # y\r\n")
    first = mapping.entries[0]
    assert (first.key.span.line, first.key.span.column) == (2, 1)
    assert first.value.span.text == "日本" and first.value.span.column == 7
    inner = mapping.entries[1].value
    assert isinstance(inner, Mapping)
    entry = inner.entries[0]
    assert (entry.key.span.line, entry.key.span.column, entry.key.span.text) == (4, 3, "größe")
    assert entry.value.span.text == "'x'" and entry.value.span.lines == ("  größe: 'x'  # y",)


def test_merges_keep_the_value_and_the_site() -> None:
    mapping = root("a: &base {x: 1, y: 2}\nb:\n  <<: *base\n  y: 3\n")
    assert flat(mapping) == {"a.x": 1, "a.y": 2, "b.x": 1, "b.y": 3}
    inner = mapping.entries[1].value
    assert isinstance(inner, Mapping)
    merged = inner.entries[0]
    assert merged.via is not None and merged.via.line == 3 and merged.key.span.line == 1


def test_earlier_of_several_merges_wins() -> None:
    text = "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc:\n  <<: [*a, *b]\n"
    assert flat(root(text))["c.x"] == 1


def test_an_alias_to_a_value_is_placed_where_it_is_used() -> None:
    entry = root("a: &n 5\nb: *n\n").entries[1]
    assert isinstance(entry.value, Scalar) and entry.value.value == 5
    assert entry.value.span.text == "*n" and entry.value.span.line == 2


def test_both_places_of_a_duplicate_key_are_kept() -> None:
    document = read("a: 1\nb: 2\na: 3\n")
    (problem,) = document.problems
    assert problem.rule == "duplicate-key"
    assert problem.label.span.line == 3 and problem.secondary[0].span.line == 1
    assert document.root is not None and flat(document.root)["a"] == 3


def test_quoted_numbers_are_text_and_tagged_ones_are_not() -> None:
    assert flat(root('a: "1"\nb: !!int "1"\nc: !!str 1\n')) == {"a": "1", "b": 1, "c": "1"}


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 9):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    return "\n".join(lines)


REFUSED = [
    ("run:\n\tframes: 1\n", "a tab indents this line"),
    ("a: 'b\n", "no ' ends this text"),
    ("a: [1, 2\n", "no ] closes this ["),
    ("- a\n- b\n", "`key: value` lines"),
    ("a: 1\n---\nb: 2\n", "second document"),
    ("a: !!python/object/apply:os.system ['true']\n", "!!python/object/apply:os.system is refused"),
    ("a: !mine 1\n", "the tag !mine is refused"),
    ("a: *nothing\n", "no anchor"),
    ("a: \x07\n", "control character"),
    ("a: \x00\n", "control character"),
    ("a: \ud800\n", "surrogate"),
    ("? [a, b]\n: c\n", "a key must be plain text"),
    ("a: 1\nb:\n  <<: 1\n", "<< merges mappings"),
    (bomb(), "more than 20000 values"),
    ("a: " + "[" * 5000, f"deeper than {MAX_DEPTH} levels"),
    ("a: &a [*a]\n", "no anchor &a before it"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=lambda value: value[:20])
def test_refusals_are_one_clear_problem(text: str, message: str) -> None:
    document = read(text)
    assert document.root is None
    (problem,) = document.problems
    assert problem.rule == "invalid-yaml"
    assert message in problem.message


@pytest.mark.parametrize(
    ("text", "place", "help"),
    [
        ("a: [1, 2\nb: 3\n", (1, 4, "["), "add ] before line 2"),
        ("a: {x: 1\nb: 3\n", (1, 4, "{"), "add } before line 2"),
        ("b: 1\na: [\n", (2, 4, "["), "add ]"),
        ("a: {b: [1,\n", (1, 8, "["), "add ]"),
        ("a: {b: {c: 1}\nd: 5\n", (1, 4, "{"), "add } before line 2"),
        ("run:\n  a: [\n  x: 1\nb: 3\n", (2, 6, "["), "add ]"),
        ('é: 1\na: "x\nb: 3\n', (2, 4, '"'), 'add "'),
        ("a: [1, 'x' 'y']\n", (1, 12, "'"), ""),  # a comma is missing: the parser's place is right
        ("a: [1,\n  , 2]\n", (2, 3, ","), ""),
    ],
)
def test_an_open_bracket_or_quote_is_pointed_at(text: str, place: tuple[int, int, str], help: str) -> None:
    (problem,) = read(text).problems
    span = problem.label.span
    assert (span.line, span.column, span.text) == place
    assert problem.help.startswith(help)


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "\ufeff"])
def test_empty_files_are_empty_mappings(text: str) -> None:
    assert root(text).entries == ()


@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*<!'\"#\n\t ,?|>0e%@\x00é"), max_size=80))
def test_any_text_gives_a_document(text: str) -> None:
    document = read(text)
    assert document.root is not None or len(document.problems) == 1
