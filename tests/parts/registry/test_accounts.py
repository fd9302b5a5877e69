"""Who may make accounts, give and end posts, and issue keys; each act leaves its event, and no secret stays."""

from datetime import timedelta

import pytest
from django.urls import reverse

from lianfang.kernel import clock, tokens
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import ApiToken, Event, User
from lianfang.kernel.refusals import Refused
from lianfang.registry import accounts
from lianfang.registry.models import Post
from lianfang.registry.selectors import actor_for


@pytest.fixture
def admins(world):
    """An administrator of Zhejiang and one of Wenzhou."""
    for name, code in (("admin", "330000"), ("wenzhou_admin", "330300")):
        user, _ = accounts.create(name, name.title(), "administrator", world.area(code), SYSTEM)
        user.password_is_one_time = False
        user.save()
        world.users[name] = user
    return world


@pytest.fixture
def signed_in(client, admins):
    def sign_in(who):
        client.force_login(admins.users[who], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def refused(code, act, *about, **more):
    with pytest.raises(Refused) as no:
        act(*about, **more)
    assert [refusal.code for refusal in no.value.refusals] == [code]
    assert str(no.value)


def test_an_account_is_made_with_a_post_and_a_password_that_is_told_once(admins):
    user, password = accounts.create(
        "chen", "陈敏", "epidemiologist", admins.area("330302"), admins.actor("wenzhou_admin")
    )
    assert user.check_password(password)
    assert user.password_is_one_time
    assert actor_for(user).paths("case.read") == (admins.area("330302").path,)
    left = Event.objects.filter(subject_id=user.subject_id).order_by("id")
    assert [(event.kind, event.by.username, event.path) for event in left] == [
        ("account.created", "wenzhou_admin", admins.area("330302").path),
        ("account.post_given", "wenzhou_admin", admins.area("330302").path),
    ]
    for row in Event.objects.values_list():
        assert password not in str(row)


@pytest.mark.parametrize(
    ("who", "role", "place", "code"),
    [
        ("wenzhou_admin", "epidemiologist", "330106", "account.place_outside"),
        ("wenzhou_admin", "epidemiologist", "330000", "account.place_outside"),
        ("wenzhou_admin", "administrator", "330300", "account.administrator_from_above"),
        ("wenzhou_admin", "king", "330302", "account.no_such_role"),
        ("lucheng", "epidemiologist", "330302", "account.place_outside"),
        ("auditor", "epidemiologist", "330302", "account.place_outside"),
    ],
)
def test_nobody_gives_what_lies_outside_his_area_or_beside_him(admins, who, role, place, code):
    count = User.objects.count()
    refused(code, accounts.create, "new", "New", role, admins.area(place), admins.actor(who))
    assert User.objects.count() == count


def test_an_administrator_appoints_below_his_own_area_and_gives_posts_in_organisations(admins):
    by = admins.actor("wenzhou_admin")
    county, _ = accounts.create("lucheng_admin", "L", "administrator", admins.area("330302"), by)
    doctor, _ = accounts.create("doc", "D", "clinician", admins.hospital, actor_for(county))
    assert actor_for(doctor).organisations("case.notify") == (admins.hospital.pk,)
    refused(
        "account.place_outside", accounts.create, "doc2", "D", "clinician", admins.other_hospital, actor_for(county)
    )


def test_nobody_gives_himself_a_post(admins):
    by = admins.actor("admin")
    refused("account.own_post", accounts.give_post, admins.users["admin"], "epidemiologist", admins.area("330302"), by)


@pytest.mark.parametrize(
    ("holder", "role"), [("auditor", "epidemiologist"), ("lucheng", "auditor"), ("lucheng", "administrator")]
)
def test_auditors_and_administrators_hold_no_other_role(admins, holder, role):
    refused(
        "account.roles_apart",
        accounts.give_post,
        admins.users[holder],
        role,
        admins.area("330302"),
        admins.actor("admin"),
    )


def test_a_post_that_ended_counts_no_more(admins):
    by, user = admins.actor("admin"), admins.users["lucheng"]
    accounts.end_post(user.posts.get().pk, by)
    assert actor_for(user).grants == ()
    accounts.give_post(user, "auditor", admins.area("330302"), by)
    assert [grant.role for grant in actor_for(user).grants] == ["auditor"]
    refused("account.post_ended", accounts.end_post, user.posts.order_by("pk").first().pk, by)


def test_a_post_with_an_end_is_held_until_that_day(admins):
    by, user = admins.actor("admin"), admins.users["officer"]
    ends_on = clock.today() + timedelta(days=3)
    accounts.give_post(user, "epidemiologist", admins.area("330302"), by, ends_on=ends_on)
    refused(
        "account.ends_in_the_past",
        accounts.give_post,
        user,
        "publisher",
        admins.area("330302"),
        by,
        ends_on=clock.today(),
    )
    assert actor_for(user).may("case.review")
    with clock.at(clock.now() + timedelta(days=4)):
        assert not actor_for(user).may("case.review")


def test_an_account_with_posts_elsewhere_is_not_changed_as_a_whole(admins):
    by, user = admins.actor("wenzhou_admin"), admins.users["lucheng"]
    accounts.give_post(user, "epidemiologist", admins.area("330106"), admins.actor("admin"))
    for act in (accounts.new_password, lambda user, by: accounts.set_active(user, False, by)):
        refused("account.posts_elsewhere", act, user, by)
    refused("account.posts_elsewhere", accounts.issue_token, user, "script", 30, by)
    refused("account.place_outside", accounts.end_post, user.posts.get(area__code="330106").pk, by)
    accounts.end_post(user.posts.get(area__code="330302").pk, by)


@pytest.mark.parametrize("who", ["admin", "zhejiang", "xihu"])
def test_an_administrator_of_a_city_touches_nobody_above_or_beside_it(admins, who):
    by = admins.actor("wenzhou_admin")
    with pytest.raises(Refused):
        accounts.new_password(admins.users[who], by)
    with pytest.raises(Refused):
        accounts.account(by, admins.users[who].pk)
    assert who not in accounts.accounts(by).values_list("username", flat=True)


def test_a_deactivated_account_does_nothing_and_its_keys_are_revoked(admins):
    by, user = admins.actor("admin"), admins.users["lucheng"]
    token = accounts.issue_token(user, "nightly export", 30, by)
    assert tokens.holder(token) == user
    accounts.set_active(user, False, by)
    assert tokens.holder(token) is None
    user.refresh_from_db()
    assert not actor_for(user).may("area.read")
    accounts.set_active(user, True, by)
    assert tokens.holder(token) is None
    kinds = Event.objects.filter(subject_id=user.subject_id).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["account.token_issued", "account.deactivated", "account.token_revoked", "account.activated"]


def test_a_password_that_is_reset_ends_the_keys_of_its_account(admins):
    by, user = admins.actor("admin"), admins.users["lucheng"]
    token = accounts.issue_token(user, "nightly export", 30, by)
    accounts.new_password(user, by)
    assert tokens.holder(token) is None


def test_a_revoked_key_opens_nothing_and_no_key_is_kept(admins):
    by, user = admins.actor("admin"), admins.users["lucheng"]
    token = accounts.issue_token(user, "nightly export", 30, by)
    accounts.revoke_token(ApiToken.objects.get().pk, by)
    assert tokens.holder(token) is None
    assert token not in str(list(ApiToken.objects.values_list()))
    assert token not in str(list(Event.objects.values_list()))
    for days in (0, 366):
        refused("account.token_days", accounts.issue_token, user, "x", days, by)


def test_the_pages_make_an_account_whose_password_must_be_changed_before_anything(client, admins, signed_in):
    made = signed_in("wenzhou_admin").post(
        reverse("account-new"),
        {"username": "chen", "display_name": "陈敏", "role": "epidemiologist", "place": "鹿城区"},
    )
    assert made.status_code == 200
    assert "no-store" in made.headers["Cache-Control"]
    password = made.context["secret"]
    client.logout()
    entered = client.post(reverse("login"), {"username": "chen", "password": password})
    assert entered.status_code == 302
    for name in ("case-list", "inbox"):
        assert client.get(reverse(name)).headers["Location"] == reverse("password-change")
    assert client.get("/api/v1/cases").status_code == 302
    change = {"old_password": password, "new_password1": password, "new_password2": password}
    assert client.post(reverse("password-change"), change).context["form"].errors
    change |= {"new_password1": "quite another one", "new_password2": "quite another one"}
    assert client.post(reverse("password-change"), change).status_code == 302
    assert client.get(reverse("case-list")).status_code == 200
    assert Event.objects.filter(kind="account.password_changed", by__username="chen").exists()


def test_the_pages_give_and_end_posts_and_refuse_in_words(admins, signed_in):
    client, user = signed_in("wenzhou_admin"), admins.users["lucheng"]
    page = client.get(reverse("account", args=[user.pk]))
    assert page.status_code == 200
    wrong = client.post(reverse("account-give", args=[user.pk]), {"role": "publisher", "place": "西湖区"})
    assert wrong.status_code == 422
    assert wrong.context["give"].errors["place"]
    apart = client.post(reverse("account-give", args=[user.pk]), {"role": "auditor", "place": "330303"})
    assert apart.status_code == 422
    client.post(reverse("account-give", args=[user.pk]), {"role": "publisher", "place": "龙湾区"})
    post = Post.objects.get(user=user, role="publisher")
    assert post.area == admins.area("330303")
    client.post(reverse("account-end", args=[user.pk, post.pk]))
    post.refresh_from_db()
    assert post.ends_on == clock.today()
    assert client.get(reverse("account-list"), {"q": "lucheng"}).context["rows"][0][0] == user
    assert client.get(reverse("account", args=[admins.users["xihu"].pk])).status_code == 404
    assert client.post(reverse("account-password", args=[admins.users["xihu"].pk])).status_code == 404
    assert client.get(reverse("account", args=[admins.users["wenzhou_admin"].pk])).status_code == 200


@pytest.mark.parametrize("who", ["lucheng", "auditor", "doctor", "publisher"])
def test_nobody_else_manages_accounts(admins, signed_in, who):
    client = signed_in(who)
    assert client.get(reverse("account-list")).status_code == 403
    assert client.post(reverse("account-new"), {"username": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("who", "first"), [("admin", "account-list"), ("lucheng", "situation"), ("auditor", "situation")]
)
def test_everybody_arrives_where_he_may_work(admins, signed_in, who, first):
    client = signed_in(who)
    assert client.get(reverse("home")).headers["Location"] == reverse(first)
    assert client.get(reverse("home"), follow=True).status_code == 200


def test_the_first_address_leads_a_stranger_to_the_sign_in_and_to_no_page_that_only_some_may_see(client, db):
    assert client.get(reverse("home")).headers["Location"] == reverse("login")
