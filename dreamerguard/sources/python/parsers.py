"""Options that a Python file declares (argparse, click, typer, absl, elements), and how strictly it reads them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from .names import last_name, literal_text, root_name
from .tree_walk import walk

#: Options that a function of a library adds to the parser that it gets, by the function's name.
ADDED = {
    # isaaclab/app/app_launcher.py of https://github.com/isaac-sim/IsaacLab
    "add_app_launcher_args": (
        "headless", "livestream", "enable_cameras", "xr", "device", "cpu", "verbose", "info", "experience",
        "rendering_mode", "kit_args", "anim_recording_enabled", "anim_recording_start_time", "anim_recording_stop_time",
    ),
}  # fmt: skip


@dataclass
class ParserFacts:
    """Options of one file.

    Attributes:
      flags: their names without dashes.
      made: whether the file makes a parser.
      strict: whether a parser stops at an option that it does not know.
      lenient: whether a parser hands on what it does not know.
      presets: whether the file names a file of presets, or an option for them.
    """

    flags: set[str] = field(default_factory=set)
    made: bool = False
    strict: bool = False
    lenient: bool = False
    presets: bool = False

    def add_call(self, node: ast.Call, name: str) -> None:
        """Notes what a call declares or reads; ``name`` is what its function is called."""
        if name in ("add_argument", "option", "Option", "add_option"):
            texts = [literal_text(item) for item in node.args]
            self.flags |= {text.lstrip("-") for text in texts if text.startswith("-")}
            self.made = True
        elif name.startswith("DEFINE_") and node.args:
            self.flags.add(literal_text(node.args[0]))
            self.made = True
        elif name == "Flags":
            self.flags |= {item.arg for item in node.keywords if item.arg}
            self.made = True
        elif name in ("ArgumentParser", "OptionParser", "Typer") or root_name(node.func) in ("tyro", "fire", "click"):
            self.made = True
        elif name in ADDED:
            self.flags |= set(ADDED[name])
        elif name in ("parse_known_args", "parse_known", "parse_known_intermixed_args"):
            self.lenient = True
        elif name == "parse_args" or (name == "parse" and _of_flags(node)):
            self.strict = True


def _of_flags(node: ast.Call) -> bool:
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    return isinstance(owner, ast.Call) and last_name(owner.func) == "Flags"


def names_presets(tree: ast.Module) -> bool:
    """Whether a file speaks of ``configs``: the file of presets, the option that chooses them, or the package's own."""
    for node in walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
            text = node.value.rpartition("/")[2]
            if text.lstrip("-") == "configs" or text.endswith(("configs.yaml", "configs.yml")):
                return True
        elif (isinstance(node, ast.keyword) and node.arg == "configs") or last_name(node) == "configs":
            return True
    return False
