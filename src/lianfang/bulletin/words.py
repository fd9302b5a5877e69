from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "bulletin.day_not_over": _("{day} is not over. Its figures are counted after 24:00."),
    "bulletin.not_your_area": _("Your posts do not let you prepare bulletins for {area}."),
    "bulletin.no_such_area": _("There is no area with the code {code} on {day}."),
    "bulletin.one_a_day": _("There is already a bulletin of this area, disease and day ({state}). Go on with that one, or withdraw it."),
    "bulletin.published_already": _("The bulletin of this day is published. Prepare a correction of it instead."),
    "bulletin.nothing_to_correct": _("Only a published bulletin can be corrected, and only its latest version."),
    "bulletin.correction_open": _("A correction of this bulletin is already being prepared."),
    "bulletin.reason_missing": _("Say why, in a few words: whoever signs and whoever audits will read it."),
    "bulletin.no_count": _("A figure is a whole number, not below nought."),
    "bulletin.no_such_figure": _("There is no figure “{figure}” in this bulletin."),
    "bulletin.signed_by_yourself": _("You signed this bulletin. Somebody else must publish it."),
    "bulletin.changed_meanwhile": _("The figures were changed since you opened this page. Read them again first."),
    "bulletin.out_of_date": _("Another bulletin was published since these figures were put together. Count them again."),
    "bulletin.out_of_date_signed": _("Another bulletin was published since this one was signed. Send it back to be counted and signed again."),
    "bulletin.negative": _("{figure}: {value} is below nought."),
    "bulletin.negative_part": _("{part}, {figure}: {value} is below nought."),
    "bulletin.parts_do_not_add_up": _("{figure}: the areas add up to {parts}, the total says {total}."),
    "bulletin.new_exceeds_total": _("{figure} {part}: {new} on the day is more than {total} in all."),
    "bulletin.more_ended_than_confirmed": _("{part} Discharged and dead are {ended}, more than the {confirmed} ever confirmed."),
    "bulletin.critical_exceeds_severe": _("{critical} critical cases cannot be part of {severe} severe ones."),
    "bulletin.severe_exceeds_ill": _("{severe} are severe, but only {ill} are still ill."),
    "bulletin.contacts_exceed_tracked": _("{figure}: {value} is more than the {tracked} tracked."),
    "bulletin.released_exceeds_total": _("{released} contacts released that day are more than {total} released in all."),
    "bulletin.correction_unexplained": _("A cumulative count is not the one before plus the new. Explain the correction in the sentence that will be published."),
}  # fmt: skip

EVENTS = {
    "bulletin.prepared": _("bulletin prepared"),
    "bulletin.revised": _("bulletin figures or words changed by hand"),
    "bulletin.recounted": _("bulletin figures counted again"),
    "bulletin.signed": _("bulletin signed"),
    "bulletin.unsigned": _("signature of a bulletin taken back"),
    "bulletin.sent_back": _("bulletin sent back by whoever was to publish it"),
    "bulletin.published": _("bulletin published"),
    "bulletin.withdrawn": _("bulletin withdrawn before it was published"),
}
