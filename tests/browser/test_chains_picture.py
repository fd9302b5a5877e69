"""The chains page in a real browser: the picture with the demonstration's chains, and with as many cases as a large outbreak."""

import json
import random
import statistics
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SCREENS, sign_in

pytestmark = pytest.mark.browser

CANVAS = ".chains-canvas canvas"
FRAME = 1000 / 60

# Moves the picture by hand for some frames and gives the time between frames and the time that each frame's work took, in ms.
PAN = """async (frames) => {
  const canvas = document.querySelector(".chains-canvas canvas"), box = canvas.getBoundingClientRect();
  const send = (kind, x, y) => canvas.dispatchEvent(new PointerEvent(kind, { pointerId: 1, clientX: box.left + x, clientY: box.top + y, bubbles: true }));
  canvas.setPointerCapture = () => {};
  const next = () => new Promise((done) => requestAnimationFrame(done));
  send("pointerdown", 300, 200); await next();
  const between = [], work = []; let last = performance.now();
  for (let k = 0; k < frames; k++) {
    send("pointermove", 300 + 150 * Math.sin(k / 9), 200 + 120 * Math.sin(k / 13));
    // the picture's own frame was asked for first, so its work lies between these two
    const before = await new Promise((done) => { requestAnimationFrame(() => done(performance.now())); });
    work.push(performance.now() - before);
    between.push(before - last); last = before;
  }
  send("pointerup", 300, 200);
  return { between, work };
}"""
# The time that the code of the island itself takes to paint, measured around requestAnimationFrame callbacks.
COUNT_WORK = """() => { window.paints = []; const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (call) => ask((at) => { const began = performance.now(); call(at);
    const took = performance.now() - began; if (took > 0.3) window.paints.push(took); }); }"""


def large_outbreak(n: int = 5829, seed: int = 3) -> dict:
    """Data of a picture of n invented cases in some hundred clusters."""
    rng = random.Random(seed)
    infector, day, cluster, generation = [], [], [], []
    for i in range(n):
        above = rng.randrange(max(0, i - 400), i) if i > 20 and rng.random() > 0.05 else -1
        infector.append(above)
        day.append(rng.randrange(120) if above < 0 else day[above] + rng.randrange(1, 14))
        cluster.append(i if above < 0 else cluster[above])
        generation.append(0 if above < 0 else generation[above] + 1)
    linked = [i for i in range(n) if infector[i] >= 0]
    links = {i: k for k, i in enumerate(linked)}
    return {
        "title": "", "asOf": "2020-06-01", "first": "2020-01-01", "places": [f"place {k}" for k in range(12)],
        "classes": [{"key": key, "label": key} for key in ("confirmed", "suspected", "asymptomatic")],
        "certainties": [{"key": key, "label": key} for key in ("stated", "probable", "possible")],
        "settings": ["household", "meal"], "id": [f"{i:032x}" for i in range(n)], "number": [f"{i:05}-00000" for i in range(n)],
        "class": [rng.randrange(3) for _ in range(n)], "onset": day, "report": [one + rng.randrange(8) for one in day],
        "place": [rng.randrange(12) for _ in range(n)], "introduced": [0] * n, "generation": generation,
        "infector": infector, "cluster": cluster, "link": [links.get(i, -1) for i in range(n)],
        "from": [infector[i] for i in linked], "to": linked, "certainty": [rng.randrange(3) for _ in linked],
        "setting": [rng.randrange(2) for _ in linked], "open": "/cases/{id}/",
    }  # fmt: skip


@pytest.fixture
def page(browser, platform) -> Page:
    opened = browser.new_context(locale="en-US", viewport=SCREENS["desktop"], base_url=platform.address).new_page()
    opened.problems = []
    opened.on("pageerror", lambda problem: opened.problems.append(str(problem)))
    opened.on("console", lambda said: said.type == "error" and opened.problems.append(said.text))
    sign_in(opened, "zhejiang")
    yield opened
    opened.context.close()
    assert opened.problems == []


