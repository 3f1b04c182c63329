"""The key tables of upstream programs: provenance, types, and that they are what their presets need."""

import re

import pytest

from dreamerguard.programs.danijar.editions import EDITIONS, edition_of_keys
from dreamerguard.programs.nm512_torch.layers import SUITE_KEYS
from dreamerguard.programs.shared.key_tables import load_table, make_keys
from dreamerguard.programs.shared.preset_values import is_pattern

NAMES = ("danijar_2023", "danijar_2024", "danijar_2025", "nm512_torch")


@pytest.mark.parametrize("name", NAMES)
def test_provenance_is_complete(name: str) -> None:
    table = load_table(name)
    assert re.fullmatch(r"[0-9a-f]{40}", table.commit)
    assert table.repository in ("danijar/dreamerv3", "NM512/dreamerv3-torch")
    assert table.licence.startswith("MIT License, Copyright (c)")
    assert table.origin("crafter").url.startswith(f"https://github.com/{table.repository}/blob/{table.commit}/")


@pytest.mark.parametrize("name", NAMES)
def test_keys_have_the_type_of_their_default_and_a_reader(name: str) -> None:
    table = load_table(name)
    keys = make_keys(table.defaults, table, {})
    for path, key in keys.items():
        assert table.defaults[path] is None or key.accepts_type(table.defaults[path]), path
    unread = {path for path, place in table.read.items() if not place}
    assert len(unread) <= 4, unread


@pytest.mark.parametrize("name", NAMES[:3])
def test_presets_only_set_keys_that_exist(name: str) -> None:
    table = load_table(name)
    for preset, values in table.presets.items():
        for key in values:
            matches = [path for path in table.defaults if re.match(key, path)] if is_pattern(key) else []
            known = key in table.defaults or bool(matches)
            assert known or (name, preset, key) == ("danijar_2023", "atari100k", "actor_eval_sample")


def test_dead_keys_and_roles_exist() -> None:
    for edition in EDITIONS.values():
        defaults = edition.load().defaults
        assert defaults.keys() >= edition.dead.keys()
        assert defaults.keys() >= set(edition.roles.values())
        assert edition.script in defaults


def test_editions_know_their_own_keys() -> None:
    for name, edition in EDITIONS.items():
        assert edition_of_keys(edition.load().defaults) == name
    assert edition_of_keys(load_table("nm512_torch").defaults) is None


def test_keys_of_torchs_suites_are_not_in_its_defaults() -> None:
    assert not SUITE_KEYS & load_table("nm512_torch").defaults.keys()
