"""The pages of docs/: cited sections exist, links lead somewhere, and section 8 is what the code computes."""

import re

import numpy as np
import pytest

from conftest import ROOT
from onebit_rf.model.problem import Problem
from onebit_rf.model.second_path import SecondPath
from onebit_rf.theory import predict
from onebit_rf.theory.equivalents import equivalent_layers

SIGNS = (2 / np.pi) ** 0.5  # correlation of Gaussian weights with their signs
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md"]
THEORY = (ROOT / "docs/theory.md").read_text()

NUMBER = r"\d+[a-z]?\b"
CITATION = re.compile(
    rf"\bsection\s+(?:#\s+)?{NUMBER}|\bsections\s+(?:#\s+)?{NUMBER}(?:(?:\s*[-–,]\s*|\s+to\s+|\s+and\s+){NUMBER})*",
    re.IGNORECASE,
)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def numbered_sections(text):
    return set(re.findall(r"^## (\d+[a-z]?)\. ", text, re.MULTILINE))


def cited_sections(text):
    return {number for match in CITATION.finditer(text) for number in re.findall(NUMBER, match.group())}


def anchor(heading):
    """The anchor GitHub gives a heading: lower case, punctuation dropped, spaces as hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def prose(text):
    """A page without its indented and inline code, where brackets are mathematics."""
    return re.sub(r"`[^`]*`", "", re.sub(r"^ {4}.*$", "", text, flags=re.MULTILINE))


def rows(title):
    """The rows below a heading of docs/theory.md as dictionaries of the column titles; backticks dropped."""
    below = THEORY.split(f"\n### {title}\n")[1].split("\n#")[0].replace("`", "")
    header, _, *lines = [line for line in below.splitlines() if line.startswith("|")]
    header, *cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in (header, *lines)]
    return [dict(zip(header, row, strict=True)) for row in cells]


def by_depth(row):
    """The cells `L = 1`, `L = 2`, … of a row."""
    return [(int(name.removeprefix("L = ")), cell) for name, cell in row.items() if name.startswith("L = ")]


def check(computed, printed):
    """Assert that a number equals what is printed: half a unit of the last decimal, and a little for its own error."""
    decimals = len(printed.partition(".")[2])
    assert decimals >= 7
    assert computed == pytest.approx(float(printed), rel=0, abs=0.6 * 10**-decimals)


def test_every_section_that_the_package_cites_is_a_heading():
    known = numbered_sections(THEORY)
    files = sorted((ROOT / "src/onebit_rf").rglob("*.py"))
    missing = {
        f"{path.relative_to(ROOT)}: section {number}"
        for path in files
        for number in cited_sections(path.read_text()) - known
    }
    assert not missing
    assert set().union(*(cited_sections(path.read_text()) for path in files)) >= {"2", "3", "4", "5", "6"}


def test_citations_are_found_in_every_form():
    assert cited_sections("see section 3 of the theory") == {"3"}
    assert cited_sections("Sections 2–4, 7 and 8, then section\n    5, 12 nodes") == {"2", "4", "7", "8", "5"}
    assert cited_sections("# section\n# 6b; a section of 4 rows") == {"6b"}


def test_sections_are_numbered_in_order():
    numbers = re.findall(r"^## (\d+)\. ", THEORY, re.MULTILINE)  # 6b, too, follows its number
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_refer_to_sections_that_exist(page):
    assert cited_sections(page.read_text()) <= numbered_sections(THEORY)


def test_every_section_has_a_status():
    for section in re.split(r"^## (?=\d+[a-z]?\. )", THEORY.split("\n## Sources")[0], flags=re.MULTILINE)[1:]:
        assert "*Status:*" in section, section.splitlines()[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_to_a_file_and_a_heading(page):
    for target in LINK.findall(prose(page.read_text())):
        if "://" in target:
            continue
        path, _, fragment = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if fragment:
            assert fragment in {anchor(heading) for heading in HEADING.findall(linked.read_text())}, target


def test_coefficients_of_the_layers_are_the_printed_ones():
    for row in rows("Coefficients of the layers"):
        for activation in ("tanh", "erf"):
            layer = equivalent_layers(activation, 5)[int(row["layer"]) - 1]
            check(float(np.sqrt(layer.rho1_sq[0])), row[f"{activation} ρ1"])
            check(float(np.sqrt(layer.rho2_sq[0])), row[f"{activation} ρ2"])


def test_minimum_norm_errors_are_the_printed_ones():
    table = rows("Minimum norm")
    assert len(table) == 4
    for row in table:
        for depth, printed in by_depth(row):
            check(predict(Problem((8192, *(4096,) * depth), int(row["n"]))).error, printed)


def test_the_error_with_unequal_widths_is_the_printed_one():
    for row in rows("Unequal widths"):
        dims = tuple(int(dim) for dim in row["dims"].split(","))
        check(predict(Problem(dims, int(row["n"]))).error, row["error"])


def test_errors_with_ridge_and_noise_are_the_printed_ones():
    for row in rows("Ridge and noise"):
        dims, fields = (1024,) * (int(row["L"]) + 1), {"ridge": float(row["λ"]), "noise": float(row["σ"])}
        check(predict(Problem(dims, int(row["n"]), spectrum="power:0.3", **fields)).error, row["error"])


def test_training_errors_are_the_printed_ones():
    for row in rows("Training error"):
        dims, fields = tuple(int(dim) for dim in row["dims"].split(",")), {"ridge": float(row["λ"])}
        fields |= {"noise": float(row["σ"]), "spectrum": row["Σ_0"]}
        check(predict(Problem(dims, int(row["n"]), **fields)).train_error, row["R_train"])


def test_error_rates_of_classes_with_an_offset_are_the_printed_ones():
    for row in rows("Classes with an offset"):
        fields = {"activation": row["φ"], "loss": row["loss"], "penalty": float(row["λ"])}
        check(predict(Problem(widths(row), int(row["n"]), **fields)).error_rate, row["error rate"])


def of_path(row):
    """The second path of a row of a table."""
    correlation = SIGNS if row["c"] == "signs" else float(row["c"])
    return SecondPath(input_noise=float(row["τ²"]) ** 0.5, weight_correlation=correlation)


def widths(row):
    return tuple(int(dim) for dim in row["dims"].split(","))


def test_errors_on_the_second_path_are_the_printed_ones():
    for row in rows("Second path"):
        fields = {"ridge": float(row["λ"]), "noise": float(row["σ"]), "spectrum": row["Σ_0"], "activation": row["φ"]}
        found = predict(Problem(widths(row), int(row["n"]), **fields), of_path(row))
        check(found.error, row["E"])
        check(found.shifted_error, row["E'"])


def test_error_rates_of_classes_by_least_squares_are_the_printed_ones():
    for row in rows("Classes by least squares"):
        problem = Problem(widths(row), int(row["n"]), ridge=float(row["λ"]), labels="sign")
        found = predict(problem, of_path(row))
        check(found.error_rate, row["error rate"])
        check(found.shifted_error_rate, row["on the second path"])


def test_errors_of_rounded_readouts_are_the_printed_ones():
    for row in rows("Rounded read-outs"):
        problem = Problem(widths(row), int(row["n"]), ridge=float(row["λ"]), noise=float(row["σ"]))
        found = predict(problem, SecondPath(readout_bits=int(row["bits"])))
        for value, name in ((found.error, "E"), (found.rounded_error, "E_q"), (found.rounded_train_error, "R_q")):
            check(value, row[name])


def test_largest_eigenvalues_are_the_printed_ones():
    for row in rows("Largest eigenvalue"):
        check(predict(Problem(widths(row), int(row["n"])), with_sharpness=True).lambda_max, row["λ_max"])


def test_errors_of_mirrors_are_the_printed_ones():
    table = rows("Mirrors")
    assert {row["mirror"] for row in table} == {"q:3", "q:1.5", "entropy"}
    for row in table:
        for depth, printed in by_depth(row):
            dims, fields = (1536, *(1024,) * depth), {"mirror": row["mirror"], "teacher": row["teacher"]}
            check(predict(Problem(dims, int(row["n"]), **fields)).error, printed)


def test_errors_of_relu_are_the_printed_ones():
    for row in rows("ReLU"):
        for depth, printed in by_depth(row):
            check(predict(Problem((1024,) * (depth + 1), int(row["n"]), "relu")).error, printed)


def test_error_rates_of_logistic_loss_are_the_printed_ones():
    for row in rows("Logistic loss"):
        dims, penalty = (512,) * (int(row["L"]) + 1), float(row["λ"])
        check(predict(Problem(dims, int(row["n"]), loss="logistic", penalty=penalty)).error, row["error rate"])
