"""Filling an empty database with the demonstration: areas, accounts, and sixty days of an outbreak up to this moment."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from lianfang.definitions import selectors as definitions
from lianfang.kernel import audit, clock
from lianfang.kernel.models import User
from lianfang.kernel.refusals import Refused, refuse
from lianfang.registry.areas import load_china
from lianfang.surveillance import tally
from lianfang.surveillance.models import Case

from .desk_work import DeskWork
from .desks import HOME_COUNTY, open_accounts, staffed
from .outbreak import generate
from .writing import DISEASE, LARGE, Writer

DAYS = 60
CITY_WEIGHTS = {
    "330300": 4.0,
    "330100": 1.5,
    "330200": 1.4,
    "331000": 1.4,
}  # where people came back to, other cities 0.4
HOME_WEIGHT = 20.0


def must_be_empty() -> None:
    """Raise Refused unless nobody has worked in this database before."""
    if User.objects.exists() or Case.objects.exists():
        raise Refused(refuse("demo.not_empty", database=connection.settings_dict["NAME"]))


def fill(size: int, seed: int = 20200123, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Fill an empty database with areas, accounts and an outbreak of ``size`` cases over the last 60 days.

    Up to some thousand cases are filled in whole or not at all; more are not held in one transaction. Raises Refused.
    """
    with transaction.atomic() if size <= LARGE else nullcontext():
        _fill(size, seed, progress)


def _fill(size: int, seed: int, progress: Callable[[int, int], None]) -> None:
    must_be_empty()
    first_day = timezone.localtime(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
        days=DAYS - 1
    )
    with clock.at(first_day):
        load_china()
    counties = staffed(first_day)
    disease = definitions.disease(DISEASE)
    if disease is None or disease.serial_interval is None:
        raise Refused(refuse("demo.interval_unknown", disease=DISEASE))
    weights = [
        HOME_WEIGHT if county.area.code == HOME_COUNTY else CITY_WEIGHTS.get(county.city.code, 0.4)
        for county in counties
    ]
    cities = sorted({county.city.code for county in counties})
    outbreak = generate(
        size,
        DAYS,
        seed,
        interval_mean=disease.serial_interval.mean_days,
        interval_sd=disease.serial_interval.sd_days,
        weights=np.array(weights),
        city_of=np.array([cities.index(county.city.code) for county in counties]),
    )
    desks = DeskWork(DISEASE, seed, clock.today())
    Writer(outbreak, counties, first_day, DAYS, seed, progress, desks.noon).run()
    audit.seal_all()
    tally.tally_all()
    open_accounts()
