"""What the machine refuses: nothing half-written, and one line with the remedy, at every byte where a disk may end."""

import errno
import os
import signal
import subprocess
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from onebit_rf.errors import OnebitError
from onebit_rf.figures import style
from onebit_rf.jobs.job import job
from onebit_rf.jobs.sources import fingerprint
from onebit_rf.tables import files
from onebit_rf.tables.features import FEATURES
from onebit_rf.tables.files import TableWriter, read_matrix, read_provenance
from onebit_rf.tables.whole import is_sealed, whole, write_text

resource = pytest.importorskip("resource")
SPLITS = 60  # of a file into places where the disk ends, and every byte of its last ones


@contextmanager
def disk_of(size):
    """A limit on the size of files: writing past it fails as on a full disk, with another number of the error."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def write_features(path):
    x = np.random.default_rng(0).standard_normal((40, 30), np.float32)
    with TableWriter(path, FEATURES, {}) as writer:
        for depth in (1, 2):
            writer.write(depth=depth, split="train", label=None, x=depth * x)


def write_png(path):
    figure, axes = style.grid(1, 1, 2, 2)
    axes[0, 0].plot([1, 2])
    style.save(figure, [path])


def write_lines(path):
    write_text(path, "a line\n" * 100)


@pytest.mark.parametrize("write", [write_features, write_png, write_lines])
def test_a_disk_that_ends_anywhere_leaves_nothing(tmp_path, write):
    path = tmp_path / "some/file.png"
    write(path)
    content = path.read_bytes()
    path.unlink()
    places = {round(i * len(content) / SPLITS) for i in range(SPLITS)}
    if write is not write_png:  # slow to draw
        places |= set(range(max(0, len(content) - 100), len(content)))
    for place in sorted(places)[:: 10 if write is write_png else 1]:
        with disk_of(place), pytest.raises(OSError, match="File too large") as caught:
            write(path)
        assert caught.value.errno == errno.EFBIG
        assert str(path) in str(caught.value)
        assert list(path.parent.iterdir()) == [], place
    with disk_of(len(content)):
        write(path)
    assert path.read_bytes() == content


def test_an_old_file_survives_a_full_disk(tmp_path):
    write_text(tmp_path / "a.rst", "old\n")
    with disk_of(10), pytest.raises(OSError, match="File too large"):
        write_text(tmp_path / "a.rst", "new\n" * 10)
    assert (tmp_path / "a.rst").read_text() == "old\n"
    assert len(list(tmp_path.iterdir())) == 1


def run_job(tmp_path, error):
    """Run a job whose body raises; return what it says on stderr, and the log."""
    log = tmp_path / "job.log"
    with pytest.raises(SystemExit) as caught, job(made_up(log)):
        raise error
    return caught.value.code, log.read_text(encoding="utf-8") if log.exists() else None


def made_up(log, mem_mb=1):
    return SimpleNamespace(log=[str(log)], threads=1, rule="made_up", resources=SimpleNamespace(mem_mb=mem_mb))


SPACE = "free some space or raise the limit, then run snakemake again"
RIGHTS = "make the folder writable, then run snakemake again"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space", "a.png"), f"a.png: No space left on device; {SPACE}"),
        (OSError(errno.EDQUOT, "quota"), f"Disk quota exceeded; {SPACE}"),
        (OSError(errno.EROFS, "read-only", "results"), f"results: Read-only file system; {RIGHTS}"),
        (PermissionError(errno.EACCES, "denied", "results"), f"results: Permission denied; {RIGHTS}"),
        (
            MemoryError(),
            "out of memory; close other programs, or run fewer jobs at once (--cores 1), then run snakemake",
        ),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …"), "out of memory; "),
        (KeyboardInterrupt(), "interrupted; run snakemake again to go on"),
        (OnebitError("a: must be 1"), "a: must be 1"),
    ],
)
def test_what_the_user_can_mend_is_one_line(tmp_path, error, line):
    said, log = run_job(tmp_path, error)
    assert said.startswith(f"made_up: {line}")
    assert "\n" not in said
    assert log == said.removeprefix("made_up: ") + "\n"


def test_a_fault_of_the_program_keeps_its_traceback(tmp_path):
    log = tmp_path / "job.log"
    with pytest.raises(FileNotFoundError), job(made_up(log)):
        (tmp_path / "absent").read_text()
    assert "Traceback" in log.read_text(encoding="utf-8")


def test_the_line_is_said_where_no_log_can_be_written(tmp_path):
    with disk_of(0):
        said, log = run_job(tmp_path, OSError(errno.ENOSPC, "No space"))
    assert said == f"made_up: No space left on device; {SPACE}"
    assert not log


def test_more_memory_than_there_is_is_one_line(tmp_path):
    with pytest.raises(SystemExit, match=r"^made_up: out of memory; "), job(made_up(tmp_path / "job.log")):
        np.ones(1 << 55)  # bytes that no processor can address


def test_a_job_tells_its_memory(tmp_path):
    with job(made_up(tmp_path / "job.log", mem_mb=7)):
        pass
    facts = dict(line.split(" ", 1) for line in (tmp_path / "job.log").read_text().splitlines())
    assert facts["mem_mb"] == "7"
    if os.path.exists("/proc/self/status"):
        assert int(facts["peak_mb"]) > 10  # Python and NumPy


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux")
def test_the_peak_is_of_this_program_alone():
    """Not of the one that starts it, which getrusage counts."""
    ballast = np.ones(50_000_000)  # 400 MB
    program = "from onebit_rf.jobs.machine import peak_memory; x = b'1' * 100_000_000; print(peak_memory())"
    peak = int(subprocess.run([os.sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
    assert 100e6 < peak < 300e6 < ballast.nbytes


def test_the_block_of_a_whole_file_may_fail_before_it_writes(tmp_path):
    with pytest.raises(ZeroDivisionError), whole(tmp_path / "a"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    path = tmp_path_factory.mktemp("damage") / "features.parquet"
    write_features(path)
    return path


def test_a_damaged_bit_anywhere_is_told(tmp_path, features):
    """A bit of every 29th byte: of rows, their headers, the footer, the provenance and the checksum."""
    content, path = features.read_bytes(), tmp_path / "features.parquet"
    assert is_sealed(features)
    for place in range(0, len(content), 29):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :])
        with pytest.raises(OnebitError, match=r"features\.parquet: damaged, .*; delete it and run snakemake again$"):
            read_matrix(path, FEATURES, "x", 0)


def test_other_readers_pass_over_the_checksum(features):
    polars = pytest.importorskip("polars")
    frame = polars.read_parquet(features)
    exact = np.concatenate([read_matrix(features, FEATURES, "x", group) for group in (0, 1)])
    assert np.array_equal(np.array(frame["x"].to_list(), np.float32), exact)


def test_a_table_that_may_not_be_read_is_one_line(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(files, "is_sealed", refuse)
    with pytest.raises(OnebitError, match=r"a\.parquet: cannot be read \(Permission denied\)"):
        read_matrix(tmp_path / "a.parquet", FEATURES, "x", 0)


def test_the_commit_is_that_of_this_package_alone(tmp_path, monkeypatch):
    """A file of an environment inside another's checkout is not in that checkout."""

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "another's")
    file = tmp_path / "venv/lib/files.py"
    file.parent.mkdir(parents=True)
    file.touch()
    monkeypatch.setattr(files, "__file__", str(file))
    assert files._commit.__wrapped__() == "unknown"
    git("add", ".")
    git("commit", "-q", "-m", "ours")
    assert files._commit.__wrapped__() == git("rev-parse", "HEAD")
    file.write_text("# an edit\n")
    assert files._commit.__wrapped__() == git("rev-parse", "HEAD") + "+"


