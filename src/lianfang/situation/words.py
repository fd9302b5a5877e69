from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "situation.no_such_day": _("“{day}” is not a day. Write it as 2020-01-27."),
}
