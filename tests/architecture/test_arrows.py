"""The structure of the code is the one that ``docs/architecture.md`` states."""

from benchmarks.architecture import allowed, arrows, circle, classes, module_graph, modules, room

MOST_LOOSE_MODULES = 3


def test_every_arrow_is_allowed() -> None:
    table = allowed()
    wrong = {
        f"{start} -> {target}": [f"{item.importer}:{item.line}" for item in found]
        for (start, target), found in arrows().items()
        if target not in table.get(start, frozenset())
    }
    assert wrong == {}


def test_the_table_names_every_package_and_no_other() -> None:
    assert set(allowed()) == {room(module) for module in modules()}


def test_the_table_lists_no_arrow_that_is_not_used() -> None:
    drawn = arrows()
    unused = {
        (start, target) for start, targets in allowed().items() for target in targets if (start, target) not in drawn
    }
    assert unused == set()


def test_no_circle_between_modules() -> None:
    assert circle(module_graph()) == []


def test_no_circle_between_packages() -> None:
    graph = {start: set(targets) - {"(top)"} for start, targets in allowed().items()}
    assert circle(graph) == []


def test_no_class_is_defined_twice() -> None:
    assert {name: places for name, places in classes().items() if len(places) > 1} == {}


def test_few_modules_lie_loose_at_the_top() -> None:
    loose = [name for name in modules() if name.startswith("dreamerguard.") and room(name) == "(top)"]
    assert len(loose) <= MOST_LOOSE_MODULES
