"""Renew the findings that a page quotes: python -m onebit_rf.figures PAGE FINDINGS […].

A page quotes the findings of a figure between `<!-- findings of NAME -->` and `<!-- end -->`; what stands there is
replaced by what the tables of findings say now.
"""

import re
import sys
from pathlib import Path

from onebit_rf.errors import OnebitError
from onebit_rf.tables.files import read_frame
from onebit_rf.tables.findings import FINDINGS
from onebit_rf.tables.whole import write_text

_QUOTED = re.compile(r"(<!-- findings of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def renew(page: str, findings: dict[str, list[str]]) -> str:
    """Return a page with the findings of its figures as lists, from figure → sentences.

    Raises:
        OnebitError: for a figure that has no findings.
    """

    def quote(match: re.Match) -> str:
        head, name, tail = match.groups()
        if not findings.get(name):
            raise OnebitError(f"there are no findings of the figure {name!r}; there are some of {', '.join(findings)}")
        return head + "".join(f"- {sentence}\n" for sentence in findings[name]) + tail

    return _QUOTED.sub(quote, page)


def read_findings(*paths: str | Path) -> dict[str, list[str]]:
    """Return the sentences of tables of findings by figure."""
    rows = read_frame(paths, FINDINGS)
    return {str(name): list(of_figure) for name, of_figure in rows.groupby("figure", observed=True)["finding"]}


def main(page: str, *tables: str) -> None:
    """Renew the page."""
    try:
        text = renew(Path(page).read_text(encoding="utf-8"), read_findings(*tables))
    except OnebitError as error:
        sys.exit(str(error))
    write_text(page, text)


if __name__ == "__main__":
    main(*sys.argv[1:])
