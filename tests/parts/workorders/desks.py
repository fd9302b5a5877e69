"""Who works with orders in the small world: a crew of an enterprise, a supervisor, a second hand; and how orders are made."""

import io
from datetime import UTC, datetime, timedelta

from PIL import Image

from lianfang.kernel import clock, ids
from lianfang.kernel.models import User
from lianfang.registry.models import Organisation, Post, Site
from lianfang.workorders import services

MORNING = datetime(2020, 1, 27, 1, 0, tzinfo=UTC)  # nine o'clock in China


def staffed(world):
    """A telecom crew, a supervisor and a second epidemiologist of Lucheng, and two sites."""
    lucheng = world.area("330302")
    world.crew = Organisation.objects.create(name="电信抢修队", kind="enterprise", area=lucheng, path=lucheng.path)
    for name, role, area, organisation in (
        ("crew", "crew", None, world.crew),
        ("supervisor", "supervisor", lucheng, None),
        ("second", "epidemiologist", lucheng, None),
    ):
        world.users[name] = User.objects.create(username=name, password="!", display_name=name.title())
        Post.objects.create(user=world.users[name], role=role, area=area, organisation=organisation)
    world.sites = [
        Site.objects.create(name=name, kind="market", area=world.area(code), path=world.area(code).path)
        for name, code in (("五马菜市场", "330302001"), ("水心市场", "330302"))
    ]
    return world


def raised(world, kind="review_report", area="330302", at=MORNING, by="lucheng", **about):
    with clock.at(at):
        return services.raise_order(
            kind, by=world.actor(by), **{"subject_id": ids.new_id(), "path": world.area(area).path, **about}
        )


def moved(world, order, name, who="lucheng", after=timedelta(), **more):
    with clock.at(MORNING + after):
        return services.move(order.pk, name, world.actor(who), **more)


def picture(kind="JPEG", size=(40, 30), place=True, orientation=1):
    """A photo as a phone makes it: the camera's name, which side is up, and where it was taken."""
    image, exif, out = Image.new("RGB", size, "red"), Image.Exif(), io.BytesIO()
    exif[0x010F] = "Secret Camera"
    exif[0x0112] = orientation
    if place:
        exif[0x8825] = {1: "N", 2: (28.0, 0.0, 30.0), 3: "E", 4: (120.0, 39.0, 0.0)}
    image.save(out, kind, exif=exif)
    return out.getvalue()