def test_a_fingerprint_does_not_depend_on_how_a_path_is_spelled(tmp_path, monkeypatch):
    script = tmp_path / "script.py"
    script.write_text("from onebit_rf.jobs import seeds\n")
    monkeypatch.chdir(tmp_path)
    one = fingerprint(str(script))
    (tmp_path / "other").mkdir()
    for spelled in ("script.py", "other/../script.py"):
        assert fingerprint(spelled) == one


@pytest.mark.parametrize("engine", ["portable", "dense"])
def test_the_provenance_names_what_multiplied(tmp_path, monkeypatch, engine):
    from onebit_rf.kernels import load, native, pack_signs

    if engine not in (*native.engines(), "dense"):
        pytest.skip(f"no {engine} engine: {native.why_unavailable()}")
    monkeypatch.setenv(native.ENVIRONMENT, engine)
    load(pack_signs(np.ones((4, 8))))
    write_features(tmp_path / "a.parquet")
    told = read_provenance(tmp_path / "a.parquet", FEATURES)["libraries"]["one-bit products"]
    assert told == {"portable": "native, portable", "dense": "dense, ONEBIT_RF_KERNEL=dense"}[engine]


def test_where_nothing_is_built_the_words_hold_the_remedy(monkeypatch):
    from onebit_rf.kernels import native, preferred_in_words

    monkeypatch.delenv(native.ENVIRONMENT, raising=False)
    monkeypatch.setattr(native, "_signs", None)
    monkeypatch.setattr(native, "_why_missing", native.NOT_BUILT)
    assert preferred_in_words().startswith("dense, the C extension is not built (no C compiler")
    assert "install one" in preferred_in_words()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_limit_of_memory_is_one_line(tmp_path):
    """A process that may take 200 MB more than it has."""
    program = f"""
import resource, sys
from types import SimpleNamespace
import numpy as np
from onebit_rf.jobs.job import job
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 200_000_000, resource.RLIM_INFINITY))
resources = SimpleNamespace(mem_mb=1)
with job(SimpleNamespace(log=[{str(tmp_path / "job.log")!r}], threads=1, rule="made_up", resources=resources)):
    np.ones(100_000_000)
"""
    done = subprocess.run([os.sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"made_up: {(tmp_path / 'job.log').read_text().strip()}"]
    assert done.stderr.startswith("made_up: out of memory; ")
