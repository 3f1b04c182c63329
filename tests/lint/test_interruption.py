"""Checks end early where nobody waits for their result."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from dreamerguard.lint.repository import check_tree
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.util.interruption import Superseded, interruptible

FILES = {
    "dreamerv3/configs.yaml": with_preset("seed: 1")["dreamerv3/configs.yaml"] + "other:\n  seed: 2\n",
    "sweep.sh": "for s in 1 2 3; do dreamerguard train dmc_walker_walk seed=$s; done\n",
    "several.sh": "".join(f"dreamerguard train dmc_walker_walk seed={seed}\n" for seed in range(3)),
}


def after(number: int) -> Callable[[], bool]:
    """Returns a question that is answered with yes once it was asked some times."""
    asked = iter(range(number))
    return lambda: next(asked, None) is None


@pytest.mark.parametrize("name", FILES)
def test_every_part_of_a_check_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(FILES[name])
    monkeypatch.chdir(tmp_path)
    for number in range(2):
        with pytest.raises(Superseded), interruptible(after(number)):
            check_tree([Path(name)])
    with interruptible(lambda: False):
        whole = check_tree([Path(name)])
    with contextlib.suppress(Superseded), interruptible(after(100)):
        assert check_tree([Path(name)]).checked == whole.checked
