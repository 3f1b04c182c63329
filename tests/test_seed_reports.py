"""What a run of several seeds shows and leaves on disk, without training one."""

import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from dreamerguard.commands.evaluate import show_scores
from dreamerguard.commands.shared.progress import Progress
from dreamerguard.logs.follow import find_runs
from dreamerguard.programs.native import run_directory as rundir
from dreamerguard.regression.charts.png import Curve, draw_png, read_curve
from dreamerguard.regression.published import load_envelope
from dreamerguard.schema import RunConfig

CONFIG = RunConfig(task="dmc_cartpole_balance", seed=3, seeds=3)
ROW = {"frames": 10.0, "updates": 1.0, "train_ratio/achieved": 8.0, "train_ratio/configured": 8.0}
ROW |= {"fps/frames": 1.0, "fps/updates": 1.0, "time/left": 1.0}


@dataclass
class Ended:
    seed: int
    score: float


def shown(episodes: list[Ended]) -> str:
    screen = io.StringIO()
    progress = Progress(1000, Console(file=screen, width=400))
    for episode in episodes:
        progress.episode(10, episode)
    progress.metrics(ROW)
    return screen.getvalue()


def test_progress_shows_the_median_of_the_seeds_and_their_range() -> None:
    episodes = [Ended(3, 10.0), Ended(3, 20.0), Ended(4, 40.0), Ended(5, 400.0)]
    assert "score 40.0 (15.0 to 400.0 of 3 seeds)" in shown(episodes)
    assert "score 15.0  1 update " in shown(episodes[:2])
    assert "score -" in shown([])


def test_each_agent_has_a_directory_that_reads_as_a_run_of_its_own(tmp_path: Path) -> None:
    rundir.prepare_agents(tmp_path, CONFIG, {}, {})
    assert rundir.load_config(tmp_path) == CONFIG
    found = find_runs([tmp_path])
    assert [path.name for path in found] == ["seed3", "seed4", "seed5"]
    for seed, path in zip((3, 4, 5), found, strict=True):
        assert rundir.load_config(path) == CONFIG.model_copy(update={"seed": seed, "seeds": 1})
    rundir.prepare_agents(tmp_path, CONFIG, {}, {})
    with pytest.raises(rundir.ConfigChanged, match="seeds: 3 in the run, 2 now"):
        rundir.prepare_agents(tmp_path, CONFIG.model_copy(update={"seeds": 2}), {}, {})


def test_a_single_agent_keeps_the_run_directory_to_itself(tmp_path: Path) -> None:
    alone = CONFIG.model_copy(update={"seeds": 1})
    rundir.prepare_agents(tmp_path, alone, {}, {})
    assert find_runs([tmp_path]) == [tmp_path]
    assert rundir.agents(tmp_path, alone) == {tmp_path: alone}
    assert "-seed3-" in rundir.default_directory(alone).name
    assert "-seed3-5-" in rundir.default_directory(CONFIG).name


def test_a_configuration_is_withdrawn_unless_the_run_has_begun(tmp_path: Path) -> None:
    for begun in (False, True):
        directory = tmp_path / str(begun)
        rundir.prepare_agents(directory, CONFIG, {}, {})
        if begun:
            (directory / "checkpoints" / "128").mkdir(parents=True)
        rundir.withdraw(directory, CONFIG)
        assert len(list(directory.rglob("run.yaml"))) == (4 if begun else 0)


def test_seeds_are_drawn_together(tmp_path: Path) -> None:
    curves = [Curve(f"seed{i}", [10.0, 20.0, 30.0 + i], [i, 2.0 * i, 3.0 * i]) for i in range(3)]
    curves.append(Curve("none yet", [], []))
    draw_png(tmp_path / "curve.png", curves, "three seeds", together=True)
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert curves[1].means([10.0, 20.0, 30.0, 40.0, 50.0]) == [1, 2, 2, 3, None]
    draw_png(tmp_path / "empty.png", curves[3:], "no episode yet", together=True)
    assert (tmp_path / "empty.png").exists()


def test_a_curve_is_not_drawn_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept")
    for name in ("curve.png", "curve.png.tmp"):
        (tmp_path / name).symlink_to(outside)
    draw_png(tmp_path / "curve.png", [], "no episode yet")
    assert outside.read_text() == "kept"
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_control_characters_in_a_note_do_not_act_on_the_terminal() -> None:
    screen = io.StringIO()
    progress = Progress(1000, Console(file=screen, width=400))
    progress.note("run\x1b]0;title\x07 \x1b[2J")
    progress.phase("phase \x1b[31m")
    assert "\x1b" not in screen.getvalue() and "\x07" not in screen.getvalue()
    assert r"run\x1b]0;title\x07" in screen.getvalue()


def test_a_log_with_rows_that_are_none_is_drawn_without_them(tmp_path: Path) -> None:
    rows = [
        b'{"frames": 100, "score": 1.5}',
        b"[1]",
        b"3",
        b'{"frames": 200}',
        b'{"frames": "a", "score": 1}',
        b"\xff{",
    ]
    rows += [b'{"frames": 300, "score": NaN}', b'{"frames": 400, "score": 1e308}', b'{"frames": 1e60, "score": 2}']
    (tmp_path / "scores.jsonl").write_bytes(b"\n".join(rows))
    curve = read_curve(tmp_path, "run")
    assert (curve.frames, curve.scores) == ([100, 1e60], [1.5, 2])
    draw_png(tmp_path / "curve.png", [curve], "a title", load_envelope("dmc_proprio", "walker_walk"))
    assert (tmp_path / "curve.png").exists()


def test_settings_of_the_current_folder_do_not_start_latex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / "matplotlibrc").write_text("text.usetex: True\nfont.size: 500\n")
    script = (
        "from pathlib import Path\nfrom dreamerguard.regression.charts.png import draw_png\n"
        "draw_png(Path('curve.png'), [], 'a title')\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=stranger, check=True)
    assert (stranger / "curve.png").exists()
    (stranger / "matplotlibrc").unlink()
    os.mkfifo(stranger / "matplotlibrc")
    monkeypatch.chdir(stranger)
    with pytest.raises(OSError, match="a FIFO, not a file"):
        draw_png(stranger / "curve.png", [], "a title")


def test_one_episode_is_not_called_episodes(capsys: pytest.CaptureFixture[str]) -> None:
    screen = io.StringIO()
    Progress(1000, Console(file=screen, width=400)).evaluated(10, [5.0])
    assert screen.getvalue().endswith("evaluation at 10 frames: 5.0 over 1 episode\n")
    show_scores("dmc_walker_walk", 10, {0: [5.0]}, as_json=False)
    assert capsys.readouterr().out == "dmc_walker_walk after 10 frames: 5.0 in 1 episode\n"
