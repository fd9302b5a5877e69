"""The frame, the components and the islands, in a real browser under the real content security policy."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import free_port

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
MISSING_ON_PURPOSE = "/nowhere.json"  # the style guide shows a chart whose data cannot be had

# Every visible piece of text, its contrast with the ground behind it, and whether it is large as WCAG counts it.
CONTRASTS = """() => {
  const parse = (css) => { const n = css.match(/[\\d.]+/g)?.map(Number); return n && { c: n.slice(0, 3), a: n[3] ?? 1 }; };
  const over = (top, under) => ({ c: top.c.map((v, i) => v * top.a + under.c[i] * (1 - top.a)), a: 1 });
  const lum = ({ c }) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (element) => { const layers = [];
    for (let at = element; at; at = at.parentElement) { const b = parse(getComputedStyle(at).backgroundColor);
      if (b && b.a > 0) { layers.push(b); if (b.a === 1) break; } }
    return layers.reverse().reduce((under, top) => over(top, under), { c: [255, 255, 255], a: 1 }); };
  const found = []; const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode()); ) {
    const element = node.parentElement; const words = node.textContent.trim();
    if (!words || /SCRIPT|STYLE|OPTION/.test(element.tagName) || !element.getClientRects().length) continue;
    const style = getComputedStyle(element); if (style.visibility === "hidden") continue;
    const under = ground(element); const [a, b] = [lum(over(parse(style.color), under)), lum(under)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    found.push({ words: words.slice(0, 40), ratio: (a + 0.05) / (b + 0.05), large: size >= 24 || (size >= 18.66 && +style.fontWeight >= 700) });
  }
  return found; }"""


@pytest.fixture(scope="module")
def foundation(tmp_path_factory) -> Iterator[str]:
    """The address of a server that shows the style guide, sign-in and error pages."""
    port, home = free_port(), tmp_path_factory.mktemp("foundation")
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.browser.foundation_server", str(port)],
        cwd=ROOT,
        env={**os.environ, "LIANFANG_HOME": str(home)},
    )
    deadline = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/login/", timeout=2)
            break
        except OSError:
            assert server.poll() is None, "the server stopped"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.2)
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait(10)


@pytest.fixture
def shown(browser: Browser, foundation: str) -> Iterator[Page]:
    """A Chinese desktop page of the foundation's own server. What the console complains of is kept in ``page.complaints``."""
    context = browser.new_context(locale="zh-CN", viewport=WIDE, base_url=foundation)
    page = context.new_page()
    page.complaints = []  # type: ignore[attr-defined]
    page.hosts = set()  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
    page.on("console", lambda line: line.type in ("error", "warning") and _complain(page, line))
    page.on("request", lambda request: page.hosts.add(urlsplit(request.url).hostname))  # type: ignore[attr-defined]
    yield page
    context.close()


def _complain(page: Page, line) -> None:
    if MISSING_ON_PURPOSE not in line.location.get("url", "") and "NotLoaded" not in line.text:
        page.complaints.append(line.text)  # type: ignore[attr-defined]


def _walk_down(page: Page) -> None:
    """Bring every island near the screen and wait until it has drawn itself, or said why not."""
    for place in page.locator("figure [data-island]").all():
        place.scroll_into_view_if_needed()
        page.wait_for_function("(e) => e.childElementCount && !e.ariaBusy", arg=place.element_handle())


@pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["desktop", "phone"])
@pytest.mark.parametrize("address", ["/styleguide/", "/login/", "/refused/404/", "/refused/500/"])
def test_pages_keep_the_policy_fit_the_screen_and_can_be_read(shown: Page, address: str, screen: dict) -> None:
    shown.set_viewport_size(screen)  # type: ignore[arg-type]
    shown.goto(address)
    _walk_down(shown)
    assert shown.hosts <= {"localhost", "127.0.0.1"}, shown.hosts  # type: ignore[attr-defined]
    complaints = [line for line in shown.complaints if "responded with a status of" not in line]  # type: ignore[attr-defined]
    assert complaints == []
    assert shown.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    faint = [text for text in shown.evaluate(CONTRASTS) if text["ratio"] < (3 if text["large"] else 4.5)]
    assert faint == []


def test_keys_open_pages_find_the_search_field_and_explain_themselves(shown: Page) -> None:
    shown.goto("/refused/404/")
    shown.goto("/styleguide/")
    shown.evaluate("document.activeElement.blur()")
    shown.keyboard.press("?")
    expect(shown.locator("#keys")).to_be_visible()
    expect(shown.locator("#keys dd", has_text="病例").first).to_be_visible()
    shown.keyboard.press("Escape")
    shown.keyboard.press("/")
    expect(shown.locator("#search")).to_be_focused()
    shown.keyboard.type("gc")  # typed into the field, not a command
    expect(shown.locator("#search")).to_have_value("gc")
    shown.keyboard.press("Escape")
    shown.keyboard.press("g")
    shown.keyboard.press("c")
    shown.wait_for_url("**/cases/")
    shown.wait_for_load_state()
    shown.evaluate("document.activeElement.blur()")
    shown.keyboard.press("n")
    shown.wait_for_url("**/cases/new/")


