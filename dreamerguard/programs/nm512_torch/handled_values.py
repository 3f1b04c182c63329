"""Values at which upstream's script stops, and which the checkout's own code handles."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from dreamerguard.programs.shared.checkout import PythonCheckout

#: Takes a mean that discrete latents do not have, as upstream does at every step.
_TAKES_MEAN = re.compile(rb"eval_state_mean:\s*latent\[[\"']stoch[\"']\]\s*=\s*latent\[[\"']mean[\"']\]")
_READS_MEAN = re.compile(rb"\beval_state_mean\b")
#: Names the folder of the episodes that a run learns from.
_EPISODES = re.compile(rb"[\"'/]train_eps\b")
#: Upstream's modules, and code that no run needs.
_UPSTREAM = frozenset({"dreamer.py", "tools.py", "models.py", "networks.py", "exploration.py"})
_TESTS = re.compile(r"(^|/)(tests?/|test_)")


def handled_values(checkout: PythonCheckout | None) -> frozenset[str]:
    """Returns the settings whose unusual value the checkout's own code handles.

    Args:
      checkout: its Python; None if it cannot be seen.
    """
    files = checkout.index.files if checkout is not None else {}
    texts = {name: file.data for name, file in files.items() if file.data is not None and not _TESTS.search(name)}
    handled = set[str]()
    takes = [name for name, data in texts.items() if _READS_MEAN.search(data)]
    if takes and not any(_TAKES_MEAN.search(texts[name]) for name in takes):
        handled.add("eval_state_mean")
    if any(PurePosixPath(name).name not in _UPSTREAM and _EPISODES.search(data) for name, data in texts.items()):
        handled.add("prefill")  # another script collects the first episodes
    return frozenset(handled)
