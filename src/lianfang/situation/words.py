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
    "chains.too_many": _(
        "There are more than {most} cases here, more than one page can hold. Choose an area below, or a first day of report."
    ),
    "chains.no_such_case": _(
        "No case of these chains has this number, as known on that day and as far as you may see."
    ),
}

EVENTS = {
    "signals.judged": _("counts of all counties judged for signals"),
    "chains.exported": _("chains of transmission exported"),
}
