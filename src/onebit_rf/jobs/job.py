"""What every workflow script needs around its one function: threads, one-line errors, a log, a progress bar."""

import resource
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from onebit_rf.errors import OnebitError


@contextmanager
def job(snakemake: Any) -> Iterator[None]:
    """Run a script's body on the rule's threads and log its wall-clock seconds and peak memory.

    An OnebitError becomes one line on stderr and in the log, and exit code 1. Any other exception is a fault of
    the program and keeps its traceback.
    """
    start = time.perf_counter()
    log = Path(snakemake.log[0])
    try:
        with threadpool_limits(snakemake.threads):
            yield
    except OnebitError as error:
        log.write_text(f"{error}\n")
        sys.exit(f"{snakemake.rule}: {error}")
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
    log.write_text(f"seconds {seconds:.2f}\npeak_mib {peak:.0f}\n")


def progress(items: Iterable, label: str) -> Iterable:
    """Iterate with a bar on stderr when a terminal watches; silent in logs and pipes."""
    if not sys.stderr.isatty():
        return items
    from tqdm import tqdm

    return tqdm(items, desc=label, leave=False)
