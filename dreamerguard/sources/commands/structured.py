"""Reads the commands in structured files: editors' launch files, container files and workflows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from dreamerguard.core.source import Source, Span
from dreamerguard.sources.argv import UNKNOWN, Command, Word
from dreamerguard.sources.values.jsonc import read_jsonc
from dreamerguard.sources.values.nodes import Entry, Listing, Mapping, Node, Scalar
from dreamerguard.sources.values.yaml import read_yaml

from .mapped_text import MappedText
from .shell import read_shell
from .shell_values import Value

_EDITOR_VARIABLE = re.compile(r"\$\{(?!workspaceFolder\})[^}]*\}")
_INSTRUCTION = re.compile(
    r"^[ \t]*(?P<name>RUN|CMD|ENTRYPOINT)[ \t]+((?:--[\w-]+=\S+[ \t]+)*)", re.MULTILINE | re.IGNORECASE
)
_ENV = re.compile(
    r"^[ \t]*ENV[ \t]+(\w+)(?:=|[ \t]+)(?:\"([^\"\n$]*)\"|([^\s\"$]+))[ \t]*\r?$", re.MULTILINE | re.IGNORECASE
)
_EXEC = re.compile(r'\[\s*(?:"(?:[^"\\\n]|\\.)*"\s*,?\s*)*\]')
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


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
    """Returns the commands of RUN, CMD and ENTRYPOINT, in both forms; a CMD may be ENTRYPOINT's arguments."""
    variables: dict[str, Value] = {match[1]: match[2] or match[3] or "" for match in _ENV.finditer(source.text)}
    found: list[Command] = []
    entry: int | None = None
    end = 0
    for match in _INSTRUCTION.finditer(source.text):
        if match.start() < end:
            continue  # a line of the instruction before it
        exec_form = _EXEC.match(source.text, match.end())
        if exec_form is None:
            end = _end_of_instruction(source.text, match.end())
            found += read_shell(source, match.end(), end, variables=variables)
            continue
        words = [_exec_word(source, part, index) for index, part in enumerate(_strings(source, exec_form))]
        if words and match["name"].upper() == "CMD" and entry is not None:
            found[entry] = _joined(source, [*found[entry].words, *words])
            entry = None
        elif words:
            found.append(Command(source, tuple(words)))
            entry = len(found) - 1 if match["name"].upper() == "ENTRYPOINT" else entry
        if len(words) == 3 and words[1].text in ("-c", "-lc"):
            found += read_shell(source, words[2].span.start + 1, words[2].span.end - 1, variables=variables)
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
        found += _scalar(source, node, max(start, node.span.start))
    return found


def _scalar(source: Source, node: Scalar, start: int) -> list[Command]:
    """The commands of a text in YAML; the lines of a folded one are joined."""
    if source.text[node.span.start] != ">":
        return read_shell(source, start, node.span.end)
    text = re.sub(r"(?<=\S)\n(?!\n|\Z)", " ", source.text[start : node.span.end])
    folded = MappedText(text, tuple(range(start, node.span.end + 1)))
    return folded.placed(read_shell(folded.source(source)), source)


def read_compose_file(source: Source) -> list[Command]:
    """Returns the commands of the services of a compose file: ``entrypoint`` and ``command``."""
    root = read_yaml(source).root
    services = _entry(root, "services") if isinstance(root, Mapping) else None
    if services is None or not isinstance(services.value, Mapping):
        return []
    found: list[Command] = []
    for service in services.value.entries:
        if isinstance(service.value, Mapping):
            parts = [_service_part(source, _entry(service.value, name)) for name in ("entrypoint", "command")]
            first, second = parts
            if len(first) == 1 and len(second) == 1 and not _starts_shell(first[0]):
                found.append(_joined(source, [*first[0].words, *second[0].words]))
            else:
                found += [*first, *second]
    return found


def _starts_shell(command: Command) -> bool:
    return command.words[0].text in ("bash", "sh", "/bin/bash", "/bin/sh")


def _joined(source: Source, words: Iterable[Word]) -> Command:
    return Command(source, tuple(Word(word.text, word.span, index) for index, word in enumerate(words)))


def _service_part(source: Source, entry: Entry | None) -> list[Command]:
    if entry is None:
        return []
    node = entry.value
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.span.start < node.span.end:
        start = source.text.find("\n", node.span.start) if source.text[node.span.start] in "|>" else node.span.start
        return _scalar(source, node, max(start, node.span.start))
    if not isinstance(node, Listing):
        return []
    items = [item for item in node.items if isinstance(item, Scalar)]
    words = [(_EDITOR_VARIABLE.sub(UNKNOWN, str(item.value)), item.span) for item in items]
    found = (
        [_joined(source, (Word(text, source.span(span.start, span.end), 0) for text, span in words))] if words else []
    )
    if len(words) == 3 and words[1][0] in ("-c", "-lc"):
        found += _scalar(source, items[2], items[2].span.start)
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


def _entry(node: Mapping, name: str) -> Entry | None:
    return next((entry for entry in node.entries if str(entry.key.value) == name), None)
