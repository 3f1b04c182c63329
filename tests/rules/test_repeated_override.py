"""The same key twice in a command: a mistake in its own text, a choice where flags are shared."""

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.core.source import Source
from dreamerguard.lint.engine import check_command
from dreamerguard.sources.commands.shell import read_shell

CALL = "python dreamerv3/main.py --configs crafter --logdir x"


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        (f"{CALL} --seed 1 --seed 2", Severity.WARNING),
        (f"{CALL} \\\n  --seed 1 \\\n  --seed 2", Severity.WARNING),
        (f'ARGS=(--seed 1 --seed 2)\n{CALL} "${{ARGS[@]}}"', Severity.WARNING),
        (f'ARGS=(\n  --seed 1\n)\n{CALL} "${{ARGS[@]}}" --seed 2', Severity.INFO),
        (f'ARGS=(--seed 1)\n{CALL} "${{ARGS[@]}}" --seed 2', Severity.INFO),
        (f"{CALL} --seed 1 --run.envs 2 --run.steps 3 --batch_size 8 --replay.size 1e5 --seed 2", Severity.INFO),
        (f"{CALL} --seed 1 --run.envs 2 --run.steps 3 --batch_size 8 --seed 2 --replay.size 1e5", Severity.WARNING),
        (f"flags() {{\n  echo --seed 1\n}}\n{CALL} $(flags) --seed 2", Severity.INFO),
    ],
)
def test_shared_flags_that_a_command_replaces(text: str, severity: Severity) -> None:
    command = next(item for item in read_shell(Source("run.sh", text)) if item.words[0].text == "python")
    found = [item.severity for item in check_command(command).findings if item.name == "repeated-override"]
    assert found == [severity]
