"""A cut file in the folder of compiled programs: no warning, and the start after the next one is fast again."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from dreamerguard_agent.runtime.program_cache import repaired

PROGRAM = """
import sys
from pathlib import Path
import jax, jax.numpy as jnp
from dreamerguard.schema import RuntimeSection
from dreamerguard_agent.runtime.device import compile_program, configure
configure(RuntimeSection(platform="cpu"), Path(sys.argv[1]))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
compile_program(jax.jit(lambda x: jnp.sin(x @ x).sum()).lower(jax.ShapeDtypeStruct((8, 8), "float32")))
"""


def _start(cache: Path) -> str:
    command = [sys.executable, "-c", PROGRAM, str(cache)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"JAX_PLATFORMS": "cpu"}, check=True
    )
    return done.stderr


@pytest.mark.integration
def test_a_cut_entry_is_removed_and_stored_again(tmp_path: Path) -> None:
    _start(tmp_path)
    whole = {entry.name: entry.stat().st_size for entry in tmp_path.glob("*-cache")}
    assert whole
    for entry in tmp_path.glob("*-cache"):
        os.truncate(entry, 100)
    assert "persistent compilation cache" not in _start(tmp_path)
    _start(tmp_path)
    assert {entry.name: entry.stat().st_size > 100 for entry in tmp_path.glob("*-cache")} == dict.fromkeys(whole, True)


def test_other_warnings_are_shown_and_sound_entries_stay(tmp_path: Path) -> None:
    (tmp_path / "a-cache").write_bytes(b"cut")
    with pytest.warns(UserWarning, match="something else"), repaired(str(tmp_path)):
        warnings.warn("something else", stacklevel=1)
    assert (tmp_path / "a-cache").exists()
