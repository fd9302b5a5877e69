"""A tracer with a patient on the telephone: contacts entered singly, pasted and from a file; calls with every outcome on a small
phone, one of them corrected; a hand-over that the other county accepts; an onset told otherwise that judges contacts anew."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, SCREENS, Platform, sign_in

pytestmark = pytest.mark.browser

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
ROSTER = "员工,手机,最后一起上班\n钟离丁,13911110004,{day}\n钟离戊,13911110005,后天\n"

# A suspected case that fell ill four days ago, and a tracer in another county.
SETTING = f"""
from datetime import date
from django.contrib.auth.hashers import make_password
from lianfang.kernel.models import User
from lianfang.registry.models import Area, Post
from lianfang.registry.selectors import actor_for
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services as surveillance
from lianfang.surveillance.evidence import Evidence
lucheng = Area.objects.get(code="330302", valid_until=None)
longwan = Area.objects.get(code="330303", valid_until=None)
user = User.objects.create(username="longwan", display_name="龙湾 林", password=make_password("{PASSWORD}"))
Post.objects.create(user=user, role="epidemiologist", area=longwan)
case = surveillance.notify(
    surveillance.Notification(
        disease="covid19", area=lucheng,
        evidence=Evidence(declared="suspected", onset_on=date.fromisoformat("{TODAY - timedelta(days=4)}")),
        person=PersonDetails(name="公冶长", area=lucheng),
    ),
    actor_for(User.objects.get(username="lucheng")),
)
print(case.pk)
"""


@pytest.fixture(scope="module")
def case(platform: Platform) -> str:
    """The id of the case whose contacts are traced."""
    return platform.command("manage", "shell", "-v", "0", "-c", SETTING).strip().splitlines()[-1]


def opened(browser: Browser, platform: Platform, who: str, screen: str = "desktop") -> Page:
    context = browser.new_context(locale="zh-CN", viewport=SCREENS[screen], base_url=platform.address)
    page = context.new_page()
    sign_in(page, who)
    return page


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url


def row(page: Page, number: str):
    return page.locator("#contacts tbody tr, table tbody tr", has_text=number).first


def found(page: Page, name: str) -> str:
    """Open a contact by its exact name; gives its address."""
    page.goto("/contacts/")
    page.locator("#c-q").fill(name)
    page.locator("#c-q").press("Enter")
    expect(page.get_by_text(name, exact=True)).to_be_visible()
    return page.url


def call(page: Page, outcome: str, **about: str) -> None:
    page.locator("#calls").get_by_label(outcome, exact=True).check()
    for label, text in about.items():
        page.locator("#calls").get_by_label(label).fill(text)
    page.get_by_role("button", name="记录本次联系").click()
    expect(page.locator("#calls li").first).to_contain_text(outcome)


def test_from_a_list_of_names_to_the_last_call(browser: Browser, platform: Platform, case: str):
    tracer, phone = opened(browser, platform, "lucheng"), opened(browser, platform, "lucheng", "phone")
    here = f"/cases/{case}/contacts/"

    # One contact on the telephone, two pasted from a chat.
    phone.goto(here + "new/")
    fits(phone)
    phone.get_by_label("姓名").fill("钟离甲")
    phone.get_by_label("电话").fill("13911110001")
    phone.locator("select[name=kind]").select_option("meal")
    phone.locator("input[name=last_on]").fill((TODAY - timedelta(days=4)).isoformat())
    phone.get_by_role("button", name="录入", exact=True).click()
    expect(phone.locator("h1 .tag")).to_have_text("尚未联系")
    fits(phone)
    tracer.goto(here + "paste/")
    day = TODAY - timedelta(days=2)
    tracer.locator("textarea[name=text]").fill(
        f"钟离乙 男 13911110002 同事 {day.month}月{day.day}日一起吃饭\n钟离丙 女 13911110003 同事 {day.month}月{day.day}日"
    )
    tracer.get_by_role("button", name="识别名单").click()
    expect(tracer.locator("tbody tr")).to_have_count(2)
    tracer.locator("button[name=enter]").click()
    expect(tracer.locator("#contacts tbody tr")).to_have_count(3)

    # A file: its columns are named and kept, the refused line goes back as a file, the same file again changes nothing.
    content = ROSTER.format(day=day).encode("gb18030")
    for turn in range(2):
        tracer.goto(here + "paste/")
        tracer.locator("#c-file").set_input_files({"name": "花名册.csv", "mimeType": "text/csv", "buffer": content})
        tracer.get_by_role("button", name="识别文件").click()
        if turn == 0:
            for n, meaning in enumerate(("name", "phone", "last_on")):
                tracer.locator(f"select[name=field_{n}]").select_option(meaning)
            tracer.locator("input[name=save_as]").fill("鞋厂花名册")
        else:
            expect(tracer.locator(".tag-good", has_text="鞋厂花名册")).to_be_visible()
        tracer.get_by_role("button", name="查看识别结果").click()
        expect(tracer.locator("td.num", has_text="3").first).to_be_visible()
        if turn == 0:
            tracer.locator("button[name=enter]").click()
            with tracer.expect_download() as download:
                tracer.get_by_role("button", name="下载未能录入的行").click()
            assert "钟离戊" in download.value.path().read_text(encoding="utf-8-sig")
        else:
            expect(tracer.locator(".tag-good", has_text="已录入过")).to_have_count(1)
            expect(tracer.locator("button[name=enter]")).to_have_count(0)

    # The calls, at 390 px: reached; not reached; refused, and a visit is due; gone elsewhere.
    phone.goto("/contacts/")
    fits(phone)
    first = found(phone, "钟离甲")
    call(phone, "已联系上", 体温="36.5")
    found(phone, "钟离乙")
    call(phone, "未接通")
    expect(phone.locator("h1 .tag")).to_contain_text("(1)")
    third = found(phone, "钟离丙")
    call(phone, "拒绝配合")
    expect(phone.locator("#calls").get_by_text("需上门核实")).to_be_visible()
    fits(phone)
    found(phone, "钟离丁")
    call(phone, "已前往外地")

    # The third call was to somebody else: it is corrected with the reason, and no visit is due any more.
    phone.goto(third)
    phone.locator("#calls li").first.get_by_role("link", name="订正").click()
    fits(phone)
    phone.locator("#calls").get_by_label("未接通", exact=True).check()
    phone.get_by_role("button", name="记录订正").click()
    expect(phone.locator("input[name=reason]")).to_have_attribute("required", "")  # not sent without a reason
    phone.locator("input[name=reason]").fill("点错了")
    phone.get_by_role("button", name="记录订正").click()
    corrected = phone.locator("#calls li").first
    expect(corrected).to_contain_text("未接通")
    expect(corrected).to_contain_text("拒绝配合")
    expect(corrected).to_contain_text("点错了")
    expect(phone.locator("#calls").get_by_text("需上门核实")).to_have_count(0)
    fits(phone)

    # The fourth went to another county, which accepts.
    fourth = found(tracer, "钟离丁")
    tracer.locator("#hand-over summary").click()
    tracer.locator("#hand-over input[name=area]").fill("温州市龙湾区")
    tracer.locator("#hand-over textarea[name=reason]").fill("已回龙湾家中")
    tracer.locator("#hand-over form button").last.click()
    expect(tracer.locator(".notice-warning").first).to_contain_text("龙湾区")
    other = opened(browser, platform, "longwan", "phone")
    other.goto("/contacts/offers/")
    fits(other)
    other.locator("button[value=accept]").first.click()
    expect(other.get_by_text("钟离丁")).to_be_visible()
    tracer.goto(fourth)
    expect(tracer.get_by_text("钟离丁")).to_have_count(0)  # seen by its masked name from now on

    # The onset was a week later than told: whoever met the case before is told, and nothing is lost.
    platform.command("manage", "shell", "-v", "0", "-c", LATER.format(case=case, onset=TODAY))
    for _turn in range(60):
        tracer.goto(here)
        if tracer.locator("#rejudged").count():
            break
        tracer.wait_for_timeout(500)
    expect(tracer.locator("#rejudged tbody tr")).to_contain_text("无需")
    phone.goto(first)
    expect(phone.locator(".notice-warning")).to_contain_text(re.compile("无需隔离观察.*原为"))
    fits(phone)
    phone.goto(here)
    fits(phone)


LATER = """
from datetime import date
from lianfang.kernel.models import User
from lianfang.registry.selectors import actor_for
from lianfang.surveillance import services as surveillance
from lianfang.surveillance.evidence import Evidence
from lianfang.surveillance.models import Observation
first = Observation.objects.filter(case="{case}").earliest("recorded_at")
evidence = Evidence(declared="suspected", onset_on=date.fromisoformat("{onset}"))
surveillance.observe(first.case_id, first.kind, evidence, actor_for(User.objects.get(username="lucheng")), corrects=first.pk)
"""


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_pages_of_tracing_fit_a_small_screen_in_both_languages(
    browser: Browser, platform: Platform, case: str, locale: str
):
    context = browser.new_context(locale=locale, viewport=SCREENS["phone"], base_url=platform.address)
    page = context.new_page()
    sign_in(page, "lucheng")
    for where in ("", "new/", "paste/", "found/"):
        page.goto(f"/cases/{case}/contacts/{where}")
        fits(page)
    for where in ("/contacts/", "/contacts/?view=all", "/contacts/offers/", "/presence/new/"):
        page.goto(where)
        fits(page)
    context.close()
