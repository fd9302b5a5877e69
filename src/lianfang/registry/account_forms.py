from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from lianfang.kernel.access import ROLES, Actor
from lianfang.kernel.views import day_field

from . import accounts
from .models import Area


def _choices() -> list[tuple[str, Any]]:
    return [("", _("choose")), *((role, words) for role, (words, _permissions) in ROLES.items())]


class PostForm(forms.Form):
    """A role, and the area or organisation where it is held."""

    role = forms.ChoiceField(label=_("Role"), choices=_choices)
    place = forms.CharField(
        label=_("Area or organisation"),
        max_length=160,
        help_text=_("The area’s code or name, or the organisation’s name."),
        widget=forms.TextInput(attrs={"list": "places", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, actor: Actor, **options: Any):
        super().__init__(*args, **options)
        self.actor = actor

    def clean_place(self) -> accounts.Place:
        found = accounts.places_called(self.actor, self.cleaned_data["place"].strip())
        if not found:
            raise forms.ValidationError(_("There is no such place where you manage accounts."))
        if len(found) > 1:
            names = ", ".join(
                f"{place.code} {place.name}" if isinstance(place, Area) else place.name for place in found
            )
            raise forms.ValidationError(
                _("Several places have this name: %(names)s. Write the code."), params={"names": names}
            )
        return found[0]

    def take(self, no: Any) -> None:
        """Show refusals at the fields they are about."""
        for refusal in no.refusals:
            self.add_error(refusal.about if refusal.about in self.fields else None, str(refusal))


class GivePost(PostForm):
    ends_on = day_field(label=_("Ends on"))


class NewAccount(PostForm):
    """An account with its first post."""

    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        validators=[RegexValidator(r"^[\w.@+-]+$", _("Letters, figures and . @ + - _ only."))],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    display_name = forms.CharField(label=_("Name and office"), max_length=60)
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("the browser’s")), ("zh-hans", "中文"), ("en", "English")]
    )
    field_order = ("username", "display_name", "role", "place", "language")


class NewToken(forms.Form):
    name = forms.CharField(label=_("What it is for"), max_length=60)
    days = forms.IntegerField(label=_("Valid for days"), initial=90, min_value=1, max_value=accounts.LONGEST_TOKEN_DAYS)
