# ruff: noqa: E501
"""Commands in Makefiles, documents, notebooks, containers and scripts of Windows: the runs that they would start."""

from pathlib import Path

import pytest

from dreamerguard.core.source import Source
from dreamerguard.lint.repository import check_tree
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.sources.commands.launch import read_launch
from dreamerguard.sources.commands.readers import reader_for

U = UNKNOWN


def runs(name: str, text: str) -> list[str]:
    """The program and arguments of all commands that start a Python program."""
    found = (read_launch(command) for command in reader_for(Source(name, text))(Source(name, text)))
    started = (launch for launch in found if launch is not None)
    return [" ".join([launch.name, *(word.text for word in launch.arguments)]) for launch in started]


FILES = [
    ("Makefile", "S ?= 3\nt:\n\tpython a.py $(S) ${S}\n", ["a.py 3 3"]),
    ("Makefile", "A := x\nA += y\nt:\n\tpython a.py $(A)\n", ["a.py x y"]),
    ("Makefile", "A = 1\nB = $(A) 2\nt:\n\tpython a.py $(B)\n", ["a.py 1 2"]),
    ("Makefile", "t:\n\tfor s in 1 2; do python a.py $$s; done\n", ["a.py 1", "a.py 2"]),
    ("Makefile", "t:\n\tX=3; python a.py $$X $${X}\n", ["a.py 3 3"]),
    ("Makefile", "R = 5\nfast: R = 1\nfast:\n\tpython a.py $(R)\nslow:\n\tpython a.py $(R)\n", ["a.py 1", "a.py 5"]),
    ("Makefile", "ifdef D\nR = 1\nelse\nR = 2\nendif\nt:\n\tpython a.py $(R)\n", ["a.py 2", "a.py 1"]),
    ("Makefile", "PY := python3\nt:\n\t@cd x && $(PY) a.py $(ARGS)\n", [f"a.py {U}"]),
    ("Makefile", "define run\npython a.py $(1)\nendef\nt:\n\tpython a.py y\n", ["a.py y"]),
    ("train.ps1", "python a.py `\r\n  --x 1 `\r\n  --y 2\r\n", ["a.py --x 1 --y 2"]),
    ("train.ps1", "$env:CUDA_VISIBLE_DEVICES=\"0\"\n$r = 32\n$t = 'w'\npython a.py --r $r --t \"dmc_$t\"\n", ["a.py --r 32 --t dmc_w"]),
    ("train.ps1", "$env:R = '3'\npython a.py $env:R $env:Q\n", [f"a.py 3 {U}"]),
    ("train.ps1", "foreach ($s in 1, 2) {\n  python a.py --s $s\n}\n", ["a.py --s 1", "a.py --s 2"]),
    ("train.ps1", "$S = @(1, 2)\nforeach ($s in 0..1) { & python a.py $s }\n", ["a.py 0", "a.py 1"]),
    ("train.ps1", "if ($d) { python a.py 1 } else { python a.py 2 }\n", ["a.py 1", "a.py 2"]),
    ("train.ps1", "param([string]$t = 'w', $r)\npython a.py $t $r\n", [f"a.py w {U}"]),
    ("train.ps1", "$a = @('--x', '1')\npython a.py @a $args\n", [f"a.py --x 1 {U}"]),
    ("train.ps1", "<# python a.py no #>\n# python a.py no\n& \"C:\\e\\python.exe\" .\\d\\a.py x; Write-Host 'python a.py no'\n", ["a.py x"]),
    ("train.bat", "@echo off\r\nset R=32\r\npython a.py ^\r\n  --r %R% ^\r\n  --t %1\r\n", [f"a.py --r 32 --t {U}"]),
    ("train.bat", "REM python a.py no\n:: python a.py no\nset \"A=x y\"\npython a.py %A% \"%A%\" %*\n", [f"a.py x y x y {U}"]),
    ("train.bat", "for %%s in (1 2) do python a.py %%s\n", ["a.py 1", "a.py 2"]),
    ("train.bat", "for /L %%i in (1,1,2) do (\n  python a.py %%i\n)\n", ["a.py 1", "a.py 2"]),
    ("train.bat", "if exist x (\n set R=1\n) else (\n set R=2\n)\npython a.py %R%\n", ["a.py 1", "a.py 2"]),
    ("train.bat", "call conda activate e && start /b python d\\a.py x > log 2>&1\n", ["a.py x"]),
    ("train.cmd", "@echo off\nset R=3\npython a.py %R%\n", ["a.py 3"]),
    ("job.cmd", "#!/bin/bash\nR=3\npython a.py $R\n", ["a.py 3"]),
    ("doc.rst", "Title\n=====\n\n.. code-block:: bash\n   :caption: x\n\n   $ python a.py x \\\n       y\n\nText python a.py no\n", ["a.py x y"]),
    ("doc.rst", "Run::\n\n    python a.py x\n\nEnd.\n\n.. code:: console\n\n  > python a.py y\n  out\n", ["a.py x", "a.py y"]),
    ("doc.rst", ".. code-block:: python\n\n   python = 'a.py'\n\n.. prompt:: bash $\n\n   python a.py z\n", ["a.py z"]),
    ("n.ipynb", '{"cells": [{"source": ["!python a.py x \\\\\\n", "  --y 2\\n", "z = 1"]}]}', ["a.py x --y 2"]),
    ("n.ipynb", '{"cells": [{"cell_type": "code", "source": ["%%bash\\n", "R=3\\n", "python a.py $R"]}]}', ["a.py 3"]),
    ("n.ipynb", '{"cells": [{"source": "t = 1\\n!python a.py --t {t} $r --z \\"a b\\""}]}', [f"a.py --t {U} {U} --z a b"]),
    ("n.ipynb", '{"cells": [{"cell_type": "markdown", "source": ["```bash\\n", "python a.py x\\n", "```"]}]}', ["a.py x"]),
    ("n.ipynb", '{"cells": [{"source": ["%run a.py x\\n"]}, {"source": ["  !cd r && python a.py y"]}]}', ["a.py x", "a.py y"]),
    ("Dockerfile", 'ENTRYPOINT ["python", "a.py"]\nCMD ["--x", "1"]\n', ["a.py --x 1"]),
    ("Dockerfile", 'ENV R=3\nCMD python a.py $R\n', ["a.py 3"]),
    ("Dockerfile", 'CMD ["sh", "-c", "python a.py x"]\n', ["a.py x"]),
    ("Dockerfile.gpu", 'RUN echo \\\n  # note\n  && python a.py x\n', ["a.py x"]),
    ("Dockerfile", 'RUN x && \\\n  CMD ["python", "a.py", "no"]\nCMD ["python", "a.py"]\n', ["a.py"]),
    ("docker-compose.yml", "services:\n  t:\n    image: x\n    command: python a.py x\n", ["a.py x"]),
    ("compose.yaml", "services:\n  t:\n    command: [python, a.py, --x, '1']\n", ["a.py --x 1"]),
    ("docker-compose.gpu.yml", "services:\n  t:\n    command:\n      - python\n      - a.py\n      - x\n", ["a.py x"]),
    ("docker-compose.yml", "services:\n  t:\n    command: >\n      python a.py\n      --x 1\n      --y 2\n", ["a.py --x 1 --y 2"]),
    ("docker-compose.yml", "services:\n  t:\n    command: bash -c \"python a.py x && echo\"\n", ["a.py x"]),
    ("docker-compose.yml", "services:\n  t:\n    entrypoint: python a.py\n    command: --x 1\n", ["a.py --x 1"]),
    (".github/workflows/a.yml", "jobs:\n  a:\n    steps:\n      - run: >-\n          python a.py\n          --x 1\n", ["a.py --x 1"]),
    (".github/workflows/a.yml", "jobs:\n  a:\n    env:\n      R: 3\n    steps:\n      - run: |\n          python a.py $R \\\n            y\n", [f"a.py {U} y"]),
    ("README.md", "```\n> python a.py x\n```\n", ["a.py x"]),
    ("README.md", "```powershell\nPS C:\\x> python a.py x\n```\n", ["a.py x"]),
    ("README.md", "```bash\n$ python a.py x \\\n>   y\nout\n```\n", ["a.py x y"]),
    ("README.md", "```bash\n(env) u@h:~/x$ python a.py x\n```\n", ["a.py x"]),
    ("README.md", "    python a.py indented\n\n```bash\nexport R=1\npython a.py $R <task>\n```\n", [f"a.py 1 {U}"]),
    ("README.md", "```{bash}\npython a.py x\n```\n```{.bash}\npython a.py y\n```\n", ["a.py x", "a.py y"]),
    ("README.md", "```bat\npython a.py ^\n  x\n```\n", ["a.py x"]),
    ("README.md", "```diff\n- python a.py x\n```\n", []),
    ("train", "#!/bin/bash -l\npython a.py x\n", ["a.py x"]),
    ("train", "#!/usr/bin/env -S bash -e\npython a.py x\n", ["a.py x"]),
    ("job.pjsub", "#!/bin/sh\npython a.py x\n", ["a.py x"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), FILES)
def test_files(name: str, text: str, expected: list[str]) -> None:
    assert runs(name, text) == expected


@pytest.mark.parametrize("name", ["a.ps1", "a.bat", "a.cmd", "a.rst", "a.md", "a.ipynb", "Makefile", "Dockerfile"])
@pytest.mark.parametrize(
    "part",
    ["`", '"', "(", "<#", "$a = 1\n$a = 2\npython a.py $a\n", "set A=1\nset A=2\n", "for %%i in (1 2) do ", "a::\n\n x\n",
     '"source": ["', "A += $(A)\n", "\tpython a.py $(A) ^\n", 'ENTRYPOINT ["python"]\nCMD ["a.py"]\n', "> python a.py \\\n",
     'RUN x && \\\nCMD ["a'],
)  # fmt: skip
def test_repeated_parts_are_read(name: str, part: str) -> None:
    source = Source(name, part * 500)
    assert len(reader_for(source)(source)) <= 2_000


def test_places_point_into_the_file() -> None:
    text = '{"cells": [{"source": ["x = 1\\n", "!python a.py --t \\"a b\\" last"]}]}'
    (command,) = reader_for(Source("n.ipynb", text))(Source("n.ipynb", text))
    assert [word.span.text for word in command.words] == ["python", "a.py", "--t", '\\"a b\\"', "last"]


def test_the_tree_is_searched_for_all_kinds(tmp_path: Path) -> None:
    line = "python dreamerv3/main.py --logdir x --configs dmc_proprio --task dmc_walker_walk --run.train_ratio"
    names = ["a.sbatch", "b.slurm", "c.ps1", "d.bat", "f.pjsub", "g"]
    for ratio, name in enumerate(names, 10):
        (tmp_path / name).write_text(f"#!/bin/bash\n{line} {ratio}\n")
    (tmp_path / "e.rst").write_text(f"Run::\n\n   {line} 20\n")
    (tmp_path / "h.dat").write_text(f"{line} 21\n")
    outcome = check_tree([tmp_path])
    found = {item.primary.span.source.name for result in outcome.results for item in result.findings}
    assert found == {*names, "e.rst"}
