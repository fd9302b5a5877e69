"""Contacts from a file go through the reader of every file and the page of every list."""

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from lianfang.exchange import contact_files
from lianfang.exchange import services as imports
from lianfang.exchange.models import SavedMapping
from lianfang.exchange.reading.mapping import Mapping
from lianfang.kernel import clock
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.registry.models import Person
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services as surveillance
from lianfang.surveillance.evidence import Evidence
from lianfang.tracing import roster
from lianfang.tracing.models import Contact, Exposure
from lianfang.workorders.models import WorkOrder

TABLE = '密接登记表,,\n姓名,联系电话,末次接触时间\n张三,13800000003,2020/1/26\n"李\n四",13800000004,2020/1/25\n'


@pytest.fixture
def case(world):
    with clock.at(datetime(2020, 1, 27, 1, tzinfo=UTC)):
        area = world.area("330302")
        evidence = Evidence(declared="suspected")
        yield surveillance.notify(
            surveillance.Notification("covid19", area, evidence, PersonDetails(name="王秀英", area=area)),
            world.actor("lucheng"),
        )


def read(client, case, content, name="密接.csv"):
    return client.post(reverse("contact-file", args=[case.pk]), {"file": SimpleUploadedFile(name, content)})


def decide(client, case, columns, **chosen):
    """Say what the columns of a file mean: as suggested, but for those named here."""
    form = columns.context["form"]
    sent = {"table": form["table"].value(), "save_as": chosen.pop("save_as", "")}
    for n, header in enumerate(form.headers):
        sent[f"field_{n}"] = chosen.get(header, form[f"field_{n}"].value())
    return client.post(reverse("contact-file", args=[case.pk]), sent)


def enter(client, case, page, name="contact-paste"):
    sent = {"text": page.context["form"]["text"].value(), "kind": "same_place", "enter": "1"}
    return client.post(reverse(name, args=[case.pk]), sent)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig"])
def test_a_file_is_shown_as_a_pasted_list_and_then_entered(client, world, settings, tmp_path, case, encoding):
    settings.IMPORTS_DIR = tmp_path
    client.force_login(world.users["lucheng"])
    columns = read(client, case, TABLE.encode(encoding))
    assert (columns.status_code, columns.context["count"]) == (200, 2)
    assert list(tmp_path.iterdir()) == [], "nothing of the file stays behind"
    page = decide(client, case, columns)
    assert (page.status_code, page.context["count"]) == (200, 2)
    assert not Contact.objects.exists()
    assert enter(client, case, page).status_code == 302
    assert sorted(contact.person.name for contact in Contact.objects.all()) == ["张三", "李 四"]


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"PK\x03\x04broken", b"\x00" * 100])
def test_what_is_no_table_is_refused_in_words(client, world, settings, tmp_path, case, content):
    settings.IMPORTS_DIR = tmp_path
    client.force_login(world.users["lucheng"])
    assert read(client, case, content).status_code == 422
    assert list(tmp_path.iterdir()) == []


def test_another_countys_case_takes_no_file(client, world, settings, tmp_path, case):
    settings.IMPORTS_DIR = tmp_path
    client.force_login(world.users["xihu"])
    assert read(client, case, TABLE.encode()).status_code == 404


ROSTER = "\n".join(
    [
        "员工,工号,手机,最后一起上班,年龄,班组长",
        "张三,001,13800000003,2020/1/26,30,赵",
        "李四,002,13800000004,2020/1/25,老,赵",
        "张三,003,,2020/1/26,31,钱",
        "王五,004,13800000005,2020/3/1,40,钱",
    ]
)
MEANINGS = {
    "员工": "name",
    "工号": "skip",
    "手机": "phone",
    "最后一起上班": "last_on",
    "年龄": "age",
    "班组长": "other",
}


@pytest.fixture
def tracer(client, world, settings, tmp_path):
    settings.IMPORTS_DIR = tmp_path
    client.force_login(world.users["lucheng"])
    return client


