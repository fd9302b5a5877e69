"""Storing the editions of the files, so that a judgement can always be read with the protocol that it was made under."""

import hashlib
import json

from django.db import transaction

from lianfang.kernel import clock
from lianfang.kernel.refusals import Refused, refuse

from . import selectors
from .models import DiseaseEdition


def load_definitions() -> int:
    """Store editions that are new in the files. Returns how many.

    Raises Refused when an edition differs from the one stored under its code: judgements rest on that one.
    """
    known = {(row.disease, row.code): row.digest for row in DiseaseEdition.objects.all()}
    new, changed = [], []
    for disease in selectors.diseases():
        for edition in disease.editions:
            text = json.dumps(edition.content, sort_keys=True, default=str, ensure_ascii=False)
            digest = hashlib.sha256(text.encode()).hexdigest()
            before = known.get((disease.code, edition.code))
            if before is None:
                new.append(
                    DiseaseEdition(
                        disease=disease.code,
                        code=edition.code,
                        valid_from=edition.valid_from,
                        content=json.loads(text),
                        digest=digest,
                        loaded_at=clock.now(),
                    )
                )
            elif before != digest:
                changed.append(refuse("definitions.edition_changed", disease=disease.code, edition=edition.code))
    if changed:
        raise Refused(*changed)
    with transaction.atomic():
        DiseaseEdition.objects.bulk_create(new)
    return len(new)
