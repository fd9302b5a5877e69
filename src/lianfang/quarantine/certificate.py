"""The certificate of release: who was observed, from when until when, and that the observation is complete."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lianfang import __version__
from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.typesetting import settable, typeset

from . import rules, selectors
from .models import Stay
from .presenting import area_names, day_in_words, place_name

SOURCE = Path(__file__).resolve().with_name("certificate.typ")


def certificate(stay_id: UUID, actor: Actor) -> bytes:
    """The certificate of somebody released, in the language in force. The look at the identity leaves its event."""
    stay = selectors.stay(actor, stay_id, "stay.identify")
    if stay.status != "released":
        raise Refused(refuse("stay.not_released", state=rules.WORKFLOW.label(stay.status)))
    with transaction.atomic():
        known = selectors.identity(actor, stay)
        if known is None:
            raise Refused(refuse("kernel.not_found"))
        events.record("stay.certified", actor, subject=("stay", stay.pk), path=stay.path)
    return typeset(SOURCE, content(stay, known))


def content(stay: Stay, known: dict[str, Any]) -> dict[str, Any]:
    """All words of the certificate."""
    places = area_names([stay.path, stay.home_path])
    observed_in = place_name(stay.site) if stay.site else _("at home, {place}").format(place=places.get(stay.path, ""))
    began, ended = day_in_words(_local(stay.began_at)), day_in_words(_local(stay.ended_at))
    disease = definitions.disease(stay.disease)
    sex = {"M": _("male"), "F": _("female")}.get(known["sex"], "")
    facts = [
        (_("Name"), known["name"]),
        (_("Sex"), sex),
        (_("ID number"), known["id_number"]),
        (_("Home"), " ".join(filter(None, (places.get(stay.home_path, ""), known["address"])))),
        (_("Disease"), definitions.label(disease) if disease else stay.disease),
        (_("Grounds"), definitions.terms("stay_grounds").get(stay.grounds, stay.grounds)),
        (_("Legal notice"), stay.notice),
        (_("Observed at"), observed_in),
        (_("From"), began),
        (_("Until"), ended),
    ]
    said = _(
        "The person named above was under medical observation from {began} until {ended}. The observation asked for by "
        "the protocol (edition {edition}) is complete, and nothing abnormal was found at its end. The observation is lifted."
    )
    edition = definitions.edition_on(stay.disease, _local(stay.ended_at) or clock.today())
    paragraphs = [said.format(began=began, ended=ended, edition=edition.code)]
    shown = [[label, settable(value)] for label, value in facts if value]
    if shown != [[label, value] for label, value in facts if value]:
        paragraphs.append(
            _(
                "For a character that stands above by its number, such as [U+20BB7], this document has no type. It is written "
                "by hand beside it by whoever signs."
            )
        )
    return {
        "language": definitions.language(),
        "title": _("Certificate of release from medical observation"),
        "number": _("No. {number}").format(number=stay.pk.hex[-12:].upper()),
        "facts": shown,
        "paragraphs": paragraphs,
        "signatures": [_("Issued by"), _("Received by")],
        "issuer": settable(stay.organisation.name if stay.organisation else places.get(stay.path, "")),
        "day": day_in_words(clock.today()),
        "footer": _("Lianfang {version} · valid with signature and stamp").format(version=__version__),
    }


def _local(moment: Any) -> Any:
    return timezone.localtime(moment).date() if moment else None
