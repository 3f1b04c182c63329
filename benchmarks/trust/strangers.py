"""Rows 24 to 28 and 34: run directories, configurations and checkouts of a stranger."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

from . import inventory
from .bench import Bench, designed, line_with, steps
from .row import Finding, NotRun, row

_RULE = "from pathlib import Path\nPath({mark!r}).write_text('ran')\n"


@row(
    24,
    "links in a run directory lead out of it",
    "scores.jsonl, status.json, manifest.json.tmp, run.yaml are links",
    test="tests/programs/test_run_directory.py",
)
def links(bench: Bench, times: int) -> Finding:
    """Files outside must not change."""
    finding, folder = Finding(), bench.finished("links")
    outside, run = folder / "outside", folder / "run"
    outside.mkdir()
    for name in ("scores.jsonl", "status.json", "manifest.json.tmp", "lint.json", "curve.png"):
        (outside / name).write_text("a file of somebody else\n" * 20)
        (run / name).unlink(missing_ok=True)
        (run / name).symlink_to(outside / name)
    process = bench.train(folder)
    finding.count(process.end())
    designed(finding, process.output)
    for path in sorted(outside.iterdir()):
        if path.read_text(errors="replace") != "a file of somebody else\n" * 20:
            finding.lose(f"{path.name} outside the run is overwritten")
    finding.message = line_with(process.output, "link")
    finding.expect("link" in process.output, "nothing is said about the links")
    return finding


@row(
    25,
    "a stranger's checkpoint states sizes of logs",
    "scores: 2**38, -5, 1e400 in place of the size",
    times=3,
    quick=1,
    test="tests/agent/test_records_faults.py",
)
def sizes(bench: Bench, times: int) -> Finding:
    """Bounded: no huge file, no hang, no internal error."""
    finding = Finding()
    for size in (str(2**38), "-5", "1e400")[:times]:
        folder = bench.interrupted("sizes")
        *_, previous, last = (0, *steps(folder / "run"))
        newest = folder / "run/checkpoints" / str(last)
        changed = 0
        for path in newest.rglob("*"):
            if path.is_file() and path.stat().st_size < 1_000_000 and b'"scores"' in path.read_bytes():
                text, count = re.subn(rb'("scores"\s*:\s*)\d+', rb"\g<1>" + size.encode(), path.read_bytes())
                path.write_bytes(text)
                changed += count
        if not changed:
            raise NotRun("no size was found in the checkpoint")
        before = inventory.take(folder / "run")
        process = bench.train(folder)
        code = process.end(60)
        finding.count(code)
        designed(finding, process.output)
        finding.expect(code != "hang", "hangs")
        largest = max((path.stat().st_size for path in (folder / "run").glob("*.jsonl")), default=0)
        finding.expect(largest < 10**8, f"a log of {largest / 1e9:.0f} GB is made")
        for path in (folder / "run").glob("*.jsonl"):
            if path.stat().st_size > 10**8:
                path.unlink()
        finding.lose(inventory.lost_rows(before, inventory.take(folder / "run"), 8.0 * previous))
        finding.message = line_with(process.output, "damaged", "size", "shorter", "internal error")
    return finding


_HOSTILE = "task: !!python/object/apply:os.system ['touch {mark}']\n"


@row(
    26,
    "hostile YAML",
    "!!python/object/apply in a run file and in run.yaml; lint, train, watch, eval, doctor",
    times=5,
    quick=5,
    test="tests/hostile",
)
def yaml(bench: Bench, times: int) -> Finding:
    """Nothing is executed."""
    finding, folder = Finding(), bench.new("yaml")
    mark, run = folder / "ran", folder / "run"
    run.mkdir()
    for path in (folder / "t.yaml", run / "run.yaml"):
        path.write_text(_HOSTILE.format(mark=mark))
    (run / "scores.jsonl").write_text('{"frames": 1000, "score": 1.0}\n')
    commands = ("lint t.yaml", "train --config t.yaml --logdir new", "watch run --once", "eval run", "doctor t.yaml")
    for words in (command.split() for command in commands[:times]):
        process = bench.start(folder, *words)
        code = process.end()
        finding.count(code)
        designed(finding, process.output)
        finding.expect(code != 0, f"{words[0]} ends with 0")
        finding.message = line_with(process.output, "tag", "!!python")
    finding.expect(not mark.exists(), "the file was executed")
    return finding


@row(
    27,
    "rules and settings of a stranger's checkout",
    "local-rules in pyproject.toml; check, lint, guard, test-rules, train, doctor",
    times=7,
    quick=7,
    test="tests/lint/test_approval.py",
)
def local_rules(bench: Bench, times: int) -> Finding:
    """Nothing of it runs before the user approves, and the message says how to approve."""
    finding, folder = Finding(), bench.new("local-rules")
    mark = folder / "ran"
    (folder / "pyproject.toml").write_text('[tool.dreamerguard]\nlocal-rules = ["rules.py"]\n')
    (folder / "rules.py").write_text(_RULE.format(mark=str(mark)))
    (folder / "dreamerv3").mkdir()
    (folder / "dreamerv3/main.py").write_text("raise SystemExit(0)\n")
    (folder / "start.sh").write_text("python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk\n")
    bench.write_config(folder)
    command = ("python", "dreamerv3/main.py", "--configs", "dmc_proprio", "--task", "dmc_walker_walk")
    commands = (
        ("check", "."), ("lint", "t.yaml"), ("lint", "--", *command), ("guard", "--", *command), ("test-rules",),
        ("train", "--config", "t.yaml", "--dry-run"), ("doctor", "t.yaml"),
    )  # fmt: skip
    for words in commands[:times]:
        mark.unlink(missing_ok=True)
        process = bench.start(folder, *words)
        finding.count(process.end())
        designed(finding, process.output)
        finding.expect(not mark.exists(), f"{words[0]} runs them")
        if "rules.py" in process.output or "allow-local-rules" in process.output:
            finding.message = line_with(process.output, "allow-local-rules", "rules.py")
    return finding


@row(
    28,
    "code of the checked program",
    "main.py, sitecustomize.py and jax.py that leave a mark; lint --, check ., doctor",
    times=3,
    quick=3,
    test="tests/lint/test_check.py",
)
def program_code(bench: Bench, times: int) -> Finding:
    """Nothing of it runs."""
    finding, folder = Finding(), bench.new("program-code")
    mark = folder / "ran"
    (folder / "dreamerv3").mkdir()
    for name in ("dreamerv3/main.py", "sitecustomize.py", "jax.py", "yaml.py", "mujoco.py"):
        (folder / name).write_text(_RULE.format(mark=str(mark)))
    (folder / "start.sh").write_text("python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk\n")
    code = "import sys; sys.path.pop(0); from dreamerguard.cli import main; main()"  # as the console script starts
    for words in (
        ("check", "."),
        ("lint", "--", "python", "dreamerv3/main.py", "--configs", "dmc_proprio"),
        ("doctor",),
    )[:times]:
        done = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True,
                              env=os.environ | bench.variables())  # fmt: skip
        finding.count(done.returncode)
        designed(finding, done.stderr)
        finding.expect(not mark.exists(), f"{words[0]} runs it")
    return finding


@row(
    34,
    "report page with hostile names",
    "script in run names, task, manifest, lint.json and metric keys",
    test="tests/regression",
)
def report_page(bench: Bench, times: int) -> Finding:
    """Nothing of it is markup in the page."""
    finding, folder = Finding(), bench.finished("page")
    bad = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"
    run = folder / "run <img src=x onerror=alert(1)>"
    (folder / "run").rename(run)
    manifest = json.loads((run / "manifest.json").read_text())
    for start in manifest:
        start |= {"host": bad, "command": [bad], "git": bad}
    (run / "manifest.json").write_text(json.dumps(manifest))
    with (run / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"frames": 2400, bad: 1.0}) + "\n")
    process = bench.start(folder, "report", run.name, "-o", "page.html")
    finding.count(process.end())
    designed(finding, process.output)
    page = (folder / "page.html").read_text() if (folder / "page.html").exists() else ""
    finding.expect(bool(page), "no page is written")
    finding.expect(
        "<img src=x" not in page and "document.title='owned'</script>" not in page, "markup of the names is in the page"
    )
    finding.expect(
        "Content-Security-Policy" in page and "default-src" in page, "the page has no content security policy"
    )
    return finding
