"""Contacts from a file: read as every file is, then shown as a pasted list is, before anything is written."""

import csv
from collections.abc import Iterable
from io import StringIO
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from lianfang.kernel import ids
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import page
from lianfang.tracing import roster
from lianfang.tracing.case_views import paste_page

from .reading.findings import Finding
from .reading.tables import open_table
from .services import as_refusal, received


def as_pasted(name: str, chunks: Iterable[bytes]) -> str:
    """A table in a file as the text that somebody would have pasted from it. Raises Refused; nothing stays behind."""
    stored = received(name, chunks, settings.UPLOAD_LIMIT_BYTES)
    try:
        table = open_table(stored, name=name, size_limit=settings.UPLOAD_LIMIT_BYTES)
        if isinstance(table, Finding):
            raise Refused(as_refusal(table))
        text = StringIO()
        written = csv.writer(text, delimiter="\t", lineterminator="\n")
        written.writerow(table.headers)
        for row in islice(table.rows(), roster.MOST_ROWS + 1):
            written.writerow([" ".join(cell.split()) for cell in row.cells])
        return text.getvalue()
    finally:
        stored.unlink(missing_ok=True)


@require_POST
@page("contact.trace")
def contact_file(request: HttpRequest, case_id: UUID) -> HttpResponse:
    upload = request.FILES.get("file")
    if upload is None:
        raise Refused(refuse("import.file_empty", "file", name=""))
    text = as_pasted(upload.name or "", upload.chunks())
    return paste_page(request, case_id, {"batch": ids.new_id(), "text": text, "kind": "same_place"})
