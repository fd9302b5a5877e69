from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "definitions.edition_changed": _(
        "Edition {edition} of {disease} differs from the one that cases were judged under. "
        "Restore the file and give the change an edition of its own."
    ),
    "definitions.unknown_edition": _("There is no edition {edition} of {disease}. Known are: {known}."),
    "form.no_such_question": _("The form has no question “{question}”. Leave it out."),
    "form.answer_missing": _("Please answer this question."),
    "form.answer_unfit": _("“{answer}” is no answer to this question. Choose a listed one, or check the format."),
}
