"""The founding story in a real browser: four contacts of a suspected case are taken to a site, one checks in from a phone
without script and asks for food, another gets a fever and all that follows from it, the need is answered, the others go home
with a certificate."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PASSWORD, SCREENS, Platform, sign_in

pytestmark = pytest.mark.browser

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
WEIGHT = 60_000  # bytes of the personal page with everything it loads

# A suspected case fell ill 15 days ago and met four people a day later: their last day of observation is today.
SETTING = f"""
from datetime import date
from django.contrib.auth.hashers import make_password
from lianfang.kernel.models import User
from lianfang.registry.models import Area, Organisation, Post, Site
from lianfang.registry.selectors import actor_for
from lianfang.registry.services import PersonDetails
from lianfang.quarantine import services as quarantine
from lianfang.surveillance import services as surveillance
from lianfang.surveillance.evidence import Evidence
from lianfang.tracing import services as tracing
lucheng = Area.objects.get(code="330302", valid_until=None)
wuma = Area.objects.filter(parent=lucheng, level="township", valid_until=None).order_by("code").first()
host = Organisation.objects.create(name="九山隔离点", kind="other", area=lucheng, path=lucheng.path)
site = Site.objects.create(name="九山酒店", kind="isolation", area=lucheng, path=lucheng.path, organisation=host)
user = User.objects.create(username="jiushan", display_name="王协管", password=make_password("{PASSWORD}"))
Post.objects.create(user=user, role="site_coordinator", organisation=host)
for number in ("201", "202", "203", "204"):
    quarantine.add_room(site.pk, number, 1, actor_for(user))
tracer = actor_for(User.objects.get(username="lucheng"))
onset = date.fromisoformat("{TODAY - timedelta(days=15)}")
met = date.fromisoformat("{TODAY - timedelta(days=14)}")
case = surveillance.notify(
    surveillance.Notification(
        disease="covid19", area=lucheng, evidence=Evidence(declared="suspected", onset_on=onset),
        person=PersonDetails(name="端木清", area=lucheng),
    ),
    tracer,
)
for name in ("上官一", "上官二", "上官三", "上官四"):
    told = tracing.ExposureTold(case.pk, kind="household", first_on=met, last_on=met)
    tracing.add_contact(tracing.NewContact(PersonDetails(name=name, area=wuma), told), tracer)
"""


@pytest.fixture(scope="module")
def setting(platform: Platform) -> None:
    platform.command("manage", "shell", "-v", "0", "-c", SETTING)


def opened(browser: Browser, platform: Platform, who: str) -> Page:
    context = browser.new_context(locale="zh-CN", viewport=SCREENS["desktop"], base_url=platform.address)
    page = context.new_page()
    sign_in(page, who)
    return page


def phone(browser: Browser, platform: Platform) -> BrowserContext:
    """A small phone on which no script runs."""
    return browser.new_context(
        locale="zh-CN", viewport={"width": 320, "height": 640}, java_script_enabled=False, base_url=platform.address
    )


def ours(page: Page):
    """The rows of the story's four, whose names are masked: the demonstration has others."""
    return page.locator("tbody tr", has_text="上**")


def guest(page: Page, name: str):
    return page.get_by_role("row", name=re.compile(name)).first


