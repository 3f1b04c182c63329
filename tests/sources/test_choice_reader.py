"""Places that take some values of a setting and stop at any other."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard.sources.python.choice_reader import read_choices
from dreamerguard.sources.python.stored_choices import decode, encode

CLOSED = {
    "chain": "if config.kind == 'a': x = 1\nelif config.kind in ('b', 'c'): x = 2\nelse: raise ValueError(config.kind)",
    "or": "if config.kind == 'a': x = 1\nelif config.kind == 'b' or 'c' == config.kind: x = 2\nelse: assert False",
    "sequence": "if config.kind == 'a':\n  return 1\nif config.kind in KINDS:\n  return 2\nraise ValueError",
    "match": "match config.kind:\n  case 'a': x = 1\n  case 'b' | 'c': x = 2\n  case _: raise ValueError",
    "dictionary": "x = {'a': 1, 'b': 2, 'c': 3}[config.kind]",
    "call of dict": "x = dict(a=1, b=2, c=3)[config['kind']](1)",
    "named dictionary": "x = TABLE[config.kind]",
    "assertion": "assert config.kind in ['a', 'b', 'c'], config.kind",
    "refusal": "if config.kind not in ('a', 'b', 'c'):\n  raise ValueError(config.kind)",
    "alias": "kind = str(config.kind)\nassert kind in ('a', 'b', 'c')",
    "getattr": "assert getattr(config, 'kind', 'a') in ('a', 'b', 'c')",
    "exit": "if config.kind == 'a': x = 1\nelif config.kind in ('b', 'c'): x = 2\nelse: sys.exit(1)",
}
OPEN = {
    "no else": "if config.kind == 'a': x = 1\nelif config.kind == 'b': x = 2",
    "else goes on": "if config.kind == 'a': x = 1\nelse: x = 2",
    "prefix": "if config.kind == 'a': x = 1\nelif hasattr(nn, config.kind): x = 2\nelse: raise ValueError",
    "get": "x = {'a': 1}.get(config.kind)",
    "caught": "try:\n  x = {'a': 1}[config.kind]\nexcept KeyError:\n  x = 2",
    "unpacked dictionary": "x = {'a': 1, **more}[config.kind]",
    "grown dictionary": "GROWN['b'] = 2\nx = GROWN[config.kind]",
    "computed": "assert config.kind in list_of_kinds()",
    "another object": "assert thing.kind in ('a', 'b')",
}
FRAME = "KINDS = ('b', 'c')\nTABLE = {'a': 1, 'b': 2, 'c': 3}\nGROWN = {'a': 1}\ndef make(config, more):\n"


def _read(body: str) -> list[tuple[tuple[str, ...], set[object], bool]]:
    code = FRAME + "".join(f"  {line}\n" for line in body.split("\n"))
    code = code.replace("  GROWN['b']", "  pass\nGROWN['b']").replace(
        "\n  x = GROWN", "\ndef other(config):\n  x = GROWN"
    )
    return [(item.subject.tail, set(item.choices), item.sure) for item in read_choices(code.encode()).closed]


@pytest.mark.parametrize("body", CLOSED.values(), ids=CLOSED)
def test_closed_choices(body: str) -> None:
    assert _read(body) == [(("kind",), {"a", "b", "c"}, True)]


@pytest.mark.parametrize("body", OPEN.values(), ids=OPEN)
def test_open_choices(body: str) -> None:
    assert _read(body) == []


def test_a_condition_around_a_choice_makes_it_unsure() -> None:
    (found,) = _read("if config.wanted:\n  x = {'a': 1}[config.kind]")
    assert found == (("kind",), {"a"}, False)
    (found,) = _read("if config.wanted:\n  return\nassert config.kind == 'a'")
    assert not found[2]


def test_attributes_and_parameters_are_followed() -> None:
    code = "class Net:\n  def __init__(self, act):\n    self._act = act\n"
    code += "  def run(self):\n    return {'a': 1}[self._act]\n"
    (found,) = read_choices(code.encode()).closed
    assert (found.subject.owner, found.subject.parameter) == ("Net", "act")


def test_a_parameter_counts_until_it_is_assigned() -> None:
    code = "def f(kind):\n  if kind == 'a':\n    kind = 1\n  elif kind == 'b':\n    kind = 2\n"
    code += "  else:\n    raise ValueError\n"
    assert len(read_choices(code.encode()).closed) == 1
    assert read_choices(b"def f(kind):\n  kind = g(kind)\n  assert kind in ('a', 'b')\n").closed == []


def test_a_task_is_split_into_suite_and_rest() -> None:
    code = (
        "def f(config):\n  suite, task = config.task.split('_', 1)\n  make = {'dmc': 'embodied.envs.dmc:DMC'}[suite]\n"
    )
    (found,) = read_choices(code.encode()).closed
    assert found.subject.first and found.modules == {"dmc": ("embodied.envs.dmc",)}


@given(st.binary(max_size=200))
def test_any_content_ends(data: bytes) -> None:
    read_choices(data)
    read_choices(b"def f(config):\n  " + data)


def test_long_chains_and_deep_nesting_end() -> None:
    chain = "".join(f"  elif config.x == '{index}': pass\n" for index in range(3000))
    read_choices(f"def f(config):\n  if config.x == 'a': pass\n{chain}  else: raise ValueError\n".encode())
    read_choices(f"x = {'{}[' * 150}config.x{']' * 150}\n".encode())
    read_choices(f"def f(config):\n  x = config{'.a' * 900}\n  assert x == 'a'\n".encode())
    read_choices(
        ("def f(config):\n" + "".join(f"{' ' * depth}if config.x == 'a':\n" for depth in range(2, 90))).encode()
    )


GUARDS = b"""
def main(config):
    if not config.nested and config.rounds > 1:
        raise ValueError
    assert config.width % config.heads == 0 or config.kind in ('a', None), 'width'
"""


def test_conditions_of_errors_are_stored_whole() -> None:
    found = read_choices(GUARDS)
    assert [(guard.line, guard.function) for guard in found.guards] == [(3, "main"), (5, "main")]
    stored = json.loads(json.dumps(encode(found)))
    assert decode(stored) == found
    assert decode([*stored[:5], [[["launch", [], None, 1], 3, "main"]]]) is None
    assert decode(stored[:5]) is None
