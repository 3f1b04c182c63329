"""tasks, schema and init as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from dreamerguard.commands.app import app
from dreamerguard.schema import SIZES, RunConfig
from dreamerguard.schema.publish import field, unit
from dreamerguard.schema.tasks import find_task, load_suite, suite_names

run = CliRunner().invoke


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_tasks_lists_every_suite_on_one_screen() -> None:
    result = run(app, ["tasks"])
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines[1:16]] == suite_names()
    assert lines[1].split() == [
        "dmc_proprio",
        "51",
        "paper-2025",
        "512",
        "2",
        "500,000",
        "size12m",
        "250",
        "yes",
        "yes",
    ]
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 100


def test_tasks_of_one_suite() -> None:
    result = run(app, ["tasks", "--suite", "dmc_proprio"])
    rows = {line.split()[0]: line for line in result.output.splitlines() if line.startswith("dmc_")}
    assert rows["dmc_walker_walk"].split() == ["dmc_walker_walk", "939.5", "924.4", "957", "5"]
    assert rows["dmc_dog_run"].split()[1:5] == ["5.08", "0", "5.5", "3"]
    assert rows["dmc_dog_run"].endswith("not in the papers, evaluation return of nicklashansen/tdmpc2")
    assert rows["dmc_dog_fetch"].split()[1:] == ["-", "-", "-", "-", "not", "in", "the", "papers"]
    assert rows["dmc_cartpole_swingup_sparse"].endswith("sparse")


def test_tasks_shows_one_task_with_budget_scores_and_sources() -> None:
    output = run(app, ["tasks", "dmc_walker_walk"]).output
    rows = {line.split("  ")[0]: line.split("  ")[1:] for line in output.splitlines()}
    cells = {key: [cell.strip() for cell in row if cell.strip()] for key, row in rows.items()}
    assert cells["setting"][:3] == ["paper-2023", "paper-2025 (default)", "head"]
    assert cells["updates per 1000 frames"][:3] == ["250", "250", "1,000"]
    assert cells["updates in all"][:3] == ["125,000", "125,000", "1,100,000"]
    assert cells["90%"] == ["170,000", "150,000", "270,000", "5 of 5"]
    assert cells["last tenth"] == ["939.5", "924.4", "957"]
    assert "0.3 days (A100)" in cells["time of one run"][1]
    assert "also in dmc_vision (--suite dmc_vision)" in output
    for source in find_task("dmc_walker_walk").sources.values():
        assert source.url in output


def test_tasks_says_when_nothing_is_published() -> None:
    output = run(app, ["tasks", "memmaze_9x9"]).output
    assert "No learning curves of DreamerV3 are published for this task." in output


def test_tasks_as_json() -> None:
    data = json.loads(run(app, ["tasks", "atari100k_pong", "--json"]).output)
    assert data["updates"]["paper-2025"] == {"per_1000_frames": 31.25, "total": 12_500.0}
    assert data["editions"]["head"]["run.train_ratio"] == {"value": 256, "source": "code-head", "note": ""}
    assert data["curves"]["2024"]["seeds"] == 5
    assert set(data["curves"]) == {"2024", "2023"}
    suites = json.loads(run(app, ["tasks", "--json"]).output)
    assert [row["suite"] for row in suites] == suite_names()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tasks", "dmc_walker_wlak"], "Did you mean dmc_walker_walk"),
        (["tasks", "--suite", "crafte"], "Did you mean crafter"),
        (["init", "dmc_walker_wlak"], "Did you mean dmc_walker_walk"),
        (["init", "metaworld_reach", "--edition", "head"], "has no values for metaworld_reach; choose r2dreamer"),
        (["init", "crafter_reward", "-o", "a_file/run.yaml"], "cannot write a_file/run.yaml: "),
        (["init", "crafter_reward", "-o", "."], ". is a folder; name the file to write, for example --out run.yaml"),
    ],
)
def test_a_wrong_word_ends_with_one_line_and_code_2(words: list[str], message: str) -> None:
    Path("a_file").touch()
    result = run(app, words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_schema_is_valid_and_keeps_units() -> None:
    published = json.loads(run(app, ["schema"]).output)
    jsonschema.Draft202012Validator.check_schema(published)
    assert published["$id"] == "urn:dreamerguard:run"
    assert published["title"] == "DreamerGuard run"
    assert published["$defs"]["RunSection"]["properties"]["frames"]["unit"] == "environment frames"
    assert len(run(app, ["schema", "--indent", "0"]).output.splitlines()) == 1


def test_schema_refuses_what_run_config_refuses() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(run(app, ["schema"]).output))
    assert validator.is_valid({"task": "dmc_walker_walk"})
    for wrong in ({}, {"task": "t", "run": {"train_ration": 1}}, {"task": "t", "run": {"frames": 0}}):
        assert not validator.is_valid(wrong)


def test_units_of_dotted_keys() -> None:
    assert unit("run.frames") == "environment frames"
    assert unit("loss.scales.dyn") == ""
    for wrong in ("run.nothing", "task.name", "nowhere.frames", "seed.x"):
        with pytest.raises(KeyError):
            field(wrong)


def test_init_writes_the_published_settings_with_units_and_sources() -> None:
    result = run(app, ["init", "dmc_walker_walk"])
    assert result.exit_code == 0
    text = Path("run.yaml").read_text()
    assert text.splitlines()[0] == "# yaml-language-server: $schema=dreamerguard.schema.json"
    assert "train_ratio: 512  # replayed agent steps per agent step [1]" in text
    assert "https://doi.org/10.1038/s41586-025-08744-2" in text
    config = RunConfig.model_validate(yaml.safe_load(text))
    assert (config.run.train_ratio, config.run.frames, config.env.action_repeat) == (512, 500_000, 2)
    assert (config.suite, config.edition, config.size) == ("dmc_proprio", "paper-2025", "size12m")


@pytest.mark.parametrize("suite", suite_names())
def test_what_init_writes_is_valid_for_every_suite_and_edition(suite: str) -> None:
    data = load_suite(suite)
    task = next(iter(data.tasks))
    for edition, values in data.editions.items():
        result = run(app, ["init", task, "--suite", suite, "--edition", edition, "--force"])
        assert result.exit_code == 0, result.output
        written = yaml.safe_load(Path("run.yaml").read_text())
        jsonschema.Draft202012Validator(json.loads(Path("dreamerguard.schema.json").read_text())).validate(written)
        config = RunConfig.model_validate(written)
        assert config.run.train_ratio == values["run.train_ratio"].value
        assert config.size == values["size"].value


def test_init_leaves_open_what_no_source_states() -> None:
    run(app, ["init", "minecraft_diamond", "--edition", "head", "--size", "size25m", "--schema-url", "other.json"])
    text = Path("run.yaml").read_text()
    assert "# frames: environment frames; no source states it for this edition" in text
    assert "size: size25m  # chosen; published is size200m [1]" in text
    assert "frames" not in yaml.safe_load(text)["run"]
    assert text.startswith("# yaml-language-server: $schema=other.json\n")
    assert not Path("dreamerguard.schema.json").exists()


def test_init_overwrites_only_when_told() -> None:
    Path("run.yaml").write_text("mine")
    refused = run(app, ["init", "crafter_reward"])
    assert refused.exit_code == 2
    assert "run.yaml already exists; --force overwrites it." in refused.stderr
    assert Path("run.yaml").read_text() == "mine"
    assert run(app, ["init", "crafter_reward", "--force"]).exit_code == 0
    assert yaml.safe_load(Path("run.yaml").read_text())["task"] == "crafter_reward"


def test_init_names_the_folder_that_it_makes() -> None:
    made = run(app, ["init", "crafter_reward", "-o", "a/b/c.yaml"])
    assert made.output == "wrote a/b/c.yaml and a/b/dreamerguard.schema.json; made the folder a/b\n"
    again = run(app, ["init", "crafter_reward", "-o", "a/b/d.yaml"])
    assert again.output == "wrote a/b/d.yaml and a/b/dreamerguard.schema.json\n"


def test_init_renews_its_own_schema_but_not_someone_elses() -> None:
    assert run(app, ["init", "crafter_reward"]).exit_code == 0
    assert run(app, ["init", "crafter_reward", "-o", "second.yaml"]).exit_code == 0
    Path("dreamerguard.schema.json").write_text("{}")
    assert run(app, ["init", "crafter_reward", "-o", "third.yaml"]).exit_code == 2
    assert not Path("third.yaml").exists()


def test_every_size_can_be_chosen() -> None:
    for size in SIZES:
        run(app, ["init", "crafter_reward", "--size", size, "--force"])
        assert yaml.safe_load(Path("run.yaml").read_text())["size"] == size


@pytest.mark.parametrize("words", [["gym:FrozenLake-v1"], ["my_maze", "--make", "my_envs:make"]])
def test_init_writes_a_sound_run_of_your_own_environment(words: list[str]) -> None:
    result = run(app, ["init", *words, "--size", "size1m"])
    assert result.exit_code == 0, result.output
    written = yaml.safe_load(Path("run.yaml").read_text())
    jsonschema.Draft202012Validator(json.loads(Path("dreamerguard.schema.json").read_text())).validate(written)
    config = RunConfig.model_validate(written)
    assert (config.task, config.size) == (words[0], "size1m")
    assert config.env.make == (words[2] if len(words) > 1 else None)
    assert (config.run.train_ratio, config.env.action_repeat, config.eval.every) == (32, 1, 100_000)
    linted = run(app, ["lint", "run.yaml"])
    assert linted.exit_code == 0, linted.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["my_maze"], "For your own environment, add --make module:function"),
        (
            ["dmc_walker_walk", "--make", "m:f"],
            "dmc_walker_walk is a published task; give your",
        ),
        (["gym:X", "--make", "m:f"], "a name without a colon"),
        (["gym:X", "--edition", "head"], "no edition has values for gym:X"),
    ],
)
def test_init_refuses_other_names(words: list[str], message: str) -> None:
    result = run(app, ["init", *words])
    assert result.exit_code == 2 and message in result.stderr
    assert not Path("run.yaml").exists()
