from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "kernel.not_permitted": _(
        "Your posts do not allow this ({permission}). Ask whoever manages accounts in your area."
    ),
    "kernel.wrong_state": _("“{move}” is not possible while the state is “{state}”."),
    "kernel.not_found": _("This does not exist, or lies outside what your posts let you see."),
    "account.no_such_role": _("There is no role “{role}”. Choose one from the list."),
    "account.place_outside": _("{place} lies outside the areas where you manage accounts."),
    "account.own_post": _("Nobody gives himself a post. Ask whoever manages accounts above you."),
    "account.own_account": _("Nobody changes his own account here. Change your own password in the account menu."),
    "account.administrator_from_above": _(
        "Administrators are appointed and dismissed from above: you may do so only below your own area."
    ),
    "account.roles_apart": _(
        "An auditor and an administrator hold no other role. End the other posts first, or make another account."
    ),
    "account.post_ended": _("This post has ended already."),
    "account.posts_elsewhere": _(
        "This account also holds posts outside your areas. Only whoever manages all of them may change it as a whole."
    ),
    "account.name_taken": _("The user name “{username}” is taken. Choose another."),
    "account.ends_in_the_past": _("The post would end before it begins. Choose a later day."),
    "account.not_active": _("This account is deactivated. Activate it first."),
    "account.token_days": _("A token is valid for at least one day and at most {most}."),
    "kernel.id_conflict": _("This id was already used for different content. Send the correction as a new entry."),
}

EVENTS = {
    "audit.verified": _("the record was verified"),
    "account.signed_in": _("signed in"),
    "account.sign_in_failed": _("a sign-in failed"),
    "account.signed_out": _("signed out"),
    "account.password_changed": _("changed the own password"),
    "account.created": _("an account was made"),
    "account.post_given": _("a post was given"),
    "account.post_ended": _("a post was ended"),
    "account.activated": _("an account was activated again"),
    "account.deactivated": _("an account was deactivated"),
    "account.password_reset": _("a one-time password was made"),
    "account.token_issued": _("an API token was issued"),
    "account.token_revoked": _("an API token was revoked"),
    "key.rotated": _("a key was changed"),
}
