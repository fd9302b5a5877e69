"""Proof is appended, never changed; photos are pictures, small, sealed, and seen by those who see the order."""

import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction
from PIL import Image

from lianfang.kernel import clock
from lianfang.kernel.refusals import Refused
from lianfang.workorders import photos, selectors, services
from lianfang.workorders.models import OrderEntry
from lianfang.workorders.services import Proof
from tests.parts.workorders.desks import MORNING, moved, picture, raised, staffed

GPS = 0x8825


@pytest.fixture
def town(world, settings, tmp_path):
    settings.PHOTOS_DIR = tmp_path / "photos"
    return staffed(world)


def proved(town, order, proof, who="lucheng"):
    with clock.at(MORNING):
        return services.prove(order.pk, proof, town.actor(who))


def opened(content):
    return Image.open(io.BytesIO(content))


def test_a_proof_is_written_once_however_often_it_comes(town):
    order, proof = raised(town, "telecom_lines"), Proof(reading=Decimal(8), note="到货")
    first, again = proved(town, order, proof), proved(town, order, proof)
    assert first.pk == again.pk
    assert OrderEntry.objects.count() == 1
    with pytest.raises(Refused) as no:
        proved(town, order, replace(proof, reading=Decimal(9)))
    assert no.value.refusals[0].code == "kernel.id_conflict"


def test_no_proof_is_changed_or_removed_and_a_correction_points_at_what_it_corrects(town):
    order = raised(town, "telecom_lines")
    wrong = proved(town, order, Proof(reading=Decimal(80)))
    for change in (
        lambda: OrderEntry.objects.filter(pk=wrong.pk).update(reading=8),
        lambda: OrderEntry.objects.filter(pk=wrong.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    proved(town, order, Proof(reading=Decimal(8), corrects=wrong.pk))
    with pytest.raises(Refused) as no:
        proved(town, order, Proof(reading=Decimal(9), corrects=wrong.pk))
    assert no.value.refusals[0].code == "order.corrects_nothing"
    moved(town, order, "complete", proof=Proof(passed=True))
    with clock.at(MORNING):
        today = selectors.Span(clock.today(), clock.today())
        [group] = selectors.statistics(town.actor("lucheng"), town.area("330302").path, "kind", today)
    assert group.amount == 8


@pytest.mark.parametrize(
    ("proof", "code"),
    [
        (Proof(), "order.empty_proof"),
        (Proof(note="  "), "order.empty_proof"),
        (Proof(longitude=200.0, latitude=10.0), "order.no_such_place"),
        (Proof(longitude=120.0), "order.no_such_place"),
        (Proof(note="x", observed_at=MORNING + timedelta(hours=1)), "order.observed_in_the_future"),
        (Proof(photo=b"<script>alert(1)</script>"), "order.no_photo"),
        (Proof(photo=picture()[:200]), "order.no_photo"),
        (Proof(photo=b"\xff" * (photos.MOST_BYTES + 1)), "order.photo_too_large"),
    ],
)
def test_what_is_no_proof_is_refused_in_words(town, proof, code):
    order = raised(town)
    with pytest.raises(Refused) as no:
        proved(town, order, proof)
    assert no.value.refusals[0].code == code
    assert not OrderEntry.objects.exists()


def test_what_the_form_of_the_kind_asks_for_must_be_there_before_it_is_done(town):
    order = raised(town, "telecom_fault")
    with pytest.raises(Refused) as no:
        moved(town, order, "complete")
    assert [refusal.about for refusal in no.value.refusals] == ["note", "passed"]
    proved(town, order, Proof(note="换光模块"))
    assert moved(town, order, "complete", proof=Proof(passed=True)).status == "done"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_keeps_the_picture_alone(kind):
    kept = opened(photos.cleaned(picture(kind)))
    assert kept.format == "JPEG"
    assert dict(kept.getexif()) == {}
    assert not kept.info.get("exif")
    placed = opened(photos.cleaned(picture(kind), keep_place=True)).getexif()
    assert set(placed) == {GPS}
    assert placed.get_ifd(GPS)[1] == "N"


def test_a_photo_stands_upright_and_is_made_small():
    assert opened(photos.cleaned(picture(orientation=6))).size == (30, 40)
    assert max(opened(photos.cleaned(picture(size=(4000, 100)))).size) == photos.LONGEST_SIDE


def test_a_file_that_claims_to_be_enormous_is_refused_unread():
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    assert len(out.getvalue()) < 1_000_000
    with pytest.raises(Refused):
        photos.cleaned(out.getvalue())


def test_photos_lie_sealed_outside_the_web_root_and_are_seen_by_those_who_see_the_order(town, client, settings):
    order = raised(town, "telecom_fault", organisation_id=town.crew.pk)
    entry = proved(town, order, Proof(photo=picture()), "crew")
    [file] = [path for path in Path(settings.PHOTOS_DIR).rglob("*") if path.is_file()]
    assert b"JFIF" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    url = f"/orders/{order.pk}/photos/{entry.photo}/"
    for who, status in (("crew", 200), ("supervisor", 200), ("xihu", 404), ("other_doctor", 404), ("signatory", 403)):
        client.force_login(town.users[who], backend="django.contrib.auth.backends.ModelBackend")
        answer = client.get(url)
        assert answer.status_code == status, who
    client.force_login(town.users["crew"], backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get(url)
    assert opened(answer.content).size == (40, 30)
    assert answer["Content-Type"] == "image/jpeg"
    other = raised(town, "telecom_fault", organisation_id=town.crew.pk)
    assert client.get(f"/orders/{other.pk}/photos/{entry.photo}/").status_code == 404
    assert client.get(f"/orders/{order.pk}/photos/{'0' * 64}/").status_code == 404
