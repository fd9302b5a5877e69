"""Template tags of the console: built assets, icons, chips, clocks, form fields, charts. web/README.md shows each in use."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect, Select
from django.template.context import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lianfang.kernel import clock

register = template.Library()

BUILT = Path(__file__).resolve().parents[1] / "static" / "built"
ENTRY = "src/main.ts"
SPRITE = "icons.svg"

CLASSIFICATIONS: dict[str, Any] = {
    "confirmed": gettext_lazy("confirmed"),
    "clinical": gettext_lazy("clinically diagnosed"),
    "suspected": gettext_lazy("suspected"),
    "asymptomatic": gettext_lazy("asymptomatic"),
    "excluded": gettext_lazy("excluded"),
}
# How other diseases' editions name what the palette already has a place for.
ALIKE = {"clinically_diagnosed": "clinical", "probable": "clinical", "discarded": "excluded", "not_a_case": "excluded"}

# The second key after g, by the url name of the navigation entry it opens.
GO_KEYS = {
    "inbox": "w",
    "case-list": "c",
    "stay-list": "o",
    "isolation-list": "l",
    "doors": "t",
    "import-list": "i",
    "duplicate-list": "d",
    "situation": "s",
    "bulletin-list": "b",
    "person-list": "p",
    "audit": "a",
    "settings": "e",
}


class NotBuilt(RuntimeError):
    """The front end was never built; nothing would be styled."""


@cache
def _manifest(changed_at: int) -> dict[str, Any]:
    return json.loads((BUILT / "manifest.json").read_text())


def manifest() -> dict[str, Any]:
    """Vite's list of built files. Raises NotBuilt, with the command that builds them."""
    try:
        return _manifest((BUILT / "manifest.json").stat().st_mtime_ns)
    except FileNotFoundError:
        raise NotBuilt("The console's front end is not built. Run: uv sync --reinstall-package lianfang") from None


def built(file: str) -> str:
    return static(f"built/{file}")


@register.simple_tag
def assets() -> SafeString:
    """The stylesheet and the script that every page needs."""
    entry = manifest()[ENTRY]
    styles = format_html_join(
        "\n", '<link rel="stylesheet" href="{}">', ((built(file),) for file in entry.get("css", ()))
    )
    early = format_html_join(
        "\n",
        '<link rel="modulepreload" href="{}">',
        ((built(manifest()[name]["file"]),) for name in entry.get("imports", ())),
    )
    return format_html('{}\n{}\n<script type="module" src="{}"></script>', styles, early, built(entry["file"]))


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """An icon from web/icons. Without a label it is decoration and hidden from screen readers."""
    href = f"{built(manifest()[SPRITE]['file'])}#{name}"
    if label:
        return format_html('<svg class="icon {}" role="img" aria-label="{}"><use href="{}"/></svg>', css, label, href)
    return format_html('<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}"/></svg>', css, href)


# --- the frame ---------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/navigation.html", takes_context=True)
def navigation(context: Context, place: str = "side") -> dict[str, Any]:
    """The entries the actor may use. ``place``: "side" (desktop), "foot" (phone, first four) or "more" (phone, all)."""
    request = context.get("request")
    here = request.path if request else ""
    entries = []
    for item in context.get("navigation") or ():
        try:
            href = reverse(item["url"])
        except NoReverseMatch:
            continue
        entries.append({**item, "href": href, "key": GO_KEYS.get(item["url"], "")})
    inside = [
        entry for entry in entries if here == entry["href"] or (entry["href"] != "/" and here.startswith(entry["href"]))
    ]
    current = max(inside, key=lambda entry: len(entry["href"]), default=None)
    for entry in entries:
        entry["current"] = entry is current
    return {"entries": entries[:4] if place == "foot" else entries, "place": place, "named_by_key": place == "side"}


@register.simple_tag(takes_context=True)
def address_with(context: Context, path: str = "", **changes: Any) -> str:
    """The present address with some of its query changed; None or "" removes a name. For filters, pages, as-of days.
    With a path: that address instead, with the present query so changed. For the file of what a page shows."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"{path}?{query.urlencode()}" if query else path or context["request"].path


@register.inclusion_tag("components/carried.html", takes_context=True)
def carried(context: Context, *dropped: str) -> dict[str, Any]:
    """Hidden inputs that carry the present query through a GET form, but for the names the form sets itself."""
    query = context["request"].GET
    return {"pairs": [(name, value) for name, values in query.lists() if name not in dropped for value in values]}


# --- chips and clocks --------------------------------------------------------------------------------------------


def palette_name(code: str) -> str:
    """The palette's name for a classification code: one of the five, or "other"."""
    code = ALIKE.get(code, code)
    return code if code in CLASSIFICATIONS else "other"


