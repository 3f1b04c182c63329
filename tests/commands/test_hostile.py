"""Hostile input: every text and command line ends in one clear message, in bounded work and memory, running nothing."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dreamerguard.commands.lint_run import run_lint
from dreamerguard.commands.shared.errors import CommandFailed, report_failure
from dreamerguard.programs.native.options import LintOptions, OutputFormat

from ..counting import counted

#: Function calls of one lint, some times as many as the largest case takes, and megabytes.
CALLS, MEGABYTES = 20_000_000, 300
TASK = b"task: dmc_walker_walk\n"


def bomb(levels: int, width: int) -> bytes:
    lines = [b"a0: &a0 [" + b", ".join([b"x"] * width) + b"]"]
    lines += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * width)) for n in range(1, levels)]
    return b"\n".join(lines)


def merge_bomb(levels: int) -> bytes:
    lines = [b"a0: &a0 {k0: 1, k1: 2}"]
    lines += [
        b"a%d: &a%d {<<: [*a%d, *a%d], x%d: {<<: *a%d}}" % (n, n, n - 1, n - 1, n, n - 1) for n in range(1, levels)
    ]
    return b"\n".join(lines)


FILES: dict[str, bytes] = {
    "10 MB of keys": b"".join(b"key%07d: 1\n" % n for n in range(700_000)),
    "10 MB in one scalar": TASK + b"x: " + b"y" * 10_000_000,
    "1 MB of unknown keys": TASK + b"".join(b"key%d: 1\n" % n for n in range(70_000)),
    "1 MB of one line": TASK + b"seed: " + b"1" * 1_000_000,
    "1 MB of comments": TASK + b"# dreamerguard: ignore[DG101] -- x\n" * 28_000,
    "alias bomb": bomb(40, 9),
    "merge bomb": merge_bomb(60),
    "deep flow": b"a: " + b"[" * 200_000,
    "deep mapping": b"a: " + b"{a: " * 100_000,
    "deep block": b"".join(b" " * n + b"a:\n" for n in range(1_000)),
    "deep dotted key": TASK + b".".join([b"a"] * 100_000) + b": 1\n",
    "truncated": b"task: dmc_walker_walk\nrun: {frames: 1, env",
    "truncated quote": b'task: "dmc_walker_walk',
    "latin-1": "task: é".encode("latin-1"),
    "utf-16": "task: dmc_walker_walk\n".encode("utf-16"),
    "utf-32": "task: dmc_walker_walk\n".encode("utf-32"),
    "binary": bytes(range(256)) * 64,
    "control characters": b"task: a\x07b\x1b[31m\nseed: 1\n",
    "c1 control characters": "task: a\u009b31mb\n".encode(),
    "right to left": "task: \u202edmc\n'\u2066run': 1\n".encode(),
    "rich markup": b"task: '[bold red]x[/]'\n'[link=file:///etc/passwd]k[/link]': 1\nseed: '[/]'\n",
    "format strings": b"task: '{0.__class__} %s %n $(id) `id` ${HOME}'\nseed: '{seed}'\n",
    "python object": b"task: !!python/object/apply:os.system ['touch owned']\n",
    "python name": b"task: !!python/name:os.system\n",
    "python module": b"a: !!python/module:antigravity\n",
    "local tag": b"task: !include /etc/passwd\n",
    "tag directive": b"%TAG ! tag:yaml.org,2002:python/\n---\ntask: !name:os.system\n",
    "binary tag": b"task: !!binary aGVsbG8=\n",
    "recursive alias": b"a: &a [*a]\n",
    "recursive merge": b"a: &a {<<: *a}\n",
    "many documents": b"---\ntask: dmc_walker_walk\n" * 2_000,
    "null bytes": b"task\x00: x\n",
    "only a byte order mark": b"\xef\xbb\xbf",
    "huge integer": TASK + b"seed: " + b"9" * 5_000 + b"\n",
    "huge exponent": TASK + b"run.frames: 1e999999\n",
    "numbers that are none": TASK + b"run.frames: .nan\noptimizer.lr: -.inf\nseed: 0x\nrun.envs: 0o8\n",
    "keys that are no text": b"? [a, b]\n: 1\n? {c: d}\n: 2\n",
    "catastrophic pattern": TASK + b"'(a+)+$': 1\n'((a|a)*)*b': 2\n'" + b"a" * 5_000 + b"!': 3\n",
    "invalid pattern": TASK + b"'*': 1\n'(': 2\n'[': 3\n'a{99999999}': 4\n",
}


def lint(words: list[str], format: str = "full") -> tuple[int, str, str]:
    """What the command prints, in this process: exactly what the entry runs."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = run_lint(LintOptions(output_format=format, no_config=True), words, None)
        except CommandFailed as failed:
            code = report_failure(failed)
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")


def clean(text: str) -> bool:
    """Whether a terminal shows the text as it is."""
    return all(char == "\n" or (char.isprintable() and char not in "\u202e\u2066\u009b") for char in text)


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_a_hostile_file_ends_in_messages(data: bytes, tmp_path: Path) -> None:
    Path("run.yaml").write_bytes(data)
    with counted() as work:
        code, out, err = lint(["run.yaml"])
    assert work.calls < CALLS
    assert code in (0, 1, 2, 3)
    assert (out or err) and clean(out + err)
    assert len(out) < 300_000
    assert {path.name for path in tmp_path.iterdir()} == {"run.yaml"}


