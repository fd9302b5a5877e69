"""A bulletin in words, in the official order: the same sentences for whoever signs and for the public."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .rules import OTHER

NAMED = 12  # so many areas are named in a sentence; the table below names all

DURING: dict[str, Callable[[int], str]] = {
    "new_confirmed": lambda n: ngettext("{n} new confirmed case", "{n} new confirmed cases", n),
    "new_severe": lambda n: ngettext("{n} new severe case", "{n} new severe cases", n),
    "new_discharged": lambda n: ngettext("{n} newly discharged case", "{n} newly discharged cases", n),
    "new_deaths": lambda n: ngettext("{n} new death", "{n} new deaths", n),
    "new_suspected": lambda n: ngettext("{n} new suspected case", "{n} new suspected cases", n),
}
AT_THE_END: dict[str, Callable[[int], str]] = {
    "total_confirmed": lambda n: ngettext("{n} confirmed case in all", "{n} confirmed cases in all", n),
    "severe": lambda n: ngettext("{n} severe case", "{n} severe cases", n),
    "total_discharged": lambda n: ngettext("{n} discharged in all", "{n} discharged in all", n),
    "total_deaths": lambda n: ngettext("{n} death in all", "{n} deaths in all", n),
    "suspected": lambda n: ngettext("{n} suspected case", "{n} suspected cases", n),
}
CONTACTS: dict[str, Callable[[int], str]] = {
    "contacts_tracked": lambda n: ngettext("{n} close contact was tracked", "{n} close contacts were tracked", n),
    "contacts_released": lambda n: ngettext("{n} was released that day", "{n} were released that day", n),
    "contacts_released_total": lambda n: ngettext("{n} was released in all", "{n} were released in all", n),
    "contacts_observed": lambda n: ngettext("{n} is still under observation", "{n} are still under observation", n),
}


def name_in(entry: Mapping[str, Any]) -> str:
    """The name of an area or a part in the language in force."""
    if entry.get("code") == OTHER:
        return _("elsewhere or not known more closely")
    chinese = (translation.get_language() or "").startswith("zh")
    return str(entry["name"] if chinese else entry["name_en"] or entry["name"])


def disease_in(content: Mapping[str, Any]) -> str:
    chinese = (translation.get_language() or "").startswith("zh")
    return str(content["disease"]["zh" if chinese else "en"])


def day_in(day: date) -> str:
    return date_format(day, _("j F Y"))


def changed_by(correction: int) -> str:
    """A correction as bulletins put it in brackets."""
    if correction < 0:
        return _("{n} taken out").format(n=-correction)
    return _("{n} added").format(n=correction)


def title(content: Mapping[str, Any]) -> str:
    return _("{area}: {disease}, {day}").format(
        area=name_in(content["area"]), disease=disease_in(content), day=day_in(date.fromisoformat(content["day"]))
    )


def as_written(text: str) -> str:
    """What somebody wrote, in the language it was written in; a reader of English is told where that is Chinese."""
    chinese = any("\u4e00" <= sign <= "\u9fff" for sign in text)
    if chinese and not (translation.get_language() or "").startswith("zh"):
        return _("In Chinese: {text}").format(text=text)
    return text


def official(content: Mapping[str, Any]) -> list[str]:
    """The paragraphs of a bulletin in the language in force, from its public figures."""
    figures, day, area = content["figures"], date.fromisoformat(content["day"]), name_in(content["area"])
    during = [words(figures[code]).format(n=figures[code]) + _places(content, code) for code, words in DURING.items()]
    end = []
    for code, words in AT_THE_END.items():
        piece = words(figures[code]).format(n=figures[code])
        if code == "severe":
            piece += _(" ({n} of them critical)").format(n=figures["critical"])
        elif code.startswith("total_") and (correction := content["corrections"].get(code.removeprefix("total_"))):
            piece += _(" ({change})").format(change=changed_by(correction))
        end.append(piece)
    comma = _("; ")
    found = [
        _("From 0:00 to 24:00 on {day}, {area} reported for {disease}: {list}.").format(
            day=day_in(day), area=area, disease=disease_in(content), list=comma.join(during)
        ),
        _("As of 24:00 on {day}, {area} had: {list}.").format(day=day_in(day), area=area, list=comma.join(end)),
    ]
    contacts = [words(figures[code]).format(n=figures[code]) for code, words in CONTACTS.items() if code in figures]
    if contacts:
        found.append(_("Contacts, as reported by hand: {list}.").format(list=comma.join(contacts)))
    if any(content["corrections"].values()) and content["base_day"]:
        found.append(
            _("Corrections are against the bulletin of {day}. {explanation}")
            .format(day=day_in(date.fromisoformat(content["base_day"])), explanation=as_written(content["explanation"]))
            .strip()
        )
    elif content["explanation"]:
        found.append(as_written(content["explanation"]))
    if content["remark"]:
        found.append(as_written(content["remark"]))
    return found


def _places(content: Mapping[str, Any], code: str) -> str:
    """Where the cases of a figure were, the largest first: what is shown, and how many areas are not."""
    shown = [part for part in content["parts"] if part.get(code)]
    withheld = sum(1 for part in content["parts"] if code in part and part[code] is None)
    if not shown and not withheld:
        return ""
    shown.sort(key=lambda part: -part[code])
    pieces = [_("{n} in {area}").format(n=part[code], area=name_in(part)) for part in shown[:NAMED]]
    if rest := shown[NAMED:]:
        pieces.append(
            ngettext("{n} in {count} further area", "{n} in {count} further areas", len(rest)).format(
                n=sum(part[code] for part in rest), count=len(rest)
            )
        )
    if withheld:
        pieces.append(
            ngettext(
                "the figure of {count} area is not published",
                "the figures of {count} areas are not published",
                withheld,
            ).format(count=withheld)
        )
    return _(" ({list})").format(list=_(", ").join(pieces))


def both(content: Mapping[str, Any]) -> dict[str, list[str]]:
    """The official text in Chinese and in English."""
    found = {}
    for lang, code in (("zh", "zh-hans"), ("en", "en")):
        with translation.override(code):
            found[lang] = official(content)
    return found