def inked(page: Page) -> int:
    """How many dots of the picture are neither white nor grey."""
    return page.evaluate(
        """(css) => { const c = document.querySelector(css); const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 0; i < d.length; i += 4) if (Math.max(d[i], d[i+1], d[i+2]) - Math.min(d[i], d[i+1], d[i+2]) > 60) n++; return n; }""",
        CANVAS,
    )


def test_from_the_situation_to_one_cluster_and_away_with_its_files(page, tmp_path):
    page.goto("/situation/")
    page.get_by_role("link", name="Chains", exact=True).click()
    expect(page.locator(CANVAS)).to_be_visible()
    assert inked(page) > 100
    for arrangement in ("tree", "byGeneration", "byPlace", "timeline"):
        page.locator(".chains-bar select").select_option(arrangement)
        page.wait_for_timeout(100)
        assert inked(page) > 100, arrangement
    page.locator("#clusters th a").first.click()
    size = int(page.locator(".picture-chains .picture-note").inner_text().split()[0])
    expect(page.locator("#cases tbody tr")).to_have_count(min(size, 100))
    # the keyboard walks from the first case to one that it infected, and opens it
    page.locator(CANVAS).focus()
    page.keyboard.press("ArrowDown")
    first = page.locator(".chains-words strong").inner_text()
    expect(page.locator("#cases tbody th a").first).to_have_text(first)
    page.keyboard.press("ArrowRight")
    second = page.locator(".chains-words strong").inner_text()
    assert second != first
    assert f"infected by {first}" in page.locator(".chains-words").inner_text()
    row = page.locator("#cases tbody tr", has=page.get_by_role("rowheader", name=second, exact=True))
    expect(row).to_contain_text(first)
    for button, name in (("Links (CSV)", "csv"), ("GraphML", "graphml"), ("PNG", "png")):
        with page.expect_download() as download:
            page.locator("#chains [data-export]" if name == "png" else f"a:has-text('{button}')").click()
        download.value.save_as(tmp_path / name)
    lines = (tmp_path / "csv").read_text(encoding="utf-8-sig").splitlines()
    graph = ElementTree.parse(tmp_path / "graphml").getroot()
    namespace = "{http://graphml.graphdrawing.org/xmlns}"
    assert len(lines) - 1 == len(list(graph.iter(f"{namespace}edge"))) >= size - 1
    assert len(list(graph.iter(f"{namespace}node"))) == size
    assert (tmp_path / "png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    page.keyboard.press("Escape")
    page.locator(CANVAS).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/**")


def test_nearly_six_thousand_cases_remain_usable(page, capsys):
    data = large_outbreak()
    page.route("**/chains/picture.json*", lambda route: route.fulfill(json=data))
    page.goto("/situation/chains/?least=1", wait_until="commit")
    began = page.evaluate("performance.now()")
    page.locator(CANVAS).wait_for()
    page.locator(CANVAS).scroll_into_view_if_needed()
    ready = page.evaluate("performance.now()") - began
    assert inked(page) > 1000
    figures = {"ready": ready}
    page.evaluate(COUNT_WORK)
    for arrangement in ("timeline", "byGeneration", "byPlace", "tree"):
        page.locator(".chains-bar select").select_option(arrangement)
        for nearer in range(2):
            if nearer:
                for _ in range(6):
                    page.locator(".chains-buttons button").first.click()
            page.evaluate("window.paints = []")
            moved = page.evaluate(PAN, 40)
            paints = page.evaluate("window.paints")
            key = f"{arrangement}{' near' if nearer else ''}"
            figures[key] = (
                statistics.median(paints),
                sorted(paints)[int(len(paints) * 0.95)],
                statistics.median(moved["between"]),
            )
    with capsys.disabled():
        print(json.dumps(figures))
    for key, measured in figures.items():
        if key != "ready":
            assert measured[0] < 3 * FRAME, (key, measured)
    # every case can be reached: the keyboard walks all of them in the end
    page.locator(".chains-bar select").select_option("timeline")
    page.locator(CANVAS).focus()
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    expect(page.locator(".chains-words strong")).not_to_be_empty()
