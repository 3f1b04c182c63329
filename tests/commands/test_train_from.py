"""`dreamerguard train --from` as users start it: a run from another run's parameters, its origin, its continuation."""

import json
import os
import pickle
import shutil
from pathlib import Path

import pytest

from .test_train import TINY, run

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("from")
    (folder / "tiny.yaml").write_text(TINY)
    return folder


def train(folder: Path, *words: str, name: str, frames: int = 600) -> tuple[int, str, str]:
    return run(folder, "train", "--config", "tiny.yaml", f"run.frames={frames}", "--logdir", name, *words)


def test_a_run_starts_from_another_and_no_longer_needs_it(folder: Path) -> None:
    code, _, err = train(folder, name="base")
    assert code == 0, err
    code, _, err = train(folder, "--from", "base@600", "--from-parts", "enc,dyn", name="tuned")
    assert code == 0, err
    assert "starts from" in err and "base/checkpoints" in err
    (start,) = json.loads((folder / "tuned" / "manifest.json").read_text())
    assert start["from"]["frames"] == 600 and start["from"]["parts"] == ["enc", "dyn"]
    assert start["from"]["named"] == f"{folder}/base@600"
    shutil.rmtree(folder / "base")
    code, _, err = train(folder, "--from", "base@600", "--from-parts", "enc,dyn", name="tuned", frames=800)
    assert code == 0 and "starts from" not in err, err
    code, _, err = train(folder, name="tuned", frames=1000)  # a run knows where it came from
    assert code == 0, err
    assert {start["from"]["frames"] for start in json.loads((folder / "tuned" / "manifest.json").read_text())} == {600}
    code, _, err = train(folder, "--from", "other", name="tuned", frames=1200)
    assert code == 2 and "holds a run that started from" in err and "(only enc,dyn)" in err


class Hostile:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self) -> object:
        return os.system, (self._command,)


def test_parameters_that_cannot_be_used_leave_no_run_behind(folder: Path) -> None:
    code, _, err = train(folder, "--from", "absent", name="none")
    assert code == 65 and "absent does not exist" in err
    code, _, err = train(folder, "--from-parts", "enc", name="none")
    assert code == 2 and "--from-parts needs --from" in err
    bad = folder / "bad"
    bad.mkdir()
    (bad / "done").touch()
    (bad / "agent.pkl").write_bytes(pickle.dumps({"params": Hostile(f"touch {folder}/called")}))
    code, _, err = train(folder, "--from", "bad", name="none")
    assert code == 65 and "system" in err and "nothing in it was run" in err
    assert not (folder / "called").exists() and not (folder / "none").exists()
