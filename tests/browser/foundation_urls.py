"""Pages that show the frame and every component without a signed-in user or any data."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.i18n import set_language

from lianfang.config.templatetags.console import plain
from lianfang.config.templatetags.styleguide import example_figures
from lianfang.kernel import clock
from lianfang.kernel.access import Actor

NAVIGATION = [
    {"url": "case-list", "label": "病例", "icon": "users"},
    {"url": "situation", "label": "态势", "icon": "chart-bar", "count": 3},
]


def _frame() -> dict[str, Any]:
    return {
        "actor": Actor(1, "吴晓岚"),
        "now": clock.now(),
        "navigation": NAVIGATION,
        "scope_name": "温州市",
        "may_search": True,
        "may_notify": True,
    }


def styleguide(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide.html", _frame())


def late(request: HttpRequest, kind: str) -> HttpResponse:
    """Data of a chart or map that come by their own address."""
    return JsonResponse(plain(example_figures()[kind]))


def refused(request: HttpRequest, status: int) -> HttpResponse:
    return render(request, f"{status}.html", status=status)


def sign_in(request: HttpRequest) -> HttpResponse:
    accounts = [{"who": "县疾控", "username": "county", "password": "看屏幕"}]
    form = AuthenticationForm(request, request.POST or None)
    return render(request, "login.html", {"form": form, "demo_accounts": accounts})


urlpatterns = [
    path("", styleguide, name="home"),
    path("styleguide/", styleguide, name="styleguide"),
    path("cases/", styleguide, name="case-list"),
    path("cases/new/", styleguide, name="case-new"),
    path("cases/search/", styleguide, name="case-search"),
    path("situation/", styleguide, name="situation"),
    path("language/", set_language, name="set_language"),
    path("login/", sign_in, name="login"),
    path("late/<str:kind>/", late, name="late"),
    path("refused/<int:status>/", refused),
]