def test_keys_can_be_turned_off(shown: Page) -> None:
    shown.goto("/styleguide/")
    shown.evaluate("document.activeElement.blur()")
    shown.keyboard.press("?")
    shown.locator("[data-keys-on]").uncheck()
    shown.keyboard.press("Escape")
    shown.keyboard.press("n")
    shown.wait_for_timeout(300)
    assert shown.url.endswith("/styleguide/")


def test_the_language_switches_and_back(shown: Page) -> None:
    shown.goto("/styleguide/")
    assert shown.get_attribute("html", "lang") == "zh-hans"
    shown.click("text=English")
    expect(shown.locator("html")).to_have_attribute("lang", "en")
    expect(shown.locator("h1")).to_have_text("Style guide")
    shown.click("text=中文")
    expect(shown.locator("h1")).to_have_text("样式手册")


def test_charts_and_map_are_drawn_and_their_numbers_stand_beside_them(shown: Page) -> None:
    shown.goto("/styleguide/")
    _walk_down(shown)
    for name in ("curve", "rt"):
        expect(shown.locator(f"#{name} canvas")).to_have_count(1)
    shown.locator("#curve summary").click()
    total = shown.locator("#curve tfoot td").last.inner_text()
    assert f"{total} 例" in shown.get_attribute("#curve [data-island]", "aria-label")
    expect(shown.locator("#map canvas.maplibregl-canvas")).to_have_count(1)
    assert shown.locator("#map .map-list li b").all_inner_texts() == ["128", "63", "17", "9", "4", "0", "–"]
    assert shown.locator("#map .map-legend li").all_inner_texts() == ["0", "1–9", "10–99", "≥ 100", "无数据"]
    expect(shown.locator("#broken")).to_contain_text("未能取得数字")


def test_data_that_come_by_address_fill_the_table_and_the_list(shown: Page) -> None:
    shown.goto("/styleguide/")
    shown.evaluate(
        """() => { for (const [name, kind] of [["broken", "curve"]]) {
          const place = document.querySelector(`#${name} [data-island]`); place.dataset.src = `/late/${kind}/`; } }"""
    )
    shown.locator("#broken").scroll_into_view_if_needed()
    expect(shown.locator("#broken canvas")).to_have_count(1)
    shown.locator("#broken summary").click()
    assert shown.locator("#broken tbody tr").count() == 42


def test_without_webgl_the_map_is_drawn_plainly(browser: Browser, foundation: str) -> None:
    context = browser.new_context(locale="zh-CN", viewport=WIDE, base_url=foundation)
    page = context.new_page()
    page.add_init_script(
        """const real = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          return kind.startsWith("webgl") ? null : real.call(this, kind, ...rest); };"""
    )
    page.goto("/styleguide/")
    page.locator("#map").scroll_into_view_if_needed()
    expect(page.locator("#map svg.map-plain path[data-open]")).to_have_count(7)
    page.locator("#map path[data-open='5']").hover()
    expect(page.locator("#map .map-words")).to_contain_text("128")
    page.locator("#map path[data-open='5']").click()
    page.wait_for_url("**/?area=5")
    context.close()


