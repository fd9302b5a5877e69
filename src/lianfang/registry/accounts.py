"""Accounts, the posts they hold, and keys for machines: who may give what to whom.

The rule: whoever manages accounts over an area makes accounts and gives posts inside it, and never to himself. He appoints
other administrators only below his own area. An auditor and an administrator hold no other post, so that nobody audits
what he does and nobody gives himself what he administers. An account is changed as a whole (deactivated, a new password,
a key) only by somebody whose area holds all of its posts.
"""

import secrets
from collections.abc import Iterable
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from lianfang.kernel import clock, events, tokens
from lianfang.kernel.access import ROLES, Actor, under
from lianfang.kernel.models import ApiToken, User
from lianfang.kernel.refusals import Refusal, Refused, refuse

from .models import Area, Organisation, Post

ALONE = ("auditor", "administrator")  # roles that share an account with no other
LONGEST_TOKEN_DAYS = 365
Place = Area | Organisation


# --- reads -------------------------------------------------------------------------------------------------------


def _held(today: date) -> Q:
    """Posts held on a day or later."""
    return Q(ends_on=None) | Q(ends_on__gt=today)


def accounts(actor: Actor, text: str = "") -> QuerySet[User]:
    """Accounts with a post, held now or once, in the areas where the actor manages accounts; by user name."""
    inside = Q(pk__in=())
    for path in actor.paths("account.manage"):
        inside |= under("area__path", path) | under("organisation__path", path)
    posts = Post.objects.filter(user=OuterRef("pk"))
    rows = User.objects.filter(Exists(posts if actor.system else posts.filter(inside)))
    if text:
        rows = rows.filter(Q(username__icontains=text) | Q(display_name__icontains=text))
    now_held = Post.objects.filter(_held(clock.today())).select_related("area", "organisation").order_by("id")
    return rows.prefetch_related(Prefetch("posts", now_held, to_attr="held")).order_by("username")


def account(actor: Actor, user_id: int) -> User:
    """One of these accounts. Raises Refused."""
    found = accounts(actor).filter(pk=user_id).first()
    if found is None:
        raise Refused(refuse("kernel.not_found"))
    return found


def posts_of(actor: Actor, user: User) -> list[tuple[Post, Refusal | None]]:
    """All posts of an account, held ones first, each with the reason why this actor may not end it, or None."""
    today = clock.today()
    posts = user.posts.select_related("area", "organisation")
    ordered = sorted(posts, key=lambda post: (not _is_held(post, today), -post.pk))
    return [(post, cannot_end(actor, post, today)) for post in ordered]


def _is_held(post: Post, today: date) -> bool:
    return post.ends_on is None or post.ends_on > today


def places_called(actor: Actor, text: str) -> list[Place]:
    """Areas of this code or name, and organisations of this name, where the actor manages accounts."""
    named: list[Place] = [
        *Area.objects.valid_on(clock.today())
        .filter(Q(code=text) | Q(name=text) | Q(name_en__iexact=text))
        .order_by("code"),
        *Organisation.objects.filter(Q(name=text) | Q(name_en__iexact=text)).order_by("name"),
    ]
    return [place for place in named if actor.may_at("account.manage", place.path)]


def places_to_offer(actor: Actor, most: int = 200) -> list[str]:
    """Names of places to propose while somebody types: the nearest areas and some organisations."""
    inside = Q(pk__in=())
    for path in actor.paths("account.manage"):
        inside |= under("path", path)
    areas = Area.objects.valid_on(clock.today()).filter(inside, level__in=("province", "city", "county"))
    found = [f"{area.code}" for area in areas.order_by("level", "code")[:most]]
    return found + list(Organisation.objects.filter(inside).order_by("name").values_list("name", flat=True)[:most])


# --- rules -------------------------------------------------------------------------------------------------------


def cannot_give(by: Actor, role: str, place: Place, user: User | None = None) -> Refusal | None:
    """Why this actor may not give this post (to a new account, when no user is named), or None."""
    if role not in ROLES:
        return refuse("account.no_such_role", "role", role=role)
    if not by.may_at("account.manage", place.path):
        return refuse("account.place_outside", "place", place=place.name)
    if user is not None and user.pk == by.user_id:
        return refuse("account.own_post", "role")
    if role == "administrator" and not _strictly_below(by, place):
        return refuse("account.administrator_from_above", "role")
    held = set() if user is None else {post.role for post in user.posts.all() if _is_held(post, clock.today())}
    if any(other != role and (role in ALONE or other in ALONE) for other in held):
        return refuse("account.roles_apart", "role")
    return None


def _strictly_below(by: Actor, place: Place) -> bool:
    if by.system:
        return True
    return isinstance(place, Area) and any(
        place.path.startswith(path) and place.path != path for path in by.paths("account.manage")
    )


def cannot_end(by: Actor, post: Post, today: date) -> Refusal | None:
    """Why this actor may not end this post, or None."""
    if not _is_held(post, today):
        return refuse("account.post_ended")
    place = post.area or post.organisation
    if place is None or not by.may_at("account.manage", place.path):
        return refuse("account.place_outside", place=place.name if place else "")
    if post.role == "administrator" and not _strictly_below(by, place):
        return refuse("account.administrator_from_above")
    return None


def cannot_change(by: Actor, user: User) -> Refusal | None:
    """Why this actor may not change the account as a whole, or None."""
    if by.system:
        return None
    if user.pk == by.user_id:
        return refuse("account.own_account")
    everything = list(user.posts.select_related("area", "organisation"))
    held = [post for post in everything if _is_held(post, clock.today())] or everything
    for post in held:
        place = post.area or post.organisation
        if place is None or not by.may_at("account.manage", place.path):
            return refuse("account.posts_elsewhere")
        if post.role == "administrator" and not _strictly_below(by, place):
            return refuse("account.administrator_from_above")
    return None


