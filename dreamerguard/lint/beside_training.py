"""Scripts that make the agent or the world model of DreamerV3, but train no DreamerV3 agent."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from dreamerguard.programs.shared.reached_code import ReachedCode

#: Calls that train in other libraries: tianshou and its forks, stable-baselines3.
_OTHER_TRAINER = re.compile(rb"\b(?:off|on)policy_trainer\(|\b(?:Off|On)policyTrainer\(|\bmodel\.learn\(")
#: Names of scripts that use a trained agent.
_USES = re.compile(
    r"(?:^|[_-])(?:eval\w*|infer\w*|record\w*|rollouts?|visuali[sz]\w*|viz|plot\w*|render\w*|play|viewer|view|collect\w*|"
    r"generate\w*|export\w*|demo|watch|show|analy[sz]\w*|probe\w*)(?:[_-]|$)",
    re.IGNORECASE,
)
#: Makes the agent or its parts, so that nothing else is left to another file.
_MAKES = re.compile(rb"(?<!class )\b(?:\w*Agent|Dreamer\w*|WorldModel|ImagBehavior|load_\w+)\(")
#: Calls that train a DreamerV3 agent, or hand on to code that may.
_TRAINS = re.compile(
    rb"\b(?:agent|self|wm|world_model|dreamer\w*|\w*_wm|learner)\._?(?:pre)?train\w*\(|\bembodied\.run\b|\brun\.\w+\(args"
)
_MAY_TRAIN = re.compile(
    _TRAINS.pattern + rb"|\b_?(?:pre)?train(?:_\w+)?\(|\bbackward\(|\b\w*[Oo]ptimizer\(|\.learn\(|\.main\("
)


def is_beside_training(code: ReachedCode) -> bool:
    """Returns whether a script trains a policy of another library, or by its name and its calls only uses an agent."""
    text = re.sub(rb"(?m)^[ \t]*#.*$", b"", code.text(code.script))
    if _OTHER_TRAINER.search(text):
        return not _TRAINS.search(text)
    uses = _USES.search(PurePosixPath(code.script).stem) is not None and _MAKES.search(text) is not None
    return uses and not _MAY_TRAIN.search(text)