def test_a_picture_is_saved_as_png_with_its_title(shown: Page, tmp_path) -> None:
    shown.goto("/styleguide/")
    shown.locator("#curve").scroll_into_view_if_needed()
    with shown.expect_download() as coming:
        shown.click("[data-export=curve]")
    coming.value.save_as(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert coming.value.suggested_filename == "curve.png"


def test_a_form_that_comes_back_takes_focus_and_links_to_its_fields(shown: Page) -> None:
    shown.goto("/styleguide/")
    expect(shown.locator(".error-summary")).to_be_focused()
    shown.click(".error-summary a >> text=姓名")
    field = shown.locator("#id_wrong-name")
    expect(field).to_be_focused()
    described = field.get_attribute("aria-describedby").split()
    assert {"id_wrong-name_helptext", "id_wrong-name_error"} == set(described)
    for name in described:
        expect(shown.locator(f"[id='{name}']")).to_be_visible()


def test_a_clock_runs_out_while_the_page_is_open(browser: Browser, foundation: str) -> None:
    context = browser.new_context(locale="zh-CN", base_url=foundation)
    page = context.new_page()
    page.clock.install(time=datetime.now(UTC))
    page.goto("/styleguide/")
    soon = page.locator("table .clock").nth(1)
    expect(soon).to_have_class(re.compile("clock-soon"))
    page.clock.fast_forward("30:00")
    expect(soon).to_have_class(re.compile("clock-over"))
    expect(soon).to_contain_text("超时")
    context.close()


def test_a_file_too_large_or_of_the_wrong_kind_is_refused_before_it_travels(shown: Page) -> None:
    shown.goto("/styleguide/")
    shown.evaluate("document.querySelector('.dropzone').dataset.limit = '1000'")
    field = shown.locator(".dropzone input[type=file]")
    field.set_input_files({"name": "cases.exe", "mimeType": "application/octet-stream", "buffer": b"x"})
    expect(shown.locator("[data-dropzone-error]")).to_contain_text("cases.exe 不是这里可接收的类型")
    field.set_input_files({"name": "cases.csv", "mimeType": "text/csv", "buffer": b"a,b\n" * 1000})
    expect(shown.locator("[data-dropzone-error]")).to_contain_text("上限为")
    assert shown.evaluate("document.querySelector('.dropzone input').checkValidity()") is False


def test_a_refused_button_says_why_and_a_grave_one_asks_first(shown: Page) -> None:
    shown.goto("/styleguide/")
    refused = shown.locator("[aria-disabled=true]")
    refused.hover()
    expect(shown.locator("#sign-why")).to_be_visible()
    assert refused.get_attribute("aria-describedby") == "sign-why"
    shown.click("text=合并为一人")
    expect(shown.locator("#sure")).to_be_visible()
    shown.click("#sure >> text=取消")
    expect(shown.locator("#sure")).not_to_be_visible()


def test_on_a_phone_rows_become_cards_and_the_menu_is_at_the_foot(shown: Page) -> None:
    shown.set_viewport_size(NARROW)  # type: ignore[arg-type]
    shown.goto("/styleguide/")
    expect(shown.locator(".side")).not_to_be_visible()
    shown.click(".foot-more summary")
    expect(shown.locator(".foot-sheet a").first).to_be_visible()
    shown.keyboard.press("Escape")
    expect(shown.locator(".foot-sheet")).not_to_be_visible()
    cell = shown.locator("table.cards tbody tr").first.locator("td").nth(1)
    assert cell.get_attribute("data-label") == "分类"
    assert shown.locator("table.cards").get_attribute("role") == "table"
    small = shown.evaluate(
        """() => [...document.querySelectorAll("button, a.btn, select, input:not([type=hidden])")]
          .filter((e) => e.getClientRects().length && !e.closest(".maplibregl-map, .visually-hidden"))
          .map((e) => [e.textContent.trim() || e.name, Math.min(e.getBoundingClientRect().width, e.getBoundingClientRect().height)])
          .filter(([, size]) => size > 0 && size < 16)"""
    )
    assert small == []


def test_without_script_the_page_still_has_its_numbers_and_its_menus(browser: Browser, foundation: str) -> None:
    context = browser.new_context(locale="zh-CN", viewport=WIDE, base_url=foundation, java_script_enabled=False)
    page = context.new_page()
    page.goto("/styleguide/")
    page.locator("#curve summary").click()
    expect(page.locator("#curve tbody tr")).to_have_count(42)
    expect(page.locator("#map .map-list li")).to_have_count(7)
    expect(page.locator("table .clock").first).to_contain_text("剩")
    page.locator(".menu > summary").click()
    expect(page.locator(".menu-sheet").first).to_be_visible()
    context.close()


# What a thumb may miss: lower than 44 px, or a button without a name. A link in a line counts with its room above and below.
MISSED = """() => [...document.querySelectorAll("a, button, summary, select, textarea, input:not([type=hidden])")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().right > 0 && !e.matches(".skip-link"))
  .filter((e) => {
    const asked = e.matches("[type=checkbox], [type=radio], [type=file]") ? (e.closest("label") ?? e) : e;
    const named = e.innerText?.trim() || e.getAttribute("aria-label") || e.textContent.trim() || !e.matches("a, button, summary");
    return asked.getBoundingClientRect().height < 43.5 || !named; })
  .map((e) => `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 20)} ${Math.round(e.getBoundingClientRect().height)}`)"""


@pytest.mark.parametrize("where", ["/styleguide/", "/login/"])
def test_on_a_phone_whatever_is_tapped_is_large_enough_and_named(browser: Browser, foundation: str, where: str) -> None:
    context = browser.new_context(locale="zh-CN", viewport=NARROW, base_url=foundation, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(where)
    assert page.evaluate(MISSED) == []
    language = page.locator("button[name=language]")
    expect(language).to_have_accessible_name("English")
    context.close()
