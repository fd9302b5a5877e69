"""What a person decides about a file: what it is about, and what each of its columns means."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lianfang.definitions import selectors as definitions

from . import words
from .reading.fields import FIELDS, INFECTEE, INFECTOR
from .reading.mapping import COUNTED_AS, OTHER, SKIP, ColumnMapping, Mapping
from .reading.tables import Table

ORDERS = (
    ("", gettext_lazy("as they are")),
    ("ymd", gettext_lazy("year month day")),
    ("dmy", gettext_lazy("day month year")),
    ("mdy", gettext_lazy("month day year")),
)
KINDS = (
    ("cases", gettext_lazy("cases, one a row")),
    ("links", gettext_lazy("links between cases")),
    ("pairs", gettext_lazy("pairs: infector and infected, with what is known of both")),
    ("counts", gettext_lazy("counts of cases by day")),
)


class Upload(forms.Form):
    """A file to bring in."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV, TSV, text or Excel (.xlsx); the encoding and the dividing sign are found out."),
    )


class Paste(forms.Form):
    """Case sentences pasted from a bulletin, one case a line or paragraph."""

    text = forms.CharField(
        label=gettext_lazy("Case sentences"),
        max_length=500_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("As published, for example: 2月8日确诊：女，62岁，现住鹿城区，2月6日出现发热症状……"),
    )
    year = forms.IntegerField(
        label=gettext_lazy("Year of dates without one"), min_value=1900, max_value=2100, required=False
    )


def field_choices() -> list[tuple[str, Any]]:
    """Everything a column can mean, in the reader's language."""
    keys = [(key, str(words.FIELD_WORDS.get(key, key))) for key in FIELDS]
    return [(OTHER, _("keep as it is")), (SKIP, _("leave out")), *keys]


class UseMapping(forms.Form):
    """Another mapping, kept under a name, to read this file with."""

    mapping = forms.ChoiceField(label=gettext_lazy("Saved mapping"))

    def __init__(self, *args: Any, names: list[str], **options: Any):
        super().__init__(*args, **options)
        self.fields["mapping"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]


class Decide(forms.Form):
    """The whole file: disease, source, kind, and what every row has in common."""

    kind = forms.ChoiceField(label=gettext_lazy("The rows are"), choices=KINDS)
    disease = forms.ChoiceField(label=gettext_lazy("Disease"))
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=80,
        help_text=gettext_lazy(
            "Under whose numbering the case numbers stand. The same row from the same source enters once."
        ),
    )
    classification = forms.ChoiceField(label=gettext_lazy("Class of rows that do not say it"), required=False)
    area_code = forms.CharField(
        label=gettext_lazy("Area of rows that do not say it"),
        required=False,
        max_length=20,
        help_text=gettext_lazy("A code, for example 330300"),
    )
    counted_as = forms.ChoiceField(label=gettext_lazy("The day of a count is the day of"), required=False)
    save_as = forms.CharField(
        label=gettext_lazy("Keep this mapping as"), required=False, max_length=120,
        help_text=gettext_lazy("The next file with these columns is then read the same way."),
    )  # fmt: skip

    def __init__(self, *args: Any, mapping: Mapping, table: Table, named: Callable[[str], str] = str, **options: Any):
        super().__init__(*args, **options)
        self.mapping, self.table, self.meanings, self.named = mapping, table, field_choices(), named
        diseases = [(entry.code, definitions.label(entry)) for entry in definitions.diseases()]
        self.fields["disease"].choices = [("", "—"), *diseases]  # type: ignore[attr-defined]  # chosen, never guessed
        classes = sorted({(code, label) for (_disease, code), label in definitions.all_class_labels().items()})
        self.fields["classification"].choices = [("", "—"), *classes]  # type: ignore[attr-defined]
        self.fields["counted_as"].choices = [("", "—"), *((key, words.FIELD_WORDS[key]) for key in COUNTED_AS)]  # type: ignore[attr-defined]
        self.columns = [self._column(n, header) for n, header in enumerate(table.headers) if n not in table.skipped]

    def _column(self, n: int, header: str) -> dict[str, Any]:
        entry = self.mapping.column(header) or ColumnMapping(header, OTHER)
        self.fields[f"field_{n}"] = forms.ChoiceField(
            choices=self.meanings,
            initial=entry.field,
            label=_("Meaning of “{column}”").format(column=self.named(header)),
        )
        names = [f"field_{n}"]
        reads = FIELDS[entry.field].reads if entry.field in FIELDS else ""
        if reads == "date":
            self.fields[f"order_{n}"] = forms.ChoiceField(
                choices=ORDERS,
                required=False,
                initial=entry.order or "",
                label=_("Order of the dates in “{column}”").format(column=self.named(header)),
            )
            names.append(f"order_{n}")
        if reads in ("date", "sentence"):
            self.fields[f"year_{n}"] = forms.IntegerField(
                required=False,
                initial=entry.year,
                min_value=1800,
                max_value=2100,
                label=_("Year of dates without one in “{column}”").format(column=self.named(header)),
            )
            names.append(f"year_{n}")
        if self.mapping.kind == "pairs":
            self.fields[f"side_{n}"] = forms.ChoiceField(
                choices=[("", "—"), (INFECTOR, _("infector")), (INFECTEE, _("infected"))],
                required=False,
                initial=entry.side,
                label=_("Whose “{column}”").format(column=self.named(header)),
            )
            names.append(f"side_{n}")
        return {"header": header, "names": names, "position": n}

    def bound_columns(self) -> list[dict[str, Any]]:
        return [{**column, "bound": [self[name] for name in column["names"]]} for column in self.columns]

    def decided(self) -> Mapping:
        """The mapping as decided; options of columns that are not on the form stay as they were."""
        given = self.cleaned_data
        entries = []
        for column in self.columns:
            n = column["position"]
            entry = self.mapping.column(column["header"]) or ColumnMapping(column["header"], OTHER)
            entry = replace(entry, column=column["header"], field=given[f"field_{n}"])
            if f"order_{n}" in given:
                entry = replace(entry, order=given[f"order_{n}"] or None)
            if f"year_{n}" in given:
                entry = replace(entry, year=given[f"year_{n}"])
            if f"side_{n}" in given:
                entry = replace(entry, side=given[f"side_{n}"])
            entries.append(entry)
        constants = {name: given[name] for name in ("classification", "area_code") if given[name]}
        kept = {
            name: text for name, text in self.mapping.constants.items() if name not in ("classification", "area_code")
        }
        return replace(
            self.mapping,
            kind=given["kind"],
            columns=tuple(entries),
            constants={**kept, **constants},
            counted_as=given["counted_as"],
            disease=given["disease"],
            source=given["source"],
        )
