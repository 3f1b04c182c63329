"""Observations are selected for encoder and decoder by their names, as the 2023 edition of the reference does."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from dreamerguard.schema import ModelSection, RunConfig
from dreamerguard_agent.algorithm.learner import param_shapes
from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.driver import Driver
from dreamerguard_agent.model import codec
from dreamerguard_agent.runtime.faults import fault_terms

from .test_driver import STORED, Scripted

OBS = {
    "image": ArraySpace("uint8", (48, 48, 3)),
    "camera_1": ArraySpace("uint8", (48, 48, 3)),
    "position": ArraySpace("float32", (3,)),
    "velocity": ArraySpace("float32", (2,)),
}
ACT = {"action": ArraySpace("float32", (2,), low=-1, high=1)}


def _spec(**keys: str) -> AgentSpec:
    model = {"deter": 16, "blocks": 4, "units": 8, "depth": 2, "image_blocks": 4} | keys
    return AgentSpec.create(RunConfig.model_validate({"task": "x", "model": model}), OBS, ACT, "float32")


def test_all_observations_are_encoded_and_decoded_by_default() -> None:
    spec = _spec()
    assert dict(spec.obs_space) == OBS
    assert spec.decoded == spec.obs_space
    assert {key for key, _ in (*spec.vectors, *spec.images)} == set(OBS)


def test_keys_that_nothing_selects_are_not_stored() -> None:
    spec = _spec(encoder_mlp_keys="$^", decoder_mlp_keys="vel", encoder_cnn_keys="image", decoder_cnn_keys="$^")
    assert list(dict(spec.obs_space)) == ["image", "velocity"]
    assert [key for key, _ in spec.images] == ["image"]
    assert spec.vectors == ()
    assert list(dict(spec.decoded)) == ["velocity"]
    declared = codec.shapes(spec)
    assert not any(name.startswith(("enc/mlp", "dec/sp", "dec/conv", "dec/imgout")) for name in declared)
    assert any(name.startswith("dec/mlp") for name in declared)
    assert "loss/velocity" in fault_terms(spec) and "loss/image" not in fault_terms(spec)


def test_a_pattern_matches_from_the_start_of_a_name() -> None:
    spec = _spec(encoder_cnn_keys="camera", decoder_cnn_keys="mage")
    assert [key for key, _ in spec.images] == ["camera_1"]
    assert spec.decoded_images == ()


def test_parameters_read_the_selected_keys_only() -> None:
    wide, narrow = _spec(), _spec(encoder_cnn_keys="image", decoder_cnn_keys="image")
    kernel = "enc/cnn0/kernel"
    assert tuple(param_shapes(spec)[kernel].shape[2] for spec in (wide, narrow)) == (6, 3)


def test_an_encoder_without_observations_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the encoder selects no observation: model.encoder_mlp_keys is '\$\^'"):
        _spec(encoder_mlp_keys="$^", encoder_cnn_keys="$^")


def test_a_pattern_must_be_a_regular_expression() -> None:
    with pytest.raises(ValidationError, match="is not a regular expression"):
        ModelSection(encoder_mlp_keys="(")


def test_the_driver_returns_the_selected_observations_only() -> None:
    envs = [Scripted(stored) for stored in STORED]
    model = ModelSection(encoder_mlp_keys="time", decoder_mlp_keys="time")
    every, some = Driver(envs), Driver([Scripted(stored) for stored in STORED], model)
    assert set(every.obs_space) == {"time", "episode"}
    assert set(some.obs_space) == {"time"}
    assert set(every.observe()) - set(some.observe()) == {"episode"}
