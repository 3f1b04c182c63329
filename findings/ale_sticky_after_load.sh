#!/bin/sh
# ale-py 0.12.1. `repeat_action_probability` that is set after `loadROM` has no effect until a ROM is loaded again.
# Expected: a game without sticky actions, as set: equal actions give equal games, whatever the random seed.
# Seen: the default of 0.25 stays in force, although `getFloat` returns 0. Of eight seeds, several games differ. Set
# before `loadROM`, all eight are equal. danijar/dreamerv3 at e3f0224 sets it after loading (`embodied/envs/atari.py`),
# with ale_py 0.9.0, so its preset atari100k (`sticky: False`) plays with sticky actions. Exits with 0 while this is so.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ale-py==0.12.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import ale_py
import ale_py.roms
import numpy as np

ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)


def ram_after(seed: int, early: bool) -> bytes:
    ale = ale_py.ALEInterface()
    ale.setInt("random_seed", seed)
    if early:
        ale.setFloat("repeat_action_probability", 0.0)
    ale.loadROM(ale_py.roms.get_rom_path("pong"))
    if not early:
        ale.setFloat("repeat_action_probability", 0.0)
    assert ale.getFloat("repeat_action_probability") == 0.0
    ale.reset_game()
    actions = ale.getMinimalActionSet()
    for choice in np.random.default_rng(0).integers(len(actions), size=300):
        ale.act(actions[choice])
    return ale.getRAM().tobytes()


for early in (True, False):
    games = len({ram_after(seed, early) for seed in range(8)})
    print(f"set {'before' if early else 'after'} loadROM: {games} different games of 8 seeds")
    assert (games == 1) == early
PY