def test_columns_are_named_once_and_the_next_file_is_read_the_same_way(tracer, client, world, case):
    columns = read(tracer, case, ROSTER.encode())
    assert columns.context["use"] is None
    suggested = {column["header"]: column["bound"].value() for column in columns.context["columns"]}
    assert suggested == {**MEANINGS, "员工": "other", "工号": "other", "最后一起上班": "other"}
    page = decide(tracer, case, columns, **MEANINGS, save_as="鞋厂花名册")
    assert (page.context["count"], len(page.context["refused"])) == (2, 2)
    saved = SavedMapping.objects.get()
    assert (saved.name, saved.path, saved.content["kind"]) == ("鞋厂花名册", world.area("330302").path, "contacts")
    again = read(tracer, case, ROSTER.encode())
    assert again.context["used"] == "鞋厂花名册"
    assert {column["header"]: column["bound"].value() for column in again.context["columns"]} == MEANINGS
    client.force_login(world.users["xihu"])
    assert contact_files.contact_mappings(world.actor("xihu")) == {}, "of another county"


def test_of_several_mappings_the_best_fitting_is_offered_first(tracer, world, case):
    me = world.actor("lucheng")
    contact_files.keep("电影院", {"观众": "name", "座位": "other"}, me)
    contact_files.keep("鞋厂旧表", {"员工": "name", "手机": "phone"}, me)
    contact_files.keep("学校", {"学生": "name", "家长电话": "phone"}, me)
    columns = read(tracer, case, ROSTER.encode())
    assert columns.context["used"] == "", "none fits all columns: offered, not used"
    assert [name for name, _words in columns.context["use"].fields["mapping"].choices][0] == "鞋厂旧表"
    sent = {"table": columns.context["form"]["table"].value(), "mapping": "鞋厂旧表"}
    used = tracer.post(reverse("contact-file", args=[case.pk]), sent)
    assert {column["header"]: column["bound"].value() for column in used.context["columns"]}["员工"] == "name"


def test_a_mapping_of_contacts_and_one_of_a_line_list_never_take_each_others_place(world, case):
    me = world.actor("lucheng")
    SavedMapping.objects.create(
        path=world.area("330302").path, name="清单", content=Mapping("cases", ()).content(), created_at=clock.now()
    )
    with pytest.raises(Refused) as no:
        contact_files.keep("清单", {"员工": "name"}, me)
    assert no.value.refusals[0].code == "import.mapping_name_taken"
    contact_files.keep("密接", {"员工": "name"}, me)
    assert "密接" not in imports.named_mappings(me)
    assert "清单" not in contact_files.contact_mappings(me)


def test_one_meaning_told_by_two_columns_is_asked_about(tracer, case):
    columns = read(tracer, case, ROSTER.encode())
    page = decide(tracer, case, columns, **{**MEANINGS, "班组长": "name"})
    assert page.status_code == 422


def test_the_same_file_twice_changes_nothing(tracer, case):
    def send():
        page = decide(tracer, case, read(tracer, case, ROSTER.encode()), **MEANINGS)
        enter(tracer, case, page)
        return page

    assert send().context["here"] == 0
    before = [list(model.objects.order_by("pk").values_list("pk", flat=True)) for model in (Contact, Exposure, Person)]
    events, orders = Event.objects.exclude(kind__endswith="listed").count(), WorkOrder.objects.count()
    page = send()
    assert (page.context["here"], page.context["count"]) == (2, 0)
    assert before == [
        list(model.objects.order_by("pk").values_list("pk", flat=True)) for model in (Contact, Exposure, Person)
    ]
    assert (Event.objects.exclude(kind__endswith="listed").count(), WorkOrder.objects.count()) == (events, orders)


def test_two_lines_that_say_the_same_are_two_people(tracer, case):
    text = "姓名\t末次接触时间\n甲乙\t2020/1/26\n甲乙\t2020/1/26\n"
    for _turn in range(2):
        sent = {"text": text, "kind": "meal", "enter": "1"}
        assert tracer.post(reverse("contact-paste", args=[case.pk]), sent).status_code == 302
    assert Contact.objects.count() == 2