# The peak of this program alone: what getrusage tells begins with the peak of the program that forked.
MEASURE = """
import pathlib, re, sys
from dreamerguard.cli import main
sys.argv = ["dreamerguard", "lint", "run.yaml", "--no-config"]
try:
    main()
except SystemExit as end:
    code = end.code
peak = re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]
print("PEAK", code, peak, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "name", ["10 MB of keys", "10 MB in one scalar", "1 MB of unknown keys", "alias bomb", "merge bomb", "deep flow"]
)
def test_a_large_file_takes_little_memory(name: str, tmp_path: Path) -> None:
    Path("run.yaml").write_bytes(FILES[name])
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, timeout=600, cwd=tmp_path)
    code, peak = done.stderr.rpartition("PEAK ")[2].split()
    assert code in ("1", "2", "3"), done.stderr
    assert int(peak) < MEGABYTES * 1024
    assert "internal error" not in done.stderr


def test_a_file_that_never_ends_is_refused() -> None:
    code, _, err = lint(["/dev/zero"])
    assert code in (1, 2) and "internal" not in err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_folder_and_a_dangling_link_are_refused() -> None:
    Path("a.yaml").mkdir()
    Path("b.yaml").symlink_to("nowhere")
    Path("c.yaml").symlink_to("c.yaml")
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        code, out, err = lint([name])
        assert (code, out) == (2, "") and err.startswith(f"error: cannot read '{name}': ")


WORDS: list[list[str]] = [
    ["dmc_walker_walk", "x" * 100_000 + "=1"],
    ["dmc_walker_walk", "run.train_ratio=" + "9" * 100_000],
    ["dmc_walker_walk", *(f"k{n}=1" for n in range(5_000))],
    ["dmc_walker_walk", "=".join(["a"] * 10_000)],
    ["dmc_walker_walk", "(a+)+$=1", "model.image_mults=[" + "," * 50_000 + "]"],
    ["dmc_walker_walk", "\x1b]0;title\x07=1", "a\nb=2", "\u202e=3", "\udcff=4"],
    ["a" * 100_000 + "_b"],
    ["dmc_" + "a_" * 50_000 + "b"],
    ["--" * 10_000],
    ["dmc_walker_walk", "--", "--"],
]


@pytest.mark.parametrize("words", WORDS, ids=range(len(WORDS)))
def test_hostile_words_end_in_messages(words: list[str]) -> None:
    with counted() as work:
        code, out, err = lint(words)
    assert work.calls < CALLS
    assert code in (0, 1, 2, 3)
    assert (out or err) and clean(out + err)


SHREDS = st.sampled_from(
    [
        *("task: dmc_walker_walk\n", "run:\n", "  train_ratio: 32\n", "  <<: *a\n", "seed: 1\n", "run.frames: 1e5\n"),
        *("replay: {batch_size: 2}\n", "model.deter: 7\n", "# dreamerguard: ignore[DG101] -- x\n", "---\n", "...\n"),
        *(
            "&a ",
            "*a",
            "{",
            "}",
            "[",
            "]",
            ": ",
            "- ",
            "? ",
            "!",
            "|\n",
            ">-\n",
            "'",
            '"',
            "\\",
            "#",
            "\t",
            "\r\n",
            "\n",
        ),
        *("!!python/name:os.system", "%YAML 1.2\n", "1e6", ".nan", "~", "=", "é", "漢", "\x85", "\u2028", "\ufeff"),
        *("\x00", "\x1b"),
    ]
)
DATA = st.one_of(
    st.binary(max_size=120),
    st.lists(SHREDS, max_size=14).map(lambda parts: "".join(parts).encode()),
    st.lists(SHREDS, max_size=10).map(lambda parts: "".join(parts).encode()[:-3] + b"\xff"),
)


def _any_file_is_survived(data: bytes, format: str, word: str) -> None:
    Path("run.yaml").write_bytes(data)
    with counted() as work:
        code, out, err = lint(["run.yaml", *([word] if word else [])], format)
    assert work.calls < CALLS
    assert code in (0, 1, 2, 3)
    assert out or err or format in ("concise", "github")
    assert format not in ("full", "concise", "github") or clean(out + err)


def _cases(count: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    fuzz = settings(max_examples=count, suppress_health_check=list(HealthCheck))
    words = st.sampled_from(["", "seed=2", "run.train_ratio=32", "--x", "a.b=[", "env.action_repeat=8"])
    arguments = given(DATA, st.sampled_from([str(item) for item in OutputFormat]), words)
    return lambda test: fuzz(arguments(test))


@_cases(300)
def test_any_file_is_survived(data: bytes, format: str, word: str) -> None:
    _any_file_is_survived(data, format, word)


@pytest.mark.slow
@_cases(10_000)
def test_ten_thousand_files_are_survived(data: bytes, format: str, word: str) -> None:
    _any_file_is_survived(data, format, word)
