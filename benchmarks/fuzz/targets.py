"""The targets: one function per parser, with its examples. To add one, write the function and add a line to `TARGETS`.

A function gets bytes and returns an outcome, which is compared: an input with a new outcome is mutated further. Errors
that the parser documents are answers; everything else that is raised, an AssertionError too, is a failure.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import checkpoint_target, log_targets, row_targets


@dataclass(frozen=True)
class Target:
    """One parser.

    Attributes:
      name, what: name, and a line that says what is parsed.
      run: parses an input; returns its outcome, which must be hashable.
      seeds: valid inputs.
      words: pieces that mean something to this parser.
    """

    name: str
    what: str
    run: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    words: tuple[bytes, ...] = ()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _yaml(data: bytes) -> object:
    from dreamerguard.core.source import Source
    from dreamerguard.sources.values import nodes
    from dreamerguard.sources.values.ruamel import plain_value
    from dreamerguard.sources.values.yaml import read_yaml

    document = read_yaml(Source("run.yaml", _text(data)))
    kinds = []
    for entry in document.root.entries[:100] if document.root else ():
        kinds.append(type(entry.value).__name__)
        if not isinstance(entry.value, nodes.Mapping):
            kinds.append(type(plain_value(entry.value)[0]).__name__)
    return tuple(sorted(set(kinds))), tuple(problem.rule for problem in document.problems[:3])


def _command(data: bytes) -> object:
    from dreamerguard.core.source import SourceError
    from dreamerguard.lint.engine import check_command
    from dreamerguard.programs.registry import UnknownProgram
    from dreamerguard.sources.argv import read_command

    words = [word.decode("utf-8", "surrogateescape") for word in data.replace(b"\0", b"").split(b"\n")]
    with log_targets.folder() as here:
        try:
            result = check_command(read_command(words), folder=here)
        except (SourceError, UnknownProgram) as error:
            return type(error).__name__
    return tuple(sorted({finding.name for finding in result.findings}))


def _shell(data: bytes) -> object:
    from dreamerguard.core.source import Source
    from dreamerguard.sources.commands.shell import read_shell

    commands = read_shell(Source("go.sh", _text(data)))
    for command in commands:
        for word in command.words:
            assert 0 <= word.span.start <= word.span.end <= len(word.span.source.text)
    return min(len(commands), 40), len({word.known for command in commands for word in command.words})


def _documents(data: bytes) -> object:
    from dreamerguard.core.source import Source
    from dreamerguard.sources.commands.readers import reader_for

    name, _, rest = data.partition(b"\n")
    source = Source(_text(name[:80]) or "go.sh", _text(rest))
    reader = reader_for(source)
    return reader.__name__, min(len(reader(source)), 20)


def _python(data: bytes) -> object:
    from dreamerguard.core.source import Source
    from dreamerguard.sources.commands.python import read_python, read_script
    from dreamerguard.sources.python.fact_codec import decode, encode
    from dreamerguard.sources.python.fact_reader import parse_facts
    from dreamerguard.sources.python.firm_reads import read_firmly

    facts = parse_facts(data)
    assert facts is None or decode(encode(facts)) is not None
    source = Source("main.py", _text(data))
    return (
        facts is None,
        min(len(read_firmly(data)), 9),
        min(len(read_python(source)), 9),
        min(len(read_script(source)[0]), 9),
        0 if facts is None else min(len(facts.pairs), 30),
    )


def _examples() -> Iterator[tuple[str, dict[str, str]]]:
    """Yields the commands and files of the examples of all rules."""
    from dreamerguard.rules import all_rules

    for rule in all_rules():
        for example in (*rule.good, *rule.bad):
            yield example.command, dict(example.files) | ({"run.yaml": example.file} if example.file else {})


def _commands() -> list[bytes]:
    return sorted({"\n".join(shlex.split(command)).encode() for command, _ in _examples()})


def _files(*suffixes: str) -> Callable[[], list[bytes]]:
    def found() -> list[bytes]:
        texts = {text for _, files in _examples() for name, text in files.items() if name.endswith(suffixes)}
        return sorted(text.encode() for text in texts)

    return found


def _scripts() -> list[bytes]:
    from tests.hostile.cases import SCRIPT

    lines = [b"#!/bin/sh\n" + command.encode() + b"\n" for command, _ in _examples()]
    return [SCRIPT.encode(), *_files(".sh")(), *lines[:40]]


def _named() -> list[bytes]:
    from tests.hostile import cases

    named = {
        "README.md": cases.DOCUMENT,
        "Makefile": cases.MAKEFILE,
        "Dockerfile": cases.DOCKERFILE,
        ".vscode/launch.json": cases.LAUNCH,
        "a.ipynb": cases.NOTEBOOK,
        ".github/workflows/a.yml": cases.WORKFLOW,
        "a.ps1": "python dreamer.py --configs dmc_vision `\n  --seed 1\n",
        "a.bat": "set S=1\npython dreamer.py --configs dmc_vision ^\n --seed %S%\n",
        "a.rst": "Use\n\n.. code-block:: sh\n\n   sheeprl exp=dreamer_v3\n",
        "compose.yaml": "services:\n  a:\n    command: sheeprl exp=dreamer_v3\n",
    }
    return [f"{name}\n{text}".encode() for name, text in named.items()]


def _modules() -> list[bytes]:
    from pathlib import Path

    import dreamerguard.programs

    root = Path(dreamerguard.programs.__file__ or "").parent
    small = [path.read_bytes() for path in sorted(root.rglob("*.py")) if path.stat().st_size < 4000]
    return [*_files(".py")(), *small[:30]]


_LOG_TARGETS = (
    Target(
        f"log-{name}",
        f"a run directory of {name}, files as '=== NAME' sections",
        log_targets.run_directory,
        lambda name=name: log_targets.directories(name),  # type: ignore[misc]
        log_targets.WORDS,
    )
    for name in log_targets.PROGRAMS
)

TARGETS = {
    target.name: target
    for target in (
        Target("yaml", "a configuration in YAML", _yaml, _files(".yaml", ".yml")),
        Target("command-line", "a training command, one word per line", _command, _commands),
        Target("shell", "a shell script", _shell, _scripts),
        Target("documents", "a file with commands, after a line with its name", _documents, _named),
        Target("python", "a Python file of a checkout", _python, _modules),
        Target("json-lines", "lines of a log", log_targets.json_lines, log_targets.line_files, log_targets.WORDS),
        Target("event-file", "a TensorBoard event file", log_targets.event_file, log_targets.event_files),
        Target("wandb-file", "a W&B file", row_targets.wandb_file, row_targets.wandb_files),
        Target("export", "an exported history of W&B", row_targets.export, row_targets.exports, (b",", b" - ", b'"')),
        *_LOG_TARGETS,
        Target(
            "checkpoint",
            "the manifest of a checkpoint",
            checkpoint_target.checkpoint,
            checkpoint_target.manifests,
            checkpoint_target.WORDS,
        ),
    )
}