def test_four_contacts_from_the_door_of_the_site_to_the_way_home(browser: Browser, platform: Platform, setting):
    tracer = opened(browser, platform, "lucheng")

    # Tracing gave each contact a stay; the county takes them in, each into a room that is free.
    for _turn in range(60):
        tracer.goto("/observed/?status=awaited")
        if ours(tracer).count() == 4:
            break
        tracer.wait_for_timeout(500)
    expect(ours(tracer)).to_have_count(4)
    expect(tracer.get_by_text("上官一")).to_have_count(0)  # names are masked in lists
    for number in ("201", "202", "203", "204"):
        tracer.goto("/observed/?status=awaited")
        ours(tracer).first.get_by_role("link").first.click()
        expect(tracer.locator("h1")).to_contain_text("上官")
        tracer.get_by_role("link", name="接收入住").click()
        rooms = tracer.get_by_label("地点").locator('optgroup[label="九山酒店"] option')
        tracer.get_by_label("地点").select_option(rooms.filter(has_text=number).get_attribute("value"))
        tracer.get_by_role("button", name="记录").click()
        expect(tracer.get_by_text(f"九山酒店 · {number} 室").first).to_be_visible()

    # The coordinator sees the site whole and hands the first guest a link.
    coordinator = opened(browser, platform, "jiushan")
    coordinator.goto("/isolation/")
    site = coordinator.url
    expect(coordinator.locator(".room-taken")).to_have_count(4)
    coordinator.locator(".room", has_text="201").get_by_role("link").click()
    first = coordinator.locator("h1").inner_text().split()[0]
    first_address = coordinator.url
    coordinator.get_by_role("button", name="生成链接").click()
    expect(coordinator.locator(".slip svg")).to_be_visible()
    link = re.sub(r"^https?://[^/]+", "", coordinator.locator(".address").inner_text())

    # The guest checks in on a phone without script, and asks for food; the page is light and tells nothing else.
    small = phone(browser, platform)
    page = small.new_page()
    loaded: list[int] = []
    page.on("response", lambda answer: loaded.append(int(answer.headers.get("content-length") or 0)))
    page.goto(link)
    assert 0 < sum(loaded) < WEIGHT
    expect(page.get_by_text(f"{TODAY.year}年{TODAY.month}月{TODAY.day}日")).to_be_visible()
    assert "上官" not in page.content()
    page.get_by_label("现在的体温").fill("36，5")
    page.get_by_label("食品和生活用品").check()
    page.get_by_label("具体需要什么").fill("想吃水果")
    page.get_by_role("button", name="发送").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"\d\d:\d\d 已收到"))
    expect(page.get_by_text("您的需求已转达")).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_label("Temperature now")).to_be_visible()
    assert small.cookies() == []

    # The coordinator enters the others in one screen; a fever is confirmed, and everything that follows is named first.
    coordinator.goto(site)
    expect(guest(coordinator, first).locator(".check-done")).to_contain_text("36.5")
    coordinator.get_by_role("link", name="录入健康登记").click()
    for number, warmth in (("202", "36.4"), ("203", "36.8"), ("204", "37.6")):
        guest(coordinator, number).locator("input.heat").fill(warmth)
    coordinator.get_by_role("button", name="录入", exact=True).or_(
        coordinator.get_by_role("button", name="记录")
    ).click()
    expect(coordinator.get_by_role("heading", name="出现异常")).to_be_visible()
    expect(coordinator.get_by_text("下达转送医院任务")).to_be_visible()
    coordinator.get_by_role("button", name="确认：转送并报告").click()
    coordinator.goto(site)
    expect(coordinator.locator(".check-alert").first).to_contain_text("37.6")
    expect(coordinator.get_by_text("已报病例").first).to_be_visible()

    # The hospital and the county have it: a transfer is ordered, and the county opens the new suspected case.
    coordinator.locator(".room", has_text="204").get_by_role("link").click()
    expect(coordinator.get_by_role("row", name=re.compile("转送定点医院"))).to_be_visible()
    feverish = coordinator.url
    tracer.goto(feverish)
    tracer.get_by_role("link", name="该人员所报病例").click()
    expect(tracer.locator("h1")).to_contain_text("疑似")

    # The need stays until it is settled.
    coordinator.goto(site)
    need = coordinator.get_by_role("row", name=re.compile("想吃水果"))
    need.locator("summary").click()
    need.get_by_label("答复或处理情况").fill("已送苹果和橙子")
    need.get_by_role("button", name="记录").click()
    expect(coordinator.get_by_text("想吃水果")).to_have_count(0)

    # The release list: three go home, the fourth is kept back with the reason.
    coordinator.goto("/observed/releases/")
    held = coordinator.locator("section", has=coordinator.get_by_role("heading", name="未能解除"))
    expect(held).to_contain_text("已作为疑似病例报告，尚未排除")
    coordinator.get_by_role("link", name="解除 3 人").click()
    expect(coordinator.locator("input[name=stay]")).to_have_count(3)
    coordinator.get_by_role("button", name="解除所选人员").click()
    expect(coordinator.get_by_text("已解除 3 人")).to_be_visible()

    # The certificate, and a link that works no more.
    coordinator.goto(first_address)
    certificate = coordinator.get_by_role("link", name="解除证明").get_attribute("href")
    assert coordinator.request.get(certificate).body()[:5] == b"%PDF-"
    assert page.goto(link).status == 404
    coordinator.goto(site)
    expect(coordinator.locator(".room-waiting")).to_have_count(3)


@pytest.mark.parametrize("where", ["/observed/", "/isolation/", "/doors/", "/observed/new/", "/observed/counts/"])
def test_pages_of_observation_fit_a_small_screen_in_both_languages(browser: Browser, platform: Platform, where: str):
    for locale in ("zh-CN", "en-US"):
        context = browser.new_context(locale=locale, viewport=SCREENS["phone"], base_url=platform.address)
        page = context.new_page()
        sign_in(page, "lucheng")
        page.goto(where)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        context.close()
