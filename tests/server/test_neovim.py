"""Neovim as the client: the settings of docs/editors.md, or the calls of older versions, without a screen."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NVIM = shutil.which("nvim")
pytestmark = [pytest.mark.integration, pytest.mark.skipif(NVIM is None, reason="Neovim is not installed")]

RUN = "task: dmc_walker_walk\nrun:\n  train_ratio: 32\nmodel:\n  detr: 2048\n"
#: Starts the server as `vim.lsp.enable` does, in versions that do not have it (before 0.11).
OLD = """
vim.api.nvim_create_autocmd('BufEnter', { once = true, callback = function()
  local command = { 'dreamerguard', 'server' }
  local id = vim.lsp.start_client({ name = 'dreamerguard', cmd = command, root_dir = vim.fn.getcwd() })
  vim.lsp.buf_attach_client(0, id)
end })
"""
DRIVE = """
local function out(text) io.stdout:write(text .. '\\n') end
vim.wait(60000, function() return #vim.diagnostic.get(0) == 2 end, 20)
for _, found in ipairs(vim.diagnostic.get(0)) do out(found.code .. ' ' .. found.lnum .. ':' .. found.col) end
local document = vim.lsp.util.make_text_document_params()
local function ask(method, params)
  for _, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 60000) or {}) do return answer.result end
end
local at = { textDocument = document, position = { line = 2, character = 4 } }
out(ask('textDocument/hover', at).contents.value:sub(1, 27))
local place = { line = 4, character = 3 }
local context = { diagnostics = {} }
local range = { start = place, ['end'] = place }
local action = ask('textDocument/codeAction', { textDocument = document, range = range, context = context })[1]
out(action.title)
vim.lsp.util.apply_workspace_edit(action.edit, 'utf-16')
out(vim.api.nvim_buf_get_lines(0, 4, 5, false)[1])
vim.wait(60000, function() return #vim.diagnostic.get(0) == 1 end, 20)
out('left ' .. #vim.diagnostic.get(0))
vim.cmd('qa!')
"""


def settings(folder: Path) -> Path:
    """Writes Neovim's settings: those of the documentation if this Neovim understands them."""
    page = (Path(__file__).parents[2] / "docs/editors.md").read_text(encoding="utf-8")
    documented = page.partition("```lua\n")[2].partition("```")[0]
    assert "vim.lsp.enable" in documented
    path = folder / "init.lua"
    path.write_text(f"if vim.lsp.enable then\n{documented}\nelse\n{OLD}\nend\n")
    return path


def test_neovim_shows_findings_and_applies_a_fix(tmp_path: Path) -> None:
    assert NVIM is not None
    (tmp_path / "work").mkdir()
    (tmp_path / "work/run.yaml").write_text(RUN)
    (tmp_path / "drive.lua").write_text(DRIVE)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "dreamerguard").write_text(f'#!/bin/sh\nexec {sys.executable} -m dreamerguard "$@"\n')
    (tools / "dreamerguard").chmod(0o755)
    home = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")}
    command = [NVIM, "--headless", "-i", "NONE", "-n", "-u", str(settings(tmp_path))]
    command += ["run.yaml", "-c", f"luafile {tmp_path / 'drive.lua'}"]
    ended = subprocess.run(
        command, cwd=tmp_path / "work", env=os.environ | home | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert ended.stdout.splitlines() == [
        "DG301 4:2", "DG101 2:2", "**`run.train_ratio`**: `32`", "Rename it to model.deter", "  deter: 2048", "left 1",
    ], ended.stderr  # fmt: skip
