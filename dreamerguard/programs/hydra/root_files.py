"""Files beside the primary file whose values go to the root, while the code reads them from a group."""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label, Span
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.programs.shared.find_checkout import checkout_of

from .command import Checkout
from .composition import Composition
from .store import ConfigFile, Store
from .tree import Leaf, leaves


def misplaced_files(composition: Composition, store: Store, primary: str, checkout: Checkout) -> Iterator[Problem]:
    """Yields the problem of a file without a header, for whose name the code reads a group that does not exist.

    ``- wandb`` in the defaults list merges ``wandb.yaml`` into the root, and ``config.wandb`` is missing.

    Args:
      composition: the composed configuration.
      store: its files.
      primary: name of the primary file.
      checkout: its folder, which must have all files.
    """
    names = [name for name in composition.files if "/" not in name and name != primary]
    files = [file for name in names if (file := store.load(name)) is not None]
    for file in files:
        place = _first(file)
        if file.package is not None or place is None or file.name in composition.root.children:
            continue
        code = checkout_of(checkout.folder)
        if code is None or not code.index.reads(file.name) or not _read_as_group(file, code):
            continue
        yield Problem(
            "void-header",
            f"{file.name}.yaml has no package, so its values go to the root;"
            f" the code reads {file.name} as a group, which does not exist",
            Label(place),
            file.name,
            help=f"make '# @package {file.name}' the first line of the file",
        )


def _read_as_group(file: ConfigFile, code: PythonCheckout) -> bool:
    """Returns whether code reads a value of the file from an object with the file's name."""
    owned = code.index.owners_near(code.starts or tuple(code.index.files))
    return any(file.name in owned.get(key, ()) for key in file.body.children)


def _first(file: ConfigFile) -> Span | None:
    """Returns the place of the first value of a file."""
    found = (leaf.chain[-1].span for _, leaf in leaves(file.body) if isinstance(leaf, Leaf))
    return next((span for span in found if span is not None), None)
