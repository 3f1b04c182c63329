"""The settings in docs/editors.md can be read by their editors; Neovim's run in `test_neovim.py`."""

import json
import re
import tomllib
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs/editors.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_vs_code() -> None:
    settings = json.loads(block("json"))
    assert [settings["glspc.server.command"], *settings["glspc.server.commandArguments"]] == ["dreamerguard", "server"]
    assert {"yaml", "shellscript", "jsonc"} <= set(settings["glspc.server.languageId"])


def test_helix() -> None:
    settings = tomllib.loads(block("toml"))
    server = settings["language-server"]["dreamerguard"]
    assert [server["command"], *server["args"]] == ["dreamerguard", "server"]
    assert all("dreamerguard" in language["language-servers"] for language in settings["language"])


def test_emacs() -> None:
    text = block("elisp")
    assert text.count("(") == text.count(")")
    assert '("dreamerguard" "server")' in text
