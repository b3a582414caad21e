"""Hold the peak memory of every job, as its log tells it, against the mem_mb that its rule stated.

    python tests/faults/memory.py results

Prints a row a rule, of its job that came nearest; exits with 1 where one was above.
"""

import sys
from pathlib import Path


def peaks(logs):
    """Yield (rule, job, peak_mb, mem_mb) of every log of a job that ended well."""
    for log in sorted(Path(logs).rglob("*.log")):
        facts = dict(line.split(" ", 1) for line in log.read_text(encoding="utf-8").splitlines() if " " in line)
        if "peak_mb" in facts:
            job = log.relative_to(logs).with_suffix("")
            yield job.parts[0], str(job), int(facts["peak_mb"]), int(facts["mem_mb"])


def main():
    """Print the table."""
    rows = list(peaks(Path(sys.argv[1]) / "logs"))
    nearest = {}
    for rule, job, peak, asked in sorted(rows, key=lambda row: row[2] / row[3]):
        nearest[rule] = (job, peak, asked)
    print("rule,jobs,peak_mb,mem_mb,nearest job")
    for rule, (job, peak, asked) in sorted(nearest.items()):
        print(f"{rule},{sum(row[0] == rule for row in rows)},{peak},{asked},{job}")
    sys.exit(any(peak > asked for _, _, peak, asked in rows))


if __name__ == "__main__":
    main()
