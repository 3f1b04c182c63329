"""Crafter's worlds as plain arrays, and in an order that does not depend on addresses in memory.

A stored world has the map, the place, kind and numbers of every object, the order in which they act, the order in which
areas and creatures are visited, the random state, and the counters of the environment and of the player.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import crafter
import numpy as np
from crafter import objects

from ..protocol import Array, Values

#: Kinds of objects; a stored number is an index. No action of Crafter makes a fence.
KINDS = (objects.Player, objects.Cow, objects.Zombie, objects.Skeleton, objects.Arrow, objects.Plant)
#: Number of a kind of object that is its own, besides health.
OWN_NUMBER = {objects.Zombie: "cooldown", objects.Skeleton: "reload", objects.Plant: "grown"}
#: Counters of the player.
COUNTERS = ("sleeping", "_last_health", "_hunger", "_thirst", "_fatigue", "_recover")


class InOrder:
    """A set that keeps the order in which its items came."""

    def __init__(self) -> None:
        self._items: dict[Any, None] = {}

    def add(self, item: Any) -> None:
        """Adds an item at the end."""
        self._items[item] = None

    def remove(self, item: Any) -> None:
        """Removes an item."""
        del self._items[item]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)


def keep_order(env: crafter.Env) -> None:
    """Makes every new world of the environment visit creatures in the order in which they came."""
    world = env._world
    plain = world.reset

    def reset(seed: int | None = None) -> None:
        plain(seed)
        world._chunks = defaultdict(InOrder)

    world.reset = reset
    reset()


def read_world(env: crafter.Env) -> Values:
    """Returns the state of an environment after `keep_order`."""
    world = env._world
    _, keys, place, has_gauss, gauss = world.random.get_state()
    state = {
        "version": _version(),
        "episode": np.array([env._episode, env._step or 0, env._player is not None], np.int64),
        "materials": world._mat_map.copy(),
        "random": np.asarray(keys, np.uint32),
        "random.place": np.array([place, has_gauss], np.int64),
        "random.gauss": np.asarray(gauss, np.float64),
        "slots": np.asarray(len(world._objects), np.int64),
    }
    if env._player is None:
        return state
    slots = {item: number for number, item in enumerate(world._objects) if item is not None}
    return {
        **state,
        "objects": np.array([_row(slot, item) for item, slot in slots.items()], np.float64),
        "areas": np.array(list(world._chunks), np.int64),
        "members": np.array(
            [(number, slots[item]) for number, items in enumerate(world._chunks.values()) for item in items], np.int64
        ),
        **_read_player(env),
    }


def write_world(env: crafter.Env, state: Mapping[str, Array]) -> None:
    """Restores a state of `read_world` in an environment of the same seed, after `keep_order`.

    Raises:
      ValueError: another version of Crafter stored the state.
    """
    if not np.array_equal(state["version"], _version()):
        stored = state["version"].tobytes().decode(errors="replace")
        raise ValueError(f"crafter {stored} stored the worlds, this is crafter {version('crafter')}")
    episode, step, begun = state["episode"].tolist()
    world = env._world
    world.reset()
    env._episode, env._step, env._player = episode, step, None
    world._mat_map[...] = state["materials"]
    if begun:
        env._update_time()
        _write_objects(env, state)
        _write_player(env, state)
    place, has_gauss = state["random.place"].tolist()
    world.random.set_state(("MT19937", state["random"], place, has_gauss, float(state["random.gauss"])))


def _version() -> Array:
    return np.frombuffer(version("crafter").encode(), np.uint8)


def _row(slot: int, item: Any) -> list[float]:
    own = getattr(item, OWN_NUMBER.get(type(item), ""), 0)
    facing = item.facing if isinstance(item, objects.Arrow) else (0, 0)
    return [slot, KINDS.index(type(item)), *item.pos, item.health, own, *facing]


def _write_objects(env: crafter.Env, state: Mapping[str, Array]) -> None:
    """Makes the objects again, in their slots and areas. The player is made first, because creatures follow it."""
    world = env._world
    world._objects = [None] * int(state["slots"])
    rows = state["objects"].astype(np.int64)
    for slot, kind, x, y, health, own, *facing in sorted(
        rows.tolist(), key=lambda row: KINDS[row[1]] != objects.Player
    ):
        item = _make_object(env, KINDS[kind], np.array((x, y)), np.array(facing))
        item.health = health
        if type(item) in OWN_NUMBER:
            setattr(item, OWN_NUMBER[type(item)], own)
        world._objects[slot] = item
        world._obj_map[x, y] = slot
    areas = [tuple(area) for area in state["areas"].tolist()]
    for area in areas:
        world._chunks[area] = InOrder()
    for number, slot in state["members"].tolist():
        world._chunks[areas[number]].add(world._objects[slot])


def _make_object(env: crafter.Env, kind: type[Any], place: Array, facing: Array) -> Any:
    if kind is objects.Player:
        env._player = objects.Player(env._world, place)
        return env._player
    if kind in (objects.Zombie, objects.Skeleton):
        return kind(env._world, place, env._player)
    return kind(env._world, place, facing) if kind is objects.Arrow else kind(env._world, place)


def _read_player(env: crafter.Env) -> Values:
    player = env._player
    return {
        "player.facing": np.array(player.facing, np.int64),
        "player.inventory": np.array(list(player.inventory.values()), np.int64),
        "player.achievements": np.array(list(player.achievements.values()), np.int64),
        "player.counters": np.array([env._last_health, *(getattr(player, name) for name in COUNTERS)], np.float64),
        "player.unlocked": np.array([name in env._unlocked for name in player.achievements]),
    }


def _write_player(env: crafter.Env, state: Mapping[str, Array]) -> None:
    player = env._player
    player.facing = tuple(state["player.facing"].tolist())
    player.inventory = dict(zip(player.inventory, state["player.inventory"].tolist(), strict=True))
    player.achievements = dict(zip(player.achievements, state["player.achievements"].tolist(), strict=True))
    env._last_health, *counters = state["player.counters"].tolist()
    for name, value in zip(COUNTERS, counters, strict=True):
        setattr(player, name, bool(value) if name == "sleeping" else value)
    unlocked = state["player.unlocked"].tolist()
    env._unlocked = {name for name, has in zip(player.achievements, unlocked, strict=True) if has}
