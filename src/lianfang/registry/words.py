from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "person.merge_with_itself": _("A record cannot be merged with itself. Choose two records."),
    "person.already_merged": _("One of the two records is already merged. Undo that merge first."),
    "person.not_merged": _("This record is not merged with another."),
    "person.already_decided": _("This pair was already decided."),
}

EVENTS = {
    "person.merged": _("two records were merged as one person"),
    "person.unmerged": _("a merge of two records was undone"),
    "person.told_apart": _("two records were found to be different people"),
    "person.viewed": _("a person's record was opened"),
    "areas.loaded": _("areas were loaded"),
}
