"""Reads the commands in structured files: editors' launch files, container files, workflows and notebooks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from dreamerguard.core.source import Source, Span
from dreamerguard.sources.argv import UNKNOWN, Command, Word
from dreamerguard.sources.values.jsonc import read_jsonc
from dreamerguard.sources.values.nodes import Entry, Listing, Mapping, Node, Scalar
from dreamerguard.sources.values.yaml import read_yaml

from .shell import read_shell

_EDITOR_VARIABLE = re.compile(r"\$\{(?!workspaceFolder\})[^}]*\}")
_INSTRUCTION = re.compile(r"^[ \t]*(?:RUN|CMD|ENTRYPOINT)[ \t]+((?:--[\w-]+=\S+[ \t]+)*)", re.MULTILINE | re.IGNORECASE)
_EXEC = re.compile(r'\[\s*(?:"(?:[^"\\\n]|\\.)*"\s*,?\s*)*\]')
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_CELL_LINE = re.compile(r'"[ \t]*[!%](?P<command>(?:[^"\\\n]|\\[^n\n])*)(?:\\n)?"')


def read_launch_file(source: Source) -> list[Command]:
    """Returns a command from ``program`` or ``module`` and ``args`` of every configuration of a ``launch.json``."""
    root = read_jsonc(source).root
    listed = _entry(root, "configurations") if root is not None else None
    if listed is None or not isinstance(listed.value, Listing):
        return []
    found = (_configuration(source, item) for item in listed.value.items if isinstance(item, Mapping))
    return [command for command in found if command is not None]


def _configuration(source: Source, item: Mapping) -> Command | None:
    program, module, arguments = (_entry(item, name) for name in ("program", "module", "args"))
    named = program or module
    if named is None or not isinstance(named.value, Scalar):
        return None
    words = [("python", named.value.span.source.span(named.value.span.start))]
    words += [("-m", words[0][1])] if program is None else []
    words.append(_filled(named.value))
    if arguments is not None and isinstance(arguments.value, Listing):
        words += [_filled(node) for node in arguments.value.items if isinstance(node, Scalar)]
    elif arguments is not None and isinstance(arguments.value, Scalar) and "\\" not in arguments.value.span.text:
        words += _split(source, arguments.value.span)
    elif arguments is not None:
        words.append((UNKNOWN, named.value.span))
    placed = (Word(text, source.span(span.start, span.end), index) for index, (text, span) in enumerate(words))
    return Command(source, tuple(placed))


def _split(source: Source, span: Span) -> Iterator[tuple[str, Span]]:
    """Arguments that are written as one text, as a shell splits it."""
    for command in read_shell(source, span.start + 1, span.end - 1)[:1]:
        for word in command.words:
            yield _EDITOR_VARIABLE.sub(UNKNOWN, word.text), word.span


def _filled(node: Scalar) -> tuple[str, Span]:
    text = node.value if isinstance(node.value, str) else node.span.text.strip('"')
    return _EDITOR_VARIABLE.sub(UNKNOWN, text.replace("${workspaceFolder}/", "")), node.span


def read_dockerfile(source: Source) -> list[Command]:
    """Returns the commands of RUN, CMD and ENTRYPOINT, in shell form and exec form."""
    found: list[Command] = []
    for match in _INSTRUCTION.finditer(source.text):
        exec_form = _EXEC.match(source.text, match.end())
        if exec_form is not None:
            words = [_exec_word(source, part, index) for index, part in enumerate(_strings(source, exec_form))]
            found += [Command(source, tuple(words))] if words else []
            if len(words) == 3 and words[1].text in ("-c", "-lc"):
                found += read_shell(source, words[2].span.start + 1, words[2].span.end - 1)
        else:
            found += read_shell(source, match.end(), _end_of_instruction(source.text, match.end()))
    return found


def _strings(source: Source, form: re.Match[str]) -> Iterator[re.Match[str]]:
    return _STRING.finditer(source.text, form.start(), form.end())


def _exec_word(source: Source, part: re.Match[str], index: int) -> Word:
    try:
        text = str(json.loads(part[0]))
    except ValueError:
        text = UNKNOWN
    return Word(text, source.span(part.start(), part.end()), index)


def _end_of_instruction(text: str, at: int) -> int:
    while True:
        stop = text.find("\n", at)
        if stop < 0:
            return len(text)
        line = text[at:stop].strip()
        if not line.endswith("\\") and not line.startswith("#"):
            return stop
        at = stop + 1


def read_workflow(source: Source) -> list[Command]:
    """Returns the commands of ``run:`` steps of a GitHub workflow and of ``script:`` lines of a GitLab pipeline."""
    root = read_yaml(source).root
    found: list[Command] = []
    for node in _scripts(root) if root is not None else ():
        start = source.text.find("\n", node.span.start) if source.text[node.span.start] in "|>" else node.span.start
        found += read_shell(source, max(start, node.span.start), node.span.end)
    return found


def _scripts(node: Node, inside: bool = False) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        if inside and isinstance(node.value, str) and node.span.start < node.span.end:
            yield node
    elif isinstance(node, Listing):
        for item in node.items:
            yield from _scripts(item, inside)
    else:
        for entry in node.entries:
            yield from _scripts(entry.value, entry.name in ("run", "script"))


def read_notebook(source: Source) -> list[Command]:
    """Returns the commands of a notebook's cell lines that start a program: ``!python train.py``."""
    found: list[Command] = []
    for match in _CELL_LINE.finditer(source.text):
        if "\\" not in match["command"]:
            found += read_shell(source, match.start("command"), match.end("command"))
    return found


def _entry(node: Mapping, name: str) -> Entry | None:
    return next((entry for entry in node.entries if str(entry.key.value) == name), None)
