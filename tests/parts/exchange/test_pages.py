"""The pages of the import, walked as a person would: send, look at the columns, correct them, see what will happen, enter."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django_tasks_db.models import DBTaskResult

from lianfang.exchange import jobs, services
from lianfang.exchange.models import ImportRun, SavedMapping
from lianfang.exchange.reading.mapping import ColumnMapping, Mapping
from lianfang.kernel import clock
from lianfang.kernel.access import SYSTEM
from lianfang.registry.models import Area
from lianfang.surveillance.models import Case, CaseVersion
from tests.parts.exchange.files import HEADERS, ROWS, received, table


@pytest.fixture
def console(world):
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(world.users["zhejiang"], backend="django.contrib.auth.backends.ModelBackend")
    return client


def send(console, content=None, name="list.csv"):
    answer = console.post(reverse("import-list"), {"file": SimpleUploadedFile(name, content or table())})
    assert answer.status_code == 302, answer.content.decode()
    return answer.url


def as_shown(form, **changed):
    """What a browser would send of a form when only these answers were changed."""
    given = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in {**given, **changed}.items()}


def work(by):
    run = ImportRun.objects.latest("created_at")
    jobs.go_on.func(str(run.pk), by.user_id)


def test_from_the_file_to_the_cases(world, console):
    address = send(console)
    shown = console.get(address)
    form = shown.context["form"]
    assert [form[f"field_{n}"].value() for n in range(4)] == ["local_id", "name", "sex", "age"]
    assert "王秀英" in shown.content.decode()  # what stands in the column, beside its meaning
    answer = console.post(address, as_shown(form, disease="covid19", source="Lucheng list", save_as="county list"))
    assert answer.url == address
    outlook = console.get(address)
    assert (outlook.context["found"].would_enter, outlook.context["found"].refused) == (3, 0)
    assert not Case.objects.exists()
    console.post(address)
    assert "entering" in console.get(address).content.decode()
    part = console.get(address, headers={"HX-Request": "true"}).content.decode()
    assert part.startswith("<div")
    assert "every 1s" in part
    work(world.actor("zhejiang"))
    ended = console.get(address).content.decode()
    assert "finished" in ended
    assert "every 1s" not in ended
    assert Case.objects.filter(source="Lucheng list").count() == 3
    assert SavedMapping.objects.get().name == "county list"
    assert "list.csv" in console.get(reverse("import-list")).content.decode()


def test_a_meaning_that_was_suggested_wrongly_is_corrected(world, console):
    headers = ["code", "who", "sex", "seen", "place"]
    address = send(
        console,
        table([["7", "王秀英", "F", "03/02/2020", "鹿城区"], ["8", "陈伟", "M", "04/02/2020", "鹿城区"]], headers),
    )
    form = console.get(address).context["form"]
    right = {
        "field_0": "local_id",
        "field_1": "name",
        "field_3": "onset_date",
        "field_4": "county",
        "disease": "covid19",
        "classification": "suspected",
    }
    console.post(address, as_shown(form, **right))
    form = console.get(f"{address}?step=columns").context["form"]  # the order of its days can now be said
    console.post(address, as_shown(form, order_3="dmy"))
    console.post(address)
    work(world.actor("zhejiang"))
    assert [str(version.onset_on) for version in CaseVersion.objects.order_by("onset_on")] == [
        "2020-02-03",
        "2020-02-04",
    ]


def test_another_kind_of_rows_is_suggested_anew(world, console):
    address = send(console, table([["A1", "A2"], ["A1", "A3"]], ["infector", "infectee"]))
    form = console.get(address).context["form"]
    other = "cases" if form["kind"].value() != "cases" else "links"
    answer = console.post(address, as_shown(form, kind=other, disease="covid19"), follow=True)
    assert answer.context["form"]["kind"].value() == other
    assert "suggested anew" in answer.content.decode()


def test_two_columns_with_one_meaning_are_refused_on_the_form(world, console):
    address = send(console)
    form = console.get(address).context["form"]
    answer = console.post(address, as_shown(form, field_1="sex", disease="covid19"))
    assert answer.status_code == 422
    assert "Two columns are mapped to the same meaning" in answer.content.decode()


def test_a_place_is_asked_and_answered_on_the_page(world, console):
    for code, city in (("330199", "330100"), ("330399", "330300")):
        above = world.area(city)
        Area.objects.create(code=code, name="鼓楼区", level="county", parent=above, path=f"{above.path}{code}/")
    rows = [["B1", "钱一", "男", "20", "", "鼓楼区", "2020-01-20", "2020-01-25", "确诊病例"], ROWS[0]]
    run = received(world.actor("zhejiang"), table(rows))
    address = reverse("import", args=[run.pk])
    shown = console.get(address)
    ((key, _asked),) = shown.context["questions"]
    assert 'value="330399"' in shown.content.decode()
    console.post(address, {"answer": "1", f"place:{key}": "330399"})
    assert console.get(address).context["found"].would_enter == 2


def test_pasted_sentences_are_shown_beside_what_was_read_and_not_understood(world, console):
    text = "2月8日确诊：女，62岁，现住鹿城区，2月6日出现发热症状，对某事讳莫如深。"
    answer = console.post(reverse("import-list"), {"text": text, "year": "2020"})
    assert answer.status_code == 302, answer.content.decode()
    form = console.get(answer.url).context["form"]
    console.post(answer.url, as_shown(form, disease="covid19"))
    shown = console.get(answer.url).content.decode()
    assert "not-read" in shown
    assert "讳莫如深" in shown.split("not-read", 1)[1]
    assert "Onset" in shown
    assert "2020-02-06" in shown


@pytest.mark.parametrize("sent", [{}, {"text": ""}, {"text": "x", "year": "abc"}])
def test_nothing_sent_is_said_in_words(world, console, sent):
    answer = console.post(reverse("import-list"), sent)
    assert answer.status_code == 422
    assert "notice-error" in answer.content.decode()


def test_a_finished_import_is_undone_and_restored_on_its_page(world, console):
    by = world.actor("zhejiang")
    run = services.enter_all(services.start(received(by).pk, by, as_job=False), by)
    address = reverse("import", args=[run.pk])
    assert reverse("import-undo", args=[run.pk]) in console.get(address).content.decode()
    console.post(reverse("import-undo", args=[run.pk]))
    work(by)
    assert "This import was undone" in console.get(address).content.decode()
    assert not CaseVersion.objects.known_at(None).counted().exists()
    console.post(reverse("import-restore", args=[run.pk]))
    work(by)
    assert CaseVersion.objects.known_at(None).counted().count() == 3
    assert console.post(reverse("import-restore", args=[run.pk])).status_code == 422  # there is nothing to restore


def test_a_saved_mapping_is_laid_over_another_file(world, console):
    by = world.actor("zhejiang")
    received(by, table(), save_as="county list")
    run = services.keep("other.csv", [table([[*row, "x"] for row in ROWS], [*HEADERS, "备用"])], by)
    console.post(reverse("import-use-mapping", args=[run.pk]), {"mapping": "county list"})
    run.refresh_from_db()
    assert (run.disease, run.source) == ("covid19", "the test list")
    assert console.post(reverse("import-use-mapping", args=[run.pk]), {"mapping": "none such"}).status_code == 422


def test_a_large_file_is_foreseen_by_a_job_while_somebody_waits(world, console, monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", 10)
    address = send(console)
    console.post(address, as_shown(console.get(address).context["form"], disease="covid19", source="Lucheng list"))
    waiting = console.get(address)
    assert "every 1s" in waiting.content.decode()
    assert "found" not in (waiting.context or {})
    run, by = ImportRun.objects.get(), world.actor("zhejiang")
    queued = DBTaskResult.objects.filter(task_path__endswith="look_ahead")
    console.get(address)
    assert queued.count() == 1, "asked again while the job is at it, nothing more is ordered"
    jobs.look_ahead.func(str(run.pk), by.user_id)
    assert console.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    found = console.get(address).context["found"]
    at_once = services.outlook(run, by)
    assert (found.rows, found.would_enter, found.reasons) == (at_once.rows, at_once.would_enter, at_once.reasons)
    assert [fate.row.number for fate in found.preview] == [fate.row.number for fate in at_once.preview]
    assert found.at is not None
    run.refresh_from_db()
    assert "王秀英" not in ImportRun.objects.values_list("outlook", flat=True)[0].__repr__()
    console.post(address, {"again": "1"})
    assert queued.count() == 2
    assert "every 1s" in console.get(address).content.decode()
    jobs.look_ahead.func(str(run.pk), by.user_id)
    console.post(address)
    jobs.look_ahead.func(str(run.pk), by.user_id)  # too late: the rows are on their way in
    run.refresh_from_db()
    assert run.status == "running"


def test_what_was_foreseen_for_one_reader_is_not_shown_to_another(world, console, monkeypatch):
    monkeypatch.setattr(services, "AT_ONCE", 10)
    address = send(console)
    console.post(address, as_shown(console.get(address).context["form"], disease="covid19", source="Lucheng list"))
    run = ImportRun.objects.get()
    jobs.look_ahead.func(str(run.pk), world.users["zhejiang"].pk)
    run.refresh_from_db()
    assert services.foreseen(run, world.actor("zhejiang")) is not None
    assert services.foreseen(run, SYSTEM) is None


def test_the_saved_mapping_that_fits_best_is_offered_first(world, console):
    for name, header in (("county list", HEADERS[0]), ("other list", "Something else")):  # the other is the later one
        content = Mapping(kind="cases", columns=(ColumnMapping(header, "local_id"),)).content()
        SavedMapping.objects.create(
            path=world.area("330000").path, name=name, content=content, created_at=clock.now(), created_by=None
        )
    offered = [name for name, _words in console.get(send(console)).context["use"].fields["mapping"].choices]
    assert offered.index("county list") < offered.index("other list")


def test_the_columns_of_pasted_sentences_are_named_in_the_readers_language(world, console):
    text = "2月8日确诊：女，62岁，现住鹿城区，2月6日出现发热症状，现在定点医疗机构隔离治疗。"
    address = console.post(reverse("import-list"), {"text": text, "year": "2020"}).url
    for language, words in (("zh-hans", "行"), ("en", "Line")):
        console.cookies["django_language"] = language
        shown = console.get(f"{address}?step=columns").context["columns"]
        assert shown[0]["words"] == words
        assert shown[1]["words"] not in ("sentence", "")
