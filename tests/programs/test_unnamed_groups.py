"""Groups of settings of a fork that no code names, although other groups have keys of the same names."""

from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.rules.helpers.example_files import with_preset

MAIN = """
import elements
class Agent:
    def __init__(self, config):
        self.config = config
        print(config.dyn.rssm.deter, config.enc, config.opt)
        {more}
def main(argv):
    config = load(argv)
    print(config.task, config.logdir, config.seed, config.batch_size, config.batch_length, config.replay.size)
    print(config.run.steps, config.run.train_ratio, config.jax.platform, config.env, config.script)
    Agent(elements.Config(**config.agent, seed=config.seed))
main(None)
"""


def dead(folder: Path, group: str, more: str = "pass", text: str = "{layers: 3, units: 64}") -> list[tuple[str, str]]:
    (folder / "dreamerv3").mkdir()
    presets = with_preset("seed: 1")["dreamerv3/configs.yaml"]
    presets = presets.replace("  agent:\n", f"  agent:\n    {group}: {text}\n", 1)
    (folder / "dreamerv3/configs.yaml").write_text(presets)
    (folder / "dreamerv3/main.py").write_text(MAIN.format(more=more))
    (folder / "dreamerv3/nets.py").write_text("def mlp(layers, units, **kw):\n    return layers * units\n")
    result = check_presets(folder / "dreamerv3/configs.yaml")
    assert result is not None
    loud = (item for item in result.findings if item.severity is Severity.WARNING)
    return [(item.name, item.key) for item in loud if f".{group}." in item.key]


@pytest.mark.parametrize("group, text", [("text_mlp", "{layers: 3, units: 64}"), ("lang", "{units: 8}")])
@pytest.mark.parametrize("more", ["pass", "# self.text = mlp(**config.text_mlp, **config.lang)"])
def test_a_group_that_no_code_names(group: str, text: str, more: str, tmp_path: Path) -> None:
    first = text.strip("{").partition(":")[0]
    assert dead(tmp_path, group, more, text) == [("dead-key", f"agent.{group}.{first}")]


@pytest.mark.parametrize(
    "more",
    [
        "self.text = mlp(**config.text_mlp)",
        "self.text = mlp(**config['text_mlp'])",
        "self.text = mlp(**getattr(config, 'text_mlp'))",
        "self.text = build(config.items())\n        name = 'text'\n        print(config[name + '_mlp'])",
    ],
)
def test_a_group_that_code_may_read(more: str, tmp_path: Path) -> None:
    assert dead(tmp_path, "text_mlp", more) == []
