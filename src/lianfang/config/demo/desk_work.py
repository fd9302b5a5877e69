"""What else lies on the desks of the province: bulletins of the past days, line lists that a county brought in, and the
counts of another source."""

import csv
import io
from datetime import date, timedelta

from lianfang.bulletin import services as bulletins
from lianfang.bulletin.models import Bulletin
from lianfang.bulletin.selectors import sheet
from lianfang.exchange import services as imports
from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.models import User
from lianfang.registry.models import Area
from lianfang.registry.selectors import actor_for
from lianfang.situation import kept_sources
from lianfang.situation.by_area import daily_reports
from lianfang.situation.sources import Line
from lianfang.surveillance import tally

from .desks import HOME_COUNTY, PROVINCE
from .observation import ObservationWork
from .orders import OrderWork
from .people import People
from .tracing import TraceWork

BULLETIN_DAYS = 5  # so many bulletins are out; the one of yesterday waits for a signature
NUMBERS_FROM = 4_000_000  # people of the line lists, beyond all of the outbreak
SOURCE = "区卫生健康委每日通报（演示虚构）"
SOURCE_DAYS = 21  # the source speaks of so many days, up to yesterday
MISCOUNTED = 6  # cases that it forgot on the last of them
HEADERS = ("编号", "姓名", "性别", "年龄", "身份证号", "联系电话", "现住地区", "发病日期", "诊断日期", "病例分类")


class DeskWork:
    """The work of one noon after another, the last of them today."""

    def __init__(self, disease: str, seed: int, last_day: date):
        self.disease, self.people, self.last_day = disease, People(seed), last_day
        self.orders = OrderWork(last_day, self.actor)
        self.tracing = TraceWork(disease, last_day, self.people, self.actor)
        self.observation = ObservationWork(disease, last_day, self.people, self.actor)
        self.province = Area.objects.get(code=PROVINCE, valid_until=None)

    def noon(self) -> None:
        """Whatever is due on this day."""
        left = (self.last_day - clock.today()).days
        tally.tally_all()
        self.orders.noon()
        self.tracing.noon()
        self.observation.noon()
        if left <= BULLETIN_DAYS:
            self.bulletin(clock.today() - timedelta(days=1), out=left > 0)
        if left == 3:
            self.correction(clock.today() - timedelta(days=3))
        if left == 1:
            self.line_list("鹿城区发热门诊登记.csv", 24, "wenzhou", enter=True)
        if left == 0:
            self.line_list("鹿城区集中隔离点.csv", 12, "lucheng", enter=False)
            self.source("lucheng")

    def actor(self, name: str) -> Actor:
        user = User.objects.get(username=name)
        user.is_active = True  # the account opens when all is written
        return actor_for(user)

    def bulletin(self, day: date, *, out: bool) -> None:
        """The province's figures of a day: prepared, and, if they are to be out, signed by one and published by another."""
        made = bulletins.prepare(self.province, self.disease, day, self.actor("officer"))
        self._explain(made)
        if out:
            self._send_out(made)

    def correction(self, day: date) -> None:
        """A bulletin with what became known since, published as the correction of an earlier one."""
        old = Bulletin.objects.published().filter(path=self.province.path, day=day, corrects=None).first()
        if old is not None:
            corrected = bulletins.correct(old.pk, "补报当日病例", self.actor("officer"))
            self._explain(corrected)
            self._send_out(corrected)

    def _explain(self, made: Bulletin) -> None:
        """Figures that correct earlier ones are explained by who prepares them, or nobody can sign."""
        if sheet(made).corrected():
            bulletins.revise(made.pk, self.actor("officer"), explanation="部分病例为补报，或经复核订正了分类和日期。")

    def _send_out(self, made: Bulletin) -> None:
        bulletins.sign(made.pk, self.actor("signatory"))
        bulletins.publish(made.pk, self.actor("publisher"))

    def line_list(self, name: str, rows: int, account: str, *, enter: bool) -> None:
        """A county's own list, with a few rows as they should not be; entered, or left with its columns decided."""
        by = self.actor(account)
        file = io.StringIO()
        csv.writer(file).writerows([HEADERS, *self.rows(name, rows)])
        run = imports.keep(name, [file.getvalue().encode("gb18030")], by)
        run = imports.decide_mapping(
            run.pk, imports.mapping_of(run), by, disease=self.disease, source=name.removesuffix(".csv")
        )
        if enter:
            imports.enter_all(imports.start(run.pk, by, as_job=False), by)

    def source(self, account: str) -> None:
        """Totals of the home county as if its health commission had told them: a day late, the last day miscounted."""
        by, yesterday = self.actor(account), clock.today() - timedelta(days=1)
        county = Area.objects.get(code=HOME_COUNTY, valid_until=None)
        [daily] = daily_reports(by, [county], self.disease, None, yesterday)
        days = [yesterday - timedelta(days=back) for back in range(SOURCE_DAYS)]
        totals = {day: sum(count for on, count in daily.items() if on < day) for day in days}
        totals[yesterday] = max(totals[yesterday] - MISCOUNTED, 0)
        lines = [Line(SOURCE, HOME_COUNTY, day, total) for day, total in totals.items()]
        kept_sources.keep(county, self.disease, lines, by, cumulative=True)

    def rows(self, name: str, count: int) -> list[list[str]]:
        today, found = clock.today(), []
        for place in range(count):
            number = NUMBERS_FROM + 100 * (len(name) % 50) + place
            age, male = 20 + number * 7 % 50, number % 2 == 0
            made = self.people.person(number, number, male=male, age=age, today=today)
            onset = today - timedelta(days=2 + place % 5)
            row = [
                f"{place + 1:03d}",
                made.name,
                "男" if male else "女",
                f"{age}岁",
                made.id_number,
                made.phone,
                "浙江省温州市鹿城区",
                f"{onset.month}月{onset.day}日" if place % 3 else f"{onset:%Y.%m.%d}",
                f"{onset + timedelta(days=1):%Y-%m-%d}",
                ("疑似病例", "确诊病例")[place % 2],
            ]
            if place % 12 == 5:
                row[6] = "鼓楼区"  # there are several
            elif place % 12 == 7:
                row[7] = f"{today + timedelta(days=40):%Y-%m-%d}"  # not yet come
            elif place % 12 == 10:
                row[4] = row[4][:-2]  # two digits lost
            found.append(row)
        return found
