"""Corrections: only what was asked for, only where it was wrong, and nothing else in the file."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard import lint_run
from dreamerguard.core.finding import Finding, Fix, Severity
from dreamerguard.core.result import Result
from dreamerguard.core.source import Edit, Label, Source, SourceError, apply_edits
from dreamerguard.lint.fixes import corrected_command, diff, fix_files, plan

WRONG = """\
# a run
task: dmc_walker_walk   # the task

run:
    train_ration: 512     # replayed steps
    frames:   500_000
replay: {onlin: true,   batch_size: 16}  # flow
"""
RIGHT = WRONG.replace("train_ration", "train_ratio").replace("500_000", "500000").replace("onlin:", "online:")


def check(folder: Path) -> Result:
    return lint_run(file="run.yaml", folder=folder)


def fixed(folder: Path, data: bytes, *, unsafe: bool = False) -> bytes:
    (folder / "run.yaml").write_bytes(data)
    fix_files(lambda: (check(folder),), folder, unsafe=unsafe)
    return (folder / "run.yaml").read_bytes()


def test_comments_order_and_spacing_stay(tmp_path: Path) -> None:
    assert fixed(tmp_path, WRONG.encode()).decode() == RIGHT
    assert check(tmp_path).findings == ()


def test_line_ends_and_byte_order_mark_stay(tmp_path: Path) -> None:
    for prefix in (b"", b"\xef\xbb\xbf"):
        wrong = prefix + WRONG.replace("\n", "\r\n").encode()
        assert fixed(tmp_path, wrong) == prefix + RIGHT.replace("\n", "\r\n").encode()


def test_a_file_without_anything_to_correct_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(RIGHT, encoding="utf-8")
    before = (tmp_path / "run.yaml").stat()
    fix_files(lambda: (check(tmp_path),), tmp_path)
    after = (tmp_path / "run.yaml").stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_what_changes_the_training_needs_to_be_asked_for(tmp_path: Path) -> None:
    text = b"task: dmc_walker_walk\nrun.train_ratio: 32\n"
    assert fixed(tmp_path, text) == text
    assert fixed(tmp_path, text, unsafe=True) == text.replace(b"32", b"512")


def test_accepted_findings_are_left_alone(tmp_path: Path) -> None:
    text = b"task: dmc_walker_walk\nrun.train_ratio: 32  # dreamerguard: ignore[DG101] -- smoke test\n"
    assert fixed(tmp_path, text, unsafe=True) == text


def test_one_correction_can_uncover_another(tmp_path: Path) -> None:
    text = b"task: dmc_walker_walk\nrun.train_ration: 32  # dreamerguard: ignore[DG104] -- old\n"
    assert fixed(tmp_path, text) == b"task: dmc_walker_walk\nrun.train_ratio: 32\n"
    assert fixed(tmp_path, text, unsafe=True) == b"task: dmc_walker_walk\nrun.train_ratio: 512\n"


def test_links_and_permissions_stay(tmp_path: Path) -> None:
    target = tmp_path / "real.yaml"
    target.write_text(WRONG, encoding="utf-8")
    target.chmod(0o640)
    (tmp_path / "run.yaml").symlink_to(target)
    fix_files(lambda: (check(tmp_path),), tmp_path)
    assert (tmp_path / "run.yaml").is_symlink()
    assert target.read_text(encoding="utf-8") == RIGHT
    assert target.stat().st_mode & 0o777 == 0o640
    assert {path.name for path in tmp_path.iterdir()} == {"real.yaml", "run.yaml"}


def test_a_file_that_changes_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(WRONG, encoding="utf-8")

    def check_and_edit() -> Result:
        result = check(tmp_path)
        path.write_text("task: dmc_cartpole_balance\n", encoding="utf-8")
        return result

    with pytest.raises(SourceError, match="changed while it was checked"):
        fix_files(lambda: (check_and_edit(),), tmp_path)
    assert path.read_text(encoding="utf-8") == "task: dmc_cartpole_balance\n"


def finding(source: Source, start: int, end: int, text: str, severity: Severity = Severity.WARNING) -> Finding:
    span = source.span(start, end)
    fix = Fix("do it", (Edit(span, text),), safe=True)
    return Finding("DG000", "a-rule", severity, "wrong", Label(span), fix=fix)


def test_a_correction_that_breaks_the_file_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("task: dmc_walker_walk\n", encoding="utf-8")

    def check_and_suggest() -> Result:
        result = check(tmp_path)
        bad = [finding(item, 6, 9, "[") for item in result.run.sources]
        return replace(result, findings=(*result.findings, *bad))

    with pytest.raises(SourceError, match="would make the YAML invalid, so it was undone"):
        fix_files(lambda: (check_and_suggest(),), tmp_path)
    assert path.read_text(encoding="utf-8") == "task: dmc_walker_walk\n"


def test_of_two_corrections_of_one_place_the_gravest_wins() -> None:
    source = Source("run.yaml", "abcdef")
    mild, grave = finding(source, 1, 4, "X"), finding(source, 3, 5, "Y", Severity.ERROR)
    assert plan([mild, grave]).texts() == {"run.yaml": "abcYf"}
    assert plan([mild, finding(source, 4, 5, "Z")]).texts() == {"run.yaml": "aXZf"}


def test_of_two_insertions_at_one_place_only_one_is_made() -> None:
    source = Source("run.yaml", "abcdef")
    mild, grave = finding(source, 3, 3, "X"), finding(source, 3, 3, "Y", Severity.ERROR)
    made = plan([mild, grave])
    assert made.texts() == {"run.yaml": "abcYdef"}
    assert made.findings == (grave,)
    assert plan([mild, finding(source, 3, 5, "Z", Severity.ERROR)]).texts() == {"run.yaml": "abcZf"}
    assert plan([mild, finding(source, 4, 4, "Y")]).texts() == {"run.yaml": "abcXdYef"}


def test_commands_are_corrected_in_one_line() -> None:
    overrides = ["run.train_ration=512", "run.frames=500_000", "env.action_repeat=two"]
    result = lint_run("dmc_walker_walk", overrides=overrides)
    assert corrected_command((result,)) == (
        "dreamerguard train dmc_walker_walk run.train_ratio=512 run.frames=500000 env.action_repeat=two"
    )
    assert corrected_command((lint_run("dmc_walker_walk"),)) is None


def test_the_difference_is_a_patch(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("task: dmc_walker_walk\nrun.train_ration: 512", encoding="utf-8")
    assert diff((check(tmp_path),)) == (
        "--- run.yaml\n+++ run.yaml\n@@ -1,2 +1,2 @@\n task: dmc_walker_walk\n"
        "-run.train_ration: 512\n\\ No newline at end of file\n"
        "+run.train_ratio: 512\n\\ No newline at end of file\n"
    )


LINES = st.lists(
    st.sampled_from(
        [
            "run.train_ration: 512",
            "run.frames: 500_000  # half a million",
            "replay: {onlin: true}",
            "'run.env': 8",
            "seed: '3'   # text",
            "# comment: run.frmes: 1",
            "",
            "model.unit: 256",
            "size: size12n",
            "é: 漢字  # wide",
        ]
    ),
    max_size=8,
    unique=True,
)


@settings(max_examples=settings.default.max_examples // 2)
@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_everything_outside_the_edits_stays(
    tmp_path: Path, lines: list[str], end: str, mark: bool, unsafe: bool
) -> None:
    text = end.join(["task: dmc_walker_walk", *lines]) + end
    path = tmp_path / "run.yaml"
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + text.encode())
    result = check(tmp_path)
    todo = plan(result.findings, unsafe=unsafe)
    edits = [edit for _, some in todo.edits.values() for edit in some]
    kept: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: edit.span.start):
        kept.append(text[position : edit.span.start])
        position = edit.span.end
    kept.append(text[position:])
    (new,) = todo.texts().values() or [text]
    assert new == apply_edits(text, edits)
    for part in kept:
        assert part in new
        new = new[new.index(part) + len(part) :]
    fix_files(lambda: (check(tmp_path),), tmp_path, unsafe=unsafe)
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") is mark
    assert data.count(b"\r\n") == (data.count(b"\n") if end == "\r\n" else 0)
    assert not plan(check(tmp_path).findings, unsafe=unsafe).edits
