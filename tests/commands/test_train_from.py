"""`dreamerguard train --from` as users start it: a run from another run's parameters, its origin, its continuation."""

import json
import os
import pickle
import shutil
from pathlib import Path

import pytest

from .train_runs import copied, folder_of, run

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory, "from")


def train(folder: Path, *words: str, name: str, frames: int = 300) -> tuple[int, str, str]:
    return run(folder, "train", "--config", "tiny.yaml", f"run.frames={frames}", "--logdir", name, *words)


def test_a_run_starts_from_another_and_no_longer_needs_it(folder: Path, finished: Path) -> None:
    copied(finished, folder, "base")
    code, _, err = train(folder, "--from", "base@1500", "--from-parts", "enc,dyn", name="tuned")
    assert code == 0, err
    assert "starts from" in err and "base/checkpoints" in err
    (start,) = json.loads((folder / "tuned" / "manifest.json").read_text())
    assert start["from"]["frames"] == 1500 and start["from"]["parts"] == ["enc", "dyn"]
    assert start["from"]["named"] == f"{folder}/base@1500"
    shutil.rmtree(folder / "base")
    code, _, err = train(folder, "--from", "base@1500", "--from-parts", "enc,dyn", name="tuned", frames=400)
    assert code == 0 and "starts from" not in err, err
    assert "continues with changed settings: run.frames 300 -> 400" in err and "finished: 400 frames" in err
    code, _, err = train(folder, name="tuned", frames=500)  # a run knows where it came from
    assert code == 0, err
    assert {start["from"]["frames"] for start in json.loads((folder / "tuned" / "manifest.json").read_text())} == {1500}
    code, _, err = train(folder, "--from", "other", name="tuned", frames=600)
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
