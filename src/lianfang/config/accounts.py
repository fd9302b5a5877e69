"""Signing in and out, each with its event."""

import os
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lianfang.kernel import events
from lianfang.kernel.access import NOBODY, Actor
from lianfang.kernel.models import User


class SignInForm(AuthenticationForm):
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": gettext_lazy("The user name or the password is not right. Capital and small letters differ."),
    }


class SignIn(LoginView):
    template_name = "login.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_context_data(**context)
        if os.environ.get("LIANFANG_DEMO") == "1":
            from .demo.desks import ACCOUNTS, password

            found["demo_accounts"] = [
                {"who": who, "username": name, "password": password()} for name, who, _role, _area in ACCOUNTS
            ]
        return found

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        user = form.get_user()
        if user.language:
            response.set_cookie("django_language", user.language, samesite="Lax")
        return response


class ChangePassword(PasswordChangeView):
    """Choose a password of one's own. Whoever holds a one-time password can go nowhere else before."""

    template_name = "password.html"
    success_url = reverse_lazy("home")

    def form_valid(self, form: Any) -> HttpResponse:
        if form.cleaned_data["new_password1"] == form.cleaned_data["old_password"]:
            form.add_error("new_password1", _("This is the present password. Choose another."))
            return self.form_invalid(form)
        with transaction.atomic():
            form.user.password_is_one_time = False
            response = super().form_valid(form)  # saves the user
            events.record("account.password_changed", Actor(form.user.pk, form.user.display_name))
        messages.success(self.request, _("Your password was changed."))
        return response


class OneTimePassword:
    """Sends whoever holds a one-time password to choose another before anything is seen or done."""

    ALLOWED = ("password-change", "logout", "set_language")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        held_back = user.is_authenticated and user.password_is_one_time
        if held_back and request.path not in [reverse(name) for name in self.ALLOWED]:
            return redirect("password-change")
        return self.get_response(request)


class NotKept:
    """An answer that does not say how long it may be kept is kept nowhere: after signing out nobody reads it on that machine."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Cache-Control" not in response:
            response["Cache-Control"] = "private, no-cache" if "ETag" in response else "private, no-store"
        return response


def _leave(kind: str, actor: Actor, **details: Any) -> None:
    with transaction.atomic():
        events.record(kind, actor, details=details)


@receiver(user_logged_in)
def _signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    _leave("account.signed_in", Actor(user.pk, user.display_name))


@receiver(user_logged_out)
def _signed_out(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        _leave("account.signed_out", Actor(user.pk, user.display_name))


@receiver(user_login_failed)
def _failed(sender: Any, credentials: dict[str, Any], **kwargs: Any) -> None:
    known = User.objects.filter(username=credentials.get("username", "")).first()
    _leave("account.sign_in_failed", Actor(known.pk, known.display_name) if known else NOBODY)
