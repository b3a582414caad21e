"""What every workflow script needs around its one function: threads, one-line errors, a log, a progress bar."""

import errno
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from onebit_rf.errors import OnebitError
from onebit_rf.jobs.machine import memory, peak_memory


@contextmanager
def job(snakemake: Any) -> Iterator[None]:
    """Run a script's body on the rule's threads; log its wall-clock seconds, peak memory and the modules it ran.

    What the user can mend becomes one line on stderr and in the log, and exit code 1. Any other exception is a fault of
    the program: its traceback goes to the log, too.

    Raises:
        SystemExit: for an OnebitError, where the disk or the memory does not suffice, or at Ctrl-C.
    """
    start, log = time.perf_counter(), Path(snakemake.log[0])
    try:
        _check_memory(getattr(snakemake.resources, "mem_mb", 0))
        with threadpool_limits(snakemake.threads):
            yield
        log.write_text(_report(time.perf_counter() - start, snakemake.resources), encoding="utf-8")
    except BaseException as error:
        line = _line(error)
        with suppress(OSError):  # on a full disk there is no log, either
            log.write_text(f"{line}\n" if line else traceback.format_exc(), encoding="utf-8")
        if line:
            sys.exit(f"{snakemake.rule}: {line}")
        raise


def _report(seconds: float, resources: Any) -> str:
    modules = sorted(name for name in sys.modules if name.startswith("onebit_rf"))
    asked = getattr(resources, "mem_mb", 0)
    return f"seconds {seconds:.2f}\npeak_mb {peak_memory() / 1e6:.0f}\nmem_mb {asked}\nmodules {' '.join(modules)}\n"


# What the system refuses, and what helps.
_REMEDIES = dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "free some space or raise the limit")
_REMEDIES |= dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), "make the folder writable")


def _line(error: BaseException) -> str | None:
    """Say in a line what went wrong and what helps; None where it is a fault of the program."""
    if isinstance(error, OnebitError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; run snakemake again to go on"
    if isinstance(error, OSError) and error.errno in _REMEDIES:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{os.strerror(error.errno)}; {_REMEDIES[error.errno]}, then run snakemake again"
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):  # the latter is torch's
        return "out of memory; close other programs, or run fewer jobs at once (--cores 1), then run snakemake again"
    return None


def _check_memory(needed_mb: int) -> None:
    """Raise OnebitError where the machine cannot hold the job."""
    if needed_mb > memory() / 1e6:
        raise OnebitError(
            f"this job needs about {needed_mb / 1e3:.1f} GB of memory, this machine has {memory() / 1e9:.1f} GB; "
            "make the network's widths or the data set's rows fewer"
        )


@contextmanager
def bar(label: str) -> Iterator[Callable[[float, str], None]]:
    """Yield what draws a bar on stderr when a terminal watches: (share done, what to say beside it); else silent."""
    if not sys.stderr.isatty():
        yield lambda share, text: None
        return
    from tqdm import tqdm

    shape = "{desc}: {percentage:3.0f} %|{bar}| {elapsed} passed, {remaining} left{postfix}"
    with tqdm(desc=label, total=1.0, leave=False, bar_format=shape) as drawn:

        def show(share: float, text: str) -> None:
            drawn.set_postfix_str(text, refresh=False)
            drawn.update(share - drawn.n)

        yield show


def progress(items: Iterable, label: str) -> Iterable:
    """Iterate with a bar on stderr when a terminal watches; silent in logs and pipes."""
    if not sys.stderr.isatty():
        return items
    from tqdm import tqdm

    return tqdm(items, desc=label, leave=False)
