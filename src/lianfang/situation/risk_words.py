"""Why an area has its risk level, in the reader's words: for the page and the report."""

from math import isinf

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lianfang.definitions.risk import Bound, Measure

from .risk import Grade


def figure(measure: Measure, value: float) -> str:
    """A measure with its value in words."""
    n = 0 if isinf(value) else int(value)
    match measure.name:
        case "cumulative":
            return _("{n} confirmed in all").format(n=n)
        case "new":
            return _("{n} confirmed in {days} days").format(n=n, days=measure.days)
        case "most_in_a_day":
            return _("at most {n} on one of {days} days").format(n=n, days=measure.days)
        case "clusters":
            return ngettext("{n} cluster in {days} days", "{n} clusters in {days} days", n).format(
                n=n, days=measure.days
            )
        case _:
            if isinf(value):
                return _("never a case")
            return ngettext("{n} day since the last case", "{n} days since the last case", n).format(n=n)


def limit(bound: Bound) -> str:
    """What a bound asks for, in words."""
    if bound.at_most is None:
        return _("at least {least}").format(least=bound.at_least)
    if bound.at_least is None:
        return _("at most {most}").format(most=bound.at_most)
    return _("{least} to {most}").format(least=bound.at_least, most=bound.at_most)


def reasons(grade: Grade) -> list[str]:
    """Why an area has its level: each figure with the bound it meets; where it has it otherwise, all figures."""
    if grade.held:
        return [
            _("{figure} ({limit})").format(
                figure=figure(bound.measure, grade.values[bound.measure]), limit=limit(bound)
            )
            for bound in grade.held
        ]
    return [figure(measure, value) for measure, value in grade.values.items()]
