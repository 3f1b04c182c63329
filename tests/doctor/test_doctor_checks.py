"""Each check of `dreamerguard doctor` meets its condition, made on this machine where that is possible."""

import ast
import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dreamerguard_agent
from dreamerguard.doctor import clock, devices, folders, limits, memory, packages
from dreamerguard.doctor.child import ProbeAnswer, run_probe
from dreamerguard.doctor.clock import ClockReading
from dreamerguard.doctor.grade import Grade, worst
from dreamerguard.schema.suites import SUITES

pytestmark = pytest.mark.integration

#: Seconds that only a probe that hangs reaches.
SAFETY = 600.0
#: No user can create a file here, the administrator included.
READ_ONLY = Path("/proc")
on_linux = pytest.mark.skipif(not READ_ONLY.is_dir(), reason="needs /proc")


def fake(folder: Path, monkeypatch: pytest.MonkeyPatch, module: str, code: str) -> None:
    """Puts a module before the installed one, for child processes."""
    (folder / f"{module}.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))


def limited(code: str, name: str, number: int) -> str:
    """Runs code in a child with a limit of `resource` and returns what it prints."""
    head = f"import resource; resource.setrlimit(resource.{name}, ({number}, {number}));"
    done = subprocess.run(
        [sys.executable, "-c", head + code],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_devices_are_found_by_computing_on_them() -> None:
    check, found = devices.check_devices("cpu", 0, SAFETY)
    assert check.grade is Grade.OK
    assert found["platform"] == "cpu"
    check, found = devices.check_devices("tpu", 0, SAFETY)
    assert check.grade is Grade.ERROR
    assert check.fix
    assert found == {}


def test_a_cpu_build_on_a_machine_with_a_gpu_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    check, _ = devices.check_devices("auto", 2, SAFETY)
    assert (check.grade, check.fix) == (Grade.WARNING, "unset JAX_PLATFORMS")


@pytest.mark.parametrize(
    ("code", "grade", "text"),
    [
        ("raise ImportError('libcudart.so is missing')", Grade.ERROR, "ImportError: libcudart.so is missing"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", Grade.ERROR, "ended by SIGSEGV"),
        ("raise SystemExit(3)", Grade.ERROR, "the process ended with exit code 3"),
        (
            "import os; os.write(1, b'hello\\n'); raise RuntimeError('two\\nlines')",
            Grade.ERROR,
            "RuntimeError: two lines",
        ),
    ],
)
def test_a_broken_package_is_an_error(
    code: str, grade: Grade, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, monkeypatch, "jax", code)
    check, _ = devices.check_devices("auto", 0, SAFETY)
    assert check.grade is grade
    assert text in check.found
    fake(tmp_path, monkeypatch, "dm_control", code)
    assert text in devices.check_simulation(SAFETY).found


def test_a_package_that_hangs_is_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import signal; signal.pause()'])"
    fake(tmp_path, monkeypatch, "jax", code)
    check, found = devices.check_devices("auto", 0, 1.0)
    assert (check.grade, check.found, found) == (Grade.NOT_CHECKED, "no answer within 1 s", {})


def test_a_file_of_the_current_folder_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jax.py").write_text("raise ImportError('the wrong file')")
    monkeypatch.chdir(tmp_path)
    assert devices.check_devices("cpu", 0, SAFETY)[0].grade is Grade.OK


def test_versions_that_do_not_fit_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert packages.check_packages(SAFETY).grade is Grade.OK
    info = tmp_path / "mujoco-2.3.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mujoco\nVersion: 2.3.0\n")
    fake(tmp_path, monkeypatch, "unused", "")
    check = packages.check_packages(SAFETY)
    assert check.grade is Grade.ERROR
    assert "needs mujoco" in check.found
    assert "found 2.3.0" in check.found


def test_the_checked_packages_are_those_that_the_trainer_imports() -> None:
    trainer = Path(dreamerguard_agent.__file__).parent
    nodes = [node for path in trainer.rglob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    found = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    # tensorboard, with google.protobuf, is imported only where `logging.tensorboard` is on; jax imports jaxlib.
    # Packages of single suites are checked with the task; pillow comes with matplotlib, imageio_ffmpeg is for videos.
    found -= {"PIL", "imageio_ffmpeg"} | {
        package for suite in SUITES if suite.extra != "agent" for package in suite.packages
    }
    assert found - {"dreamerguard", "tensorboard", "google"} == packages.TRAINER.keys() - {"jaxlib"}


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(packages.TRAINER, "no_such_module", "no-such-package")
    check = packages.check_packages(SAFETY)
    assert (check.grade, check.found) == (Grade.ERROR, "not installed: no-such-package")


@pytest.mark.parametrize(
    ("variables", "where"),
    [
        ({"MUJOCO_GL": "egl", "PYOPENGL_PLATFORM": "osmesa"}, "PYOPENGL_PLATFORM"),
        ({"PYOPENGL_PLATFORM": "osmesa"}, "PYOPENGL_PLATFORM"),
        ({"JAX_DISABLE_JIT": "1"}, "JAX_DISABLE_JIT"),
        ({"JAX_ENABLE_X64": "True"}, "JAX_ENABLE_X64"),
    ],
)
def test_variables_that_disturb_each_other_are_warnings(variables: dict[str, str], where: str) -> None:
    assert [(check.grade, check.where) for check in packages.check_clashes(0, variables)] == [(Grade.WARNING, where)]
    quiet = {"MUJOCO_GL": "egl", "PYOPENGL_PLATFORM": "egl", "JAX_DISABLE_JIT": "0"}
    assert worst(packages.check_clashes(0, quiet)) is Grade.OK


def test_backends_are_judged_by_what_they_render(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = devices.render_with("no-such-backend", SAFETY)
    assert "MUJOCO_GL" in wrong.problem
    works = ProbeAnswer({"milliseconds": 1.0})
    monkeypatch.setenv("MUJOCO_GL", "no-such-backend")
    for needed, grade in ((False, Grade.WARNING), (True, Grade.ERROR)):
        check = devices.check_rendering({"egl": works, "no-such-backend": wrong}, needed)
        assert (check.grade, check.where) == (grade, "MUJOCO_GL=no-such-backend")
        assert check.fix.startswith("export MUJOCO_GL=egl")
    monkeypatch.delenv("MUJOCO_GL")
    assert devices.check_rendering({"egl": works, "glfw": wrong}, True).grade is Grade.OK
    late = ProbeAnswer({}, "no answer within 1 s", late=True)
    assert devices.check_rendering({"egl": late}, True).grade is Grade.NOT_CHECKED


@on_linux
def test_folders_that_cannot_be_written(tmp_path: Path) -> None:
    assert folders.check_folder("run folder", tmp_path / "new" / "run", True, "fix").grade is Grade.OK
    assert folders.check_folder("run folder", READ_ONLY, True, "fix").grade is Grade.ERROR
    assert folders.check_folder("cache folder", READ_ONLY, False, "fix").grade is Grade.WARNING
    check = folders.check_folder("run folder", tmp_path / ("x" * 300), True, "fix")
    assert (check.grade, check.found) == (Grade.ERROR, "cannot be written: File name too long")
    (tmp_path / "file").write_text("")
    check = folders.check_folder("run folder", tmp_path / "file" / "run", True, "fix")
    assert (check.grade, check.where) == (Grade.ERROR, str(tmp_path / "file"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]  # nothing of the examination stays
    assert folders.check_sync(READ_ONLY).grade is Grade.NOT_CHECKED


def test_a_folder_without_room_is_an_error(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from dreamerguard.doctor.folders import check_folder as check;"
        f"found = check('run folder', Path({str(tmp_path)!r}), True, ''); print(found.grade, found.found)"
    )
    out = limited(code, "RLIMIT_FSIZE", 1000)
    assert out == "error cannot be written: File too large"
    assert list(tmp_path.iterdir()) == []


def test_disk_space_is_compared_with_the_checkpoints(tmp_path: Path) -> None:
    assert folders.check_disk(tmp_path, 1000, 2).grade is Grade.OK
    assert folders.check_disk(tmp_path, 10**16, 2).grade is Grade.ERROR
    assert folders.check_disk(tmp_path, None, 2).grade is Grade.NOT_CHECKED
    code = (
        "from pathlib import Path; from dreamerguard.doctor.folders import check_disk as check;"
        f"found = check(Path({str(tmp_path)!r}), 5000, 2); print(found.grade, found.where)"
    )
    assert limited(code, "RLIMIT_FSIZE", 4096) == "error ulimit -f"


def test_a_lock_is_tried_by_two_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folders.check_lock(tmp_path, SAFETY).grade is Grade.OK
    monkeypatch.setattr(
        fcntl, "flock", lambda file, how: None
    )  # a file system that accepts locks and does not hold them
    check = folders.check_lock(tmp_path, SAFETY)
    assert (check.grade, check.found) == (Grade.WARNING, "a second process could lock a file that was locked")

    def refuse(file: object, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    check = folders.check_lock(tmp_path, SAFETY)
    assert (check.grade, check.found) == (Grade.WARNING, f"files cannot be locked: {os.strerror(errno.ENOLCK)}")


def test_limits_of_files_and_threads() -> None:
    code = "from dreamerguard.doctor.limits import check_open_files as check; print(check(0).grade)"
    for number, grade in ((40, "error"), (100, "warning")):
        assert limited(code, "RLIMIT_NOFILE", number) == grade
    assert limits.check_threads(0, SAFETY).grade is Grade.OK
    code = "from dreamerguard.doctor.limits import check_threads as check; print(check(400, 600).grade)"
    assert limited(code, "RLIMIT_AS", 10**9) == "error"


def test_shared_memory_counts_if_there_are_workers(tmp_path: Path) -> None:
    assert limits.check_shared_memory(2, 10**6, tmp_path).grade is Grade.OK
    assert limits.check_shared_memory(2, 10**16, tmp_path).grade is Grade.ERROR
    assert limits.check_shared_memory(2, 1, tmp_path / "none").grade is Grade.WARNING
    assert limits.check_shared_memory(0, 1, tmp_path / "none").grade is Grade.OK


def cgroup(root: Path, group: str, files: dict[str, int | str]) -> None:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(group)
    (root / "proc/meminfo").write_text("MemTotal: 64000000 kB\nMemAvailable: 32000000 kB\n")
    for name, value in files.items():
        (root / "sys/fs/cgroup" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "sys/fs/cgroup" / name).write_text(f"{value}\n")


@pytest.mark.parametrize(
    ("group", "files", "limit", "free"),
    [
        ("0::/\n", {"memory.max": "max", "memory.current": 5}, 64_000_000 * 1024, 32_000_000 * 1024),
        ("0::/a/b\n", {"a/memory.max": 9000, "a/memory.current": 1000, "a/b/memory.max": "max"}, 9000, 8000),
        ("0::/\n", {"memory.max": 7000, "memory.current": 2000}, 7000, 5000),
        (
            "4:memory:/job\n",
            {"memory/job/memory.limit_in_bytes": 6000, "memory/job/memory.usage_in_bytes": 1},
            6000,
            5999,
        ),
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": 2**63 - 4096}, 64_000_000 * 1024, 32_000_000 * 1024),
        ("", {"memory.max": 5000, "memory.current": 6000}, 5000, 0),
    ],
)
def test_limits_of_control_groups_count(
    group: str, files: dict[str, int | str], limit: int, free: int, tmp_path: Path
) -> None:
    cgroup(tmp_path, group, files)
    assert min(memory.memory_limits(tmp_path).values()) == limit
    assert memory.available_memory(tmp_path) == free


def test_memory_is_compared_with_the_need() -> None:
    assert memory.check_memory(1000, "parts", None).grade is Grade.OK
    assert memory.check_memory(10**15, "parts", None).grade is Grade.ERROR
    assert memory.check_memory(2000, "parts", 1000).grade is Grade.ERROR
    assert memory.check_memory(500, "parts", 1000).grade is Grade.OK
    assert memory.check_memory(None, "", None, "the task does not exist").grade is Grade.NOT_CHECKED


def test_the_clock_is_compared(tmp_path: Path) -> None:
    start = clock.read_clocks()
    assert clock.check_clock(tmp_path, start, start).grade is Grade.OK
    set_back = ClockReading(start.wall - 3600, start.monotonic + 1)
    assert "was set by -3601.0 s" in clock.check_clock(tmp_path, start, set_back).found
    (tmp_path / "scores.jsonl").write_text("")
    os.utime(tmp_path / "scores.jsonl", (start.wall + 5000, start.wall + 5000))
    check = clock.check_clock(tmp_path, start, start)
    assert (check.grade, check.where) == (Grade.WARNING, str(tmp_path / "scores.jsonl"))
    early = ClockReading(1000.0, 0.0)
    assert "1970-01-01" in clock.check_clock(tmp_path, early, early).found


@on_linux
def test_a_clock_that_cannot_be_compared_is_not_ok() -> None:
    start = clock.read_clocks()
    assert clock.check_clock(READ_ONLY / "self" / "none", start, start).grade is Grade.NOT_CHECKED


def test_a_probe_that_cannot_start_is_not_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert run_probe("lock", SAFETY).problem == "the probe cannot be started: No such file or directory"
    assert limits.check_threads(0, SAFETY).grade is Grade.NOT_CHECKED


def test_a_python_that_dm_control_does_not_support(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12, 1, "final", 0))
    assert packages.check_python().grade is Grade.OK
    monkeypatch.setattr(sys, "version_info", (3, 13, 0, "final", 0))
    found = packages.check_python()
    assert found.grade is Grade.WARNING
    assert found.found == "3.13.0: the trainer is not tested with it; the linter is fine"
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    found = packages.check_python()
    assert (found.grade, found.fix) == (Grade.ERROR, "install Python 3.11 to 3.12")
