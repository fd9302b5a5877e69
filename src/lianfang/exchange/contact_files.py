"""Contacts from a file, or from a pasted table whose headers are not known: read as every file is, its columns named as those of a line list are, then shown as a pasted list
is, before anything is written. Refused lines go back as a file to be corrected and sent again."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from itertools import islice
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.spreadsheets import as_csv
from lianfang.kernel.views import page
from lianfang.registry.selectors import top_area
from lianfang.surveillance import selectors as surveillance
from lianfang.tracing import entering, roster
from lianfang.tracing.case_views import paste_page
from lianfang.tracing.forms import PasteForm, take

from .forms import UseMapping
from .models import SavedMapping
from .reading.findings import Finding
from .reading.mapping import OTHER, SKIP, VERSION
from .reading.tables import open_table
from .services import CONTACTS, EXTRA_HEADERS, as_refusal, best_fit_first, keep_mapping, received
from .words import CONTACT_WORDS

NUMBER = roster.HEADERS["number"][0]


def read_table(name: str, chunks: Iterable[bytes]) -> list[list[str]]:
    """The table in a file, its headers first, each row with its number in the file. Raises Refused; nothing stays behind."""
    stored = received(name, chunks, settings.UPLOAD_LIMIT_BYTES)
    try:
        table = open_table(stored, name=name, size_limit=settings.UPLOAD_LIMIT_BYTES)
        if isinstance(table, Finding):
            raise Refused(as_refusal(table))
        kept = [n for n in range(len(table.headers)) if n not in table.skipped]
        rows = [[NUMBER, *(table.headers[n] for n in kept)]]
        for row in islice(table.rows(), roster.MOST_ROWS + 1):
            cells = [*row.cells, *[""] * len(table.headers)]
            rows.append([str(row.number), *(" ".join(cells[n].split()) for n in kept)])
        return rows
    finally:
        stored.unlink(missing_ok=True)


def as_text(rows: Iterable[Iterable[str]]) -> str:
    """Rows as somebody would have copied them from a spreadsheet."""
    text = StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows(rows)
    return text.getvalue()


def named(rows: list[list[str]], meanings: Mapping[str, str]) -> list[list[str]]:
    """A table under the names that a pasted list has for its columns; what is kept stands under its own, as a remark."""
    headers = rows[0]
    shown = [n for n, header in enumerate(headers) if n == 0 or meanings.get(header) != SKIP]

    def called(n: int) -> str:
        meaning = "number" if n == 0 else meanings.get(headers[n], "")
        if meaning in roster.HEADERS:
            return roster.HEADERS[meaning][0]
        return f"+{headers[n]}" if roster.meaning_of(headers[n]) else headers[n]

    return [[called(n) for n in shown], *([row[n] for n in shown] for row in rows[1:])]


# --- what the columns mean ----------------------------------------------------------------------------------------


def contact_mappings(by: Actor) -> dict[str, dict[str, str]]:
    """The mappings kept for lists of contacts, the latest first: {name: {column: what it means}}."""
    kept = SavedMapping.objects.visible_to(by, "contact.trace").order_by("-created_at")[:200]
    return {
        saved.name: {entry["column"]: entry["field"] for entry in saved.content["columns"]}
        for saved in reversed(kept)
        if saved.content.get("kind") == CONTACTS
    }


def suggested(headers: Iterable[str]) -> dict[str, str]:
    """What columns mean by their names; of two that mean the same the first."""
    found: dict[str, str] = {}
    for header in headers:
        meaning = roster.meaning_of(header)
        found[header] = meaning if meaning in CONTACT_WORDS and meaning not in found.values() else OTHER
    return found


class Columns(forms.Form):
    """What each column of a list of contacts means, and the name under which that is kept."""

    table = forms.CharField(widget=forms.HiddenInput)
    save_as = forms.CharField(
        label=gettext_lazy("Keep this mapping as"), required=False, max_length=120,
        help_text=gettext_lazy("The next file with these columns is then read the same way."),
    )  # fmt: skip

    def __init__(self, *args: Any, headers: list[str], meanings: Mapping[str, str], **options: Any):
        super().__init__(*args, **options)
        self.headers = headers
        words = [(code, str(words)) for code, words in CONTACT_WORDS.items()]
        choices = [(OTHER, _("keep as a remark")), (SKIP, _("leave out")), *words]
        for n, header in enumerate(headers):
            self.fields[f"field_{n}"] = forms.ChoiceField(
                choices=choices,
                initial=meanings.get(header, OTHER),
                label=_("Meaning of “{column}”").format(column=header),
            )

    def clean(self) -> dict[str, Any]:
        chosen = list(self.meanings().values())
        for code in {code for code in chosen if code not in (OTHER, SKIP) and chosen.count(code) > 1}:
            self.add_error(None, str(refuse("import.field_told_twice", field=str(CONTACT_WORDS[code]))))
        return self.cleaned_data

    def meanings(self) -> dict[str, str]:
        """{column: what it means}, as chosen."""
        return {header: self.cleaned_data.get(f"field_{n}", OTHER) for n, header in enumerate(self.headers)}


def keep(name: str, meanings: Mapping[str, str], by: Actor) -> SavedMapping:
    """Keep what the columns of a list of contacts mean, for the actor's area and all below it. Raises Refused."""
    area = top_area(by, "contact.trace")
    columns = [{"column": column, "field": field} for column, field in meanings.items()]
    content = {"kind": CONTACTS, "version": VERSION, "columns": columns}
    with transaction.atomic():
        kept = keep_mapping(area.path if area else "", name, content, by)
        events.record("import.mapping_kept", by, path=kept.path, details={"saved_as": kept.name})
    return kept


