from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from lianfang.kernel import clock
from lianfang.kernel.access import ROLES, Actor
from lianfang.kernel.models import User
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.views import page

from . import accounts
from .account_forms import GivePost, NewAccount, NewToken
from .models import Post


def role_words(post: Post) -> str:
    return str(ROLES[post.role][0]) if post.role in ROLES else post.role


@page("account.manage")
def account_list(request: HttpRequest) -> HttpResponse:
    """Accounts with a post in the areas where the actor manages them."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    text = request.GET.get("q", "").strip()
    shown = Paginator(accounts.accounts(actor, text), 50).get_page(request.GET.get("page"))
    rows = [(user, [(post, role_words(post)) for post in user.held]) for user in shown]  # type: ignore[attr-defined]
    return render(request, "registry/account_list.html", {"page": shown, "rows": rows, "text": text})


@never_cache
@page("account.manage")
def account_new(request: HttpRequest) -> HttpResponse:
    """Make an account with its first post; its one-time password is shown this once."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form = NewAccount(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            user, password = accounts.create(
                said["username"], said["display_name"], said["role"], said["place"], actor, language=said["language"]
            )
        except Refused as no:
            form.take(no)
        else:
            return _told_once(request, user, _("One-time password"), password)
    context = {"form": form, "places": accounts.places_to_offer(actor)}
    return render(request, "registry/account_new.html", context, status=422 if form.errors else 200)


def _told_once(request: HttpRequest, user: User, label: str, secret: str) -> HttpResponse:
    return render(request, "registry/account_secret.html", {"account": user, "label": label, "secret": secret})


@never_cache
@page("account.manage")
def account(request: HttpRequest, user_id: int) -> HttpResponse:
    """One account: its posts, its keys, and what may be done with it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return _shown(request, accounts.account(actor, user_id))


def _shown(request: HttpRequest, user: User, **forms: Any) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    context = {
        "account": user,
        "posts": [(post, role_words(post), no) for post, no in accounts.posts_of(actor, user)],
        "tokens": user.tokens.order_by("-created_at"),
        "today": clock.today(),
        "refusal": accounts.cannot_change(actor, user),
        "own": refuse("account.own_post") if user.pk == actor.user_id else None,
        "give": GivePost(actor=actor),
        "key": NewToken(),
        "places": accounts.places_to_offer(actor),
        **forms,
    }
    return render(request, "registry/account.html", context, status=422 if forms else 200)


@require_POST
@page("account.manage")
def account_give(request: HttpRequest, user_id: int) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    user = accounts.account(actor, user_id)
    form = GivePost(request.POST, actor=actor)
    if not form.is_valid():
        return _shown(request, user, give=form)
    said = form.cleaned_data
    try:
        accounts.give_post(user, said["role"], said["place"], actor, ends_on=said["ends_on"])
    except Refused as no:
        form.take(no)
        return _shown(request, user, give=form)
    messages.success(request, _("The post was given."))
    return redirect("account", user_id)


@require_POST
@page("account.manage")
def account_end(request: HttpRequest, user_id: int, post_id: int) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    user = accounts.account(actor, user_id)
    if not user.posts.filter(pk=post_id).exists():
        raise Refused(refuse("kernel.not_found"))
    accounts.end_post(post_id, actor)
    messages.success(request, _("The post was ended."))
    return redirect("account", user_id)


@require_POST
@page("account.manage")
def account_active(request: HttpRequest, user_id: int) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    active = request.POST.get("active") == "1"
    accounts.set_active(accounts.account(actor, user_id), active, actor)
    messages.success(request, _("The account is active again.") if active else _("The account was deactivated."))
    return redirect("account", user_id)


@never_cache
@require_POST
@page("account.manage")
def account_password(request: HttpRequest, user_id: int) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    user = accounts.account(actor, user_id)
    return _told_once(request, user, _("One-time password"), accounts.new_password(user, actor))


@never_cache
@require_POST
@page("account.manage")
def account_token(request: HttpRequest, user_id: int) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    user = accounts.account(actor, user_id)
    form = NewToken(request.POST)
    if not form.is_valid():
        return _shown(request, user, key=form)
    token = accounts.issue_token(user, form.cleaned_data["name"], form.cleaned_data["days"], actor)
    return _told_once(request, user, _("API token"), token)


@require_POST
@page("account.manage")
def account_revoke(request: HttpRequest, user_id: int, token_id: int) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not accounts.account(actor, user_id).tokens.filter(pk=token_id).exists():
        raise Refused(refuse("kernel.not_found"))
    accounts.revoke_token(token_id, actor)
    messages.success(request, _("The token was revoked."))
    return redirect("account", user_id)
