"""The public interface: lazy, complete, and the only thing that ``docs/api.md`` uses."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import dreamerguard

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("name", dreamerguard.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(dreamerguard, name) is not None
    assert name in dir(dreamerguard)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        dreamerguard.nonsense  # noqa: B018


def test_importing_the_package_imports_nothing_else_of_ours() -> None:
    code = "import sys, dreamerguard; print([n for n in sys.modules if n.startswith('dreamerguard.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_run_and_use_only_the_public_interface(example: str, tmp_path: Path) -> None:
    assert not re.search(r"(from|import) dreamerguard\.", example)
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_first_example_shows_the_founding_case(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", EXAMPLES[0]], capture_output=True, text=True, cwd=tmp_path)
    assert "DG101 run.train_ratio is 32" in done.stdout and '"version": "2.1.0"' in done.stdout
    assert "\n0.0625" in done.stdout


def test_the_page_names_every_public_name() -> None:
    missing = [name for name in dreamerguard.__all__ if not re.search(rf"`{re.escape(name)}\b", PAGE)]
    assert [
        name
        for name in missing
        if name
        not in ("__version__", "Settings", "Result", "RunLog", "Status", "Comparison", "RepositoryResult", "Machine")
    ] == []


def test_the_example_rule_passes_its_own_examples(tmp_path: Path) -> None:
    (tmp_path / "lint").mkdir()
    (tmp_path / "lint" / "odd_seed.py").write_text(EXAMPLES[-1], encoding="utf-8")
    (tmp_path / "dreamerguard.toml").write_text('local-rules = ["lint/"]\n', encoding="utf-8")
    words = [sys.executable, "-m", "dreamerguard", "test-rules", "--allow-local-rules"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
