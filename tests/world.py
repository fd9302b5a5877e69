"""A small world for tests: a few areas of Zhejiang, two hospitals, one account for each role. Made the way a person would."""

from dataclasses import dataclass
from datetime import date

from django.contrib.auth.hashers import make_password

from lianfang.kernel.access import Actor
from lianfang.kernel.models import User
from lianfang.registry.models import Area, Organisation, Post
from lianfang.registry.selectors import actor_for

AREAS = [  # code, name, English name, level, parent
    ("CN", "中国", "China", "country", None),
    ("330000", "浙江省", "Zhejiang", "province", "CN"),
    ("330100", "杭州市", "Hangzhou", "city", "330000"),
    ("330106", "西湖区", "Xihu District", "county", "330100"),
    ("330300", "温州市", "Wenzhou", "city", "330000"),
    ("330302", "鹿城区", "Lucheng District", "county", "330300"),
    ("330302001", "五马街道", "Wuma", "township", "330302"),
    ("330303", "龙湾区", "Longwan District", "county", "330300"),
]


@dataclass
class World:
    areas: dict[str, Area]
    hospital: Organisation
    other_hospital: Organisation
    users: dict[str, User]

    def actor(self, name: str, channel: str = "web") -> Actor:
        """The account of that name as an actor with the posts it holds now."""
        return actor_for(self.users[name], channel)

    def area(self, code: str) -> Area:
        return self.areas[code]


def build() -> World:
    """Write the world down."""
    areas: dict[str, Area] = {}
    for code, name, name_en, level, parent in AREAS:
        above = areas.get(parent) if parent else None
        areas[code] = Area.objects.create(
            code=code,
            name=name,
            name_en=name_en,
            level=level,
            parent=above,
            path=(above.path if above else "") + f"{code}/",
            valid_from=date(2000, 1, 1),
        )
    hospital = Organisation.objects.create(
        name="鹿城区人民医院", kind="hospital", area=areas["330302"], path=areas["330302"].path
    )
    other = Organisation.objects.create(
        name="西湖区人民医院", kind="hospital", area=areas["330106"], path=areas["330106"].path
    )
    users: dict[str, User] = {}
    hashed = make_password("a long enough password")
    for name, role, area, organisation in [
        ("lucheng", "epidemiologist", "330302", None),
        ("xihu", "epidemiologist", "330106", None),
        ("wenzhou", "epidemiologist", "330300", None),
        ("zhejiang", "epidemiologist", "330000", None),
        ("doctor", "clinician", None, hospital),
        ("other_doctor", "clinician", None, other),
        ("officer", "situation_officer", "330000", None),
        ("signatory", "signatory", "330000", None),
        ("publisher", "publisher", "330000", None),
        ("auditor", "auditor", "330000", None),
        ("lucheng_auditor", "auditor", "330302", None),
    ]:
        users[name] = User.objects.create(username=name, password=hashed, display_name=name.title())
        Post.objects.create(
            user=users[name], role=role, area=areas.get(area) if area else None, organisation=organisation
        )
    return World(areas, hospital, other, users)
