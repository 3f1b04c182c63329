"""Slips in commands of danijar/dreamerv3 that its forks' authors left in scripts, documents and defaults."""

from pathlib import Path

import pytest

from dreamerguard import lint_command
from dreamerguard.core.finding import Severity
from dreamerguard.lint.repository import check_tree

RUN = "python dreamerv3/train.py --configs crafter --run.train_ratio 512 --logdir"


def names(command: str) -> dict[str, Severity]:
    return {item.name: item.severity for item in lint_command(command.split()).findings}


@pytest.mark.parametrize(
    ("words", "reported"), [("logdir=logs", True), ("./logdir=logs", False), ("logs --task crafter_reward", False)]
)
def test_a_value_that_repeats_the_name_of_its_flag(words: str, reported: bool) -> None:
    assert ("malformed-override" in names(f"{RUN} {words}")) is reported


@pytest.mark.parametrize(
    ("steps", "severity"), [("1e4", Severity.INFO), ("2e5", None)]
)  # the preset itself has no length
def test_a_length_below_every_published_run(steps: str, severity: Severity | None) -> None:
    assert names(f"{RUN} logs --run.steps {steps}").get("low-update-budget") is severity


OWN = "from {module} import main\n\ndef main2(): pass\n\nif __name__ == '__main__':\n    main()\n"
OTHER = (
    "import dreamerv3.train\nfrom made import run\n\ndef main():\n    run()\n\nif __name__ == '__main__':\n    main()\n"
)
TRAIN = """
import embodied
def main(argv=None):
    parsed, other = embodied.Flags(configs=["defaults"]).parse_known(argv)
    config = embodied.Flags(embodied.Config(configs["defaults"])).parse(other)
    Agent(config)
if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize(("script", "reported"), [(OWN.format(module="dreamerv3.train"), True), (OTHER, False)])
def test_the_main_function_of_a_script_is_not_that_of_the_trainer(tmp_path: Path, script: str, reported: bool) -> None:
    (tmp_path / "dreamerv3").mkdir()
    (tmp_path / "setup.py").write_text("")
    (tmp_path / "dreamerv3/train.py").write_text(TRAIN)
    (tmp_path / "dreamerv3/agent.py").write_text("from embodied import nj\nclass Agent(nj.Module): pass\n")
    (tmp_path / "made.py").write_text("def run(): pass\n")
    (tmp_path / "start.py").write_text(script)
    (tmp_path / "run.sh").write_text("python start.py\n")
    results = check_tree([tmp_path], folder=tmp_path).results
    assert any(item.name == "missing-logdir" for result in results for item in result.active) is reported