# --- pages --------------------------------------------------------------------------------------------------------


@require_POST
@page("contact.trace")
def contact_file(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """A file or a pasted table with contacts of a case: what its columns mean, then what would be entered."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    version = surveillance.case(actor, case_id, permission="contact.trace")
    upload = request.FILES.get("file")
    if upload is not None:
        rows = read_table(upload.name or "", upload.chunks())
    elif pasted := request.POST.get("text", ""):
        if len(pasted) > roster.LONGEST:
            raise Refused(refuse("roster.too_long", "text", most=roster.MOST_ROWS))
        rows = read_table(_("the pasted list"), [pasted.encode("utf-8-sig")])
    elif text := request.POST.get("table", ""):
        rows = [row for row in csv.reader(StringIO(text), delimiter="\t") if row][: roster.MOST_ROWS + 2]
    else:
        raise Refused(refuse("import.file_empty", "file", name=""))
    headers, saved = rows[0][1:], contact_mappings(actor)
    names = best_fit_first(saved, headers)
    fitting = next((name for name in names if set(saved[name]) == set(headers)), "")
    wanted = request.POST.get("mapping", "") or fitting
    meanings = {**suggested(headers), **{column: f for column, f in saved.get(wanted, {}).items() if column in headers}}
    decided = request.POST if "field_0" in request.POST else None
    form = Columns(decided, headers=headers, meanings=meanings, initial={"table": as_text(rows)})
    if decided is not None and form.is_valid():
        try:
            if form.cleaned_data["save_as"]:
                keep(form.cleaned_data["save_as"], form.meanings(), actor)
            return paste_page(request, case_id, {"text": as_text(named(rows, form.meanings())), "kind": "same_place"})
        except Refused as no:
            take(form, no)
    context = {
        "case": version.case,
        "form": form,
        "use": UseMapping(names=names, initial={"mapping": wanted or names[0]}) if names else None,
        "used": wanted,
        "columns": [
            {"header": header, "bound": form[f"field_{n}"], "samples": _samples(rows[1:], n + 1)}
            for n, header in enumerate(headers)
        ],
        "count": len(rows) - 1,
    }
    return render(request, "exchange/contact_columns.html", context, status=422 if form.errors else 200)


def _samples(rows: list[list[str]], n: int) -> list[str]:
    """A few different cells of a column."""
    return list(dict.fromkeys(row[n] for row in rows[:200] if len(row) > n and row[n]))[:4]


@require_POST
@page("contact.trace")
def contact_refused(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """The refused lines of a list as CSV, each with its reason, to be corrected and sent again."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    version = surveillance.case(actor, case_id, permission="contact.trace")
    form = PasteForm(request.POST, actor=actor, path=version.path)
    if not form.is_valid():
        raise Refused(refuse("roster.empty", "text"))
    prepared = entering.prepare(form.cleaned_data["text"], version, actor, form.for_all())
    response = HttpResponse(refused_lines(prepared), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="refused-{version.case.number}-{clock.today()}.csv"'
    return response


def refused_lines(prepared: Iterable[entering.Prepared]) -> Iterator[str]:
    """The lines that would not enter as CSV, under the columns they had, with their number and why; nothing where all enter."""
    refused = [each for each in prepared if not each.enters]
    return as_csv(_refused_rows(refused)) if refused else iter(())


def _refused_rows(refused: list[entering.Prepared]) -> Iterator[list[str]]:
    headers = roster.cells_of(refused[0].row.header)
    numbers = [n for n, header in enumerate(headers) if roster.meaning_of(header) == "number"][:1]
    kept = [n for n in range(len(headers)) if n not in numbers]
    yield [*(headers[n] for n in kept), *EXTRA_HEADERS[:2]]
    for each in refused:
        cells = [*roster.cells_of(each.row.text), *[""] * len(headers)]
        number = next((cells[n] for n in numbers if cells[n]), str(each.row.line))
        yield [*(cells[n] for n in kept), number, " ; ".join(str(no) for no in each.refused)]
