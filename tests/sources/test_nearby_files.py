"""What a script takes from elsewhere: sourced files, submitted array jobs, Python in here-documents."""

from pathlib import Path

import pytest

from dreamerguard.core.source import Source
from dreamerguard.lint.repository import check_tree
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.sources.commands.nearby_files import read_nearby, reading_in
from dreamerguard.sources.commands.shell import read_shell


def commands(text: str, folder: Path, root: Path | None = None, name: str = "run.sh") -> list[str]:
    with reading_in(folder, root or folder):
        found = read_shell(Source(name, text))
    return [
        " ".join(word.text for word in command.words)
        for command in found
        if "a.py" in [word.text for word in command.words[1:2]]
    ]


@pytest.mark.parametrize(
    "line",
    ["source env.sh", ". ./env.sh", 'source "$(dirname "$0")/env.sh"', ". ${HERE}/env.sh", "set -a; . env.sh; set +a"],
)
def test_variables_of_a_sourced_file(tmp_path: Path, line: str) -> None:
    (tmp_path / "env.sh").write_text("export RATIO=32\nTASK=walker\n")
    assert commands(f"{line}\npython a.py $TASK $RATIO\n", tmp_path) == ["python a.py walker 32"]
    assert commands(f"{line}\nRATIO=64\npython a.py $RATIO\n", tmp_path) == ["python a.py 64"]


def test_the_script_may_be_started_in_its_folder_or_in_the_checkout(tmp_path: Path) -> None:
    inner = tmp_path / "scripts"
    inner.mkdir()
    (tmp_path / "env.sh").write_text("RATIO=32\n")
    assert commands("source env.sh\npython a.py $RATIO", inner, tmp_path) == ["python a.py 32"]
    (inner / "env.sh").write_text("RATIO=64\n")
    assert commands("source env.sh\npython a.py $RATIO", inner, tmp_path) == [f"python a.py {UNKNOWN}"]
    assert commands('. "$(dirname $0)/env.sh"\npython a.py $RATIO', inner, tmp_path) == ["python a.py 64"]


def test_only_files_of_the_checkout_are_opened(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "env.sh").write_text("RATIO=32\n")
    (inside / "link.sh").symlink_to(tmp_path / "env.sh")
    for path in ("near.sh", "~/near.sh", "scripts/other.sh"):
        (inside / path).parent.mkdir(exist_ok=True)
        (inside / path).write_text("RATIO=64\n")
    refused = (
        "../env.sh",
        str(tmp_path / "env.sh"),
        "/near.sh",
        "link.sh",
        "~/near.sh",
        "x\x00",
        "missing.sh",
        "." * 300,
    )
    for name in (*refused, ""):
        with reading_in(inside, inside):
            assert read_nearby(name) is None, name
    with reading_in(inside, inside):
        assert read_nearby("near.sh") is not None
    (inside / "scripts" / "near.sh").symlink_to(tmp_path / "env.sh")
    with reading_in(inside / "scripts", inside):
        assert read_nearby("near.sh") is None  # which of both is meant is not known
    assert read_nearby("inside/link.sh") is None


def test_files_that_source_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("source b.sh\nA=1\n")
    (tmp_path / "b.sh").write_text("source a.sh\nB=2\n")
    assert commands("source a.sh\npython a.py $A $B", tmp_path) == ["python a.py 1 2"]


def test_a_branch_of_a_sourced_file_leaves_its_variables_unknown(tmp_path: Path) -> None:
    (tmp_path / "env.sh").write_text("if [ -e x ]; then R=1; else R=2; fi\nS=3\n")
    assert commands("source env.sh\npython a.py $R $S", tmp_path) == [f"python a.py {UNKNOWN} 3"]


def test_an_array_that_the_command_submits(tmp_path: Path) -> None:
    job = "R=(32 64 128)\npython a.py ${R[$SLURM_ARRAY_TASK_ID]} $1\n"
    (tmp_path / "job.sh").write_text(job)
    for options in ("--array=0-1", "--array 0,1%2", "-a 0-1", "-p gpu --array=0-1"):
        found = commands(f"sbatch {options} job.sh seed\n", tmp_path)
        assert found == ["python a.py 32 seed", "python a.py 64 seed"], options
    assert commands("sbatch job.sh\n", tmp_path) == []


def test_an_array_of_a_command_in_quotes(tmp_path: Path) -> None:
    for quoted in ("'python a.py $SLURM_ARRAY_TASK_ID'", '"python a.py \\$SLURM_ARRAY_TASK_ID"'):
        assert commands(f"sbatch --array=3-4 --wrap {quoted}", tmp_path) == ["python a.py 3", "python a.py 4"]
    document = "sbatch --array=3-4 <<'EOF'\n#!/bin/bash\npython a.py x$SLURM_ARRAY_TASK_ID\nEOF\n"
    assert commands(document, tmp_path) == ["python a.py x3", "python a.py x4"]


PYTHON = "import subprocess\nsubprocess.run(['python', 'a.py', '--x', '3'])\n"


@pytest.mark.parametrize("start", ["python - <<'EOF'", "python3 <<EOF", "uv run python - <<'EOF'"])
def test_python_in_a_here_document(tmp_path: Path, start: str) -> None:
    with reading_in(tmp_path, tmp_path):
        found = read_shell(Source("run.sh", f"set -e\n{start}\n{PYTHON}EOF\n"))
    placed = [command for command in found if [word.text for word in command.words] == ["python", "a.py", "--x", "3"]]
    assert [word.span.line for command in placed for word in command.words] == ([4] * 4 if "uv" not in start else [])


def test_python_that_the_shell_expands_is_not_read(tmp_path: Path) -> None:
    assert commands(f"python - <<EOF\n{PYTHON.replace('3', '$X')}EOF\n", tmp_path) == []
    assert commands(f"python - <<-'EOF'\n\t{PYTHON}\tEOF\n".replace("\ns", "\n\ts"), tmp_path) == ["python a.py --x 3"]
    assert commands("python - <<'EOF'\nimport os\nos.system('python a.py 3')\nEOF\n", tmp_path) == ["python a.py 3"]
    assert commands("python script.py <<'EOF'\nimport os\nos.system('python a.py 3')\nEOF\n", tmp_path) == []


def test_a_check_follows_all_three(tmp_path: Path) -> None:
    run = "python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_{} --run.train_ratio {}\n"
    (tmp_path / "env.sh").write_text("RATIO=32\n")
    (tmp_path / "a.sh").write_text(f". ./env.sh\n{run.format('walk', '$RATIO')}")
    (tmp_path / "job.sh").write_text("R=(32 1024)\n" + run.format("run", "${R[$SLURM_ARRAY_TASK_ID]}"))
    (tmp_path / "submit.sh").write_text("sbatch --array=0-1 job.sh\n")
    words = run.format("stand", 32).split()
    (tmp_path / "b.sh").write_text(f"python - <<'EOF'\nimport subprocess\nsubprocess.run({words})\nEOF\n")
    found = [item for result in check_tree([tmp_path]).results for item in result.findings]
    warned = {(item.name, item.primary.span.source.name) for item in found if item.severity != "info"}
    assert warned == {("low-train-ratio", name) for name in ("a.sh", "b.sh", "job.sh")}
