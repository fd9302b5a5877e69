from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock
from lianfang.kernel.views import page

from . import selectors, services
from .rules import kinds, late, time_left


@page("order.read")
def inbox(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    view = request.GET.get("view", "desk")
    view = view if view in selectors.VIEWS else "desk"
    shown = Paginator(selectors.inbox(actor, view), 50).get_page(request.GET.get("page"))
    now = clock.now()
    language = definitions.language()
    return render(
        request,
        "workorders/inbox.html",
        {
            "view": view,
            "views": [("desk", _("Open")), ("mine", _("Mine")), ("late", _("Overdue")), ("closed", _("Closed"))],
            "page": shown,
            "orders": [
                {
                    "order": order,
                    "label": kinds()[order.kind].label[language],
                    "left": time_left(order.due_at, now, order.closed_at),
                    "late": late(order, now),
                    "moves": selectors.open_moves(order, actor),
                    "link": reverse("case", args=[order.subject_id]) if order.subject_kind == "case" else "",
                }
                for order in shown
            ],
        },
    )


@require_POST
@page("order.do")
def move(request: HttpRequest, order_id: UUID, name: str) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    services.move(order_id, name, actor, note=request.POST.get("note", ""))
    messages.success(request, _("Recorded."))
    return redirect(f"{reverse('inbox')}?view={request.POST.get('view', 'desk')}")
