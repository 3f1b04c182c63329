"""A fork whose Config.update adds new keys: a preset with a key that the defaults lack stops nothing there."""

from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.repository import check_tree
from dreamerguard.rules.helpers.example_files import with_preset

UPDATE = """
class Config(dict):
  def update(self, *args, **kwargs):
    result = dict(self)
    for key, new in dict(*args, **kwargs).items():
      {body}
    return type(self)(result)
"""
ADDS = "result[key] = new if result.get(key) is None else type(result.get(key))(new)"


@pytest.mark.parametrize(
    ("body", "stops"),
    [
        (ADDS, False),
        ("result[key] = type(result[key])(new)", True),
        ("if key not in result: raise KeyError(key)\n      result[key] = new", True),
        ("pass", True),
    ],
)
def test_a_key_of_a_preset_that_the_defaults_lack(body: str, stops: bool, tmp_path: Path) -> None:
    files = {
        **with_preset("env.camera_topic: x\n  run.trian_ratio: 3"),
        "dreamerv3/main.py": "import config\nprint(config.Config().camera_topic)\n",
        "dreamerv3/config.py": UPDATE.format(body=body),
        "requirements.txt": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = [item for result in check_tree([tmp_path], folder=tmp_path).results for item in result.active]
    unknown = {item.key for item in found if item.name == "unknown-key" and item.severity is Severity.ERROR}
    assert unknown == ({"env.camera_topic", "run.trian_ratio"} if stops else set())
    assert ("run.trian_ratio" in {item.key for item in found if item.name == "unread-key"}) is not stops