def _unless(no: Refusal | None) -> None:
    if no is not None:
        raise Refused(no)


# --- writes ------------------------------------------------------------------------------------------------------


def create(
    username: str, display_name: str, role: str, place: Place, by: Actor, *, language: str = ""
) -> tuple[User, str]:
    """A new account with its first post, and its one-time password, which is told this once. Raises Refused."""
    _unless(cannot_give(by, role, place))
    password = one_time_password()
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                username, password, display_name=display_name, language=language, password_is_one_time=True
            )
            _record("account.created", user, by, place.path)
            _give(user, role, place, by, None)
    except IntegrityError:
        raise Refused(refuse("account.name_taken", "username", username=username)) from None
    return user, password


def give_post(user: User, role: str, place: Place, by: Actor, *, ends_on: date | None = None) -> Post:
    """Give an account a post, from now on. Raises Refused."""
    _unless(cannot_give(by, role, place, user))
    if ends_on is not None and ends_on <= clock.today():
        raise Refused(refuse("account.ends_in_the_past", "ends_on"))
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        _unless(cannot_give(by, role, place, user))
        return _give(user, role, place, by, ends_on)


def _give(user: User, role: str, place: Place, by: Actor, ends_on: date | None) -> Post:
    post = Post.objects.create(
        user=user,
        role=role,
        area=place if isinstance(place, Area) else None,
        organisation=place if isinstance(place, Organisation) else None,
        starts_on=clock.today(),
        ends_on=ends_on,
    )
    _record("account.post_given", user, by, place.path, **_told(post), ends_on=ends_on)
    return post


def end_post(post_id: int, by: Actor) -> Post:
    """End a post now. Raises Refused."""
    with transaction.atomic():
        post = (
            Post.objects.select_for_update(of=("self",))
            .select_related("user", "area", "organisation")
            .filter(pk=post_id)
            .first()
        )
        if post is None:
            raise Refused(refuse("kernel.not_found"))
        _unless(cannot_end(by, post, clock.today()))
        post.ends_on = clock.today()
        post.save(update_fields=["ends_on"])
        place = post.area or post.organisation
        _record("account.post_ended", post.user, by, place.path if place else "", **_told(post))
    return post


def set_active(user: User, active: bool, by: Actor) -> None:
    """Deactivate an account, with all its keys, or let it in again. Raises Refused."""
    _unless(cannot_change(by, user))
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        if user.is_active == active:
            return
        user.is_active = active
        user.save(update_fields=["is_active"])
        _record("account.activated" if active else "account.deactivated", user, by)
        if not active:
            _revoke_all(user, by)


def new_password(user: User, by: Actor) -> str:
    """A new one-time password for an account, told this once. Whoever is signed in under it is signed out, and its keys end:
    a password is reset when somebody else may know it."""
    _unless(cannot_change(by, user))
    password = one_time_password()
    with transaction.atomic():
        user.set_password(password)
        user.password_is_one_time = True
        user.save(update_fields=["password", "password_is_one_time"])
        _record("account.password_reset", user, by)
        _revoke_all(user, by)
    return password


def issue_token(user: User, name: str, days: int, by: Actor) -> str:
    """A key for a machine that acts with the posts of an account, told this once. Raises Refused."""
    _unless(cannot_change(by, user))
    if not user.is_active:
        raise Refused(refuse("account.not_active"))
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise Refused(refuse("account.token_days", "days", most=LONGEST_TOKEN_DAYS))
    with transaction.atomic():
        token = tokens.issue(user, name, timedelta(days=days))
        until = clock.today() + timedelta(days=days)
        _record("account.token_issued", user, by, token=name, until=until)
    return token


def revoke_token(token_id: int, by: Actor) -> ApiToken:
    """Make a key useless from now on. Raises Refused."""
    with transaction.atomic():
        token = ApiToken.objects.select_for_update(of=("self",)).select_related("user").filter(pk=token_id).first()
        if token is None or not accounts(by).filter(pk=token.user_id).exists():
            raise Refused(refuse("kernel.not_found"))
        _unless(cannot_change(by, token.user))
        if token.revoked_at is None:
            _revoke(token, by)
    return token


def _revoke_all(user: User, by: Actor) -> None:
    for token in user.tokens.filter(revoked_at=None):
        _revoke(token, by)


def _revoke(token: ApiToken, by: Actor) -> None:
    token.revoked_at = clock.now()
    token.save(update_fields=["revoked_at"])
    _record("account.token_revoked", token.user, by, token=token.name)


def one_time_password() -> str:
    """Words of four letters and figures that nobody mistakes for one another, about 79 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def _record(kind: str, user: User, by: Actor, path: str = "", **details: object) -> None:
    place = path or home_path(user.posts.select_related("area", "organisation"))
    said = {name: value for name, value in details.items() if value is not None}
    events.record(kind, by, subject=("account", user.subject_id), path=place, details=said)


def home_path(posts: Iterable[Post]) -> str:
    """Where an account is at home: the place of its latest post."""
    places = [post.area or post.organisation for post in sorted(posts, key=lambda post: post.pk)]
    return places[-1].path if places and places[-1] else ""


def _told(post: Post) -> dict[str, str | None]:
    return {
        "role": post.role,
        "area": post.area.code if post.area else None,
        "organisation": post.organisation.name if post.organisation else None,
    }
