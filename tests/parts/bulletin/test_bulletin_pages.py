"""The desk as each role meets it, and the public addresses, which read published bulletins and nothing else."""

import csv
import io
import json
import re

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lianfang.bulletin import selectors, services
from lianfang.bulletin.models import Bulletin

PUBLIC = (
    "/bulletins/",
    "/bulletins/330300/",
    "/bulletins/330300/2020-02-06/",
    "/bulletins/330300/2020-02-06.json",
    "/bulletins/330300/2020-02-06.csv",
    "/bulletins/feed.json",
    "/bulletins/feed.json?area=330300",
    "/bulletins/feed.atom",
)


@pytest.fixture
def day_out(outbreak):
    """One published day with two small counts and a hostile remark, and the next day prepared."""
    for county, count in [("330302", 9), ("330303", 6)]:
        outbreak.confirm(county, outbreak.day(0), count)
    outbreak.confirm("330302", outbreak.day(1), 2)
    outbreak.confirm("330303", outbreak.day(1), 1)
    out = outbreak.published(outbreak.day(0), remark="<script>alert(1)</script>")
    with outbreak.at(outbreak.day(2), 8):
        area, actor = outbreak.world.area("330300"), outbreak.world.actor("wenzhou_officer")
        prepared = services.prepare(area, "covid19", outbreak.day(1), actor)
        yield outbreak, out, prepared


