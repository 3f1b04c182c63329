"""Compares installed versions with what the packages of the trainer declare that they need."""

import json
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

MARK = "dreamerguard-probe:"


def problems(names: list[str], requirement: Any) -> list[str]:
    """Returns a sentence for each declared requirement that the installed version does not meet."""
    found = []
    for name in names:
        for line in declared(name):
            need = requirement(line)
            extra = {"extra": "agent" if name == "dreamerguard" else ""}
            if need.marker is not None and not need.marker.evaluate(extra):
                continue
            try:
                present = version(need.name)
            except PackageNotFoundError:
                found.append(f"{name} {version(name)} needs {need.name}{need.specifier}, which is not installed")
                continue
            if not need.specifier.contains(present, prereleases=True):
                found.append(f"{name} {version(name)} needs {need.name}{need.specifier}, found {present}")
    return found


def declared(name: str) -> list[str]:
    """Returns the requirement lines of a package; an empty list if it is not installed as a package."""
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


def main() -> None:
    """Prints the problems of the packages that the arguments name."""
    try:
        try:
            from packaging.requirements import Requirement
        except ImportError:
            from pip._vendor.packaging.requirements import Requirement  # type: ignore[assignment]
        answer: dict[str, Any] = {"problems": problems(sys.argv[1:], Requirement)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(MARK + json.dumps(answer), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
