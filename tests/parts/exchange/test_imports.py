"""From a file to cases: what enters, what is refused and comes back corrected, what a second time changes, what is undone."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from lianfang.exchange import jobs, services
from lianfang.exchange.models import ImportRow, ImportRun, SavedMapping
from lianfang.exchange.reading.mapping import mapping_from
from lianfang.kernel import audit, clock
from lianfang.kernel.models import Event, User
from lianfang.kernel.refusals import Refused
from lianfang.registry.models import Area, Person, PossibleDuplicate, Post
from lianfang.registry.selectors import actor_for
from lianfang.surveillance import selectors as surveillance
from lianfang.surveillance.models import Case, CaseVersion
from lianfang.tracing.models import TransmissionLink
from tests.parts.exchange.files import HEADERS, ROWS, entered, many, received, refused_text, table


def counted(world, area="330300"):
    return surveillance.counts(world.actor("zhejiang"), world.area(area), "covid19").total("reported")


def everything():
    return [model.objects.count() for model in (Person, Case, CaseVersion, TransmissionLink)]


def test_every_row_of_a_line_list_enters(world):
    run = entered(world.actor("lucheng"))
    assert run.status == "finished"
    assert run.counts["entered"] == 3, refused_text(run)
    versions = CaseVersion.objects.filter(case__source="the test list").order_by("case__local_id")
    assert [(v.area.code, str(v.onset_on), v.classification) for v in versions] == [
        ("330302", "2020-01-20", "confirmed"),
        ("330302", "2020-01-22", "suspected"),
        ("330302001", "2020-01-23", "confirmed"),
    ]
    assert [person.name for person in Person.objects.order_by("id")] == ["王秀英", "陈建国", "林小红"]
    kinds = Event.objects.filter(subject_id=run.pk).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["import.received", "import.mapped", "import.started", "import.finished"]


def test_the_file_is_removed_when_its_rows_have_entered(world):
    run = received(world.actor("lucheng"))
    stored = settings.IMPORTS_DIR / run.stored_as
    assert stored.exists()
    run = services.enter_all(services.start(run.pk, world.actor("lucheng"), as_job=False), world.actor("lucheng"))
    assert (run.stored_as, stored.exists()) == ("", False)


def test_the_dry_run_writes_nothing_and_says_what_the_import_then_does(world):
    by = world.actor("lucheng")
    rows = [*ROWS, ["A4", "周杰", "男", "300", "", "浙江省温州市鹿城区", "2020-01-20", "", "确诊病例"]]
    rows += [["A5", "吴刚", "男", "30", "", "浙江省杭州市西湖区", "2020-01-20", "", "确诊病例"], ROWS[0]]
    run = received(by, table(rows))
    before = (*everything(), Event.objects.count())
    found = services.outlook(run, by)
    assert (*everything(), Event.objects.count()) == before
    run = services.enter_all(services.start(run.pk, by, as_job=False), by)
    told = (found.rows, found.would_enter, found.refused, found.passed_over, found.already_here)
    did = (run.rows_done, *(run.counts.get(name, 0) for name in ("entered", "refused", "passed_over", "repeated")))
    assert told == did == (6, 3, 2, 1, 0)
    assert {"import.age_too_high", "case.not_your_area"} <= set(found.reasons)


def test_the_same_file_twice_changes_nothing(world):
    by = world.actor("lucheng")
    entered(by)
    before = everything()
    run = entered(by)
    assert everything() == before
    assert (run.counts["repeated"], run.counts.get("entered", 0), run.counts.get("refused", 0)) == (3, 0, 0)


def test_rows_without_numbers_enter_once_as_well_and_equal_rows_are_each_a_case(world):
    by = world.actor("lucheng")
    rows = [["男", "40", "鹿城区", "2020-01-20"]] * 3 + [["女", "50", "鹿城区", "2020-01-21"]]
    content = table(rows, ["性别", "年龄", "区县", "发病日期"])
    assert entered(by, content).counts["entered"] == 4
    assert entered(by, content).counts == {"repeated": 4}


def test_two_imports_at_once_cannot_enter_the_same_row_twice(world):
    run = entered(world.actor("lucheng"))
    row = run.rows.first()
    other = ImportRun.objects.create(path=run.path, file_name="x", created_at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        ImportRow.objects.create(run=other, number=2, ordinal=0, key=row.key, result="entered", case=row.case)


def test_a_refused_row_comes_back_with_reason_and_remedy_and_enters_when_corrected(world):
    by = world.actor("lucheng")
    wrong = [*ROWS[:2], ["A3", "林小红", "女", "8", "", "浙江省温州市鹿城区", "2020-13-23", "2020-01-28", "确诊病例"]]
    run = entered(by, table(wrong))
    assert (run.counts["entered"], run.counts["refused"]) == (2, 1)
    lines = list(csv.reader(io.StringIO(refused_text(run).lstrip("\ufeff"))))
    assert lines[0][: len(HEADERS)] == HEADERS
    told = dict(zip(lines[0], lines[1], strict=True))
    assert told["原行/row"] == "4"
    assert "发病日期" in told["原因/reason"]
    assert "2020-13-23" in told["原因/reason"]
    assert told["办法/remedy"]
    lines[1][HEADERS.index("发病日期")] = "2020-01-23"
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    again = services.keep("refused-1.csv", [out.getvalue().encode("utf-8-sig")], by)
    assert (again.disease, again.source) == ("covid19", "the test list")  # read as the file it came from was read
    again = services.decide_mapping(
        again.pk, services.mapping_of(again), by, disease=again.disease, source=again.source
    )
    again = services.enter_all(services.start(again.pk, by, as_job=False), by)
    assert again.counts["entered"] == 1, refused_text(again)
    assert set(Case.objects.values_list("local_id", flat=True)) == {"A1", "A2", "A3"}


def test_a_number_already_taken_by_other_content_is_refused(world):
    by = world.actor("lucheng")
    entered(by)
    changed = [[*ROWS[0][:3], "63", *ROWS[0][4:]]]
    run = entered(by, table(changed))
    assert run.counts == {"refused": 1}
    assert run.rows.get().codes == ["import.local_id_taken"]
    assert entered(by, table(changed), source="another list").counts["entered"] == 1


def test_rows_of_another_county_are_refused_one_by_one(world):
    rows = [ROWS[0], ["X1", "赵磊", "男", "33", "", "浙江省杭州市西湖区", "2020-01-20", "2020-01-25", "确诊病例"]]
    run = entered(world.actor("lucheng"), table(rows))
    assert (run.counts["entered"], run.counts["refused"]) == (1, 1)
    assert run.rows.get(result="refused").codes == ["case.not_your_area"]
    assert not CaseVersion.objects.filter(area__code="330106").exists()
    for who in ("xihu", "doctor", "officer"):
        with pytest.raises(Refused):
            services.run_of(run.pk, world.actor(who))
        with pytest.raises(Refused):
            services.open_refused(run.pk, world.actor(who))
        for act in (services.start, services.undo, services.discard):
            with pytest.raises(Refused):
                act(run.pk, world.actor(who))
    assert services.run_of(run.pk, world.actor("wenzhou")) == run


def two_drum_towers(world):
    for code, city in (("330199", "330100"), ("330399", "330300")):
        above = world.area(city)
        Area.objects.create(code=code, name="鼓楼区", level="county", parent=above, path=f"{above.path}{code}/")


def test_a_place_that_may_be_two_is_asked_never_guessed_and_enters_when_answered(world):
    two_drum_towers(world)
    by = world.actor("zhejiang")
    rows = [["B1", "钱一", "男", "20", "", "鼓楼区", "2020-01-20", "2020-01-25", "确诊病例"], ROWS[0]]
    run = received(by, table(rows))
    found = services.outlook(run, by)
    assert (found.would_enter, found.refused) == (1, 1)
    ((key, asked),) = found.questions.items()
    assert (asked["text"], asked["rows"]) == ("鼓楼区", 1)
    assert {code for code, _words in asked["choices"]} == {"330199", "330399"}
    answered = replace(services.mapping_of(run), places={key: "330399"})
    run = services.decide_mapping(run.pk, answered, by, disease="covid19", source=run.source)
    run = services.enter_all(services.start(run.pk, by, as_job=False), by)
    assert run.counts["entered"] == 2
    assert CaseVersion.objects.get(case__local_id="B1").area.code == "330399"


def test_a_mapping_kept_under_a_name_reads_the_next_file_with_these_columns(world):
    by = world.actor("lucheng")
    rows = [["1", "王秀英", "女", "01/02/2020", "鹿城区"]]
    headers = ["no", "name", "sex", "seen", "district"]
    run = services.keep("clinic.csv", [table(rows, headers)], by)
    content = services.mapping_of(run).content()
    meant = {"no": "local_id", "name": "name", "sex": "sex", "seen": "onset_date", "district": "county"}
    content["columns"] = [{"column": name, "field": field} for name, field in meant.items()]
    content["columns"][3]["order"] = "dmy"
    content["constants"] = {"classification": "suspected"}
    services.decide_mapping(
        run.pk, mapping_from(content), by, disease="covid19", source="clinic", save_as="clinic list"
    )
    again = services.keep("clinic-february.csv", [table([["2", "陈伟", "男", "02/02/2020", "鹿城区"]], headers)], by)
    assert (again.disease, again.source) == ("covid19", "clinic")
    assert services.mapping_of(again).column("seen").order == "dmy"
    assert services.named_mapping("clinic list", by).source == "clinic"
    with pytest.raises(Refused, match="clinic list"):
        services.named_mapping("no such", by)
    assert SavedMapping.objects.count() == 1
    with pytest.raises(Refused) as no:
        services.named_mapping("clinic list", world.actor("xihu"))
    assert "clinic list" not in str(no.value).replace("“clinic list”", ""), "another county's names are not told"


def test_somebody_known_is_offered_as_a_possible_duplicate(world):
    by = world.actor("lucheng")
    entered(by, table(ROWS[:1]))
    misheard = ["C9", "王秀瑛", "女", "62", "13900000001", "浙江省温州市鹿城区", "2020-01-20", "2020-01-26", "确诊病例"]
    run = entered(by, table([misheard]), source="another list")
    assert run.counts["possible_duplicates"] == 1
    pair = PossibleDuplicate.objects.get()
    assert {pair.person.name, pair.other.name} == {"王秀英", "王秀瑛"}


def test_somebody_told_twice_in_one_file_is_offered_as_well(world):
    twice = ["C9", "王秀瑛", "女", "62", "13900000001", "浙江省温州市鹿城区", "2020-01-20", "2020-01-26", "确诊病例"]
    run = entered(world.actor("lucheng"), table([ROWS[0], ROWS[1], twice]))
    assert run.counts["possible_duplicates"] == 1
    pair = PossibleDuplicate.objects.get()
    assert {pair.person.name, pair.other.name} == {"王秀英", "王秀瑛"}


# ---- undoing


def test_an_undone_import_no_longer_counts_and_a_restored_one_counts_again(world):
    by = world.actor("lucheng")
    run = entered(by)
    assert counted(world) == 3
    run = services.turn_all(services.undo(run.pk, by, as_job=False), by)
    assert (run.status, counted(world)) == ("undone", 0)
    assert Case.objects.count() == 3  # everything stays on record
    assert set(run.rows.values_list("result", flat=True)) == {"undone"}
    run = services.turn_all(services.restore(run.pk, by, as_job=False), by)
    assert (run.status, counted(world)) == ("finished", 3)
    assert set(Case.objects.values_list("source", flat=True)) == {"the test list"}
    kinds = list(Event.objects.filter(subject_id=run.pk).order_by("id").values_list("kind", flat=True))[-4:]
    assert kinds == ["import.undo_started", "import.undone", "import.restore_started", "import.restored"]
    audit.seal_all()
    assert list(audit.verify()) == []


def test_what_was_known_before_the_undoing_is_still_shown_as_it_was_known(world):
    by = world.actor("lucheng")
    now = clock.now()
    with clock.at(now - timedelta(days=3)):
        run = entered(by)
    services.turn_all(services.undo(run.pk, by, as_job=False), by)
    then = surveillance.counts(
        world.actor("zhejiang"), world.area("330300"), "covid19", clock.local_day(now - timedelta(days=2))
    )
    assert (then.total("reported"), counted(world)) == (3, 0)


def test_an_undone_file_can_be_read_another_way_and_entered_again(world):
    by = world.actor("lucheng")
    first = entered(by)
    services.turn_all(services.undo(first.pk, by, as_job=False), by)
    second = entered(by)
    assert (second.counts["entered"], counted(world)) == (3, 3)
    first = services.restore(first.pk, by, as_job=False)
    with pytest.raises(Refused, match="later import|后来"):
        services.turn_all(first, by)
    assert counted(world) == 3


def test_undoing_leaves_alone_what_a_person_had_decided(world):
    from lianfang.surveillance.services import mark_duplicate

    by = world.actor("lucheng")
    run = entered(by)
    mark_duplicate(Case.objects.get(local_id="A2").pk, by)
    run = services.turn_all(services.undo(run.pk, by, as_job=False), by)
    services.turn_all(services.restore(run.pk, by, as_job=False), by)
    assert counted(world) == 2


def test_links_are_entered_retracted_and_stated_anew(world):
    by = world.actor("lucheng")
    entered(by)
    content = table(
        [["A1", "A2", "confirmed"], ["A1", "A3", "probable"], ["A1", "Z9", ""]], ["infector", "infectee", "certainty"]
    )
    run = services.keep("links.csv", [content], by)
    mapping = services.drafted(run, "links")
    run = services.decide_mapping(run.pk, mapping, by, disease="covid19", source="the test list")
    run = services.enter_all(services.start(run.pk, by, as_job=False), by)
    assert (run.counts["linked"], run.counts["refused"]) == (2, 1)
    standing = TransmissionLink.objects.filter(retracted_at=None)
    assert standing.count() == 2
    run = services.turn_all(services.undo(run.pk, by, as_job=False), by)
    assert standing.count() == 0
    services.turn_all(services.restore(run.pk, by, as_job=False), by)
    assert (standing.count(), TransmissionLink.objects.count()) == (2, 4)


# ---- stopping and going on


def test_a_run_that_stops_says_why_and_goes_on_where_it_was(world, monkeypatch):
    by = world.actor("lucheng")
    monkeypatch.setattr(services, "BATCH", 10)
    run = services.start(received(by, table(many(35))).pk, by, as_job=False)
    real, calls = services._enter, []

    def fails_at_the_third(reader, batch):
        calls.append(len(batch))
        if len(calls) == 3:
            raise OSError("disk full")
        return real(reader, batch)

    monkeypatch.setattr(services, "_enter", fails_at_the_third)
    jobs.go_on.func(str(run.pk), by.user_id)
    run.refresh_from_db()
    assert (run.status, run.rows_done, Case.objects.count()) == ("stopped", 20, 20)
    assert run.problem["code"] == "import.stopped_by_error"
    services.start(run.pk, by, as_job=False)
    jobs.go_on.func(str(run.pk), by.user_id)
    run.refresh_from_db()
    assert (run.status, run.rows_done, Case.objects.count()) == ("finished", 35, 35)


def test_a_run_whose_process_vanished_is_ordered_again(world):
    by = world.actor("lucheng")
    run = services.start(received(by).pk, by, as_job=False)
    assert jobs.take_up_again() == 0
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert jobs.take_up_again() == 1
        assert jobs.take_up_again() == 0  # not again before that one had its time
    assert run.status == "running"


def test_a_second_worker_finds_the_first_one_at_it_and_leaves(world, monkeypatch):
    by = world.actor("lucheng")
    monkeypatch.setattr(services, "BATCH", 10)
    run = services.start(received(by, table(many(30))).pk, by, as_job=False)
    second = ImportRun.objects.get(pk=run.pk)

    def both(now):
        if now.rows_done == 10:
            left = services.enter_all(second, by)  # began from row 0, as the first did
            assert left.status == "running"

    run = services.enter_all(run, by, progress=both)
    assert (run.status, run.rows_done, run.counts["entered"], Case.objects.count()) == ("finished", 30, 30, 30)


def test_files_that_nobody_went_on_with_are_removed(world):
    run = received(world.actor("lucheng"))
    stored = settings.IMPORTS_DIR / run.stored_as
    assert jobs.forget_files() == 0
    with clock.at(clock.now() + timedelta(days=8)):
        assert jobs.forget_files() == 1
    assert not stored.exists()
    with pytest.raises(Refused):
        services.table_of(ImportRun.objects.get(pk=run.pk))


def test_refused_rows_are_kept_for_a_month_and_then_forgotten(world, client):
    by = world.actor("lucheng")
    rows = [["1", "陈伟", "男", "2020-02-01", "没有这个地方"], ["2", "林芳", "女", "2020-02-02", "鹿城区"]]
    headers = ["编号", "姓名", "性别", "发病日期", "现住址"]
    run = services.keep("list.csv", [table(rows, headers)], by)
    services.decide_mapping(run.pk, services.mapping_of(run), by, disease="covid19", source="here")
    run = services.enter_all(services.start(run.pk, by, as_job=False), by)
    assert run.counts["refused"] == 1
    assert jobs.forget_refused_rows() == 0
    assert "陈伟" in "".join(services.refused_csv(run))
    with clock.at(clock.now() + timedelta(days=31)):
        assert jobs.forget_refused_rows() == 1
    assert "陈伟" not in "".join(services.refused_csv(run))
    assert ImportRow.objects.get(run=run, result="refused").findings == ""
    client.force_login(world.users["lucheng"], backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/import/{run.pk}/").status_code == 200


def test_a_discarded_file_is_gone(world):
    by = world.actor("lucheng")
    run = received(by)
    services.discard(run.pk, by)
    assert not (settings.IMPORTS_DIR / run.stored_as).exists()
    with pytest.raises(Refused):
        services.start(run.pk, by)


# ---- pasted sentences

PAGE = """温州市2020年2月8日新增确诊病例情况
鹿城区
2月8日确诊：女，62岁，现住鹿城区，有温州银泰世贸店购物史，2月6日出现发热症状，现在定点医疗机构隔离治疗。
2月7日确诊：男，41岁，2月3日出现咳嗽、发热症状，对某事讳莫如深。
"""


def test_pasted_sentences_become_rows_and_what_was_not_understood_stands_beside_them(world):
    by = world.actor("wenzhou")
    run = services.keep_sentences(PAGE, by, year=2020)
    run = services.decide_mapping(run.pk, services.mapping_of(run), by, disease="covid19", source=run.source)
    found = services.outlook(run, by)
    assert (found.rows, found.would_enter) == (2, 2), found.examples
    assert "讳莫如深" in str([fate.row.other for fate in found.preview])
    services.enter_all(services.start(run.pk, by, as_job=False), by)
    versions = CaseVersion.objects.order_by("confirmed_on")
    assert [(str(v.confirmed_on), str(v.onset_on), v.sex, v.area.code) for v in versions] == [
        ("2020-02-07", "2020-02-03", "M", "330302"),  # the county from the heading above it
        ("2020-02-08", "2020-02-06", "F", "330302"),
    ]


def test_text_without_a_case_is_refused(world):
    with pytest.raises(Refused):
        services.keep_sentences("  \n ", world.actor("wenzhou"))


def test_two_counties_number_their_lists_alike_and_neither_learns_of_the_other(world):
    theirs = [[*row[:5], "浙江省杭州市西湖区", *row[6:]] for row in ROWS]
    assert entered(world.actor("xihu"), table(theirs), source="病例").counts["entered"] == 3
    run = entered(world.actor("lucheng"), table(), source="病例")
    assert (run.counts["entered"], run.counts.get("refused", 0), run.counts.get("repeated", 0)) == (3, 0, 0)
    assert Case.objects.filter(source="病例", local_id="A1").count() == 2


def test_the_city_that_sends_its_countys_list_again_changes_nothing(world):
    entered(world.actor("lucheng"), table(), source="病例")
    before = everything()
    run = entered(world.actor("wenzhou"), table(), source="病例")
    assert run.counts == {"repeated": 3}
    other = entered(world.actor("wenzhou"), table([["A1", *ROWS[1][1:]]]), source="病例")
    assert other.rows.get().codes == ["import.local_id_taken"]
    assert everything() == before


def test_a_stopped_import_goes_on_with_the_posts_of_whoever_ordered_it_last(world, monkeypatch):
    second = User.objects.create(username="second", display_name="Second")
    Post.objects.create(user=second, role="epidemiologist", area=world.area("330302"))
    run = received(world.actor("lucheng"), table(many(30)))
    services.start(run.pk, world.actor("lucheng"))
    services.stop(run.pk, OSError("disk full"), world.actor("lucheng"))
    services.start(run.pk, actor_for(second), as_job=False)
    ImportRun.objects.update(progressed_at=clock.now() - timedelta(minutes=5))
    ordered = []
    monkeypatch.setattr(jobs, "go_on", SimpleNamespace(enqueue=lambda *about: ordered.append(about)))
    assert jobs.take_up_again() == 1
    assert ordered == [(str(run.pk), second.pk)]
