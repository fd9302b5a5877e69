from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "link.case_unknown": _("No case numbered “{case}” is here from this source. Import the cases first."),
    "link.to_itself": _("A case cannot have infected itself. Check the two numbers."),
}

EVENTS = {
    "link.stated": _("a transmission link was stated"),
    "link.retracted": _("a transmission link was retracted"),
}
