"""Nothing in the product runs what it reads, but for the places that are listed with a reason."""

import pytest

from benchmarks.unsafe_calls import ALLOWED, scan, scan_text

UNSAFE = [
    "import pickle",
    "import pickle as p",
    "from pickle import loads",
    "def f():\n    import cloudpickle",
    "import dill.source",
    "from marshal import loads as read",
    "import shelve",
    "import joblib",
    "eval(text)",
    "exec(text, {})",
    "run = eval\nrun(text)",
    "list(map(eval, texts))",
    "import builtins\nbuiltins.exec(text)",
    "import builtins\ngetattr(builtins, 'eval')(text)",
    "__import__('pickle')",
    "import importlib\nimportlib.import_module('pickle')",
    "from importlib import import_module\nimport_module(name)",
    "compile(text, 'name', 'exec')",
    "import yaml\nyaml.load(text)",
    "import yaml\nyaml.load(text, yaml.Loader)",
    "import yaml\nyaml.load(text, Loader=yaml.UnsafeLoader)",
    "import yaml\nyaml.load_all(text, Loader=yaml.FullLoader)",
    "from yaml import load, Loader\nload(text, Loader=Loader)",
    "import yaml\nyaml.unsafe_load(text)",
    "from yaml import full_load as read\nread(text)",
    "from ruamel.yaml import YAML\nYAML(typ='unsafe')",
    "import numpy as np\nnp.load(path, allow_pickle=True)",
    "import numpy as np\nnp.load(path, allow_pickle=allowed)",
    "import torch\ntorch.load(path)",
    "from torch import load\nload(path)",
    "import subprocess\nsubprocess.run(command, shell=True)",
    "from subprocess import Popen\nPopen(command, shell=use_shell)",
    "import os\nos.system(command)",
    "from os import popen\npopen(command)",
    "import subprocess as sp\nsp.getoutput(command)",
    "import runpy\nrunpy.run_path(path)",
    "from importlib.util import spec_from_file_location\nspec_from_file_location('name', path)",
    "import importlib.util\nimportlib.util.spec_from_file_location('name', path)",
    "SCRIPT = '''\nimport sys, pickle\npickle.load(sys.stdin.buffer)\n'''",
    "SCRIPT = '''\nimport sys\nexec(sys.stdin.read())\n'''",
]
SAFE = [
    "import yaml\nyaml.safe_load(text)",
    "import yaml\nyaml.load(text, Loader=yaml.CSafeLoader)",
    "import yaml\nyaml.load(text, yaml.SafeLoader)",
    "import numpy as np\nnp.load(path)",
    "import numpy as np\nnp.load(path, allow_pickle=False)",
    "import subprocess\nsubprocess.run([command], shell=False)",
    "import re\nre.compile(text)",
    "class Config:\n    eval: int = 1",
    "lowered.compile()",
    "TEXT = 'a note about pickle and eval(text)'",
    "import json\njson.loads(text)",
]


@pytest.mark.parametrize("text", UNSAFE)
def test_every_way_to_run_what_is_read_is_found(text: str) -> None:
    assert scan_text(text) != []


@pytest.mark.parametrize("text", SAFE)
def test_safe_code_is_not_reported(text: str) -> None:
    assert scan_text(text) == []


def test_the_product_has_no_such_place_without_a_reason() -> None:
    found = {(item.file, item.what): item.line for item in scan()}
    assert {place: line for place, line in found.items() if place not in ALLOWED} == {}


def test_every_allowed_place_exists() -> None:
    assert set(ALLOWED) - {(item.file, item.what) for item in scan()} == set()
