"""Reads of areas, posts and people, each starting from what the reader may see."""

from django.db.models import Q

from lianfang.kernel import clock
from lianfang.kernel.access import NOBODY, ROLES, Actor, Grant
from lianfang.kernel.models import User

from .models import Post


def actor_for(user: User, channel: str = "web") -> Actor:
    """The user as an actor, with the posts held today. A user without posts may do nothing."""
    if not user.is_active:
        return NOBODY
    today = clock.today()
    posts = Post.objects.filter(
        Q(starts_on=None) | Q(starts_on__lte=today), Q(ends_on=None) | Q(ends_on__gt=today), user=user
    ).select_related("area")
    grants = tuple(
        Grant(post.role, path=post.area.path)
        if post.area_id
        else Grant(post.role, organisation_id=post.organisation_id)
        for post in posts
        if post.role in ROLES
    )
    return Actor(user.pk, user.display_name, grants, channel=channel)
