from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, object] = {}

EVENTS = {
    "order.raised": _("work order raised"),
    "order.accepted": _("work order accepted"),
    "order.given_back": _("work order given back"),
    "order.done": _("work order done"),
    "order.cancelled": _("work order no longer needed"),
}
