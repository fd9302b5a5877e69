"""A field for an organisation or a site: its name, offered while somebody writes. Usable with thousands of them."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django import forms
from django.core.validators import EMPTY_VALUES
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from . import places
from .models import Organisation, Site


class PlaceInput(forms.TextInput):
    """A text field that offers names of organisations or sites while somebody writes. Without script it is a text field."""

    def __init__(self, what: str, kind: str = "", attrs: dict[str, Any] | None = None):
        super().__init__(attrs)
        self.what, self.kind = what, kind

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        offered = f"{(attrs or {}).get('id') or name}-offered"
        asking = {
            "list": offered,
            "autocomplete": "off",
            "hx-get": reverse("place-search", args=[self.what]) + (f"?kind={self.kind}" if self.kind else ""),
            "hx-trigger": "focus once, input changed delay:200ms",
            "hx-target": f"#{offered}",
        }
        return super().render(name, value, {**asking, **(attrs or {})}, renderer) + format_html(
            '<datalist id="{}"></datalist>', offered
        )


class PlaceField(forms.CharField):
    """An organisation or a site by its name, whole; an area's code before the name where several bear it. None where empty.

    ``rows`` are those that may be chosen; set it where the form is made, as with a ``queryset``.
    """

    def __init__(self, what: str, *, kind: str = "", **options: Any):
        super().__init__(max_length=200, widget=PlaceInput(what, kind), **options)
        self.rows: QuerySet[Any] = places.OF[what].objects.none()

    def prepare_value(self, value: Any) -> Any:
        row = value
        if isinstance(value, UUID | str):
            with suppress(ValueError):
                row = self.rows.filter(pk=UUID(str(value))).first()
        return f"{row.area.code} {row.name}" if isinstance(row, Organisation | Site) else value

    def to_python(self, value: Any) -> Any:
        if value in EMPTY_VALUES:
            return None
        text = str(value).strip()
        try:
            found = list(self.rows.filter(pk=UUID(text)))
        except ValueError:
            found = places.named(self.rows, text)
        if not found:
            raise forms.ValidationError(_("None of this name can be chosen here. Write the name, whole."))
        if len(found) > 1:
            several = ", ".join(f"{row.area.code} {row.name}" for row in found)
            raise forms.ValidationError(_("Several have this name: {names}. Write the code too.").format(names=several))
        return found[0]

    def run_validators(self, value: Any) -> None:
        """The length of a text says nothing of what was found by it."""
