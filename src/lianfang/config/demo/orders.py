"""Work orders of the demonstration: a disinfection round of three places, and what the power and telecom crew is asked for."""

import io
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.registry import places
from lianfang.registry.models import Area, Organisation, Site
from lianfang.workorders import jobs, services
from lianfang.workorders.models import WorkOrder
from lianfang.workorders.services import Proof, Request

from .desks import CREW, HOME_COUNTY

SITES = (("五马菜市场", "market"), ("温州双屿客运中心", "transport"), ("鹿城区社会福利院", "care_home"))
ROUND_DAYS = 4  # the round began so many days ago
ASKED = (  # days before today, kind, where, who asked, what and why, lines or rooms, minutes until it was done or None
    (6, "telecom_lines", "鹿城区防控指挥部", "指挥部办公室 王芳", "流调专班开通电话线路", 40, 600),
    (6, "telecom_opening", "双屿卡口", "交警大队 李强", "卡口应急开通宽带", None, 75),
    (5, "telecom_fault", "五马街道办", "五马街道 陈洁", "视频会议中断", None, 130),
    (5, "power_supply", "鹿城区集中隔离点", "隔离点 张华", "隔离房间接电", 36, 500),
    (4, "telecom_lines", "鹿城区人民医院", "信息科 周涛", "发热门诊开通线路", 24, 900),
    (4, "power_fault", "水心小区", "物业 刘敏", "配电箱跳闸", None, 95),
    (3, "telecom_fault", "南汇街道办", "南汇街道 赵磊", "宽带无法接入", None, 410),
    (2, "telecom_opening", "温州南站卡口", "车站指挥部 吴刚", "测温点应急开通", None, 60),
    (1, "telecom_fault", "蒲鞋市街道办", "蒲鞋市街道 孙丽", "电话不通", None, None),
    (1, "power_supply", "鹿城区社会福利院", "福利院 钱伟", "隔离用房接电", 12, None),
    (0, "telecom_opening", "双屿客运中心", "客运中心 郑波", "检疫登记点应急开通", None, None),
)


class OrderWork:
    """The work of one noon after another, the last of them today."""

    def __init__(self, last_day: date, actor: Any):
        self.last_day, self.actor = last_day, actor

    def noon(self) -> None:
        """Whatever is due on this day."""
        left = (self.last_day - clock.today()).days
        if left == ROUND_DAYS:
            self.plan(self.actor("lucheng"), self.actor("supervisor"))
        if left <= ROUND_DAYS:
            self.walk(left)
        for days, kind, place, applicant, note, amount, minutes in ASKED:
            if days == left:
                self.ask(kind, place, applicant, note, amount, minutes)

    def plan(self, epidemiologist: Actor, supervisor: Actor) -> None:
        """Three places are entered, and disinfected three times a day from now on."""
        area = Area.objects.get(code=HOME_COUNTY, valid_until=None)
        sites = [
            places.write_site({"name": name, "kind": kind, "area": area, "organisation": None}, epidemiologist)
            for name, kind in SITES
        ]
        services.plan_round(
            "disinfect_site",
            "重点场所每日消毒",
            sites,
            [time(10), time(14), time(20)],
            supervisor,
            area=area,
            starts_on=clock.today(),
            organisation=Organisation.objects.get(name=CREW),
        )

    def walk(self, left: int) -> None:
        """The crew disinfects what the round raises on this day, from noon on; today the last place is left."""
        crew, last = self.actor("crew"), Site.objects.get(name=SITES[-1][0])
        noon, midnight = clock.now(), clock.start_of(clock.today())
        for turn_at in (noon, midnight + timedelta(hours=14), midnight + timedelta(hours=20)):
            if turn_at + timedelta(hours=3) > timezone.now():
                turn_at = noon
            with clock.at(turn_at):
                jobs.raise_rounds()
            for order in WorkOrder.objects.filter(kind="disinfect_site", closed_at=None).order_by("raised_at", "id"):
                if left or order.subject_id != last.pk:
                    after = timedelta(minutes=order.pk.int % 100) if turn_at > noon else timedelta()
                    with clock.at(turn_at + after):
                        done = Proof(reading=Decimal(300 + order.pk.int % 5 * 50))
                        services.move(order.pk, "complete", crew, proof=done)

    def ask(self, kind: str, place: str, applicant: str, note: str, amount: int | None, minutes: int | None) -> None:
        """Somebody asks for a thing; the crew accepts it and, if ``minutes`` are told, does it so many minutes later."""
        order = services.request(
            Request(
                kind,
                area=Area.objects.get(code=HOME_COUNTY, valid_until=None),
                organisation=Organisation.objects.get(name=CREW),
                applicant=applicant,
                place=place,
                note=note,
            ),
            self.actor("supervisor"),
        )
        if minutes is None:
            return
        crew, began = self.actor("crew"), clock.now()
        services.move(order.pk, "accept", crew, promised_at=began + timedelta(hours=2))
        with clock.at(began + timedelta(minutes=minutes)):
            reading = Decimal(amount) if amount else None
            done = Proof(
                note="已完成，测试正常",
                passed=True,
                reading=reading,
                photo=_sketch() if kind == "power_supply" else b"",
            )
            services.move(order.pk, "report" if kind == "power_supply" else "complete", crew, proof=done)


def _sketch() -> bytes:
    """A picture in the place of a photo: a switchboard with its lamps."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (640, 480), "#c9d1d3")
    pen = ImageDraw.Draw(image)
    for row in range(3):
        for column in range(6):
            x, y = 40 + column * 96, 50 + row * 135
            pen.rectangle((x, y, x + 76, y + 110), fill="#f4f6f6", outline="#51646b", width=3)
            pen.ellipse((x + 28, y + 16, x + 48, y + 36), fill="#2f9e68" if (row + column) % 4 else "#d97706")
            pen.rectangle((x + 30, y + 54, x + 46, y + 92), fill="#51646b")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
