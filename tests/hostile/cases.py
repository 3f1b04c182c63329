"""Hostile cases: valid files of every kind that the program reads, damaged, and the command that reads them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from hypothesis import strategies as st

from dreamerguard.rules.helpers.example_files import with_preset, with_r2_env, with_torch_preset


@dataclass(frozen=True)
class Case:
    """Files by relative path, and the words behind ``dreamerguard``."""

    files: dict[str, bytes]
    words: tuple[str, ...]


@dataclass(frozen=True)
class Surface:
    """A file that somebody else may have written, valid files around it, and the command that reads it."""

    target: str
    text: str
    words: tuple[str, ...]
    files: dict[str, str]


RUN = "task: dmc_walker_walk\nrun:\n  train_ratio: 32  # dreamerguard: ignore[DG101] -- a test\nmodel: {deter: 512}\n"
SCRIPT = (
    "#!/bin/bash\nset -e\nfor seed in 0 1; do\n  srun python dreamerv3/main.py --configs crafter \\\n"
    '    --seed "$seed" --logdir ~/logs/$(date +%s) --run.train_ratio 32 | tee log\ndone\n'
    "sheeprl exp=dreamer_v3 algo.replay_ratio=-1\n"
)
DOCUMENT = f"# Use\n\nText `code`.\n\n```sh\n{SCRIPT}```\n\n    python dreamer.py --configs dmc_vision --logdir x\n"
MAKEFILE = "SEED ?= 1\nall: a\na:\n\tpython dreamer.py --configs dmc_vision --seed $(SEED) \\\n\t  --logdir x\n"
DOCKERFILE = 'FROM python:3.11\nRUN pip install x && \\\n  true\nCMD ["sheeprl", "exp=dreamer_v3", "seed=1"]\n'
LAUNCH = json.dumps({"configurations": [{"program": "dreamer.py", "args": ["--configs", "dmc_vision"]}]})
NOTEBOOK = json.dumps({"cells": [{"cell_type": "code", "source": ["!python dreamer.py --configs dmc_vision\n"]}]})
WORKFLOW = "on: push\njobs:\n  a:\n    steps:\n      - run: |\n          sheeprl exp=dreamer_v3 seed=1\n"
TOML = '[tool.dreamerguard]\nselect = ["DG1"]\nignore = ["low-train-ratio"]\nexclude = ["old/*"]\n'
BASELINE = '{"version": 1, "findings": [\n{"file": "run.yaml", "rule": "low-train-ratio", "key": "a", "count": 1}\n]}'
SCORES = "".join(f'{{"step": {n * 1000}, "episode/score": {n}.5, "time": {n}}}\n' for n in range(40))
OWN = '{"tasks": {"dmc_walker_walk": {"n": 3}}, "suite": "dmc_proprio", "calibration": {"null": [], "alarm": {}}}'
LINT = '{"version": 1, "findings": [{"code": "DG101", "name": "low-train-ratio", "message": "x", "harm": null}]}'
SHEEPRL = (
    "# @package _global_\ndefaults:\n  - dreamer_v3\n  - override /env: dmc\n  - _self_\nalgo:\n  total_steps: 9\n"
)

_JAX, _TORCH, _R2 = with_preset("run.train_ratio: 32"), with_torch_preset("train_ratio: 32"), with_r2_env("seed: 1")
_JAX_NAME, _TORCH_NAME = next(iter(_JAX)), next(iter(_TORCH))

SURFACES = [
    Surface("run.yaml", RUN, ("lint", "run.yaml"), {}),
    Surface("run.yaml", RUN, ("lint", "run.yaml", "run.train_ratio=32", "--fix", "--diff"), {}),
    Surface(_JAX_NAME, _JAX[_JAX_NAME], ("lint", "--", "python", "dreamerv3/main.py", "--configs", "mine"), {}),
    Surface(_JAX_NAME, _JAX[_JAX_NAME], ("check", "."), {"dreamerv3/main.py": ""}),
    Surface(_TORCH_NAME, _TORCH[_TORCH_NAME], ("lint", "--", "python", "dreamer.py", "--configs", "mine"), {}),
    Surface(_TORCH_NAME, _TORCH[_TORCH_NAME], ("check", "."), {"dreamer.py": ""}),
    *(Surface(name, text, ("lint", "--", "python", "train.py", "env=mine"), _R2) for name, text in _R2.items()),
    *(Surface(name, text, ("check", "."), _R2 | {"train.py": ""}) for name, text in _R2.items()),
    Surface("sheeprl/configs/exp/mine.yaml", SHEEPRL, ("lint", "--", "sheeprl", "exp=mine"), {}),
    Surface("sheeprl/configs/exp/mine.yaml", SHEEPRL, ("check", "."), {"sheeprl/__init__.py": ""}),
    *(
        Surface(name, text, ("check", "."), {"dreamer.py": ""})
        for name, text in {
            "README.md": DOCUMENT,
            "go.sh": SCRIPT,
            "go": SCRIPT,
            "Makefile": MAKEFILE,
            "Dockerfile": DOCKERFILE,
            ".vscode/launch.json": LAUNCH,
            "a.ipynb": NOTEBOOK,
            ".github/workflows/a.yml": WORKFLOW,
            "a/b.yaml": RUN,
            ".gitignore": "*.pyc\n!a\nbuild/\n",
            "dreamerguard.toml": TOML.replace("[tool.dreamerguard]\n", ""),
        }.items()
    ),
    Surface("pyproject.toml", TOML, ("lint", "run.yaml"), {"run.yaml": RUN}),
    Surface("b.json", BASELINE, ("lint", "run.yaml", "--baseline", "b.json"), {"run.yaml": RUN}),
    Surface("scores.jsonl", SCORES, ("watch", ".", "--once", "--task", "dmc_walker_walk"), {}),
    Surface("metrics.jsonl", SCORES, ("watch", ".", "--once"), {"config.yaml": "task: dmc_walker_walk\n"}),
    Surface("config.yaml", "task: dmc_walker_walk\n", ("watch", ".", "--once"), {"metrics.jsonl": SCORES}),
    Surface("run.yaml", RUN, ("watch", ".", "--once"), {"scores.jsonl": SCORES}),
    Surface("metrics.jsonl", SCORES, ("compare", ".", "--reference", "2024", "--task", "dmc_walker_walk"), {}),
    Surface("own.json", OWN, ("watch", ".", "--once", "--reference", "own.json"), {"scores.jsonl": SCORES}),
    Surface("lint.json", LINT, ("watch", ".", "--once"), {"run.yaml": RUN, "scores.jsonl": SCORES}),
    Surface("events.out.tfevents.1", "\x18\0\0\0\0\0\0\0abcd", ("watch", ".", "--once"), {}),
]

COMMANDS = [
    ("lint", "dmc_walker_walk"),
    ("lint", "--", "python", "dreamerv3/main.py", "--configs", "crafter"),
    ("lint", "--", "python", "dreamer.py", "--configs", "dmc_vision"),
    ("lint", "--", "python", "train.py", "env=dmc_vision"),
    ("lint", "--", "sheeprl", "exp=dreamer_v3"),
    ("lint", "--"),
    ("explain",),
    ("tasks",),
    ("check",),
]
FORMATS = ("full", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown")

#: Each would leave a file behind, reach another program, hang or act on a terminal if it were taken for what it says.
TRAPS = [
    *("!!python/object/apply:os.system ['touch owned']", "!!python/name:os.system", "!!python/module:antigravity"),
    *("!!python/object/new:os.system [touch owned]", "$(touch owned)", "`touch owned`", "; touch owned"),
    *("${oc.env:HOME}", "${oc.decode:'1'}", "${a}", "${${a}}", "${.}", "${a.b:c}", "{0.__class__}", "%s%n", "{seed}"),
    *("(a+)+$", "((a|a)*)*b", "(.*)*x", "(?P<a", "[z-a]", "a{99999}{99999}", "(?<=a+)b", "*", "(", "\\", "(?i)", "$^"),
    *("([a-z_.]+)*!", "(.?){30}!", r"(\w+\.?)+!", ".*.*.*.*.*.*.*.*.*!", "[[", "*a*e*r*e*a*e*r*e*!", "**/" * 40),
    *("[bold red]x[/]", "[/]", "[link=file:///etc/passwd]k[/link]", "[@click=app.quit]x[/]", "::error::x", "]]>"),
    *("\x1b[31m", "\x1b]0;t\x07", "\x07", "\x00", "\x9b31m", "\u202e", "\u2066", "\ufeff", "\u2028", "\x85", "\ud800"),
    *("&a [*a]", "&a {<<: *a}", "*a", "<<: *nope", "? [a, b]\n: 1\n", "--- \n", "...\n", "%YAML 9.9\n", "%TAG ! x\n"),
    *("1e999999", "-1e999", ".nan", "-.inf", "0x", "0o8", "1_0", "9" * 400, "0" * 400, "1:60:60", "2001-13-45", "-0"),
    *("{", "}", "[", "]", ": ", ", ", "- ", "|\n", ">-\n", "'", '"', "#", "\t", "\n", " ", "\\\n", "<<EOF\n", "```"),
    *("defaults:\n", "mine:\n", "<<:", "=", "+a=1", "~a", "++a.b=2", "a@b=c", "--", "-1", "null", "true", "[]", "{}"),
    *("| touch owned", "<x>", "\r", "!<", "~", "'''", "''"),
    *("\n[tool.x]\n", "\x18\0\0\0\0\0\0\0", "\xff\xff\xff\xff\xff\xff\xff\x7f", '{"step": 1e400}\n', '{"step": NaN}\n'),
]  # fmt: skip


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def bomb(levels: int, width: int) -> bytes:
    """Aliases of aliases: ``width ** levels`` values in a few lines."""
    lines = [b"a0: &a0 [" + b", ".join([b"x"] * width) + b"]"]
    lines += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * width)) for n in range(1, levels)]
    return b"\n".join(lines)


_OPENERS = [b"[", b"{", b"{a: ", b"- ", b"? ", b"a.", b"(", b"$(", b"${", b"`", b"{{", b"[[", b"\\", b"!", b"&", b"> "]
_OVERSIZED = st.one_of(
    st.builds(bomb, st.integers(2, 30), st.integers(2, 9)),
    st.builds(lambda opener, count: opener * count, st.sampled_from(_OPENERS), st.integers(1, 4000)),
    st.builds(lambda count: b"".join(b" " * n + b"a:\n" for n in range(count)), st.integers(1, 300)),
    st.builds(lambda piece, count: piece * count, st.binary(min_size=1, max_size=6), st.integers(1, 20_000)),
)
PAYLOAD = st.one_of(
    st.sampled_from(TRAPS).map(_bytes),
    st.sampled_from(TRAPS).map(_bytes),
    st.binary(max_size=24),
    st.text(max_size=16).map(_bytes),
    st.lists(st.sampled_from(TRAPS), max_size=6).map(lambda parts: _bytes("".join(parts))),
    st.text(alphabet="()[]{}*+?|.^$\\abx-,0", max_size=20).map(_bytes),
    _OVERSIZED,
)
CHANGES = st.sampled_from(["insert", "insert", "insert", "replace", "delete", "truncate", "repeat", "only"])
MUTATIONS = st.lists(st.tuples(CHANGES, st.integers(0, 1000), PAYLOAD), min_size=1, max_size=4)


def damage(data: bytes, mutations: list[tuple[str, int, bytes]]) -> bytes:
    """The data after some changes, each at a place in thousandths of its length."""
    for change, place, payload in mutations:
        at = len(data) * place // 1000
        if change == "insert":
            data = data[:at] + payload + data[at:]
        elif change == "replace":
            data = data[:at] + payload + data[at + len(payload) :]
        elif change == "delete":
            data = data[:at] + data[at + max(1, len(payload)) :]
        elif change == "truncate":
            data = data[:at]
        elif change == "repeat":
            data = data[:at] + data[at : at + 40] * 9 + data[at:]
        else:
            data = payload
    return data


def _word(payload: bytes) -> str:
    """As the system hands over an argument: any bytes but zero."""
    return payload[:2_000].replace(b"\x00", b"").decode("utf-8", "surrogateescape")


_WORDS = st.lists(
    st.one_of(
        PAYLOAD.map(_word),
        st.builds(
            lambda key, value: f"{key}={_word(value)}",
            st.sampled_from(["run.train_ratio", "seed", "env", "algo.replay_ratio", "+x.y", "model.deter", "a"]),
            PAYLOAD,
        ),
        st.builds(
            lambda key, value: f"--{key}={_word(value)}",
            st.sampled_from(["run.train_ratio", "seed", "configs", "task", "batch_size", "env.dmc.size", ".*", "size"]),
            PAYLOAD,
        ),
    ),
    max_size=4,
)


@st.composite
def _file_cases(draw: st.DrawFn) -> Case:
    surface = draw(st.sampled_from(SURFACES))
    data = damage(surface.text.encode("latin-1" if surface.text.startswith("\x18") else "utf-8"), draw(MUTATIONS))
    files = {name: text.encode() for name, text in surface.files.items()} | {surface.target: data}
    return Case(files, _formatted(surface.words, draw(st.sampled_from(FORMATS))))


@st.composite
def _word_cases(draw: st.DrawFn) -> Case:
    words = (*draw(st.sampled_from(COMMANDS)), *draw(_WORDS))
    return Case({}, _formatted(words, draw(st.sampled_from(FORMATS))))


def _formatted(words: tuple[str, ...], format: str) -> tuple[str, ...]:
    if words[0] not in ("lint", "check") or format == "full" or "--fix" in words:
        return words
    return (words[0], "--output-format", format, *words[1:])


CASES = st.one_of(_file_cases(), _file_cases(), _file_cases(), _word_cases())
