from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "case.not_your_area": _(
        "Your posts do not let you notify cases of {area}. Let the county of residence or the reporting hospital do it."
    ),
    "case.unknown_disease": _("The disease “{disease}” is not defined here. Choose one from the list."),
    "case.unknown_class": _(
        "The class “{classification}” does not exist in edition {edition}, in force on {day}. Choose one of: {known}."
    ),
    "case.unknown_term": _("“{term}” is not in the vocabulary of {vocabulary}. Choose a listed term."),
    "case.future_date": _("{day} lies in the future. Check the date."),
    "case.outcome_before_onset": _(
        "The outcome on {outcome_on} lies before the onset on {onset_on}. Check both dates."
    ),
    "case.span_reversed": _("The span of the onset ends before it begins. Swap the two dates."),
    "case.impossible_age": _("This age can't be. Give years between 0 and 130, the lower one first."),
    "case.unknown_area": _("No area has the code {code} on that day. Choose an area from the list."),
    "case.corrects_nothing": _("The entry to be corrected does not belong to this case."),
    "case.nothing_to_review": _("This notification was already reviewed, or needs no review."),
    "case.no_such_number": _("No case numbered “{number}” is in your areas. Look at the number again."),
    "case.already_in_source": _("A case numbered “{local_id}” from the same source is already here."),
    "case.evidence_unreadable": _("The evidence cannot be read: {problem}."),
}

EVENTS = {
    "case.notified": _("case notified"),
    "case.confirmed": _("case confirmed"),
    "case.classified": _("classification changed"),
    "case.observed": _("evidence added"),
    "case.corrected": _("evidence corrected"),
    "case.person_corrected": _("identity of a case corrected"),
    "case.reviewed": _("notification reviewed"),
    "case.investigated": _("case investigated"),
    "case.not_counted": _("case found to be a duplicate and no longer counted"),
    "case.counted_again": _("case counted again"),
    "case.withdrawn": _("case taken out of the counts with the import that brought it"),
    "case.restored": _("case counted again with the import that brought it"),
    "case.opened": _("case opened, identity not shown"),
    "case.viewed": _("case opened, identity shown"),
    "case.listed": _("case list read"),
    "case.searched": _("cases searched"),
    "case.exported": _("case list exported"),
}
