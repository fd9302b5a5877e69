"""Where everything is found. Each part brings its own addresses; the order is the order of the house."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.generic import TemplateView
from django.views.i18n import set_language

from lianfang.kernel.views import needs_sign_in, public

from .accounts import ChangePassword, SignIn
from .api import api
from .console import home
from .health import health

PARTS = (
    "workorders",
    "surveillance",
    "registry",
    "tracing",
    "quarantine",
    "situation",
    "exchange",
    "bulletin",
    "supervision",
)


def _part_urls() -> list[Any]:
    found: list[Any] = []
    for part in PARTS:
        if find_spec(f"lianfang.{part}.urls"):
            found += import_module(f"lianfang.{part}.urls").urlpatterns
    return found


urlpatterns = [
    path("", home, name="home"),
    path("login/", public(SignIn.as_view()), name="login"),
    path("logout/", public(LogoutView.as_view()), name="logout"),
    path("password/", needs_sign_in(ChangePassword.as_view()), name="password-change"),
    path("language/", public(set_language), name="set_language"),
    path("healthz", health, name="health"),
    path("api/v1/", api.urls),
    *_part_urls(),
]
if settings.DEBUG:
    urlpatterns.append(path("styleguide/", public(TemplateView.as_view(template_name="styleguide.html"))))
