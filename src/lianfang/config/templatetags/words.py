"""Words that stand in tables without Django, and the names of areas, in the reader's language."""

from typing import Any

from django import template
from django.utils.translation import gettext, ngettext

from lianfang.definitions import selectors as definitions
from lianfang.registry.selectors import area_name as name_of

register = template.Library()


@register.simple_tag
def phrase(words: Any) -> str:
    """A phrase from a table of rules, translated."""
    return gettext(str(words)) if words else ""


@register.simple_tag
def area_name(area: Any) -> str:
    """An area's name in the language in force."""
    return name_of(area)


@register.simple_tag
def term_words(vocabulary: str, code: str) -> str:
    """A term of a vocabulary in the language in force."""
    return definitions.terms(vocabulary).get(code, code)


@register.simple_tag
def age_words(version: Any) -> str:
    """An age as known: years, months of an infant, or a span."""
    low, high = version.age_low, version.age_high
    if low is None:
        return ""
    if high is not None and high <= 1 and low < 1:
        months = round(low * 12)
        return ngettext("{months} month", "{months} months", months).format(months=months)
    years = f"{int(low)}" if high is None or high - low <= 1 else f"{int(low)}–{max(int(low), round(high) - 1)}"
    return gettext("{years} years").format(years=years)
