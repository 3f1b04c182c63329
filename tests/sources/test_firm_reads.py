"""Settings that a script reads on every path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard.sources.python.firm_reads import read_firmly


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("  print(config.save)", True),
        ("  while agent.step < config.steps:\n    run(save=config.save)", True),
        ("  if config.save:\n    pass", True),
        ("  if config.steps:\n    print(config.save)", False),
        ("  x = 1 if config.steps else config.save", False),
        ("  x = config.steps or config.save", False),
        ("  try:\n    print(config.save)\n  except AttributeError:\n    pass", False),
        ("  if config.steps:\n    return\n  print(config.save)", False),
        ("  if config.steps:\n    def later():\n      return 1\n  print(config.save)", True),
        ("  config.save = 1\n  print(config.save)", False),
        ("  print(getattr(config, 'save', 1), config.save)", False),
        ("  def later():\n    return config.save\n  print(later)", False),
        ("  print(other.save)", False),
    ],
)
def test_only_what_every_path_reads(body: str, found: bool) -> None:
    assert ("save" in read_firmly(f"def main(config):\n{body}\n".encode())) is found


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        ("def make(config, mode):\n  print(config.save)\n", True),
        ("def make(hp, mode):\n  print(hp.save)\n", True),
        ("def make(config, mode):\n  if mode:\n    print(config.save)\n", False),
        ("class make:\n  def __init__(self, config, mode):\n    print(config.save)\n", True),
        ("class make:\n  def run(self, config):\n    print(config.save)\n", False),
    ],
)
def test_functions_that_get_the_configuration_are_followed(rest: str, found: bool) -> None:
    code = f"{rest}def main(config):\n  new = lambda mode: make(config, mode)\n  envs = [new('a') for i in range(2)]\n"
    assert ("save" in read_firmly(code.encode())) is found


def test_an_option_of_the_script_is_declared() -> None:
    code = "def main(config):\n  print(config.save_every)\nparser.add_argument('--save-every')\n"
    assert read_firmly(code.encode()) == {}


_MADE = "  config = elements.Config(configs['defaults'])\n  config = elements.Flags(config).parse(other)\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"{_MADE}  print(config.save)", True),
        (f"{_MADE}  config = config.update(logdir='x')\n  print(config.save)", True),
        (
            "  config = Agent.Config(Agent.configs['defaults'])\n  config = x.Flags(config).parse(o)\n  config.save",
            True,
        ),
        (f"{_MADE}  config.save('config.yaml')", False),
        (f"{_MADE}  config = config.update(save=1)\n  print(config.save)", False),
        (f"{_MADE}  config = with_more(config)\n  print(config.save)", False),
        (f"{_MADE}  if 'save' in config:\n    pass\n  print(config.save)", False),
        (f"{_MADE}  if config.steps:\n    print(config.save)", False),
        (
            "  config = elements.Flags(elements.Config(**more)).parse(other)\n  other = config\n  print(argv.save)",
            False,
        ),
        (
            "  config = x.Config({**configs['defaults'], **y})\n  config = x.Flags(config).parse(o)\n  config.save",
            False,
        ),
        ("  args = parser.parse_args()\n  print(config.save)", False),
    ],
)
def test_a_configuration_that_main_makes_of_defaults_and_flags(body: str, found: bool) -> None:
    assert ("save" in read_firmly(f"def main(argv=None):\n{body}\n".encode())) is found


@given(st.binary(max_size=200))
def test_any_content_ends(data: bytes) -> None:
    read_firmly(data)
    read_firmly(b"def main(config):\n  " + data)
    read_firmly(b"def main():\n  config = x.Flags(config).parse(o)\n  " + data)
