"""Settings of the group ``run`` that the selected run script never reads, by the checkout's own copy of the script."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import PurePosixPath

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.sources.python.python_files import parse

_EVALUATES = "eval_only"
#: Keys that decide about an evaluation or about what is loaded, by upstream's script: the user expects an effect.
_UNREAD: dict[str, tuple[str, ...]] = {
    _EVALUATES: ("run.eval_eps", "run.eval_envs", "run.num_envs_eval", "run.from_checkpoint_regex"),
    "parallel": ("run.eval_eps",),
    "parallel_with_eval": ("run.eval_eps",),
}
_INSTEAD = {
    "run.eval_eps": "script {script} counts no episodes{instead}",
    "run.eval_envs": "it plays in run.envs environments",
    "run.num_envs_eval": "it plays in run.num_envs environments",
}
#: Settings of training: a command that sets one means to train.
_TRAINING = frozenset({"run.train_ratio", "run.train_fill", "run.learning_starts"})
#: Settings that decide what a run does: its length, its evaluation, what it loads. The others decide about its logs.
_DECISIVE = re.compile(r"run\.(?:steps|eval_\w+|num_envs_eval|from_checkpoint\w*)")
_MOST_BYTES = 1 << 18
#: A script that passes all its settings on, or that uses the code of another one.
_HANDED_ON = re.compile(
    r"\*\*\s*args\b(?!\s*\.)|(?:vars|dict|getattr)\(\s*args|\bargs\.(?:flat|items|keys|values|get)\b|^\s*from\s+\.|embodied\.run\b",
    re.MULTILINE,
)
#: Names of what changes an agent.
_TRAINS = re.compile(
    r"_?(?:train|learn|fit|optimi[sz]e|pretrain|finetune)(?:_(?:step|steps|batch|fn|loop|epoch|model|agent|online|once))?"
    r"|_?(?:do|run|update)_(?:train|training|step|steps|agent|model)|Learner|Trainer|opt|optimizer|grad|value_and_grad|backward"
)
_OWNERS = r"(?:args|cfg|conf|config|run|flags|hparams|hp)"


def script_text(checkout: PythonCheckout | None, script: str) -> str | None:
    """Returns the checkout's own file of a run script; None without one."""
    return next(iter(_texts(checkout, script)), None)


def _texts(checkout: PythonCheckout | None, script: str) -> list[str]:
    files = checkout.index.files if checkout is not None else {}
    return [
        file.data.decode("utf-8", "replace")
        for name, file in files.items()
        if name.endswith(f"run/{script}.py") and file.data is not None and len(file.data) <= _MOST_BYTES
    ]


def trains_nothing(checkout: PythonCheckout | None, script: str) -> bool:
    """Returns whether the checkout's own run script only plays: nothing in it trains, or gets the agent to train it."""
    texts = _texts(checkout, script)
    return bool(texts) and not any(map(_may_train, texts))


@lru_cache(maxsize=8)  # most commands select the same script
def _may_train(text: str) -> bool:
    """Returns whether a script may train an agent, or cannot be read."""
    tree = parse(text)
    if tree is None:
        return True
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or "embodied" in (node.module or "")):
            return True
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if _TRAINS.fullmatch(name):
            return True
        if isinstance(node, ast.Call) and any(_hands_agent(item) for item in (*node.args, *node.keywords)):
            return True
    return False


def _hands_agent(item: ast.AST) -> bool:
    value = item.value if isinstance(item, ast.keyword | ast.Starred) else item
    return isinstance(value, ast.Name) and (value.id.endswith("agent") or value.id in ("learner", "trainer"))


def unread_settings(
    settings: Mapping[str, Setting], script: Setting, checkout: PythonCheckout | None
) -> Iterator[Problem]:
    """Yields the problems of settings that the selected script never reads.

    Args:
      settings: of the run.
      script: the setting that selects the script.
      checkout: its own copy of the script decides; upstream's counts without one.
    """
    texts, name = _texts(checkout, str(script.value)), str(script.value)
    sure = bool(texts) and not any(map(_hands_on, texts))
    known = set(_UNREAD.get(name, ()))
    for key, setting in settings.items():
        leaf = key.removeprefix("run.")
        written = setting.last.span is not None and setting.last.kind == "command line"
        preset = sure and setting.chosen and setting.last.kind == "preset" and _DECISIVE.fullmatch(key) is not None
        if not key.startswith("run.") or not (written or preset) or leaf == "script":
            continue
        if any(_reads(leaf, text) for text in texts):
            continue
        if written and name == _EVALUATES and key in _TRAINING and script.last.kind != "command line":
            yield _trains_nothing(setting, script)
            continue
        shown = checkout is not None and sure and _changed(setting) and not _read_elsewhere(leaf, checkout)
        if (key in known and written) or shown:
            yield _problem(setting, script, quiet=key not in known and not (written and _DECISIVE.fullmatch(key)))


@lru_cache(maxsize=8)
def _hands_on(text: str) -> bool:
    return _HANDED_ON.search(text) is not None


def _reads(leaf: str, text: str) -> bool:
    name = re.escape(leaf.partition(".")[0])
    return re.search(rf"\.\s*{name}\b|[\"']{name}[\"']", text) is not None


def _changed(setting: Setting) -> bool:
    return setting.value != setting.chain[0].value


def _read_elsewhere(leaf: str, checkout: PythonCheckout) -> bool:
    """Returns whether code beside the run scripts may read a setting of the group ``run``, or was not seen."""
    name = re.escape(leaf.partition(".")[0]).encode()
    read = re.compile(rb"\b" + _OWNERS.encode() + rb"\s*\.\s*" + name + rb"\b|[\"']" + name + rb"[\"']")
    for path, file in checkout.index.files.items():
        folder = PurePosixPath(path).parent.name
        if file.data is None or (folder not in ("run", "tests") and read.search(file.data)):
            return True
    return False


def _trains_nothing(setting: Setting, script: Setting) -> Problem:
    """Returns the problem of a command that means to train, where a file selects a script that only evaluates."""
    assert setting.last.span is not None
    text = f"script {script.value} trains nothing, so {setting.key} has no effect"
    selects = (Label(script.last.span, "selects the script"),) if script.last.span is not None else ()
    help = f"add --{script.key} train, or leave out {setting.key}"
    return Problem("unread-by-script", text, Label(setting.last.span), setting.key, secondary=selects, help=help)


def _problem(setting: Setting, script: Setting, *, quiet: bool) -> Problem:
    assert setting.last.span is not None
    name = str(script.value)
    length = "; run.steps agent steps are its length" if name == _EVALUATES else ""
    help = _INSTEAD.get(setting.key, "").format(script=name, instead=length)
    selects = (Label(script.last.span, "selects the script"),) if script.last.span is not None else ()
    return Problem(
        "unread-by-script", f"script {name} never reads {setting.key}", Label(setting.last.span), setting.key,
        secondary=selects, help=help, severity=Severity.INFO if quiet else None,
    )  # fmt: skip
