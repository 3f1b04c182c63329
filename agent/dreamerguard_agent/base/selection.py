"""Selects observations for the encoder and the decoder by their names."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dreamerguard.schema import ModelSection

from .spaces import ArraySpace, Spaces


def encoded(model: ModelSection, spaces: Spaces) -> Spaces:
    """Returns the observations that the encoder reads."""
    return _selected(spaces, model.encoder_mlp_keys, model.encoder_cnn_keys)


def decoded(model: ModelSection, spaces: Spaces) -> Spaces:
    """Returns the observations that the decoder reconstructs."""
    return _selected(spaces, model.decoder_mlp_keys, model.decoder_cnn_keys)


def learned(model: ModelSection, spaces: Mapping[str, ArraySpace]) -> dict[str, ArraySpace]:
    """Returns the observations that the agent stores: those that are encoded or decoded."""
    every = tuple(spaces.items())
    keys = {key for key, _ in (*encoded(model, every), *decoded(model, every))}
    return {key: space for key, space in every if key in keys}


def _selected(spaces: Spaces, vectors: str, images: str) -> Spaces:
    return tuple((key, space) for key, space in spaces if re.match(images if space.image else vectors, key))
