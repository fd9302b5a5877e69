"""What a person enters for a bulletin: which day, figures by hand with their reason, the words that go with them."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lianfang.definitions import selectors as definitions
from lianfang.kernel.views import day_field
from lianfang.registry.models import Area
from lianfang.registry.selectors import area_name

from . import selectors, wording
from .models import Bulletin
from .rules import BY_HAND, COUNTED, PART_FIGURES
from .selectors import EVENING, LATER

KNOWN = (
    (EVENING, _("as known at 24:00 of that day")),
    (LATER, _("with what became known of that day since")),
)


class Prepare(forms.Form):
    """Which bulletin to prepare."""

    area = forms.ChoiceField(label=_("Area"))
    disease = forms.ChoiceField(label=_("Disease"))
    day = day_field(required=True, label=_("Day"))
    known = forms.ChoiceField(
        label=_("Counted"),
        choices=KNOWN,
        initial=EVENING,
        help_text=_("Severe, critical and suspected cases have no day of their own and are always as known at 24:00."),
    )

    def __init__(self, *args: Any, areas: list[Area], **options: Any):
        super().__init__(*args, **options)
        self.fields["area"].choices = [(area.code, area_name(area)) for area in areas]  # type: ignore[attr-defined]
        diseases = [(entry.code, definitions.label(entry)) for entry in definitions.diseases()]
        self.fields["disease"].choices = [("", "—"), *diseases]  # type: ignore[attr-defined]


class Correct(forms.Form):
    """Why a published bulletin is corrected."""

    reason = forms.CharField(
        label=_("Why it is corrected"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Published with the correction. Name nobody, and no place whose small count is withheld."),
    )
    known = forms.ChoiceField(label=_("Counted"), choices=KNOWN[::-1], initial=LATER)


class Why(forms.Form):
    """A few words on why a bulletin goes back or is given up."""

    note = forms.CharField(label=_("Why"), max_length=500)


class Figures(forms.Form):
    """Every figure of a bulletin, as it stands; what is changed needs a reason."""

    explanation = forms.CharField(
        label=_("Explanation of corrections"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Published. Needed where a cumulative count is not the one before plus the new."),
    )
    remark = forms.CharField(
        label=_("Remark"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Published."),
    )
    reason = forms.CharField(
        label=_("Why figures are changed by hand"),
        required=False,
        max_length=500,
        help_text=_("Not published. Whoever signs and whoever audits will read it."),
    )
    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, bulletin: Bulletin, **options: Any):
        super().__init__(*args, **options)
        self.bulletin = bulletin
        area, self.parts = bulletin.figures["area"], selectors.sheet(bulletin).parts
        for figure in COUNTED:
            self._add("", figure.code, area[figure.code], _(str(figure.label)))
        for figure in BY_HAND:
            self._add("", figure.code, area.get(figure.code), _(str(figure.label)), required=False)
        for part in self.parts:
            for figure in PART_FIGURES:
                label = f"{self.part_name(part)}, {_(str(figure.label))}"
                self._add(part, figure.code, self.parts[part][figure.code], label)

    def part_name(self, part: str) -> str:
        return wording.name_in(
            {"code": part, **self.bulletin.figures["names"].get(part, {"name": part, "name_en": ""})}
        )

    def _add(self, part: str, code: str, value: int | None, label: Any, *, required: bool = True) -> None:
        self.fields[f"{part}.{code}"] = forms.IntegerField(
            label=label, initial=value, min_value=0, max_value=2_000_000_000, required=required
        )

    def counted(self) -> Iterator[Any]:
        return (self[f".{figure.code}"] for figure in COUNTED)

    def by_hand(self) -> Iterator[Any]:
        return (self[f".{figure.code}"] for figure in BY_HAND)

    def by_part(self) -> Iterator[tuple[str, list[Any]]]:
        for part in self.parts:
            yield self.part_name(part), [self[f"{part}.{figure.code}"] for figure in PART_FIGURES]

    def values(self) -> dict[tuple[str, str], int]:
        """{(part or "", figure): value} of every counted figure."""
        found = {("", figure.code): self.cleaned_data[f".{figure.code}"] for figure in COUNTED}
        for part in self.parts:
            found |= {(part, figure.code): self.cleaned_data[f"{part}.{figure.code}"] for figure in PART_FIGURES}
        return found

    def contacts(self) -> dict[str, int | None]:
        """Contact figures that differ from those that stand; None takes one out."""
        area = self.bulletin.figures["area"]
        found = {figure.code: self.cleaned_data[f".{figure.code}"] for figure in BY_HAND}
        return {code: value for code, value in found.items() if value != area.get(code)}
