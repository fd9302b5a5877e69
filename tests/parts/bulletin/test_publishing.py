from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from lianfang.bulletin import rules, selectors, services, wording
from lianfang.bulletin.models import Bulletin
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused


def codes(no):
    return [refusal.code for refusal in no.value.refusals]


@pytest.fixture
def two_days(outbreak):
    """Day 0: 9 in Lucheng, 6 in Longwan. Day 1: 7 and 5 more, one of them severe, one discharged, one dead, 2 suspected."""
    outbreak.confirm("330302", outbreak.day(0), 9)
    outbreak.confirm("330303", outbreak.day(0), 6)
    outbreak.confirm("330302", outbreak.day(1), 7)
    outbreak.confirm("330303", outbreak.day(1), 5)
    outbreak.suspect("330303", outbreak.day(1), 2)
    lucheng = outbreak.cases["330302"]
    outbreak.tell(lucheng[0], outbreak.day(1), severity="critical")
    outbreak.tell(lucheng[1], outbreak.day(1), outcome="discharged", outcome_on=outbreak.day(1))
    outbreak.tell(lucheng[2], outbreak.day(1), outcome="died", outcome_on=outbreak.day(1))
    return outbreak


@pytest.fixture
def prepared(two_days):
    two_days.published(two_days.day(0))
    with two_days.at(two_days.day(2), 8):
        return services.prepare(
            two_days.world.area("330300"), "covid19", two_days.day(1), two_days.world.actor("wenzhou_officer")
        )


@pytest.fixture
def morning(two_days):
    """The clock of the morning on which day 1 is prepared, signed and published."""
    with two_days.at(two_days.day(2), 9):
        yield


def test_figures_are_counted_from_the_records_as_known_at_24_00(two_days, prepared):
    assert prepared.figures["area"] == {
        "new_confirmed": 12, "new_severe": 1, "new_discharged": 1, "new_deaths": 1, "new_suspected": 2,
        "total_confirmed": 27, "severe": 1, "critical": 1, "total_discharged": 1, "total_deaths": 1, "suspected": 2,
    }  # fmt: skip
    assert prepared.figures["parts"]["330302"] == {
        "new_confirmed": 7, "total_confirmed": 16, "new_discharged": 1, "total_discharged": 1,
    }  # fmt: skip
    assert prepared.base.day == two_days.day(0)
    assert selectors.sheet(prepared).correction("confirmed") == 0
    assert rules.contradictions(selectors.sheet(prepared)) == []


def test_what_becomes_known_later_is_not_in_the_evening_count_but_in_the_later_one(two_days, prepared):
    two_days.confirm("330302", two_days.day(1), 3, known=two_days.day(3))
    two_days.confirm("330302", two_days.day(3), 2)
    area, actor = two_days.world.area("330300"), two_days.world.actor("zhejiang")
    with two_days.at(two_days.day(4)):
        evening = selectors.counted(actor, area, "covid19", two_days.day(1))
        later = selectors.counted(actor, area, "covid19", two_days.day(1), selectors.LATER)
    assert evening.area == prepared.figures["counted"]["area"]
    assert (later.area["new_confirmed"], later.area["total_confirmed"]) == (15, 30)
    assert later.area["severe"] == evening.area["severe"]


def test_signed_by_one_published_by_another_each_step_an_event(two_days, prepared, morning):
    world = two_days.world
    services.sign(prepared.pk, world.actor("wenzhou_signatory"))
    out = services.publish(prepared.pk, world.actor("wenzhou_publisher"))
    assert (out.status, out.signed_by.username, out.published_by.username) == (
        "published", "wenzhou_signatory", "wenzhou_publisher",
    )  # fmt: skip
    told = Event.objects.filter(subject_id=prepared.pk).order_by("id")
    assert [event.kind for event in told] == ["bulletin.prepared", "bulletin.signed", "bulletin.published"]
    assert told[1].details["seal"] == told[2].details["seal"]


