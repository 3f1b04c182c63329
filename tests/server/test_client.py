"""The server process with a real client: what an editor gets for the messages that it sends."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from dreamerguard.rules.helpers.example_files import with_preset

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

RUN = "task: dmc_walker_walk\nrun:\n  train_ratio: 32  # 😀\nmodel:\n  detr: 2048\n"
PRESETS = with_preset("run.train_ratio: 32", "task: dmc_walker_walk")["dreamerv3/configs.yaml"]
COMMAND = [sys.executable, "-m", "dreamerguard", "server", "--stdio"]


class Editor:
    """A client in a folder.

    Attributes:
      client: the connection.
      folder: the workspace.
    """

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.versions: dict[str, int] = {}
        self.published: list[types.PublishDiagnosticsParams] = []
        handle = client.protocol._handle_notification

        def keep(method: str, params: Any) -> None:
            if method == types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS:
                self.published.append(params)
            handle(method, params)

        setattr(client.protocol, "_handle_notification", keep)  # noqa: B010 - a method of the instance

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    async def open(self, name: str, text: str, language: str = "yaml") -> list[types.Diagnostic]:
        self.versions[name] = 1
        item = types.TextDocumentItem(self.uri(name), language, 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.diagnostics(name)

    async def type(self, name: str, line: int, start: int, end: int, text: str) -> list[types.Diagnostic]:
        self.versions[name] += 1
        place = types.Range(types.Position(line, start), types.Position(line, end))
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.versions[name], self.uri(name)),
                [types.TextDocumentContentChangePartial(place, text)],
            )
        )
        return await self.diagnostics(name)

    async def diagnostics(self, name: str) -> list[types.Diagnostic]:
        """Returns the next diagnostics of the newest text."""
        while True:
            params = await self.client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
            if params.uri == self.uri(name) and params.version == self.versions[name]:
                return list(params.diagnostics)

    async def later(self, name: str, since: int, at: int = 0) -> list[types.Diagnostic]:
        """Returns diagnostics of the newest text that may be there before anything waits for them.

        Args:
          name: the file.
          since: how many diagnostics were published before.
          at: which of those behind them.
        """
        while True:
            newest = (self.uri(name), self.versions[name])
            found = [item for item in self.published[since:] if (item.uri, item.version) == newest]
            if len(found) > at:
                return list(found[at].diagnostics)
            await asyncio.sleep(0.01)

    def at(self, name: str, line: int, column: int) -> tuple[types.TextDocumentIdentifier, types.Position]:
        return types.TextDocumentIdentifier(self.uri(name)), types.Position(line, column)

    async def hover(self, name: str, line: int, column: int) -> str:
        found = await self.client.text_document_hover_async(types.HoverParams(*self.at(name, line, column)))
        if found is None:
            return ""
        assert isinstance(found.contents, types.MarkupContent)
        return found.contents.value

    async def complete(self, name: str, line: int, column: int) -> dict[str, str]:
        params = types.CompletionParams(*self.at(name, line, column))
        found = await self.client.text_document_completion_async(params)
        assert isinstance(found, list)
        return {item.label: item.text_edit.new_text for item in found if isinstance(item.text_edit, types.TextEdit)}

    async def actions(self, name: str, line: int, column: int, only: list[str] | None = None) -> list[types.CodeAction]:
        document, place = self.at(name, line, column)
        context = types.CodeActionContext([], only=only)
        params = types.CodeActionParams(document, types.Range(place, place), context)
        found = await self.client.text_document_code_action_async(params)
        return [item for item in found or [] if isinstance(item, types.CodeAction)]


@pytest_lsp.fixture(config=ClientServerConfig(server_command=COMMAND))
async def client(lsp_client: LanguageClient, tmp_path: Path) -> AsyncIterator[None]:
    (tmp_path / ".git").mkdir()
    watched: list[types.Registration] = []

    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:
        watched.extend(params.registrations)

    folder = types.WorkspaceFolder(tmp_path.as_uri(), "work")
    await lsp_client.initialize_session(
        types.InitializeParams(capabilities=client_capabilities("visual-studio-code"), workspace_folders=[folder])
    )
    yield
    assert [item.method for item in watched] == [types.WORKSPACE_DID_CHANGE_WATCHED_FILES]
    await lsp_client.shutdown_session()


@pytest.fixture
def editor(client: LanguageClient, tmp_path: Path) -> Editor:
    return Editor(client, tmp_path)


def codes(found: list[types.Diagnostic]) -> list[object]:
    return [item.code for item in found]


async def test_diagnostics(editor: Editor) -> None:
    unknown, ratio = await editor.open("run.yaml", RUN)
    assert (unknown.code, unknown.severity) == ("DG301", types.DiagnosticSeverity.Error)
    assert (ratio.code, ratio.severity, ratio.source) == ("DG101", types.DiagnosticSeverity.Warning, "dreamerguard")
    assert "Cost (severe)" in ratio.message
    assert "low-train-ratio" in ratio.message
    assert ratio.range == types.Range(types.Position(2, 2), types.Position(2, 17))
    assert ratio.code_description is not None
    assert ratio.code_description.href.startswith("https://")  # these tests run without the cache for rule pages


async def test_typing(editor: Editor) -> None:
    assert codes(await editor.open("run.yaml", RUN)) == ["DG301", "DG101"]
    assert codes(await editor.type("run.yaml", 4, 2, 6, "deter")) == ["DG101"]
    assert codes(await editor.type("run.yaml", 2, 15, 17, "512")) == []
    assert codes(await editor.type("run.yaml", 2, 15, 18, "[")) == ["DG001"]
    assert codes(await editor.type("run.yaml", 2, 15, 16, "32")) == ["DG101"]


async def test_typing_in_presets(editor: Editor) -> None:
    name = "dreamerv3/configs.yaml"
    lines = PRESETS.split("\n")
    line = next(at for at, text in enumerate(lines) if "run.train_ratio: 32" in text)
    before = await editor.open(name, PRESETS)
    assert ("DG101", line) in [(item.code, item.range.start.line) for item in before]
    since = len(editor.published)
    typed = await editor.type(name, line, len(lines[line]), len(lines[line]), "\n  run.envz: 3")
    assert ("DG301", line + 1) in [(item.code, item.range.start.line) for item in typed]
    assert codes(await editor.later(name, since, at=1)) == codes(typed)


async def test_a_change_of_a_run_file_counts_in_the_scripts_that_use_it(editor: Editor) -> None:
    await editor.open("run.yaml", "task: dmc_walker_walk\nrun:\n  train_ratio: 512\n")
    assert codes(await editor.open("go.sh", "dreamerguard train --config run.yaml\n", "shellscript")) == []
    since = len(editor.published)
    assert codes(await editor.type("run.yaml", 2, 15, 18, "32")) == ["DG101"]
    (found,) = await editor.later("go.sh", since)
    assert found.code == "DG101"
    assert found.range.start.line == 0
    assert [item.location.uri for item in found.related_information or []] == [editor.uri("run.yaml")]


async def test_dead_keys_are_faded_and_related_places_are_named(editor: Editor) -> None:
    script = "python dreamerv3/main.py --configs mine --run.duration 3600 --run.train_ratio 8\n"
    (editor.folder / "dreamerv3").mkdir()
    presets = PRESETS.replace("defaults:\n", "defaults:\n  run.duration: 0\n")
    (editor.folder / "dreamerv3/configs.yaml").write_text(presets)
    found = {item.code: item for item in await editor.open("go.sh", script, "shellscript")}
    assert list(found["DG332"].tags or []) == [types.DiagnosticTag.Unnecessary]
    assert found["DG101"].tags is None
    related = found["DG101"].related_information or []
    assert editor.uri("dreamerv3/configs.yaml") in [item.location.uri for item in related]


async def test_hover(editor: Editor) -> None:
    await editor.open("run.yaml", RUN)
    text = await editor.hover("run.yaml", 2, 5)
    assert "**`run.train_ratio`**: `32`" in text
    assert "Published for dmc\\_walker\\_walk: `512`" in text
    assert "Cost (severe)" in text
    assert text.index("schema default") < text.index("1. `32`, run.yaml:3")
    assert await editor.hover("run.yaml", 3, 0) == ""


async def test_hover_in_a_preset_shows_its_own_layers(editor: Editor) -> None:
    await editor.open("dreamerv3/configs.yaml", PRESETS)
    lines = PRESETS.split("\n")
    in_preset = next(at for at, text in enumerate(lines) if "run.train_ratio: 32" in text)
    text = await editor.hover("dreamerv3/configs.yaml", in_preset, 5)
    assert "**`run.train_ratio`**: `32`" in text
    assert f"mine, dreamerv3/configs.yaml:{in_preset + 1}" in text
    assert "defaults, dreamerv3/configs.yaml:" in text


async def test_fixes(editor: Editor) -> None:
    await editor.open("run.yaml", RUN)
    rename, *others = await editor.actions("run.yaml", 4, 3)
    assert (rename.title, rename.is_preferred) == ("Rename it to model.deter", True)
    assert rename.edit is not None
    assert rename.edit.changes is not None
    (edit,) = rename.edit.changes[editor.uri("run.yaml")]
    assert (edit.new_text, edit.range.start, edit.range.end.character) == ("deter", types.Position(4, 2), 6)
    assert all(not item.is_preferred for item in others)
    change = (await editor.actions("run.yaml", 2, 3))[0]
    assert (change.is_preferred, change.title) == (False, "Set run.train_ratio to 512 (changes what trains)")


async def test_all_safe_fixes_are_made_on_request_only(editor: Editor) -> None:
    await editor.open("run.yaml", RUN)
    (every,) = await editor.actions("run.yaml", 0, 0, ["source.fixAll"])
    assert every.edit is not None
    assert every.edit.changes is not None
    assert [edit.new_text for edit in every.edit.changes[editor.uri("run.yaml")]] == ["deter"]
    assert await editor.actions("run.yaml", 0, 0) == []
    assert await editor.actions("run.yaml", 4, 3, ["refactor"]) == []


async def test_a_finding_is_accepted_with_a_reason(editor: Editor) -> None:
    text = "#!/bin/sh\n  dreamerguard train dmc_walker_walk \\\n    run.train_ratio=32\n"
    assert codes(await editor.open("go.sh", text, "shellscript")) == ["DG101"]
    accept = (await editor.actions("go.sh", 2, 6))[-1]
    assert accept.edit is not None
    assert accept.edit.changes is not None
    (edit,) = accept.edit.changes[editor.uri("go.sh")]
    assert (edit.range.start, edit.new_text) == (
        types.Position(1, 0), "  # dreamerguard: ignore[low-train-ratio] -- \n",
    )  # fmt: skip
    found = await editor.type("go.sh", 1, 0, 0, edit.new_text)
    assert set(codes(found)) == {"DG101", "DG903"}
    assert codes(await editor.type("go.sh", 1, 46, 46, "a smoke test")) == []


async def test_completion_in_a_run_file(editor: Editor) -> None:
    await editor.open("run.yaml", "task: dmc_walker_walk\nedition: p\nrun:\n  tr\nmodel:\n  \n")
    assert (await editor.complete("run.yaml", 3, 4))["train_ratio"] == "train_ratio: "
    assert "deter" in await editor.complete("run.yaml", 5, 2)
    assert "train_ratio" not in await editor.complete("run.yaml", 5, 2)
    assert "paper-2025" in await editor.complete("run.yaml", 1, 10)
    assert "dmc_walker_walk" in await editor.complete("run.yaml", 0, 10)


async def test_completion_in_presets_and_commands(editor: Editor) -> None:
    await editor.open("dreamerv3/configs.yaml", PRESETS)
    line = PRESETS.count("\n")
    assert codes(await editor.type("dreamerv3/configs.yaml", line, 0, 0, "  run.tr")) == ["DG001"]
    assert (await editor.complete("dreamerv3/configs.yaml", line, 8))["run.train_ratio"] == "run.train_ratio: "
    await editor.type("dreamerv3/configs.yaml", line, 0, 8, "")
    (editor.folder / "dreamerv3/configs.yaml").parent.mkdir()
    (editor.folder / "dreamerv3/configs.yaml").write_text(PRESETS)
    (editor.folder / "dreamerv3/main.py").write_text("")
    script = "python dreamerv3/main.py --configs m \\\n  --task dmc_w --run.tr\n"
    await editor.open("go.sh", script, "shellscript")
    assert list(await editor.complete("go.sh", 0, 36)) == ["mine"]
    assert "--run.train_ratio" in await editor.complete("go.sh", 1, 22)
    assert "dmc_walker_walk" in await editor.complete("go.sh", 1, 14)


async def test_without_a_checkout_the_presets_of_upstream_are_completed(editor: Editor) -> None:
    await editor.open("a.sh", "python dreamerv3/main.py --configs dmc_\n", "shellscript")
    assert {"dmc_proprio", "dmc_vision"} <= set(await editor.complete("a.sh", 0, 39))
    await editor.open("b.sh", "python dreamer.py --configs dmc_ --logdir x\n", "shellscript")
    assert {"dmc_proprio", "dmc_vision"} <= set(await editor.complete("b.sh", 0, 32))


async def test_closing_and_strange_documents(editor: Editor) -> None:
    await editor.open("run.yaml", RUN)
    other = types.TextDocumentItem("untitled:Untitled-1", "yaml", 1, RUN)
    editor.client.text_document_did_open(types.DidOpenTextDocumentParams(other))
    identifier = types.TextDocumentIdentifier(editor.uri("run.yaml"))
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
    while (params := await editor.client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)).diagnostics:
        pass
    assert params.uri == editor.uri("run.yaml")
    assert await editor.hover("run.yaml", 2, 5) == ""


async def test_wrong_settings_are_shown_once_and_saving_reads_them_again(editor: Editor) -> None:
    (editor.folder / "dreamerguard.toml").write_text("select = 3\n")
    assert codes(await editor.open("run.yaml", RUN)) == ["DG301", "DG101"]
    assert ["select" in item.message for item in editor.client.messages] == [True]
    (editor.folder / "dreamerguard.toml").write_text('ignore = ["DG1"]\n')
    identifier = types.TextDocumentIdentifier(editor.uri("run.yaml"))
    editor.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))
    assert codes(await editor.diagnostics("run.yaml")) == ["DG301"]
    assert len(editor.client.messages) == 1