def signed_in(outbreak, who):
    client = Client(headers={"accept-language": "en"})
    client.force_login(outbreak.world.users[who], backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(
    ("who", "listed", "opened", "prepares"),
    [
        (None, 302, 302, 302),
        ("doctor", 403, 403, 403),
        ("auditor", 200, 200, 403),
        ("lucheng", 200, 404, 200),
        ("wenzhou_officer", 200, 200, 200),
        ("hangzhou_signatory", 200, 404, 403),
    ],
)
def test_who_reaches_the_desk(day_out, who, listed, opened, prepares):
    outbreak, _out, prepared = day_out
    client = signed_in(outbreak, who) if who else Client()
    assert client.get(reverse("bulletin-list")).status_code == listed
    assert client.get(reverse("bulletin", args=[prepared.pk])).status_code == opened
    assert client.get(reverse("bulletin-prepare")).status_code == prepares


def test_the_journey_through_the_pages(day_out):
    outbreak, _out, prepared = day_out
    sheet = reverse("bulletin", args=[prepared.pk])
    seen = selectors.seen(prepared)
    signatory, publisher = signed_in(outbreak, "wenzhou_signatory"), signed_in(outbreak, "wenzhou_publisher")
    page = signatory.get(sheet).content.decode()
    assert f"sign/?seen={seen}" in page
    assert "withheld from the public" in page
    assert signatory.post(reverse("bulletin-sign", args=[prepared.pk]) + "?seen=stale").status_code == 422
    assert signatory.post(reverse("bulletin-sign", args=[prepared.pk]) + f"?seen={seen}").status_code == 302
    assert signatory.post(reverse("bulletin-publish", args=[prepared.pk]) + f"?seen={seen}").status_code == 403
    assert publisher.post(reverse("bulletin-send_back", args=[prepared.pk]), {"note": ""}).status_code == 422
    assert publisher.post(reverse("bulletin-publish", args=[prepared.pk]) + f"?seen={seen}").status_code == 302
    assert Client().get("/bulletins/330300/2020-02-07/").status_code == 200


def test_the_form_of_figures_changes_only_what_was_changed_and_asks_why(day_out):
    outbreak, _out, prepared = day_out
    client, address = signed_in(outbreak, "wenzhou_officer"), reverse("bulletin-figures", args=[prepared.pk])
    form = client.get(address).context["form"]
    sent = {bound.html_name: bound.value() if bound.value() is not None else "" for bound in form}
    assert client.post(address, {**sent, ".new_severe": 1, ".severe": 1}).status_code == 422
    told = {".new_severe": 1, ".severe": 1, "reason": "telephone report", "remark": "<b>bold</b>"}
    assert client.post(address, {**sent, **told}).status_code == 302
    made = Bulletin.objects.get(pk=prepared.pk)
    assert {change["figure"] for change in made.figures["changes"]} == {"new_severe", "severe"}
    assert "<b>bold</b>" not in client.get(reverse("bulletin", args=[prepared.pk])).content.decode()
    assert client.post(address, {**sent, **told}).status_code == 422  # the page had been opened before the change


def test_the_next_bulletin_is_offered_for_yesterday_and_the_disease_of_the_last_in_both_languages(day_out):
    outbreak, _out, prepared = day_out
    client = signed_in(outbreak, "wenzhou_officer")
    for language in ("zh-hans", "en"):
        client.cookies["django_language"] = language
        asked = client.get(reverse("bulletin-prepare"))
        assert f'value="{asked.context["latest"]:%Y-%m-%d}"' in asked.content.decode()
        assert f'<option value="{prepared.disease}" selected>' in asked.content.decode()


def test_preparing_in_a_page_says_why_not(day_out):
    outbreak, _out, _prepared = day_out
    client = signed_in(outbreak, "wenzhou_officer")
    told = {"area": "330300", "disease": "covid19", "day": "2020-02-07", "known": "evening"}
    answer = client.post(reverse("bulletin-prepare"), told)
    assert answer.status_code == 422
    assert "already a bulletin" in answer.content.decode()


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_read_bulletins_and_areas_only(day_out, address):
    Client().get(address)
    with CaptureQueriesContext(
        connection,
    ) as held:
        answer = Client().get(address)
    assert answer.status_code == 200
    tables = {name for query in held for name in re.findall(r'(?:FROM|JOIN) "?(\w+)"?', query["sql"])}
    assert tables <= {"bulletin_bulletin", "registry_area"}
    assert len(held) <= 3
    columns = " ".join(query["sql"] for query in held)
    assert '"bulletin_bulletin"."figures"' not in columns
    assert '"protection"' not in columns


@pytest.mark.parametrize("address", PUBLIC)
def test_a_database_user_who_may_read_bulletins_and_areas_only_is_enough(day_out, address):
    if connection.vendor != "postgresql":
        pytest.skip("roles are PostgreSQL's")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE lianfang_reader_test")
        cursor.execute("GRANT USAGE ON SCHEMA public TO lianfang_reader_test")
        cursor.execute("GRANT SELECT ON bulletin_bulletin, registry_area TO lianfang_reader_test")
        cursor.execute("SET LOCAL ROLE lianfang_reader_test")
        assert Client().get(address).status_code == 200
        with pytest.raises(DatabaseError):
            cursor.execute("SELECT 1 FROM surveillance_case")


@pytest.mark.parametrize("address", PUBLIC)
def test_what_was_not_published_is_nowhere(day_out, address):
    outbreak, _out, prepared = day_out
    body = Client(headers={"accept-language": "en"}).get(address).content.decode()
    assert str(prepared.pk) not in body
    assert "<script>alert" not in body or "json" in address
    assert Client().get("/bulletins/330300/2020-02-07/").status_code == 404
    assert Client().get("/bulletins/330302/").status_code == 404
    assert Client().get("/bulletins/330300/2020-99-99/").status_code == 404


def test_withheld_cells_are_in_no_public_form(day_out):
    outbreak, _out, prepared = day_out
    outbreak.publish(prepared)
    found = Client().get("/bulletins/330300/2020-02-07.json").json()
    parts = {part["code"]: part for part in found["parts"]}
    assert found["figures"]["new_confirmed"] == 3
    assert (parts["330302"]["new_confirmed"], parts["330303"]["new_confirmed"]) == (None, None)
    assert set(found["text"]) == {"zh", "en"}
    rows = list(
        csv.DictReader(io.StringIO(Client().get("/bulletins/330300/2020-02-07.csv").content.decode("utf-8-sig")))
    )
    assert [row["new_confirmed"] for row in rows] == ["3", "withheld", "withheld"]
    feed = Client().get("/bulletins/feed.json").json()["bulletins"]
    assert [entry["day"] for entry in feed] == ["2020-02-07", "2020-02-06"]
    assert "2 in Lucheng" not in json.dumps(feed)


def test_a_formula_in_a_name_stays_text(day_out):
    _outbreak, out, _prepared = day_out
    out.public_figures["parts"][0]["name"] = "=1+1"
    out.save()
    assert "'=1+1" in Client().get("/bulletins/330300/2020-02-06.csv").content.decode()


def test_a_correction_is_shown_as_one_and_the_old_version_stays(day_out):
    outbreak, out, _prepared = day_out
    new = outbreak.publish(services.correct(out.pk, "<i>counted twice</i>", outbreak.world.actor("zhejiang")))
    client = Client(headers={"accept-language": "en"})
    latest = client.get("/bulletins/330300/2020-02-06/").content.decode()
    assert "&lt;i&gt;counted twice" in latest
    old = client.get("/bulletins/330300/2020-02-06/?version=1").content.decode()
    assert "This bulletin was corrected." in old
    assert client.get("/bulletins/330300/2020-02-06.json?version=1").json()["corrected_by_version"] == 2
    assert [entry["id"] for entry in client.get("/bulletins/feed.json").json()["bulletins"]] == [str(new.pk)]


def test_an_unchanged_page_is_answered_with_one_query(day_out):
    outbreak, _out, prepared = day_out
    first = Client().get("/bulletins/")
    with CaptureQueriesContext(connection) as held:
        again = Client().get("/bulletins/", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, len(held)) == (304, 1)
    outbreak.publish(prepared)
    assert Client().get("/bulletins/", headers={"if-none-match": first["ETag"]}).status_code == 200
    assert "max-age=60" in Client().get("/bulletins/feed.json")["Cache-Control"]
    assert "private" in first["Cache-Control"]


def test_what_a_citys_own_bulletin_gives_away_of_the_provinces_is_told(day_out):
    """The province withholds Wenzhou's 3 and Hangzhou's 2 of day 1; Wenzhou's own total of 3 leaves only Hangzhou's."""
    outbreak, _out, prepared = day_out
    assert prepared.protection["elsewhere"] == []
    outbreak.confirm("330106", outbreak.day(1), 2)
    outbreak.published(outbreak.day(1), area="330000")
    made = services.revise(prepared.pk, outbreak.world.actor("wenzhou_officer"), remark="again")
    assert ["2020-02-07", "confirmed", "new", "杭州市"] in made.protection["elsewhere"]
    page = signed_in(outbreak, "wenzhou_signatory").get(reverse("bulletin", args=[made.pk])).content.decode()
    assert "let readers work out what the bulletins of Zhejiang withhold" in page


def test_a_reader_of_english_is_told_that_words_of_the_bulletin_are_chinese():
    from django.utils import translation

    from lianfang.bulletin.wording import as_written

    with translation.override("en"):
        assert as_written("补报6例") == "In Chinese: 补报6例"
        assert as_written("six late reports") == "six late reports"
    with translation.override("zh-hans"):
        assert as_written("补报6例") == "补报6例"
