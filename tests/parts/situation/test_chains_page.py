"""The chains page, its picture and its files: what was known on the day, as far as the reader may see, equal to a recount."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.test import Client

from lianfang.kernel import clock
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.registry.services import PersonDetails
from lianfang.situation import chains_files
from lianfang.situation.chains import Wanted, chains, narrowed
from lianfang.surveillance import services
from lianfang.surveillance.evidence import Evidence, Exposure
from lianfang.tracing import services as tracing

START = datetime(2020, 1, 23, 1, 0, tzinfo=UTC)
NOW = START + timedelta(days=30)
GRAPHML = {"g": "http://graphml.graphdrawing.org/xmlns"}

# name: home, onset (day from the start), reported, class, infected elsewhere
CASES = {
    "a": ("330302001", 0, 3, "confirmed", True),
    "b": ("330302001", 5, 7, "confirmed", False),
    "c": ("330303", 6, 9, "confirmed", False),
    "d": ("330302001", 10, 12, "suspected", False),
    "e": ("330302", None, 14, "asymptomatic", False),
    "f": ("330303", 3, 8, "confirmed", False),
    "g": ("330106", 9, 12, "confirmed", False),
    "x": ("330106", 1, 4, "confirmed", False),
    "h": ("330302001", 8, 10, "confirmed", False),
    "i": ("330302001", 11, 13, "confirmed", False),
}
# infector, infectee, certainty, setting, day on which it was stated
LINKS = [
    ("a", "b", "stated", "household", 8),
    ("a", "c", "probable", "workplace", 10),
    ("b", "d", "possible", "", 13),
    ("c", "d", "stated", "market", 14),
    ("b", "e", "probable", "meal", 15),
    ("c", "g", "stated", "workplace", 16),
    ("x", "h", "stated", "=HYPERLINK(1)", 17),
    ("h", "i", "stated", "household", 18),
]


@pytest.fixture
def known(world):
    """Cases and links as told above. {name: case}; the outbreak lies in Wenzhou with threads into Hangzhou."""
    me, made = world.actor("zhejiang"), {}
    for name, (home, onset, reported, kind, introduced) in sorted(CASES.items(), key=lambda item: item[1][2]):
        with clock.at(START + timedelta(days=reported)):
            day = clock.today()
            onset_on = day - timedelta(days=reported - onset) if onset is not None else None
            evidence = Evidence(
                declared=kind,
                onset_on=onset_on,
                asymptomatic=kind == "asymptomatic" or None,
                exposures=[Exposure("travel_affected_area", last_on=onset_on)] if introduced else [],
            )
            place = world.area(home)
            told = services.Notification(
                disease="covid19", area=place, evidence=evidence, person=PersonDetails(name=f"王{name}", area=place)
            )
            made[name] = services.notify(told, me)
    for infector, infectee, certainty, setting, day in LINKS:
        with clock.at(START + timedelta(days=day)):
            tracing.state_link(made[infector].pk, made[infectee].pk, certainty, me, setting=setting)
    world.known = made
    return world


EVERY_CASE = Wanted(least=1)


def found(world, area="330300", wanted=EVERY_CASE, day=None, who="zhejiang"):
    with clock.at(NOW):
        return chains(world.actor(who), world.area(area), "covid19", wanted, day=day)


def names(world, shown):
    back = {case.pk: name for name, case in world.known.items()}
    return [back.get(case.id, "?") for case in shown.cases]


def tree(world, shown):
    called = names(world, shown)
    return {called[n]: called[above] for n, above in enumerate(shown.tree.infector) if above >= 0}


def page(world, query="", who="zhejiang", path="/situation/chains/", language="en"):
    client = Client(headers={"accept-language": language})
    client.force_login(world.users[who])
    with clock.at(NOW):
        return client.get(f"{path}?area=330300&disease=covid19&{query}")


def test_trees_generations_and_clusters_are_those_that_were_told(known):
    whole = found(known)
    assert sorted(names(known, whole)) == sorted(CASES)  # g and x live elsewhere and are tied to cases here
    assert tree(known, whole) == {"b": "a", "c": "a", "d": "c", "e": "b", "g": "c", "h": "x", "i": "h"}
    generation = dict(zip(names(known, whole), whole.generation.tolist(), strict=True))
    assert generation == {"a": 0, "b": 1, "c": 1, "d": 2, "e": 2, "g": 2, "x": 0, "h": 1, "i": 2, "f": 0}
    assert sorted(whole.table.size.tolist()) == [1, 3, 6]
    assert sorted(whole.intervals.tolist()) == sorted(
        [5, 6, 4, 3, 7, 3]
    )  # d-c, b-a, c-a, g-c, h-x, i-h; e has no onset
    others = dict(zip(names(known, whole), whole.tree.others.tolist(), strict=True))
    assert others == dict.fromkeys(CASES, 0) | {"d": 1}
    counts = dict(zip(names(known, whole), whole.secondary.counts.tolist(), strict=True))
    assert counts == {"a": 2, "b": 1, "c": 2, "x": 1, "h": 1, "d": 0, "e": 0, "f": 0, "g": 0, "i": 0}
    # a was infected elsewhere; f is the only case here of whom nobody knows anything
    assert [names(known, whole)[n] for n in whole.without_infector] == ["f"]


@pytest.mark.parametrize("day", [date(2020, 1, 23) + timedelta(days=n) for n in (7, 9, 12, 15, 20)])
def test_an_evening_shows_the_cases_and_links_of_that_evening(known, day):
    whole = found(known, day=day)
    passed = (day - date(2020, 1, 23)).days
    cases = {name for name, (_home, _onset, reported, *_rest) in CASES.items() if reported <= passed}
    links = {(a, b) for a, b, *_about, stated in LINKS if stated <= passed}
    here = {name for name in cases if not CASES[name][0].startswith("330106")}
    tied = {name for link in links if set(link) & here for name in link}
    assert set(names(known, whole)) == here | (tied & cases)
    called = names(known, whole)
    assert {(called[link.infector], called[link.infectee]) for link in whole.links} == links


def test_a_link_that_was_retracted_still_stands_on_the_evenings_before(known):
    me = known.actor("zhejiang")
    with clock.at(START + timedelta(days=20)):
        tracing.retract(next(link.pk for link in known.known["i"].infected_by.all()), me)
    assert "i" not in tree(known, found(known))
    assert tree(known, found(known, day=date(2020, 2, 11)))["i"] == "h"


def test_a_change_of_mind_moves_the_tree(known):
    with clock.at(START + timedelta(days=21)):
        me = known.actor("zhejiang")
        tracing.state_link(known.known["c"].pk, known.known["d"].pk, "excluded", me)
    assert tree(known, found(known))["d"] == "b"
    assert tree(known, found(known, day=date(2020, 2, 12)))["d"] == "c"


def test_links_less_certain_than_asked_are_left_away(known):
    sure = found(known, wanted=Wanted(least=1, certainty="stated"))
    assert tree(known, sure) == {"b": "a", "d": "c", "g": "c", "h": "x", "i": "h"}
    confirmed = found(known, wanted=Wanted(least=1, confirmed=True))
    assert set(names(known, confirmed)) == {"a", "b", "c", "f", "g", "h", "i", "x"}
    assert confirmed.left_out == 3  # two to d and one to e


def test_who_may_not_see_an_area_sees_that_there_is_an_infector_there_and_nothing_of_it(known):
    whole = found(known, who="wenzhou")
    assert sorted(names(known, whole)) == sorted(set(CASES) - {"x", "g"} | {"?"})
    assert tree(known, whole)["h"] == "?"
    hidden = next(case for case in whole.cases if case.id is None)
    assert (hidden.number, hidden.classification, hidden.path, hidden.onset, hidden.reported) == (
        "",
        "",
        "",
        None,
        None,
    )
    secret = known.known["x"]
    for path in ("/situation/chains/", "/situation/chains/picture.json", "/situation/chains/links.csv", "/situation/chains/chains.graphml"):  # fmt: skip
        answer = page(known, "least=1", who="wenzhou", path=path)
        assert answer.status_code == 200
        text = answer.content.decode()
        assert known.known["h"].number in text
        for told in (secret.number, str(secret.pk), secret.pk.hex, known.known["g"].number):
            assert told not in text, (path, told)


@pytest.mark.parametrize(("who", "query"), [("xihu", ""), ("signatory", ""), ("wenzhou", "area=330000")])
def test_others_do_not_get_in(known, who, query):
    for path in ("/situation/chains/", "/situation/chains/picture.json", "/situation/chains/links.csv", "/situation/chains/chains.graphml"):  # fmt: skip
        client = Client()
        client.force_login(known.users[who])
        with clock.at(NOW):
            answer = client.get(f"{path}?{query or 'area=330300'}&disease=covid19")
        assert answer.status_code in (403, 404), (who, path)


def test_an_officer_sees_the_page_and_gets_no_files(known):
    answer = page(known, who="officer")
    assert answer.status_code == 200
    assert "links.csv" not in answer.content.decode()
    assert page(known, who="officer", path="/situation/chains/links.csv").status_code == 403


def test_a_case_asked_for_shows_its_cluster_alone(known):
    case = known.known["i"]
    for key in (str(case.pk), case.number, case.number.lower()):
        shown = narrowed(found(known, wanted=Wanted(case=key)))
        assert sorted(names(known, shown)) == ["h", "i", "x"]
        assert tree(known, shown) == {"h": "x", "i": "h"}
        assert [(names(known, shown)[link.infector], names(known, shown)[link.infectee]) for link in shown.links] == [
            ("x", "h"),
            ("h", "i"),
        ]
    with pytest.raises(Refused):
        narrowed(found(known, wanted=Wanted(case="ZZZZZ-ZZZZZ")))


def test_narrowing_changes_what_is_shown_and_not_what_is_true_of_it(known):
    whole = found(known, wanted=Wanted(least=4))
    shown = narrowed(whole)
    assert sorted(names(known, shown)) == ["a", "b", "c", "d", "e", "g"]
    assert tree(known, shown) == {k: v for k, v in tree(known, whole).items() if k in "bcdeg"}
    for n, link in enumerate(shown.tree.link.tolist()):
        if link >= 0:
            assert shown.links[link].infectee == n
            assert shown.links[link].infector == shown.tree.infector[n]


def test_duplicates_and_excluded_cases_leave_the_chain_and_are_counted(known):
    with clock.at(START + timedelta(days=22)):
        services.mark_duplicate(known.known["b"].pk, known.actor("zhejiang"))
    whole = found(known)
    assert "b" not in names(known, whole)
    assert whole.left_out == 3
    assert "3 links are left out" in page(known, "least=1").content.decode()


def test_a_circle_is_cut_and_told(known):
    with clock.at(START + timedelta(days=22)):
        tracing.state_link(known.known["i"].pk, known.known["x"].pk, "possible", known.actor("zhejiang"))
    whole = found(known)
    assert tree(known, whole)["i"] == "h"
    assert "x" not in tree(known, whole)
    text = page(known, "least=1").content.decode()
    assert f"The link from {known.known['i'].number} to {known.known['x'].number} closes a circle" in text


def test_the_picture_holds_the_chains_and_no_names(known):
    data = page(known, "least=1", path="/situation/chains/picture.json").json()
    called = {case.number: name for name, case in known.known.items()}
    who = [called[number] for number in data["number"]]
    links = {(who[a], who[b]) for a, b in zip(data["from"], data["to"], strict=True)}
    assert links == {(a, b) for a, b, *_rest in LINKS}
    assert {who[n]: who[above] for n, above in enumerate(data["infector"]) if above >= 0} == tree(known, found(known))
    first = date.fromisoformat(data["first"])
    for n, name in enumerate(who):
        home, onset, reported, *_rest = CASES[name]
        assert data["onset"][n] == (None if onset is None else (date(2020, 1, 23) + timedelta(days=onset) - first).days)
        assert first + timedelta(days=data["report"][n]) == date(2020, 1, 23) + timedelta(days=reported)
    assert "王" not in str(data)


def test_the_tables_hold_what_the_picture_does(known):
    text = re.sub(r"<[^>]*>", " ", page(known, "least=1").content.decode())
    text = " ".join(text.split())
    for name, case in known.known.items():
        assert case.number in text, name
    assert "王" not in text
    numbers = {name: case.number for name, case in known.known.items()}
    # case, class, home, onset, report with its delay, generation, infector, certainty, setting, infected
    row = text[text.index("Cases in the picture") :]
    row = row[row.index(numbers["b"]) :][:250]
    for part in ("confirmed", "2020-01-28", "2020-01-30", "2 days after onset", numbers["a"], "stated by the source"):
        assert part in row
    assert "1 more possible" in text


def test_the_likely_infectors_of_a_case_are_named(known):
    whole = found(known)
    names_ = names(known, whole)
    hole = whole.holes(whole.without_infector.tolist(), None)[0]
    assert names_[hole.case] == "f"
    assert {names_[candidate.case] for candidate in hole.candidates} == {"a", "x"}  # who fell ill before the third day
    assert sum(candidate.probability for candidate in hole.candidates) == pytest.approx(1)


def test_the_links_as_csv_are_the_links_shown_and_the_export_is_on_record(known):
    answer = page(known, "least=1", path="/situation/chains/links.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="chains-330300-covid19-2020-02-22.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    called = {case.number: name for name, case in known.known.items()}
    told = {(called[row["infector"]], called[row["infectee"]], row["certainty"]) for row in rows}
    assert told == {(a, b, certainty) for a, b, certainty, *_rest in LINKS}
    by_pair = {(called[row["infector"]], called[row["infectee"]]): row for row in rows}
    assert by_pair["x", "h"]["setting"] == "'=HYPERLINK(1)"
    assert (by_pair["b", "d"]["primary"], by_pair["c", "d"]["primary"]) == ("no", "yes")
    assert (by_pair["a", "b"]["interval_days"], by_pair["b", "e"]["interval_days"]) == ("5", "")
    assert {row["known_on"] for row in rows} == {"2020-02-22"}
    event = Event.objects.get(kind="chains.exported")
    assert (event.by_id, event.path) == (known.users["zhejiang"].pk, known.area("330300").path)
    assert event.details["form"] == "csv"
    assert event.details["rows"] == len(LINKS)


def test_the_graphml_file_is_the_graph_shown_and_keeps_to_the_format(known):
    answer = page(known, "least=1", path="/situation/chains/chains.graphml")
    assert answer["Content-Type"] == "application/graphml+xml"
    root = ElementTree.fromstring(answer.content)
    assert root.tag == "{http://graphml.graphdrawing.org/xmlns}graphml"
    keys = {key.get("id"): key for key in root.findall("g:key", GRAPHML)}
    graph = root.find("g:graph", GRAPHML)
    assert graph.get("edgedefault") == "directed"
    # the schema: keys before the graph, ids unique, each datum under a key declared for where it stands and of its type
    assert [child.tag.rpartition("}")[2] for child in root] == ["key"] * len(keys) + ["graph"]
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    read = {"string": str, "int": int, "double": float, "boolean": {"true": True, "false": False}.__getitem__}
    for where in ("graph", "node", "edge"):
        for element in [graph] if where == "graph" else graph.findall(f"g:{where}", GRAPHML):
            for datum in element.findall("g:data", GRAPHML):
                key = keys[datum.get("key")]
                assert key.get("for") == where
                read[key.get("attr.type")](datum.text)
    nodes = {node.get("id"): _values(node, keys) for node in graph.findall("g:node", GRAPHML)}
    called = {case.number: name for name, case in known.known.items()}
    edges = graph.findall("g:edge", GRAPHML)
    pairs = {(called[nodes[edge.get(end)]["label"]] for end in ("source", "target")) for edge in edges}
    assert {
        (called[nodes[edge.get("source")]["label"]], called[nodes[edge.get("target")]["label"]]) for edge in edges
    } == {(a, b) for a, b, *_rest in LINKS}
    assert len(pairs) == len(LINKS)
    assert {values["secondary_cases"] for values in nodes.values()} == {"0", "1", "2"}
    weights = {_values(edge, keys)["certainty"]: float(_values(edge, keys)["weight"]) for edge in edges}
    assert weights["possible"] < weights["probable"] < weights["stated"] == 1
    assert Event.objects.filter(kind="chains.exported", details__form="graphml").count() == 1


def _values(element, keys):
    return {keys[datum.get("key")].get("attr.name"): datum.text for datum in element.findall("g:data", GRAPHML)}


def test_what_a_file_may_not_hold_is_left_out_of_graphml(known):
    wild = 'a<b & "c" \x0b\x00\ufffe 王\U0001f600]]>'
    with clock.at(START + timedelta(days=22)):
        me = known.actor("zhejiang")
        tracing.state_link(known.known["f"].pk, known.known["c"].pk, "possible", me, relation=wild.replace("\x00", ""))
    root = ElementTree.fromstring(chains_files.graphml(found(known)))
    told = [datum.text for datum in root.iter() if datum.get("key") == "edge_relation"]
    assert told == ['a<b & "c"  王\U0001f600]]>']


@pytest.mark.parametrize(
    "query",
    ["as_of=2020-02-05", "certainty=stated", "class=confirmed&least=5", "case=nobody", "since=2020-02-01", "as_of=nonsense",
     "certainty=??&least=x&clusters=999&cases=-1", "disease=ebola", "area=330302001"],
)  # fmt: skip
@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_whatever_is_asked_gets_an_answer_in_words(known, query, language):
    answer = page(known, query, language=language)
    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert ("nobody" in query) or ("nonsense" in query)


def test_too_many_cases_are_refused_in_words(known, monkeypatch):
    monkeypatch.setattr("lianfang.situation.chains.MOST_CASES", 3)
    answer = page(known)
    assert answer.status_code == 422
    assert "more than 3 cases" in answer.content.decode()
    assert page(known, "since=2020-02-04").status_code == 200


def test_the_page_costs_as_many_queries_with_more_cases(known, django_assert_max_num_queries):
    with django_assert_max_num_queries(40):
        page(known, "least=1")
