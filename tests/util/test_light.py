"""The fast ``dataclass`` behaves like the standard one, for every class of the package that uses it."""

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from dreamerguard.core.source import Source, Span
from dreamerguard.util.fast_dataclass import dataclass


def both(**options: Any) -> list[Any]:
    def make(decorate: Any) -> Any:
        class Item:
            """One item."""

            first: int
            second: str = "x"
            third: list[int] = field(default_factory=list)
            hidden: str = field(default="secret", repr=False)

            def __post_init__(self) -> None:
                if self.first < 0:
                    raise ValueError("negative")

            @property
            def double(self) -> int:
                return 2 * self.first

        Item.__qualname__ = "Item"
        return decorate(**options)(Item)

    return [make(dataclass), make(dataclasses.dataclass)]


@pytest.mark.parametrize("index", [0, 1], ids=["ours", "standard"])
def test_the_same_as_the_standard_decorator(index: int) -> None:
    made = both(frozen=True, slots=True)[index]
    item = made(1, third=[2])
    assert repr(item) == "Item(first=1, second='x', third=[2])"
    assert item == made(1, "x", [2]) and item != made(2) and item != (1, "x", [2], "secret")
    assert made(1).third == [] and made(1).third is not made(1).third
    assert item.double == 2
    assert dataclasses.asdict(item) == {"first": 1, "second": "x", "third": [2], "hidden": "secret"}
    assert dataclasses.replace(item, first=3) == made(3, third=[2])
    assert [entry.name for entry in dataclasses.fields(made)] == ["first", "second", "third", "hidden"]
    assert made.__match_args__ == ("first", "second", "third", "hidden")
    assert copy.deepcopy(item) == item and copy.deepcopy(item).third is not item.third
    assert not hasattr(item, "__dict__")
    for action in (lambda: setattr(item, "first", 2), lambda: delattr(item, "first"), lambda: setattr(item, "new", 1)):
        with pytest.raises((FrozenInstanceError, TypeError)):
            action()
    for wrong in (lambda: made(), lambda: made(1, unknown=2), lambda: made(1, 2, 3, 4, 5)):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(ValueError, match="negative"):
        made(-1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(item)


def test_instances_can_be_keys_and_be_pickled() -> None:
    source = Source("run.yaml", "text")
    assert {source.span(0, 2): 1}[Span(source, 0, 2)] == 1
    assert pickle.loads(pickle.dumps(source.span(1))) == source.span(1)


def test_other_classes_are_left_to_the_standard_decorator() -> None:
    @dataclass
    class Plain:
        x: int = 1

    @dataclass(frozen=True, slots=True)
    class Odd:
        x: int
        y: int = field(default=2, compare=False)

    plain = Plain()
    plain.x = 5
    assert plain == Plain(5)
    assert Odd(1, 3) == Odd(1, 4)