def test_whoever_signed_is_refused_in_words_and_by_the_database(two_days, prepared, morning):
    both = two_days.world.actor("wenzhou_both")
    services.sign(prepared.pk, both)
    with pytest.raises(Refused) as no:
        services.publish(prepared.pk, both)
    assert codes(no) == ["bulletin.signed_by_yourself"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Bulletin.objects.filter(pk=prepared.pk).update(published_by=both.user_id)


@pytest.mark.parametrize(
    ("who", "move", "code"),
    [
        ("hangzhou_signatory", "sign", "kernel.not_found"),
        ("wenzhou_publisher", "sign", "kernel.not_permitted"),
        ("wenzhou_officer", "sign", "kernel.not_permitted"),
        ("lucheng", "sign", "kernel.not_found"),
        ("auditor", "sign", "kernel.not_permitted"),
        ("doctor", "sign", "kernel.not_found"),
        ("wenzhou_signatory", "publish", "kernel.not_permitted"),
        ("hangzhou_publisher", "publish", "kernel.not_found"),
    ],
)
def test_nobody_else_signs_or_publishes(two_days, prepared, morning, who, move, code):
    if move == "publish":
        services.sign(prepared.pk, two_days.world.actor("signatory"))
    with pytest.raises(Refused) as no:
        getattr(services, move)(prepared.pk, two_days.world.actor(who))
    assert codes(no) == [code]


@pytest.mark.parametrize("who", ["lucheng", "doctor", "auditor", "signatory", "hangzhou_publisher"])
def test_nobody_else_prepares(two_days, morning, who):
    with pytest.raises(Refused) as no:
        services.prepare(two_days.world.area("330300"), "covid19", two_days.day(1), two_days.world.actor(who))
    assert codes(no) == ["bulletin.not_your_area"]


def test_a_day_that_is_not_over_and_a_second_bulletin_of_a_day_are_refused(two_days, prepared, morning):
    area, actor = two_days.world.area("330300"), two_days.world.actor("wenzhou_officer")
    for day, code in [(2, "bulletin.day_not_over"), (1, "bulletin.one_a_day"), (0, "bulletin.published_already")]:
        with pytest.raises(Refused) as no:
            services.prepare(area, "covid19", two_days.day(day), actor)
        assert codes(no) == [code]
        assert str(no.value)
    services.withdraw(prepared.pk, actor, "wrong day chosen")
    assert services.prepare(area, "covid19", two_days.day(1), actor).status == "prepared"


def test_figures_change_by_hand_only_with_a_reason_that_the_signer_sees(two_days, prepared, morning):
    actor = two_days.world.actor("wenzhou_officer")
    change = {("", "new_severe"): 2}
    with pytest.raises(Refused) as no:
        services.revise(prepared.pk, actor, values=change)
    assert codes(no) == ["bulletin.reason_missing"]
    made = services.revise(prepared.pk, actor, values=change, reason="telephone report of the hospital")
    (kept,) = made.figures["changes"]
    assert (kept["counted"], kept["value"], kept["reason"]) == (1, 2, "telephone report of the hospital")
    made = services.revise(prepared.pk, actor, values={("", "new_severe"): 1}, reason="counted after all")
    assert made.figures["changes"] == []


def test_contradictions_are_shown_and_stop_the_signature(two_days, prepared, morning):
    actor, signatory = two_days.world.actor("wenzhou_officer"), two_days.world.actor("wenzhou_signatory")
    services.revise(prepared.pk, actor, values={("", "total_confirmed"): 26}, reason="one counted twice")
    found = [no.code for no in rules.contradictions(selectors.sheet(Bulletin.objects.get(pk=prepared.pk)))]
    assert found == ["bulletin.parts_do_not_add_up", "bulletin.correction_unexplained"]
    with pytest.raises(Refused):
        services.sign(prepared.pk, signatory)
    services.revise(
        prepared.pk,
        actor,
        values={("330302", "total_confirmed"): 15},
        reason="one counted twice",
        explanation="核减1例重复报告",
    )
    out = services.sign(prepared.pk, signatory)
    assert "（核减1例）" in "".join(wording.both(services.public_figures(out))["zh"])


def test_the_signature_covers_what_was_seen(two_days, prepared, morning):
    mark = selectors.seen(prepared)
    services.revise(prepared.pk, two_days.world.actor("wenzhou_officer"), remark="changed meanwhile")
    with pytest.raises(Refused) as no:
        services.sign(prepared.pk, two_days.world.actor("wenzhou_signatory"), seen=mark)
    assert codes(no) == ["bulletin.changed_meanwhile"]


def test_a_late_report_is_a_correction_that_must_be_explained(two_days, prepared, morning):
    two_days.publish(prepared)
    two_days.confirm("330302", two_days.day(1), 1, known=two_days.day(2))
    world = two_days.world
    with two_days.at(two_days.day(3), 8):
        made = services.prepare(world.area("330300"), "covid19", two_days.day(2), world.actor("wenzhou_officer"))
        assert selectors.sheet(made).correction("confirmed") == 1
        with pytest.raises(Refused) as no:
            services.sign(made.pk, world.actor("wenzhou_signatory"))
        assert codes(no) == ["bulletin.correction_unexplained"]
        services.revise(made.pk, world.actor("wenzhou_officer"), explanation="补报2月7日确诊1例")
        assert two_days.publish(made).public_figures["corrections"]["confirmed"] == 1


def test_a_correction_is_a_new_bulletin_that_points_at_the_old_one(two_days, prepared, morning):
    world = two_days.world
    old = two_days.publish(prepared)
    two_days.confirm("330302", two_days.day(1), 6, known=two_days.day(2))
    with two_days.at(two_days.day(3), 8):
        officer = world.actor("wenzhou_officer")
        with pytest.raises(Refused) as no:
            services.correct(old.pk, " ", officer)
        assert codes(no) == ["bulletin.reason_missing"]
        new = services.correct(old.pk, "补报6例", officer)
        with pytest.raises(Refused) as no:
            services.correct(old.pk, "another one", officer)
        assert codes(no) == ["bulletin.correction_open"]
        services.revise(new.pk, officer, explanation="补报")
        two_days.publish(new)
        with pytest.raises(Refused) as no:
            services.correct(old.pk, "another one", officer)
        assert codes(no) == ["bulletin.nothing_to_correct"]
        latest, before = selectors.public_versions("330300", two_days.day(1))
        assert (latest.version, latest.content["figures"]["new_confirmed"]) == (2, 18)
        assert (before.version, before.corrected_by, before.content["figures"]["new_confirmed"]) == (1, 2, 12)
        assert services.prepare(world.area("330300"), "covid19", two_days.day(2), officer).base_id == new.pk


def test_what_was_published_meanwhile_must_be_counted_in(two_days, prepared, morning):
    world = two_days.world
    services.sign(prepared.pk, world.actor("signatory"))
    day_before = Bulletin.objects.get(day=two_days.day(0))
    two_days.publish(services.correct(day_before.pk, "counted again", world.actor("zhejiang")))
    with pytest.raises(Refused) as no:
        services.publish(prepared.pk, world.actor("publisher"))
    assert codes(no) == ["bulletin.out_of_date_signed"]
    back = services.send_back(prepared.pk, world.actor("publisher"), "the day before was corrected")
    assert (back.status, back.signed_by_id, back.base.corrects_id) == ("prepared", None, day_before.pk)
    assert two_days.publish(back).status == "published"


@pytest.mark.parametrize(
    ("move", "who"), [("send_back", "publisher"), ("unsign", "signatory"), ("withdraw", "officer")]
)
def test_going_back_needs_a_reason(two_days, prepared, morning, move, who):
    services.sign(prepared.pk, two_days.world.actor("signatory"))
    with pytest.raises(Refused) as no:
        getattr(services, move)(prepared.pk, two_days.world.actor(who), "")
    assert codes(no) == ["bulletin.reason_missing"]


def test_contacts_are_left_out_until_somebody_enters_them(two_days, prepared, morning):
    assert "contacts_tracked" not in services.public_figures(prepared)["figures"]
    actor = two_days.world.actor("wenzhou_officer")
    made = services.revise(prepared.pk, actor, contacts={"contacts_tracked": 4952, "contacts_observed": 4715})
    text = wording.both(services.public_figures(made))
    assert "4952" in "".join(text["zh"])
    assert "by hand" in "".join(text["en"])
    wrong = services.revise(prepared.pk, actor, contacts={"contacts_observed": 5000})
    assert [no.code for no in rules.contradictions(selectors.sheet(wrong))] == ["bulletin.contacts_exceed_tracked"]
    gone = services.revise(prepared.pk, actor, contacts={"contacts_tracked": None, "contacts_observed": None})
    assert "contacts_tracked" not in gone.figures["area"]


def test_the_official_order(two_days, prepared):
    zh, en = (wording.both(services.public_figures(prepared))[lang] for lang in ("zh", "en"))
    order = [
        "新增确诊",
        "新增重症",
        "新增出院",
        "新增死亡",
        "新增疑似",
        "累计确诊",
        "现有重症",
        "其中危重",
        "累计出院",
        "累计死亡",
        "现有疑似",
    ]
    places = ["".join(zh).index(words) for words in order]
    assert places == sorted(places)
    assert en[0].startswith("From 0:00 to 24:00 on 7 February 2020, Wenzhou reported")
    assert "12 new confirmed cases (7 in Lucheng District, 5 in Longwan District)" in en[0]


def test_names_are_those_of_the_day(two_days, prepared, morning):
    out = two_days.publish(prepared)
    area = two_days.world.area("330302")
    area.name = "鹿城新区"
    area.save()
    assert selectors.public_versions("330300", out.day)[0].content["parts"][0]["name"] == "鹿城区"


def test_a_case_known_only_to_the_city_is_counted_elsewhere(two_days):
    two_days.confirm("330300", two_days.day(1), 8)
    with two_days.at(two_days.day(1) + timedelta(days=1), 8):
        made = services.prepare(
            two_days.world.area("330300"), "covid19", two_days.day(1), two_days.world.actor("zhejiang")
        )
    assert made.figures["parts"]["other"]["total_confirmed"] == 8
    assert rules.contradictions(selectors.sheet(made)) == []
