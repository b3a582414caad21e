"""The page in a real browser: what is drawn is the theory, what is moved is redrawn, and nothing leaves the machine."""

import csv
import itertools
import json
import shlex
import shutil
import threading

import pytest
import yaml

from onebit_rf.cli import main
from onebit_rf.explore.asked import START, read
from onebit_rf.explore.curve import answer
from onebit_rf.explore.server import make_server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")]

QUIET = ["disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update"]
ARGUMENTS = [f"--{name}" for name in (*QUIET, "disable-sync", "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")]
EXAMPLE = "?dims=60,50,40&activation=tanh&noise=0.3&ridge=2&n-train=2:80:2"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address():
    with make_server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.address
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser, address):
    """A page in a profile of its own, whose errors are the test's and whose requests stay on the machine."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    opened, errors, requests = context.new_page(), [], []
    opened.on("pageerror", lambda error: errors.append(error))
    opened.on("request", lambda request: requests.append(request.url))
    yield opened
    context.close()
    assert errors == []
    assert requests
    assert [url for url in requests if not url.startswith((address, "data:", "blob:"))] == []


def state(page, wanted="drawn"):
    """Wait until the page is in a state: waiting, coarse, drawn or wrong."""
    page.wait_for_selector(f"body[data-state={wanted}]")


def drawn(page):
    """What the plots hold: label of a line → its values, in the pixels' own numbers."""
    state(page)
    return page.evaluate(
        """async () => {
          const {shown} = await import("./plots.js");
          const lines = shown().flatMap(({plot, columns}) => columns.map(([name], i) => [name, plot.data[i + 1]]));
          return {x: shown()[0].plot.data[0], ...Object.fromEntries(lines)};
        }"""
    )


def moved(page, name, value):
    """Move a slider by the keyboard to its end or its start, or a field to a value, and wait for its curve."""
    if value in ("End", "Home"):
        page.locator(f"#{name}-slider").press(value)
    else:
        page.locator(f"#{name}").fill(value)
    state(page)


def expected(**options):
    return answer(read({name.replace("_", "-"): value for name, value in options.items()}))["columns"]


USUAL = {"dims": "60,50,40", "n_train": "2:80:2"}


def assert_drawn(found, columns):
    """Every number to the digit: JSON and JavaScript keep all of a double."""
    assert found.pop("x") == [n / 40 for n in columns["n_train"]]
    assert found
    for name, values in found.items():
        logarithmic = not name.startswith("df")  # such an axis has no place for 0
        assert values == [None if logarithmic and not y else y for y in columns[name]], name


def test_what_is_drawn_is_the_theory(page, address):
    page.goto(address + EXAMPLE)
    found = drawn(page)
    assert set(found) == {"x", "error", "train_error", "gap", "kappa_1", "kappa_2", "df_1", "df_2"}
    assert_drawn(found, expected(**USUAL, noise="0.3", ridge="2"))


def test_a_slider_redraws(page, address):
    page.goto(address + EXAMPLE)
    before = drawn(page)
    moved(page, "ridge", "End")
    assert page.locator("#ridge").input_value() == "100000"
    after = drawn(page)
    assert after["error"] != before["error"]
    assert_drawn(after, expected(**USUAL, noise="0.3", ridge="100000"))


def test_a_slider_dragged_by_the_mouse_ends_where_it_says(page, address):
    page.goto(address + EXAMPLE)
    state(page)
    box = page.locator("#input-noise-slider").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 2, middle)
    page.mouse.down()
    for step in range(1, 30):
        page.mouse.move(box["x"] + 2 + 4 * step, middle)
    page.mouse.up()
    state(page)
    tau = page.locator("#input-noise").input_value()
    assert 0 < float(tau) < 2
    found = drawn(page)
    assert "shifted_error" in found
    assert_drawn(found, expected(**USUAL, noise="0.3", ridge="2", input_noise=tau))