@register.simple_tag
def classification(code: str, label: str = "", detail: str = "") -> SafeString:
    """A chip for a classification. ``label`` are the edition's own words; the five usual ones are known here."""
    name = palette_name(code)
    return format_html(
        '<span class="kind kind-{}"{}>{}{}</span>',
        name,
        format_html(' title="{}"', detail) if detail else "",
        icon(f"kind-{name}"),
        label or CLASSIFICATIONS.get(ALIKE.get(code, code), code),
    )


def span_words(minutes: int) -> str:
    """A length of time in the two largest units that matter: "3 d 4 h", "1 h 20 min", "7 min"."""
    if minutes >= 48 * 60:
        return _("{days} d {hours} h").format(days=minutes // 1440, hours=minutes % 1440 // 60)
    if minutes >= 60:
        return _("{hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)
    return _("{minutes} min").format(minutes=minutes)


@register.filter
def in_words(span: timedelta | None) -> str:
    """A length of time in words; a dash where there is none."""
    return "–" if span is None else span_words(round(span.total_seconds() / 60))


def time_left_words() -> dict[str, str]:
    """The sentences of a clock, for the script that keeps it moving."""
    return {
        "days": _("{days} d {hours} h"),
        "hours": _("{hours} h {minutes} min"),
        "minutes": _("{minutes} min"),
        "left": _("{span} left"),
        "over": _("{span} overdue"),
    }


def clock_state(due: datetime, closed: datetime | None, raised: datetime | None, now: datetime) -> tuple[str, str]:
    """A deadline's state (met, late, over, soon, running) and its words.

    Soon means less than a quarter of the time given is left, or less than 30 minutes when it is not known when the
    clock started.
    """
    if closed is not None:
        if closed <= due:
            return "met", _("done in time")
        return "late", _("done {span} late").format(span=span_words(int((closed - due).total_seconds() // 60)))
    seconds = (due - now).total_seconds()
    if seconds < 0:
        return "over", _("{span} overdue").format(span=span_words(int(-seconds // 60)))
    warning = (due - raised).total_seconds() / 4 if raised else 1800
    words = _("{span} left").format(span=span_words(int(seconds // 60)))
    return ("soon" if seconds < warning else "running"), words


CLOCK_ICONS = {
    "met": "clock-check",
    "late": "clock-x",
    "over": "clock-exclamation",
    "soon": "hourglass",
    "running": "clock",
}


@register.simple_tag
def time_left(due: datetime, closed: datetime | None = None, raised: datetime | None = None) -> SafeString:
    """A clock: how long until, or since, a deadline. The page's script keeps it moving while it is open."""
    state, words = clock_state(due, closed, raised, clock.now())
    moving = SafeString("")
    if closed is None:
        soon = due - ((due - raised) / 4 if raised else timedelta(minutes=30))
        moving = format_html(' data-due="{}" data-soon="{}"', due.isoformat(), soon.isoformat())
    return format_html(
        '<time class="clock clock-{}" datetime="{}" title="{}"{}>{}<span>{}</span></time>',
        state,
        due.isoformat(),
        _("due {moment}").format(moment=f"{timezone.localtime(due):%Y-%m-%d %H:%M}"),
        moving,
        icon(CLOCK_ICONS[state]),
        words,
    )


# --- forms -------------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, prefix: str = "", suffix: str = "", label: str = "", **attrs: Any) -> dict[str, Any]:
    """A form field whole: label, help, control, errors, tied together for screen readers.

    ``prefix`` and ``suffix`` are words set against the control (a unit, a sign), ``label`` stands in for the form's own.
    Other names become attributes of the control, "_" read as "-": ``{% field form.name autocomplete="name" hx_get=url %}``.
    """
    if label:
        bound.label = label
    widget = bound.field.widget
    if isinstance(widget, (RadioSelect, CheckboxSelectMultiple)):
        kind, css = "group", ""
    elif isinstance(widget, CheckboxInput):
        kind, css = "tick", "form-check-input"
    elif isinstance(widget, Select):
        kind, css = "control", "form-select"
    else:
        kind, css = ("file" if isinstance(widget, FileInput) else "control"), "form-control"
    given = {name.replace("_", "-"): value for name, value in attrs.items()}
    if kind != "group":
        classes = " ".join(filter(None, (css, widget.attrs.get("class"), "is-invalid" if bound.errors else "")))
        given["class"] = classes
    return {
        "field": bound,
        "kind": kind,
        "given": given,
        "control": bound.as_widget(attrs=given) if kind != "group" else "",
        "prefix": prefix,
        "suffix": suffix,
    }


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: Any, *more: Any) -> dict[str, Any]:
    """What must be put right before a form can go through, each entry a link to its field. Takes focus when shown."""
    forms = [entry for entry in (form, *more) if entry is not None]
    general = [message for entry in forms for message in entry.non_field_errors()]
    fields = [(bound, bound.errors) for entry in forms for bound in entry if bound.errors]
    return {"general": general, "fields": fields, "count": len(general) + len(fields)}


# --- charts and maps ---------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """The same value with its dates and lazy words as text, for JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value) if isinstance(value, Promise) else value


def _picture(kind: str, name: str, data: Mapping[str, Any] | None, src: str, csv: str, title: str) -> dict[str, Any]:
    if data is None and not src:
        raise template.TemplateSyntaxError(f"{kind} needs its data or the address (src) they come from")
    data = plain(data) if data is not None else None
    return {
        "name": name,
        "data": data,
        "src": src,
        "csv": csv,
        "title": title or (data or {}).get("title", ""),
        "as_of": (data or {}).get("asOf", ""),
        "words": json.dumps(ISLAND_WORDS[kind], default=str, ensure_ascii=False),
    }


ISLAND_WORDS: dict[str, dict[str, Any]] = {
    "curve": {
        "total": gettext_lazy("total"),
        "incomplete": gettext_lazy("reports still to come"),
        "expected": gettext_lazy("expected once complete"),
        "day": gettext_lazy("day"),
        "failed": gettext_lazy("The picture could not be drawn. The numbers are in the table below."),
        "empty": gettext_lazy("No cases in this span."),
    },
    "rt": {
        "mean": gettext_lazy("reproduction number"),
        "interval": gettext_lazy("95% interval"),
        "threshold": gettext_lazy("1: neither growing nor shrinking"),
        "day": gettext_lazy("day"),
        "failed": gettext_lazy("The picture could not be drawn. The numbers are in the table below."),
        "empty": gettext_lazy("Too few cases to estimate."),
    },
    "map": {
        "none": gettext_lazy("no figure"),
        "fallback": gettext_lazy("This browser cannot draw the detailed map, so a plain one is shown."),
        "failed": gettext_lazy("The map could not be drawn. The same figures are in the list."),
        "zoom_in": gettext_lazy("Zoom in"),
        "zoom_out": gettext_lazy("Zoom out"),
        "wheel": gettext_lazy("Hold Ctrl and scroll to zoom the map"),
        "wheel_mac": gettext_lazy("Hold ⌘ and scroll to zoom the map"),
        "touch": gettext_lazy("Use two fingers to move the map"),
    },
}


@register.inclusion_tag("components/curve.html")
def curve(
    data: Mapping[str, Any] | None = None, *, name: str = "curve", src: str = "", csv: str = "", title: str = ""
) -> dict[str, Any]:
    """An epidemic curve: stacked bars a day, with the same numbers as a table."""
    context = _picture("curve", name, data, src, csv, title)
    if context["data"]:
        columns = [series["values"] for series in context["data"]["series"]]
        context["rows"] = [
            (day, values, sum(values)) for day, *values in zip(context["data"]["days"], *columns, strict=True)
        ]
        context["sums"] = [sum(column) for column in columns]
        context["whole"] = sum(context["sums"])
    return context


@register.inclusion_tag("components/rt.html")
def rt(
    data: Mapping[str, Any] | None = None, *, name: str = "rt", src: str = "", csv: str = "", title: str = ""
) -> dict[str, Any]:
    """The reproduction number with its interval, and the same numbers as a table. None where it was not estimated."""
    context = _picture("rt", name, data, src, csv, title)
    if context["data"]:
        found = context["data"]
        context["rows"] = [
            row
            for row in zip(found["days"], found["mean"], found["low"], found["high"], strict=True)
            if row[1] is not None
        ]
        context["last"] = context["rows"][-1] if context["rows"] else None
    return context


@register.inclusion_tag("components/area_map.html")
def area_map(
    data: Mapping[str, Any] | None = None, *, name: str = "map", src: str = "", csv: str = "", title: str = ""
) -> dict[str, Any]:
    """A map of areas coloured by one figure, beside a list of the same areas that the keyboard can walk."""
    context = _picture("map", name, data, src, csv, title)
    if context["data"]:
        link = context["data"].get("link", "")
        context["rows"] = [
            {"code": code, "href": link.replace("{code}", code), **entry}
            for code, entry in sorted(
                context["data"]["values"].items(), key=lambda item: (-(item[1]["value"] or 0), item[0])
            )
        ]
        context["most"] = max((row["value"] or 0 for row in context["rows"]), default=0)
    return context


@register.simple_tag
def frame_words() -> dict[str, Any]:
    """The words that the page's own script needs."""
    return {
        "clock": time_left_words(),
        "failed": _("The server could not do this. Nothing was changed; please try again."),
        "refused": _("This was refused. Load the page again to see why."),
        "offline": _("The server cannot be reached. What you typed is still here."),
        "unloaded": _("The figures could not be fetched. Load the page again to try once more."),
        "close": _("Close"),
        "too_large": _("{name} is {size}. The limit is {limit}."),
        "wrong_kind": _("{name} is not one of the kinds taken here: {kinds}."),
        "sending": _("Sending {name}: {percent}%"),
        "sent": _("Sent. Reading the file …"),
    }
