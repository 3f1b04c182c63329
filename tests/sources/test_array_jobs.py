"""Array jobs: the numbers of their tasks, items of arrays, and arithmetic, compared with bash."""

from __future__ import annotations

import random
import shutil
import subprocess

import pytest

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.sources.commands.array_jobs import array_tasks
from dreamerguard.sources.commands.shell import read_shell
from dreamerguard.sources.commands.shell_arithmetic import evaluate

HEAD = "#!/bin/bash\n#SBATCH --array=0-3\n"


def commands(script: str) -> list[str]:
    return [" ".join(word.text for word in command.words) for command in read_shell(Source("job.sbatch", script))]


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("#SBATCH --array=0-3", (0, 1, 2, 3)),
        ("#SBATCH --array 2,4-5%2", (2, 4, 5)),
        ("#SBATCH -a 0-6:3", (0, 3, 6)),
        ("#SBATCH -a1-2", (1, 2)),
        ("#SBATCH --time=1:00 --array=7", (7,)),
    ],
)
def test_the_numbers_of_the_tasks(line: str, numbers: tuple[int, ...]) -> None:
    assert array_tasks(f"{line}\necho $SLURM_ARRAY_TASK_ID\n") == ("SLURM_ARRAY_TASK_ID", numbers)


@pytest.mark.parametrize(
    "text",
    [
        "#SBATCH --array=0-3\npython a.py\n", "echo $SLURM_ARRAY_TASK_ID\n", "##SBATCH --array=0-3 SLURM_ARRAY_TASK_ID",
        "#SBATCH --array=x SLURM_ARRAY_TASK_ID", "#SBATCH --array=- SLURM_ARRAY_TASK_ID",
    ],
)  # fmt: skip
def test_other_scripts_are_no_array_jobs(text: str) -> None:
    assert array_tasks(text) is None


def test_other_schedulers() -> None:
    assert array_tasks("#PBS -J 1-2\n$PBS_ARRAY_INDEX") == ("PBS_ARRAY_INDEX", (1, 2))
    assert array_tasks("#$ -t 1-2\n$SGE_TASK_ID") == ("SGE_TASK_ID", (1, 2))


def test_many_tasks_are_followed_in_part() -> None:
    found = array_tasks("#SBATCH --array=0-99999\n$SLURM_ARRAY_TASK_ID")
    assert found is not None
    assert len(found[1]) <= 128
    assert found[1][:64] == tuple(range(64))
    assert array_tasks("#SBATCH --array=0-9\n$SLURM_ARRAY_TASK_ID" + " " * 300_000) is None


def test_each_task_is_a_command() -> None:
    script = HEAD + "R=(32 64 128 256)\npython a.py --r ${R[$SLURM_ARRAY_TASK_ID]} --seed $SLURM_ARRAY_TASK_ID\n"
    assert commands(script) == [f"python a.py --r {2 ** (5 + n)} --seed {n}" for n in range(4)]


@pytest.mark.parametrize(
    ("index", "values"),
    [
        ("SLURM_ARRAY_TASK_ID", "abcd"), ("${SLURM_ARRAY_TASK_ID}", "abcd"), ("SLURM_ARRAY_TASK_ID % 2", "abab"),
        ("$((SLURM_ARRAY_TASK_ID / 2))", "aabb"), ("$SLURM_ARRAY_TASK_ID % ${#A[@]}", "abcd"), ("-1", "dddd"),
        ("$((3 - $SLURM_ARRAY_TASK_ID))", "dcba"),
    ],
)  # fmt: skip
def test_indices(index: str, values: str) -> None:
    found = commands(HEAD + f"A=(a b c d)\npython a.py --x ${{A[{index}]}} --n $SLURM_ARRAY_TASK_ID\n")
    assert [text.split()[3] for text in found] == list(values)


def test_arithmetic_in_variables() -> None:
    script = HEAD + "I=$((SLURM_ARRAY_TASK_ID + 1))\nJ=$(( (I * 2) % 5 ))\npython a.py --i $I --j=$J\n"
    assert commands(script) == ["python a.py --i 1 --j=2", "python a.py --i 2 --j=4", "python a.py --i 3 --j=1",
                                "python a.py --i 4 --j=3"]  # fmt: skip


@pytest.mark.parametrize(
    "lines",
    [
        "A=($(ls))", "A=(x y)\nA[1]=z", "declare -A A=([0]=x)", "A=($FOO x y)", "A=(x y)\nread A",
        "A=(x \"$FOO\")",
    ],
)  # fmt: skip
def test_items_that_are_not_known(lines: str) -> None:
    assert all(UNKNOWN in text for text in commands(f"{lines}\npython a.py ${{A[1]}}\n") if text.startswith("python"))


def test_an_item_of_zsh_is_not_guessed() -> None:
    assert commands("#!/bin/zsh\nA=(x y)\npython a.py ${A[1]}\n") == [f"python a.py {UNKNOWN}"]


def test_loops_within_tasks() -> None:
    script = HEAD + "for s in 1 2; do python a.py --t $SLURM_ARRAY_TASK_ID --s $s; done\n"
    assert len(commands(script)) == 8


def test_arithmetic_is_that_of_bash() -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    draw = random.Random(5)
    parts = ["x", "$x", "y", "3", "7", "(x + 1)", "-y", "12"]
    texts = [
        f" {draw.choice('+-*/%')} ".join(draw.choice(parts) for _ in range(draw.randint(1, 4))) for _ in range(150)
    ]
    script = "x=5\ny=-2\n" + "".join(f"echo $(({text}))\n" for text in texts)
    real = subprocess.run([bash, "-c", script], capture_output=True, text=True, check=False).stdout.split()
    values = {"x": "5", "y": "-2"}
    assert [str(evaluate(text, values.get)) for text in texts] == real


@pytest.mark.parametrize(
    "text", ["1 / 0", "a", "1 +", "x = 2", "1 << 3", "(" * 150, "9 * " * 40 + "9", "", "08", "1 2"]
)
def test_what_is_not_evaluated(text: str) -> None:
    assert evaluate(text, lambda _: None) is None


def test_branches_on_the_number_of_the_task() -> None:
    script = HEAD + (
        "if [ $SLURM_ARRAY_TASK_ID -lt 2 ]; then R=512; else R=32; fi\n"
        "case $SLURM_ARRAY_TASK_ID in 0|2) T=w;; *) T=h;; esac\npython a.py $R $T\n"
    )
    assert commands(script) == ["python a.py 512 w", "python a.py 512 h", "python a.py 32 w", "python a.py 32 h"]


def test_an_array_that_gets_one_item_later() -> None:
    assert commands("A=(x 'y z')\nA=1\npython a.py \"${A[1]}\" $A\n") == ["python a.py y z 1"]
    assert commands("A=(x y)\npython a.py ${A[5]} end\n") == ["python a.py end"]