def test_refused_lines_come_back_as_a_file_that_can_be_corrected_and_sent_again(tracer, case):
    page = decide(tracer, case, read(tracer, case, ROSTER.encode()), **MEANINGS)
    result = enter(tracer, case, page)
    assert [each.entry.person.name for each, _why in result.context["left"]] == ["李四", "王五"]
    file = enter(tracer, case, result, "contact-refused")
    lines = list(csv.reader(StringIO(file.content.decode("utf-8-sig"))))
    assert (
        lines[0] == ["姓名", "电话", "末次接触", "年龄", "班组长", "原行/row", "原因/reason"]
        or lines[0][-2] == "原行/row"
    )
    assert [line[-2] for line in lines[1:]] == ["3", "5"], "the rows of the file that was sent"
    assert all(line[-1] for line in lines[1:])
    corrected = file.content.decode("utf-8-sig").replace(",老,", ",58,").replace("2020/3/1", "2020/1/24")
    again = decide(tracer, case, read(tracer, case, corrected.encode()))
    assert (again.context["count"], again.context["refused"]) == (2, [])
    assert enter(tracer, case, again).status_code == 302
    assert sorted(contact.person.name for contact in Contact.objects.all()) == ["张三", "张三", "李四", "王五"]
    assert {exposure.note for exposure in Exposure.objects.filter(contact__person__phone__gt=b"")} >= {"班组长: 赵"}


def test_a_cell_that_a_spreadsheet_would_run_goes_out_defused_and_comes_back_as_it_was(tracer, case):
    sent = {"text": "姓名\t年龄\n=1+1\t老\n", "kind": "meal"}
    file = tracer.post(reverse("contact-refused", args=[case.pk]), sent).content.decode("utf-8-sig")
    assert "'=1+1" in file
    assert contact_files.read_table("x.csv", [file.encode()])[1][1] == "=1+1"


def test_another_county_gets_no_file_of_refused_lines(client, world, case):
    client.force_login(world.users["xihu"])
    sent = {"text": "姓名\t年龄\n甲\t老\n", "kind": "meal"}
    assert client.post(reverse("contact-refused", args=[case.pk]), sent).status_code == 404


PASTED = ROSTER.replace(",", "\t").replace("手机", "手提电话").replace("年龄", "几岁").replace("\n", "\r\n")


def test_a_pasted_table_with_headers_of_its_own_gets_the_page_of_columns(tracer, world, case):
    tracer.cookies["django_language"] = "en"
    pasted = {"text": PASTED, "kind": "same_place"}
    preview = tracer.post(reverse("contact-paste", args=[case.pk]), pasted).content.decode()
    assert f'formaction="{reverse("contact-file", args=[case.pk])}"' in preview
    columns = tracer.post(reverse("contact-file", args=[case.pk]), pasted)
    assert (columns.status_code, columns.context["count"]) == (200, 4)
    assert [column["header"] for column in columns.context["columns"]][:3] == ["员工", "工号", "手提电话"]
    meanings = {**MEANINGS, "手提电话": "phone", "几岁": "age"}
    page = decide(tracer, case, columns, **meanings, save_as="鞋厂")
    assert (page.context["count"], len(page.context["refused"])) == (2, 2)
    assert not page.context["unnamed"]
    enter(tracer, case, page)
    assert [contact.person.name for contact in Contact.objects.all()] == ["张三", "张三"]
    again = tracer.post(reverse("contact-file", args=[case.pk]), pasted)
    assert again.context["used"] == "鞋厂"
    partly = tracer.post(reverse("contact-paste", args=[case.pk]), {"text": ROSTER, "kind": "same_place"})
    assert partly.context["unnamed"], "phone and age are known, but nobody's name"


@pytest.mark.parametrize(
    "text",
    ["张三\t13800000003\t30\n李四\t13800000004\t31", "张三 男 13800000003", TABLE.split("\n", 1)[1], "员工\t手机"],
)
def test_what_is_understood_is_not_asked_for(tracer, case, text):
    page = tracer.post(reverse("contact-paste", args=[case.pk]), {"text": text, "kind": "same_place"})
    assert not page.context["unnamed"]


def test_a_pasted_list_that_is_no_table_of_columns_is_refused_in_words(tracer, client, world, case):
    address = reverse("contact-file", args=[case.pk])
    assert tracer.post(address, {"text": "x" * (roster.LONGEST + 1)}).status_code == 422
    client.force_login(world.users["xihu"])
    assert client.post(address, {"text": PASTED}).status_code == 404
