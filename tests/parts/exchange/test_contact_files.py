"""Contacts from a file go through the reader of every file and the page of every list."""

from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from lianfang.kernel import clock
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services as surveillance
from lianfang.surveillance.evidence import Evidence
from lianfang.tracing.models import Contact

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


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig"])
def test_a_file_is_shown_as_a_pasted_list_and_then_entered(client, world, settings, tmp_path, case, encoding):
    settings.IMPORTS_DIR = tmp_path
    client.force_login(world.users["lucheng"])
    page = read(client, case, TABLE.encode(encoding))
    assert (page.status_code, page.context["count"]) == (200, 2)
    assert not Contact.objects.exists()
    assert list(tmp_path.iterdir()) == [], "nothing of the file stays behind"
    form = page.context["form"]
    sent = {"batch": form["batch"].value(), "text": form["text"].value(), "kind": "meal", "enter": "1"}
    assert client.post(reverse("contact-paste", args=[case.pk]), sent).status_code == 302
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
