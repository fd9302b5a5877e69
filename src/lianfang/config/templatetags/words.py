"""Words that stand in tables without Django, and the names of areas, in the reader's language."""

from typing import Any

from django import template
from django.utils.translation import gettext

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