def test_fields_and_members_with_arguments_reach_the_theory(page, address):
    page.goto(address + EXAMPLE)
    state(page)
    moved(page, "dims", "80,40")
    page.locator("#spectrum").select_option("power")
    moved(page, "spectrum-argument", "0.5")
    page.locator("#loss").select_option("logistic")
    assert not page.locator("#ridge").is_visible()
    moved(page, "penalty", "0.5")
    found = drawn(page)
    assert set(found) == {"x", "error_rate", "kappa_1", "df_1"}
    options = {"dims": "80,40", "spectrum": "power:0.5", "loss": "logistic", "penalty": "0.5", "n_train": "2:80:2"}
    assert_drawn(found, expected(**options))


def test_the_address_holds_the_state(page, address):
    page.goto(address + EXAMPLE)
    state(page)
    page.locator("#activation").select_option("relu")
    page.locator("#quantize-after").select_option("2")
    moved(page, "noise", "0.7")
    page.locator("#log").uncheck()
    page.wait_for_url("**noise=0.7**")
    assert (
        page.url == f"{address}?dims=60,50,40&activation=relu&noise=0.7&ridge=2&quantize-after=2&n-train=2:80:2#linear"
    )
    before = drawn(page)
    page.reload()
    assert drawn(page) == before
    assert page.locator("#activation").input_value() == "relu"
    assert not page.locator("#log").is_checked()


def test_an_address_without_options_starts_with_a_curve(page, address):
    page.goto(address)
    state(page)
    columns = answer(read(START))["columns"]
    assert page.evaluate("window.explore.answer.columns") == json.loads(json.dumps(columns))


@pytest.mark.parametrize(
    ("search", "said", "wrong"),
    [
        ("?dims=60,50&noise=-1", "noise: must be ≥ 0 and ≤ 1e+100, got -1", "#noise"),
        ("?dims=60,50&activation=sine", "activation: must be erf, ", "#activation"),
        ("?dims=60,50&mirror=q:1", "mirror: q:Q needs a finite Q > 1, got 1", "#mirror"),
        ("?dims=60,50&colour=red", "colour: there is no such option; known are dims, ", None),
        ("?dims=60,50&loss=logistic&penalty=1&ridge=2", "loss: classification takes a penalty, but no", "#loss"),
        ("?noise=1", "dims: must be given", "#dims"),
        ("?dims=60,50&noise=<img src=x onerror=alert(1)>", "noise: must be a number, got '<img src=x", "#noise"),
    ],
)
def test_a_bad_value_in_the_address_is_told(page, address, search, said, wrong):
    page.goto(address + search)
    state(page, "wrong")
    message = page.get_by_role("alert")
    assert message.is_visible()
    assert message.inner_text().startswith(said)
    assert page.locator("[aria-invalid=true]").count() == (wrong is not None)
    assert wrong is None or page.locator(wrong).get_attribute("aria-invalid") == "true"
    assert not page.locator("#csv").is_visible()


def test_a_bad_value_is_told_until_it_is_mended(page, address):
    page.goto(address + EXAMPLE)
    state(page)
    page.locator("#noise").fill("0.3x")
    state(page, "wrong")
    assert page.get_by_role("alert").inner_text() == "noise: must be a number, got '0.3x'"
    moved(page, "noise", "0.4")
    assert not page.get_by_role("alert").is_visible()
    assert_drawn(drawn(page), expected(**USUAL, noise="0.4", ridge="2"))


def test_what_was_not_found_is_said_beside_the_plot(page, address):
    page.goto(address + "?dims=60,40&noise=0.3&n-train=20:80:20")
    state(page)
    notes = page.locator("#notes li").all_inner_texts()
    assert "not found at n = 40: the error diverges at n_train = p with noise and no ridge" in notes
    assert "training error: 0 at 2 points, not drawn on a logarithmic axis" in notes  # n = 20, 40: interpolated


