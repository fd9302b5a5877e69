"""A small demonstration, filled in through the services, and what then stands in the database."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from lianfang.bulletin.models import Bulletin
from lianfang.bulletin.selectors import sheet
from lianfang.config.demo import desks, filling
from lianfang.config.demo.writing import Writer
from lianfang.definitions.services import load_definitions
from lianfang.exchange.models import ImportRow, ImportRun
from lianfang.kernel import audit, clock
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import User
from lianfang.kernel.refusals import Refused
from lianfang.registry.models import Area, Person, PossibleDuplicate
from lianfang.situation import kept_sources
from lianfang.surveillance.models import Case, CaseVersion, InvestigationRecord
from lianfang.tracing.models import TransmissionLink
from lianfang.workorders.models import WorkOrder

pytestmark = pytest.mark.django_db
SIZE = 100


@pytest.fixture(scope="module")
def there(django_db_setup, django_db_blocker):
    """One filling for all tests of this file, taken back at the end."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        load_definitions()
        told = []
        filling.fill(SIZE, progress=lambda done, total: told.append((done, total)))
        yield told
        transaction.set_rollback(True)


@pytest.mark.pure
@pytest.mark.parametrize("hour", [0.1, 6, 10.5, 11, 11.9, 12, 18, 23.9])
@pytest.mark.parametrize("size", [100, 30_000])
def test_desk_work_is_done_once_a_day_whatever_the_hour_of_the_start(hour, size):
    first_day = datetime(2026, 1, 1, tzinfo=timezone.get_default_timezone())
    now = first_day + timedelta(days=59, hours=hour)
    done = []
    with clock.at(now):
        writer = Writer(range(size), [], first_day, 60, 1, lambda *_: None, lambda: done.append(clock.today()))
    while writer.round < 60 * writer.per_day:
        writer.round += 1
        with clock.at(writer.moment(writer.round / writer.per_day)):
            writer.desk_work()
    assert done == [date(2026, 1, 1) + timedelta(days=day) for day in range(60)]


def current():
    return CaseVersion.objects.filter(superseded_at=None, case__source="demo")


def test_every_case_of_the_size_asked_for_is_there_and_the_progress_ends_at_it(there):
    assert Case.objects.filter(source="demo").count() == SIZE
    assert there[-1] == (SIZE, SIZE)


def test_the_record_is_whole(there):
    assert list(audit.verify()) == []


def test_reports_are_spread_over_the_sixty_days_and_never_before_onset(there):
    days = set(current().values_list("reported_on", flat=True))
    assert clock.today() - min(days) < timedelta(days=60)
    assert max(days) <= clock.today()
    assert len(days) > 20
    assert not current().filter(reported_on__lt=F("onset_on")).exists()
    assert not current().filter(onset_on=None).exclude(classification="asymptomatic").exclude(declared=True).exists()


def test_cases_end_in_classes_that_the_protocol_gives_them(there):
    counted = Counter(current().values_list("classification", flat=True))
    assert counted["confirmed"] > 0.6 * SIZE
    assert 0 < counted["excluded"] < 0.2 * SIZE
    assert counted["asymptomatic"] > 0
    assert counted["suspected"] < 0.2 * SIZE
    assert sum(counted.values()) == SIZE


def test_confirmed_cases_are_nearly_all_proven_and_not_only_stated(there):
    proven = current().filter(classification="confirmed", declared=False).count()
    assert proven > 0.7 * current().filter(classification="confirmed").count()


def test_outcomes_come_after_admission(there):
    ended = current().exclude(outcome="")
    assert ended.count() > 0.4 * SIZE
    assert not ended.filter(outcome_on__lt=F("admitted_on")).exists()


def test_a_link_joins_two_cases_and_the_infector_was_known_first(there):
    links = TransmissionLink.objects.select_related("infector", "infectee")
    assert links.count() > 0.4 * SIZE
    assert all(link.infector_id != link.infectee_id for link in links)


def test_work_is_open_overdue_and_done(there):
    orders, now = WorkOrder.objects.all(), clock.now()
    assert orders.filter(closed_at=None).exists()
    assert orders.overdue(now).exists()
    done = orders.filter(kind="investigate_case", status="done")
    assert done.filter(closed_at__lte=F("due_at")).count() > 0.8 * done.count()
    assert InvestigationRecord.objects.count() > 0.8 * SIZE


def test_people_are_invented(there):
    people = Person.objects.exclude(pk__in=ImportRow.objects.values("case__person"))
    for person in people:
        assert person.id_number == "" or person.id_number.startswith("99")
        assert person.phone.startswith("154")


def test_bulletins_are_out_one_is_corrected_and_the_last_waits_for_a_signature(there):
    province = Bulletin.objects.filter(path=Area.objects.get(code="330000", valid_until=None).path)
    assert province.filter(status="published", corrects=None).count() == 5
    assert province.filter(status="published", corrects__isnull=False).count() == 1
    waiting = province.get(status="prepared")
    assert waiting.day == clock.today() - timedelta(days=1)
    assert waiting.explanation or not sheet(waiting).corrected()  # an unexplained correction could not be signed
    assert not province.filter(status="published", signed_by=F("published_by")).exists()


def test_one_line_list_was_entered_with_rows_refused_and_another_waits(there):
    finished, waiting = ImportRun.objects.get(status="finished"), ImportRun.objects.exclude(status="finished").get()
    assert finished.counts["entered"] == 20
    assert finished.counts["refused"] == 4
    assert waiting.status == "mapped"
    assert waiting.rows_done == 0


def test_another_source_of_the_home_county_is_kept_a_day_late_with_the_last_day_miscounted(there):
    for code in (desks.HOME_COUNTY, desks.HOME_CITY):
        area = Area.objects.get(code=code, valid_until=None)
        [kept], more = kept_sources.kept_sources(SYSTEM, area, "covid19", None)
        assert (more, "虚构" in kept.edition.name, kept.edition.area.code) == ([], True, desks.HOME_COUNTY)
        yesterday = clock.today() - timedelta(days=1)
        assert {day for _area, day, _count in kept.edition.figures()} == {
            yesterday - timedelta(days=back) for back in range(21)
        }
        found = [(one.verdict, one.shift) for one in kept.found.findings]
        assert ("late", 1) in found
        assert (kept.standing.day, kept.standing.difference <= -6) == (yesterday, True)
    assert kept.edition.kept_by.username == "lucheng"


def test_somebody_reported_twice_is_offered_or_was_decided(there):
    again = PossibleDuplicate.objects.filter(person__cases__source="demo")
    assert again.exists()
    assert all(pair.score > 0 for pair in again)


def test_visitors_may_come_in_and_the_other_accounts_cannot_sign_in(there):
    assert desks.are_open()
    visitors = {name for name, *_ in desks.ACCOUNTS}
    for user in User.objects.all():
        assert user.has_usable_password() == (user.username in visitors)
        assert user.is_active


def test_a_database_in_use_is_refused(there):
    with pytest.raises(Refused, match="not empty|不是空的"):
        filling.fill(SIZE)
