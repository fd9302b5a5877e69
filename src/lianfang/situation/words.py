from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "situation.no_such_day": _("“{day}” is not a day. Write it as 2020-01-27."),
    "situation.day_to_come": _(
        "{day} is still to come: nobody can know yet what will be known then. Choose today or a day before."
    ),
    "situation.too_wide_for_townships": _("Townships are graded within a city or a county. Choose one in {area}."),
    "situation.too_small_for_signals": _(
        "Signals are looked for in counties and larger areas: below, single households make the counts. Choose an area above {area}."
    ),
    "sources.nothing": _("Paste the lines of another source, or choose its file."),
    "sources.no_column_area": _("{source}: no column names the area. The head row needs “area”."),
    "sources.no_column_day": _("{source}: no column gives the day. The head row needs “date”."),
    "sources.no_column_count": _("{source}: no column gives the count. The head row needs “count”."),
    "sources.no_such_day": _("{source}, line {line}: “{text}” is not a day. Write it as 2020-01-27."),
    "sources.no_such_count": _("{source}, line {line}: “{text}” is not a number of cases."),
    "sources.not_text": _("{source} is not text. Save it as CSV in UTF-8 or GB 18030."),
    "sources.no_such_area": _("No line names an area that lies here: {areas}. Write its code, or its name in full."),
    "sources.too_long": _("That is more than one comparison can hold: at most {most} lines, 2 MB."),
    "sources.too_wide": _("That is more than one comparison can hold: at most {days} days and {areas} areas."),
    "sources.no_name": _("Give the source a name under which it is kept."),
    "sources.name_too_long": _("“{name}…” is too long for the name of a source: at most {most} characters."),
    "sources.unknown_areas": _(
        "Not kept: these areas are not known here, or known twice: {areas}. Write their codes, take their lines out, or choose a larger area."
    ),
    "sources.not_your_area": _("You may not keep sources for {area}."),
    "sources.no_such_measure": _("“{measure}” is nothing that a source can be compared with."),
    "sources.kept_meanwhile": _(
        "Somebody has kept {name} at this moment. Look at that edition first, then keep yours."
    ),
    "sources.no_longer": _("{name} is compared no longer."),
    "chains.too_many": _(
        "There are more than {most} cases here, more than one page can hold. Choose an area below, or a first day of report."
    ),
    "chains.no_such_case": _(
        "No case of these chains has this number, as known on that day and as far as you may see."
    ),
}

EVENTS = {
    "source.kept": _("counts of another source kept"),
    "source.put_away": _("a source is compared no longer"),
    "signals.judged": _("counts of all counties judged for signals"),
    "chains.exported": _("chains of transmission exported"),
}