def test_the_last_move_is_drawn_however_late_answers_are(page, address):
    """One question at a time: while an answer is held back, moves wait, and only the last of them is asked for."""
    page.goto(address + EXAMPLE)
    state(page)
    held, asked = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/curve?*", lambda route: held.append(route) if len(asked) < 3 else route.continue_())
    for noise in ("0.5", "0.6", "0.7"):
        page.locator("#noise").fill(noise)
    page.wait_for_url("**noise=0.7**")  # the address does not wait for curves
    waiting = page.locator("body[data-state=waiting]")
    assert waiting.count() == 1
    with page.expect_request("**/curve?*noise=0.7*"):
        held.pop().continue_()
    page.locator("#log").click()  # drawn again on the other axis, which is no news of the curve
    assert waiting.count() == 1  # what was held back is drawn, and is not what was asked for last
    held.pop().continue_()
    assert_drawn(drawn(page), expected(**USUAL, noise="0.7", ridge="2"))
    # On a slow machine a coarse curve comes before the whole one, of the last move too.
    assert [noise for noise, _ in itertools.groupby(url.partition("noise=")[2][:3] for url in asked)] == ["0.5", "0.7"]


def test_a_slow_curve_is_drawn_coarse_and_then_whole(page, address):
    """The first one, whose time is not known, and one after an answer that says that the theory took a second."""
    asked = []

    def slow(route):
        asked.append("every=16" in route.request.url)
        response = route.fetch()
        route.fulfill(response=response, json={**response.json(), "seconds": 1.0})

    page.route("**/curve?*", slow)
    page.goto(address + EXAMPLE)
    state(page)
    moved(page, "noise", "0.4")
    assert_drawn(drawn(page), expected(**USUAL, noise="0.4", ridge="2"))
    assert asked == [True, False, True, False]


def saved(page, button, path):
    with page.expect_download() as download:
        page.locator(button).click()
    download.value.save_as(path)
    return path


def test_the_table_and_the_command_have_the_drawn_numbers(page, address, tmp_path, capsys):
    page.goto(address + EXAMPLE + "&input-noise=0.5")
    state(page)
    with open(saved(page, "#csv", tmp_path / "curve.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert main([*shlex.split(page.locator("#command").inner_text())[1:], "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert [int(row["n_train"]) for row in rows] == [record["n_train"] for record in records]
    for name in ("error", "train_error", "gap", "shifted_error"):
        assert [float(row[name]) for row in rows] == [record[name] for record in records]
    assert [float(row["kappa_2"]) for row in rows] == [record["kappa"][1] for record in records]
    assert {row["converged"] for row in rows} == {"true"}


def test_the_picture_shows_every_line(page, address, tmp_path):
    from PIL import Image

    page.goto(address + EXAMPLE)
    state(page)
    picture = Image.open(saved(page, "#png", tmp_path / "curve.png")).convert("RGB")
    colours = {colour for _, colour in picture.getcolors(1 << 24)}
    for line in ("#0072b2", "#009e73", "#8a6d00", "#d55e00"):  # test error, training error, gap, second layer
        assert tuple(bytes.fromhex(line[1:])) in colours
    assert picture.width > 600


def test_command_and_entry_are_copied(page, address):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address.rstrip("/"))
    page.goto(address + EXAMPLE)
    state(page)
    for button, key in (("#copy-command", "command"), ("#copy-config", "config")):
        page.locator(button).click()
        page.wait_for_selector(f"#said:has-text('{key} copied')")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == page.evaluate(f"window.explore.answer.{key}")
    assert yaml.safe_load(copied)["experiments"]["explored"]["noise"] == 0.3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(browser, address, scheme):
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(address + EXAMPLE)
    state(page)
    page.locator("#ridge-slider").scroll_into_view_if_needed()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    plot = page.locator("#errors").bounding_box()
    assert 0 <= plot["y"] < 400  # in sight while the slider moves
    context.close()


def test_every_control_has_a_name(page, address):
    page.goto(address + EXAMPLE)
    state(page)
    unnamed = page.evaluate(
        """[...document.querySelectorAll("input, select, button")].map((each) => [each.id,
             each.labels?.length || each.getAttribute("aria-label") || each.textContent.trim()])
             .filter(([id, name]) => !name)"""
    )
    assert unnamed == []
