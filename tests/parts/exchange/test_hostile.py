"""What somebody may send by mistake or on purpose: each a clear refusal, nothing lost, nothing leaked, nothing run."""

import io
import os
import zipfile

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import reverse

from lianfang.exchange import services
from lianfang.exchange.models import ImportRun
from lianfang.kernel.refusals import Refused
from lianfang.surveillance.models import Case
from tests.parts.exchange.files import HEADERS, ROWS, entered, many, received, refused_text, table

MARKUP = "<script>alert('x')</script><img src=x onerror=alert(1)>"
WRONG = ["A1", "王秀英", "女", "62", "", "鹿城区", "2020-13-45", "", "确诊病例"]
SQL = "Robert'); DROP TABLE surveillance_case;--"


@pytest.fixture
def console(world):
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(world.users["lucheng"], backend="django.contrib.auth.backends.ModelBackend")
    return client


def kept_files():
    folder = settings.IMPORTS_DIR
    return set(os.listdir(folder)) if folder.exists() else set()


def refusal_of(by, content, name):
    before = kept_files()
    with pytest.raises(Refused) as no:
        services.keep(name, [content], by)
    assert kept_files() == before
    assert not ImportRun.objects.exists()
    return no.value.refusals[0].code


class Endless(io.RawIOBase):
    """A request body of many bytes that takes no memory; remembers how much of it was read."""

    def __init__(self, head: bytes, size: int):
        self.head, self.left, self.taken = head, size, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = min(size if size >= 0 else 1 << 16, 1 << 16)
        if self.head:
            part, self.head = self.head[:size], self.head[size:]
        else:
            part = b"1,2,3\n" * (min(size, self.left) // 6 + 1)
            part = part[: min(size, self.left)]
            self.left -= len(part)
        self.taken += len(part)
        return part


def upload_of(client: Client, size: int, announced: bool = True):
    """Send a multipart upload of ``size`` bytes as a stream. Returns the response and how many bytes were read."""
    token = client.get(reverse("import-list")).context["csrf_token"]
    head = (
        f'--frontier\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
        '--frontier\r\nContent-Disposition: form-data; name="file"; filename="big.csv"\r\nContent-Type: text/csv\r\n\r\n'
    ).encode()
    body = Endless(head, size)
    environ = {
        "wsgi.input": body,
        "CONTENT_LENGTH": str(len(head) + size if announced else settings.UPLOAD_LIMIT_BYTES),
    }
    environ["CONTENT_TYPE"] = "multipart/form-data; boundary=frontier"
    return client.generic("POST", reverse("import-list"), **environ), body.taken


def test_a_file_of_200_mb_is_refused_before_it_has_arrived(world):
    client = Client(enforce_csrf_checks=True, HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(world.users["lucheng"], backend="django.contrib.auth.backends.ModelBackend")
    answer, taken = upload_of(client, 200 * 1024**2)
    assert answer.status_code == 422
    assert "the limit is 100 MB" in answer.content.decode()
    assert taken < 1_000_000
    assert not ImportRun.objects.exists()


@override_settings(UPLOAD_LIMIT_BYTES=2_000_000)
def test_a_file_that_grows_past_the_limit_is_refused_while_it_arrives(world, console):
    before = kept_files()
    answer, taken = upload_of(console, 50_000_000, announced=False)
    assert answer.status_code == 422
    assert taken < 3_000_000
    assert kept_files() == before
    by = world.actor("lucheng")
    assert refusal_of(by, b"a,b\n" + b"1,2\n" * 600_000, "big.csv") == "import.file_too_large"


def test_an_archive_renamed_to_a_workbook_is_refused(world):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("holiday.txt", "not a workbook")
    assert refusal_of(world.actor("lucheng"), out.getvalue(), "list.xlsx") == "import.zip_no_workbook"


def test_an_archive_that_would_unpack_to_gigabytes_is_refused(world):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(400):
                part.write(b"0" * 1_000_000)
    assert refusal_of(world.actor("lucheng"), out.getvalue(), "list.xlsx") == "import.zip_bomb"


def test_a_text_in_another_encoding_than_it_seems_is_refused_or_read_never_garbled(world):
    by = world.actor("lucheng")
    assert refusal_of(by, b"name,sex\n" + bytes(range(128, 256)) * 3 + b",M\n", "list.csv").startswith("import.")
    run = services.keep("list.csv", [table().decode().encode("gb18030")], by)
    assert run.table["encoding"] == "gb18030"
    assert entered(by, table().decode().encode("gb18030")).counts["entered"] == 3
    assert "王秀英" in [case.person.name for case in Case.objects.select_related("person")]


def test_a_row_of_ten_thousand_columns_is_refused(world):
    wide = b",".join(b"c%d" % n for n in range(10_000)) + b"\n" + b",".join(b"1" for _ in range(10_000)) + b"\n"
    assert refusal_of(world.actor("lucheng"), wide, "wide.csv") == "import.too_many_columns"
    run = entered(world.actor("lucheng"), table([*many(100), ["A9", *["x"] * 10_000]]))
    assert (run.counts["entered"], run.counts["refused"]) == (100, 1)


@pytest.mark.parametrize(
    "content", [b"", b"   \n", b"%PDF-1.7 ...", b"\x89PNG....", b"<html><table></table></html>", b'{"a": 1}']
)
def test_what_is_no_table_is_refused_in_words(world, content):
    assert refusal_of(world.actor("lucheng"), content, "list.csv").startswith("import.file_")


def test_formulas_stay_text_and_come_back_harmless(world):
    by = world.actor("lucheng")
    rows = [["A1", '=HYPERLINK("http://x","王")', "女", "62", "", "鹿城区", "2020-13-45", "", "+cmd|' /C calc'!A0"]]
    run = entered(by, table([*rows, *ROWS[1:]]))
    assert (run.counts["entered"], run.counts["refused"]) == (2, 1)
    for line in refused_text(run).splitlines():
        for cell in line.split(","):
            assert not cell.lstrip('\ufeff"').startswith(("=", "+", "@", "\t")), cell
    assert "'=HYPERLINK" in refused_text(run)
    again = services.keep("refused.csv", [refused_text(run).encode()], by)
    (row,) = services.table_of(again).rows()
    assert '=HYPERLINK("http://x","王")' in row.cells  # as it was, without the apostrophe


@pytest.mark.parametrize("said", [MARKUP, SQL], ids=["markup", "sql"])
def test_markup_and_sql_in_every_field_are_kept_as_text_and_escaped_on_every_page(world, console, said):
    by = world.actor("lucheng")
    headers = [*HEADERS, "备注", f"{said}列"]
    good = [
        [
            "M1",
            said,
            "女",
            "62",
            "13900000001",
            "浙江省温州市鹿城区",
            "2020-01-20",
            "2020-01-25",
            "确诊病例",
            said,
            said,
        ]
    ]
    bad = [[said] * len(headers)]
    content = table(good + bad, headers)
    run = services.keep(f"{said}.csv", [content], by)
    pages = [console.get(reverse("import-list")), console.get(reverse("import", args=[run.pk]))]
    run = services.decide_mapping(run.pk, services.mapping_of(run), by, disease="covid19", source=said, save_as=said)
    pages += [
        console.get(reverse("import", args=[run.pk])),
        console.get(reverse("import", args=[run.pk]) + "?step=columns"),
    ]
    run = services.enter_all(services.start(run.pk, by, as_job=False), by)
    assert (run.counts["entered"], run.counts["refused"]) == (1, 1)
    pages += [console.get(reverse("import", args=[run.pk])), console.get(reverse("import-list"))]
    case = Case.objects.get()
    assert (case.person.name, case.card["notes"]) == (said, said)
    pages += [console.get(reverse("case", args=[case.pk])), console.get(reverse("case-list"))]
    for answer in pages:
        assert answer.status_code == 200
        text = answer.content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    assert Case.objects.count() == 1


def test_another_countys_import_is_found_by_nobody_by_its_address(world):
    run = entered(world.actor("lucheng"), table([WRONG, *ROWS[1:]]))
    stranger = Client()
    stranger.force_login(world.users["xihu"], backend="django.contrib.auth.backends.ModelBackend")
    for name in ("import", "import-refused"):
        assert stranger.get(reverse(name, args=[run.pk])).status_code == 404
    for name in ("import-again", "import-undo", "import-restore", "import-discard", "import-use-mapping"):
        assert stranger.post(reverse(name, args=[run.pk]), {"mapping": "x"}).status_code in (404, 422)
    assert str(run.pk) not in stranger.get(reverse("import-list")).content.decode()
    run.refresh_from_db()
    assert run.status == "finished"


def test_whoever_may_not_import_is_told_so(world):
    client = Client()
    client.force_login(world.users["doctor"], backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("import-list")).status_code == 403
    sent = {"file": SimpleUploadedFile("list.csv", table())}
    assert client.post(reverse("import-list"), sent).status_code == 403
    assert not ImportRun.objects.exists()


def test_refused_rows_are_sealed_in_the_database_and_the_look_at_them_is_recorded(world, console):
    from django.db import connection

    from lianfang.kernel.models import Event

    run = entered(world.actor("lucheng"), table([WRONG, *ROWS[1:]]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT raw, findings FROM exchange_importrow")
        assert "王秀英".encode() not in b"".join(bytes(cell) for row in cursor.fetchall() for cell in row)
    answer = console.get(reverse("import-refused", args=[run.pk]))
    assert "王秀英" in b"".join(answer.streaming_content).decode()
    assert Event.objects.filter(kind="import.refused_read", subject_id=run.pk).count() == 1
    received(world.actor("lucheng"))
