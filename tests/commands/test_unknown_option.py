"""An option that does not exist: one message with the nearest option, and exit code 2."""

import pytest
from typer.testing import CliRunner

from dreamerguard.cli import main
from dreamerguard.commands.app import app
from dreamerguard.commands.shared.first_contact import about_word
from dreamerguard.commands.shared.unknown_option import mistyped_option, no_such_option
from dreamerguard.programs.native.options import TrainOptions, typed_names

RUN = ("--", "python", "dreamerv3/main.py", "--configs", "dmc_proprio", "--task", "dmc_walker_walk")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("lint", "--format", "nope", *RUN), "no option --format of lint; did you mean --output-format?"),
        (("lint", "--formatt=json", *RUN), "no option --formatt of lint; did you mean --output-format?"),
        (("lint", "-x", *RUN), "no option -x of lint"),
        (("lint", "--allow", "low-train-ratio=x", *RUN), "no option --allow of lint"),
        (("lint", "--selct", "low-train-ratio", "run.yaml"), "no option --selct of lint; did you mean --select?"),
        (("lint", "dmc_walker_walk", "--selct=DG101"), "no option --selct of lint; did you mean --select?"),
        (("lint", "dmc_walker_walk", "--format", "json"), "no option --format of lint; did you mean --output-format?"),
        (("lint", "dmc_walker_walk", "--min_severty", "error"), "of lint; did you mean --min-severity?"),
        (("train", "dmc_walker_walk", "--logdr", "x"), "no option --logdr of train; did you mean --logdir?"),
        (("train", "dmc_walker_walk", "--alow=low-train-ratio=x"), "no option --alow of train; did you mean --allow?"),
        (("lint", "--task", "dmc_walker_walk", *RUN), "--task sets the task or size of a run file"),
        (("lint", "run.yaml", *RUN), "run.yaml stands before --"),
        (("lint", "run.train_ratio=32", *RUN), "run.train_ratio=32 stands before --"),
        (("check", "--format", "json"), "no option --format of check; did you mean --output-format?"),
        (("check", "--severity", "error", "--", "."), "did you mean --min-severity?"),
        (("check", "--qqqq"), "--help lists the options"),
        (("guard", "--on-regresion", "stop", "--", "true"), "of guard; did you mean --on-regression?"),
        (("guard", "--format", "nope", "--", "true"), "no option --format of guard"),
        (("watch", "--onc", "."), "of watch; did you mean --once?"),
        (("--vers",), "there is no option --vers; did you mean --version?"),
    ],
)
def test_one_message_names_the_option(
    words: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["dreamerguard", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    output = capsys.readouterr()
    assert (ended.value.code, output.out) == (2, "")
    assert says in output.err and output.err.count("\n") == 1 and output.err.startswith("error: ")


@pytest.mark.parametrize("word", ["--sed=3", "--sedes", "--batch_size=2", "--frames=5", "--zzz=1", "--run.frame=1"])
def test_a_mistyped_key_is_left_to_the_linter(word: str) -> None:
    assert mistyped_option([word], "train", typed_names(TrainOptions)) is None


def test_options_of_lint_may_stand_before_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["dreamerguard", "lint", "--output-format", "concise", "-o", "/dev/null", *RUN])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0, capsys.readouterr().err


def test_the_message_does_not_act_on_the_terminal() -> None:
    done = CliRunner().invoke(app, ["check", "--\x1b[31mred"])
    assert done.exit_code == 2 and "\x1b" not in done.stderr


def test_an_option_with_several_matching_parts_gets_no_guess() -> None:
    assert "did you mean" not in no_such_option("--file", "x", ["--config-file", "--other-file"])


def test_the_advice_keeps_only_options_that_may_stand_before_the_command() -> None:
    words = ["--task", "dmc_walker_walk", "--ignore", "DG101", "python", "train.py"]
    assert "dreamerguard lint --ignore DG101 -- python train.py" in str(about_word("python", words))
