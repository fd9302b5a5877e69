from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "kernel.not_permitted": _(
        "Your posts do not allow this ({permission}). Ask whoever manages accounts in your area."
    ),
    "kernel.wrong_state": _("“{move}” is not possible while the state is “{state}”."),
    "kernel.not_found": _("This does not exist, or lies outside what your posts let you see."),
    "kernel.id_conflict": _("This id was already used for different content. Send the correction as a new entry."),
}

EVENTS = {
    "audit.verified": _("the record was verified"),
    "account.signed_in": _("signed in"),
    "account.sign_in_failed": _("a sign-in failed"),
    "account.signed_out": _("signed out"),
}
