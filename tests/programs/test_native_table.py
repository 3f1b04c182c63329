"""The table of native keys equals the schema, and the light checks agree with pydantic's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dreamerguard import lint_run
from dreamerguard.programs.native.build_keys import schema_keys, table
from dreamerguard.programs.native.keys import native_keys
from dreamerguard.schema import RunConfig
from dreamerguard.schema.key_table import TABLE
from dreamerguard.schema.sections import ModelSection, OptimizerSection


def test_the_table_is_up_to_date() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "run: python -m dreamerguard.programs.native.build_keys"


def test_the_table_gives_the_keys_of_the_schema() -> None:
    read, own = native_keys(), schema_keys()
    assert list(read) == list(own) and read == own
    for path, key in read.items():
        assert type(key.default) is type(own[path].default), path


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "model.deter": st.sampled_from([8, 12, 64, 2048]),
        "model.blocks": st.sampled_from([1, 3, 8]),
        "model.policy_min_std": st.sampled_from([0.05, 0.5, 2.0]),
        "model.policy_max_std": st.sampled_from([0.1, 1.0]),
        "optimizer.schedule": st.sampled_from(["const", "linear", "cosine"]),
        "optimizer.anneal": st.sampled_from([0, 500, 1000, 5000]),
        "optimizer.warmup": st.sampled_from([0, 1000]),
    },
)


@given(VALUES)
def test_linting_refuses_what_the_schema_refuses(values: dict[str, object]) -> None:
    words = [f"{key}={value}" for key, value in values.items()]
    findings = lint_run("dmc_walker_walk", overrides=words).findings
    found = any(item.name == "inconsistent-settings" for item in findings)
    nested: dict[str, dict[str, object]] = {"model": {}, "optimizer": {}}
    for key, value in values.items():
        section, _, leaf = key.partition(".")
        nested[section][leaf] = value
    try:
        RunConfig.model_validate({"task": "dmc_walker_walk", **nested})
    except ValidationError:
        assert found
    else:
        assert not found


def test_the_configuration_of_a_valid_run_is_built_when_asked_for() -> None:
    run = lint_run("dmc_walker_walk", overrides=["seed=3"]).run
    assert run.config is not None and run.config is run.config and run.config.seed == 3
    assert lint_run("dmc_walker_walk", overrides=["model.blocks=7"]).run.config is None


@pytest.mark.parametrize("section", [ModelSection, OptimizerSection])
def test_defaults_are_consistent(section: type) -> None:
    section()
