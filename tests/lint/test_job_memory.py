"""The memory that the head of a job's script asks for."""

import pytest

from dreamerguard.core.machine import UNKNOWN, Machine
from dreamerguard.core.source import Source
from dreamerguard.lint.job_memory import for_job


@pytest.mark.parametrize(
    ("head", "memory"),
    [
        ("#!/bin/bash\n#SBATCH --mem=64G\n", 64 << 30),
        ("#!/bin/bash\n\n# ours\n#SBATCH --mem 4000\n#SBATCH --mem=2T\n", 2 << 40),
        ("#!/bin/bash\n#SBATCH --mem=4000M  # enough\n", 4000 << 20),
        ("#!/bin/bash\n#SBATCH --mem=0\n", None),
        ("#!/bin/bash\n#SBATCH --mem-per-cpu=4G\n", None),
        ("#!/bin/bash\nmodule load cuda\n#SBATCH --mem=64G\n", None),
        ("#!/bin/bash\n##SBATCH --mem=64G\n", None),
        ("#SBATCH --mem=64G\n", None),
    ],
)
def test_the_head_of_a_script(head: str, memory: int | None) -> None:
    found = for_job(UNKNOWN, Source("run.sh", f"{head}python train.py\n"))
    assert (found.memory, found.job) == (memory, memory is not None)


def test_other_facts_of_the_machine_stay() -> None:
    found = for_job(Machine(gpus=2, memory=1 << 30), Source("run.sh", "#!/bin/sh\n#SBATCH --mem=1G\n"))
    assert found == Machine(gpus=2, memory=1 << 30, job=True)
