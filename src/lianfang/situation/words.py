from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "situation.no_such_day": _("“{day}” is not a day. Write it as 2020-01-27."),
    "situation.day_to_come": _(
        "{day} is still to come: nobody can know yet what will be known then. Choose today or a day before."
    ),
}
