"""The journey of the README in a real browser: a line list comes in, people are told apart, a case is classified, the situation
is seen as it was known, figures are signed by one and published by another, and the auditor sees who did what."""

import csv
import io
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SCREENS, Platform, sign_in

pytestmark = pytest.mark.browser

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
HEADERS = ["病例编号", "姓名", "性别", "年龄", "现住址", "联系电话", "发病日期", "确诊日期", "病例分类"]


def day(before: int) -> str:
    return (TODAY - timedelta(days=before)).isoformat()


ROWS = [
    ["X1", "欧阳晓红", "女", "34", "温州市鹿城区五马街道", "15400009901", day(6), day(3), "确诊病例"],
    ["X2", "欧阳晓宏", "女", "34", "温州市鹿城区五马街道", "15400009901", day(6), day(3), "确诊病例"],
    ["X3", "司徒明", "男", "61", "温州市鹿城区南汇街道", "15400009902", day(5), "", "疑似病例"],
    [
        "X4",
        "诸葛平",
        "男",
        "45",
        "温州市鹿城区南汇街道",
        "15400009903",
        day(-40),
        "",
        "疑似病例",
    ],  # falls ill next month
]


def as_file(rows: list[list[str]]) -> dict[str, object]:
    out = io.StringIO()
    csv.writer(out).writerows([HEADERS, *rows])
    return {"name": "鹿城区病例.csv", "mimeType": "text/csv", "buffer": out.getvalue().encode("gb18030")}


def send(page: Page, rows: list[list[str]]) -> None:
    page.goto("/import/")
    page.set_input_files("input[type=file]", as_file(rows))
    page.get_by_role("button", name="发送").click()
    page.wait_for_url(re.compile(r"/import/[0-9a-f-]{36}/"))


def enter(page: Page) -> None:
    expect(page.get_by_label("疾病")).to_have_value("")  # which disease a file is about is never guessed
    page.get_by_label("疾病").select_option("covid19")
    page.get_by_role("button", name="显示将会发生什么").click()
    page.get_by_role("button", name="录入这些行").click()
    expect(page.locator("#progress")).to_contain_text("已完成", timeout=30_000)


def figure(page: Page, label: str) -> str:
    return page.locator("div.figure", has=page.get_by_text(label, exact=True)).locator("dd").first.inner_text()


def search(page: Page, text: str) -> None:
    page.fill("#search", text)
    page.press("#search", "Enter")
    page.wait_for_load_state()


def signed_in(browser: Browser, platform: Platform, who: str) -> Page:
    context = browser.new_context(locale="zh-CN", viewport=SCREENS["desktop"], base_url=platform.address)
    page = context.new_page()
    sign_in(page, who)
    return page


def test_from_a_line_list_to_a_published_bulletin_and_its_audit(browser: Browser, page: Page, platform: Platform):
    sign_in(page, "lucheng")

    # Import: columns are proposed, one row is refused with its reason, the corrected file enters what was missing.
    send(page, ROWS)
    expect(page.get_by_label("“发病日期”的含义")).to_have_value("onset_date")
    enter(page)
    assert figure(page, "已录入") == "3"
    assert figure(page, "退回") == "1"
    with page.expect_download() as download:
        page.get_by_role("link", name="待改正的文件").click()
    refused = list(csv.DictReader(download.value.path().read_text("utf-8-sig").splitlines()))
    assert [row["姓名"] for row in refused] == ["诸葛平"]
    send(page, [[*ROWS[3][:6], day(4), *ROWS[3][7:]], *ROWS[:3]])
    enter(page)
    assert figure(page, "已录入") == "1"
    assert figure(page, "已在此处") == "3"

    # Resolve: the two spellings are offered as one person, merged, taken apart again, merged.
    page.goto("/persons/duplicates/")
    page.get_by_role("row", name=re.compile("欧")).first.get_by_role("link").first.click()
    expect(page.get_by_text("欧阳晓宏").first).to_be_visible()
    page.get_by_role("button", name=re.compile("同一人")).first.click()
    page.get_by_role("button", name=re.compile("撤销")).first.click()
    page.get_by_role("button", name=re.compile("同一人")).first.click()

    # Classify: a positive result confirms, and the page says by which criteria and edition.
    search(page, "司徒明")
    number = page.locator("h1 .number").inner_text()
    case_address = page.url
    assert "司徒明" not in case_address
    expect(page.locator("h1")).to_contain_text("疑似")
    page.get_by_text("添加检测结果").click()
    page.select_option("#lab_result-lab_0_test", "pcr")
    page.select_option("#lab_result-lab_0_result", "positive")
    page.fill("#lab_result-lab_0_resulted_on", day(0))
    page.locator("details[open]").get_by_role("button", name="记录").click()
    expect(page.locator("h1")).to_contain_text("确诊")
    expect(page.locator(".criteria .held").first).to_be_visible()

    # See: the case counts today and did not yesterday.
    page.goto("/situation/?area=330302&disease=covid19")
    now = int(figure(page, "累计确诊"))
    expect(page.locator("canvas").first).to_be_visible(timeout=15_000)
    page.goto(f"/situation/?area=330302&disease=covid19&as_of={day(1)}")
    assert int(figure(page, "累计确诊")) <= now - 3
    report = page.request.get(f"/situation/report.pdf?area=330302&disease=covid19&as_of={day(1)}")
    assert report.ok
    assert report.body()[:5] == b"%PDF-"

    # Publish: prepared by one, signed by another, published by a third; the public sees what was published and nothing else.
    page.goto("/bulletin/new/")
    page.select_option("[name=disease]", "covid19")
    page.fill("[name=day]", day(1))
    page.locator(".form-foot button").click()
    page.wait_for_url(re.compile(r"/bulletin/[0-9a-f-]{36}/"))
    sheet = page.url
    public = f"/bulletins/330302/{day(1)}/"
    assert page.request.get(public).status == 404
    signatory = signed_in(browser, platform, "signatory")
    signatory.goto(sheet)
    signatory.get_by_role("button", name="签发").click()
    signatory.locator("dialog[open]").get_by_role("button").last.click()
    expect(signatory.locator(".seal")).to_be_visible()
    publisher = signed_in(browser, platform, "publisher")
    publisher.goto(sheet)
    publisher.get_by_role("button", name="发布").click()
    publisher.locator("dialog[open]").get_by_role("button").last.click()
    expect(publisher.get_by_text("已发布").first).to_be_visible()
    reader = browser.new_context(base_url=platform.address).new_page()
    assert reader.goto(public).ok
    seen = reader.content()
    assert number not in seen
    assert "司徒明" not in seen

    # Audit: who did and saw what, without a name in it.
    auditor = signed_in(browser, platform, "auditor")
    auditor.goto(f"/audit/cases/{case_address.rstrip('/').rsplit('/', 1)[-1]}/")
    record = auditor.inner_text("main")
    assert "陈敏" in record
    assert "司徒明" not in record
    for words in ("报告病例", "添加证据", "病例确诊", "查看病例"):
        assert words in record, words
    assert "whole" in platform.command("audit", "verify")


def test_another_countys_case_is_not_there(browser: Browser, platform: Platform):
    mine = signed_in(browser, platform, "lucheng")
    mine.goto("/cases/")
    address = mine.locator("table a.number").first.get_attribute("href")
    doctor = signed_in(browser, platform, "officer")
    assert doctor.goto(address).ok
    assert "身份证号" not in doctor.inner_text("main") or "不能查看" in doctor.inner_text("main")
    for who in ("signatory", "auditor", "admin"):
        other = signed_in(browser, platform, who)
        assert other.goto(address).status in (403, 404), who
