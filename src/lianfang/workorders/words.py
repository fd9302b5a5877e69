from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "order.is_verified": _("Orders of this kind are verified. Report it as done; somebody else then verifies it."),
    "order.is_not_verified": _("Orders of this kind are not verified. Say that it is done."),
    "order.closed_by_record": _(
        "A note does not close this order. Enter what it asks for on the page of what it is about; that closes it."
    ),
    "order.reason_missing": _("Say why, so that the others understand it."),
    "order.verified_by_another": _("Nobody verifies what he did himself. Somebody else of the desk must look at it."),
    "order.proof_missing": _("Before this is done, it needs: {what}."),
    "order.empty_proof": _("There is nothing to record. Give a note, a photo, a reading, a place or a result."),
    "order.no_such_place": _("This is no place on earth. Give longitude and latitude in degrees, both or neither."),
    "order.promised_in_the_past": _("What is promised lies in the past. Give a moment still to come."),
    "order.due_in_the_past": _("The deadline lies in the past. Give a moment still to come."),
    "order.observed_in_the_future": _("This was observed in the future. Check the date and the hour."),
    "order.no_such_kind": _("There is no kind of work order “{kind}”."),
    "order.not_by_hand": _("Orders of the kind “{kind}” are raised by the platform, not by hand."),
    "order.cannot_do": _(
        "{name} holds no post that allows this work here. Choose somebody else, or hand the order over."
    ),
    "order.nowhere_to": _("Say to which area or organisation the order goes."),
    "order.already_there": _("The order lies there already."),
    "order.what_is_missing": _("Say what is to be done, and why."),
    "order.photo_too_large": _("The photo is larger than {most} MB. Take a smaller one."),
    "order.no_photo": _("This file is no photo that can be read. JPEG, PNG and WebP are taken."),
    "order.corrects_nothing": _("What this would correct does not exist, or was corrected already."),
    "order.use_its_own_form": _("Choose for whom in the form “{move}” of the order."),
    "order.no_such_span": _("The last day lies before the first. Choose another span."),
    "round.no_such_hour": _("“{text}” are no hours of the day. Write them as 08:00, 14:00, 20:00."),
    "round.no_sites": _("A round needs at least one site."),
    "round.not_of_sites": _("Orders of the kind “{kind}” are not about sites; no round can be planned of them."),
    "round.span_reversed": _("The last day of the round lies before its first."),
    "round.stopped": _("This round was stopped already."),
}

EVENTS = {
    "order.raised": _("work order raised"),
    "order.accepted": _("work order accepted"),
    "order.given_back": _("work order given back"),
    "order.declined": _("work order declined"),
    "order.assigned": _("work order assigned"),
    "order.offered": _("work order offered to another desk"),
    "order.rerouted": _("work order followed its subject to another desk"),
    "order.taken_over": _("work order taken over"),
    "order.turned_down": _("work order turned down"),
    "order.kept": _("work order kept after all"),
    "order.reported": _("work order reported done"),
    "order.verified": _("work order verified"),
    "order.sent_back": _("work order sent back"),
    "order.done": _("work order done"),
    "order.cancelled": _("work order no longer needed"),
    "order.proved": _("proof of a work order recorded"),
    "order.opened": _("work order looked at"),
    "order.exported": _("statistics of work orders exported"),
    "round.planned": _("round planned"),
    "round.stopped": _("round stopped"),
}
