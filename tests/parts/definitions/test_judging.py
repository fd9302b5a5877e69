"""The machinery of case definitions, on definitions of the tests' own."""

from datetime import date, time
from pathlib import Path

import pytest

from lianfang.definitions.editions import HalfRight, read_disease, read_library
from lianfang.definitions.judging import judge
from lianfang.surveillance.evidence import Evidence, Exposure, LabResult

pytestmark = pytest.mark.pure

WORDS = {
    "symptoms": {"fever": {}, "cough": {}, "pain": {}},
    "signs": {"shadow": {}},
    "exposures": {"contact": {}},
    "tests": {"pcr": {}},
    "results": {"positive": {}, "negative": {}, "inconclusive": {}},
    "stay_end_reasons": {"completed": {}, "died": {}, "moved": {}},
}
FILE = """
code = "imagined"
label = { zh = "假想病", en = "Imagined" }

[criteria.fever]
kind = "symptoms"
any_of = ["fever"]
label = { zh = "发热", en = "fever" }

[criteria.cough_or_pain]
kind = "symptoms"
any_of = ["cough", "pain"]
label = { zh = "咳嗽或疼痛", en = "cough or pain" }

[criteria.contact]
kind = "exposure"
any_of = ["contact"]
within_days = 10
label = { zh = "接触", en = "contact" }

[criteria.found]
kind = "lab"
any_of = ["pcr"]
result = "positive"
label = { zh = "阳性", en = "found" }

[[editions]]
code = "1"
valid_from = 2020-01-01
source = "the tests"
[editions.classes.suspected]
label = { zh = "疑似", en = "suspected" }
counts_as = "suspected"
logic = { at_least = 2, of = ["fever", "cough_or_pain", "contact"] }
[editions.classes.confirmed]
label = { zh = "确诊", en = "confirmed" }
counts_as = "confirmed"
overrides = ["suspected"]
logic = { all = ["class:suspected", "found"] }
"""


def written(tmp_path: Path, text: str = FILE) -> Path:
    path = tmp_path / "imagined.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def edition(tmp_path):
    return read_disease(written(tmp_path), WORDS).editions[0]


DAY = date(2020, 2, 1)


def judged(edition, **evidence):
    return judge(Evidence(**evidence), edition, DAY)


def test_at_least_n_of_the_criteria_make_the_class(edition):
    assert judged(edition, symptoms={"fever": True}).classification == "unclassified"
    assert judged(edition, symptoms={"fever": True, "pain": True}).classification == "suspected"
    assert judged(edition, symptoms={"fever": True}, exposures=[Exposure("contact")]).classification == "suspected"


def test_what_is_missing_is_named_as_denied_or_unknown(edition):
    judgement = judged(edition, symptoms={"fever": False, "cough": True})
    assert judgement.held == ("cough_or_pain",)
    assert judgement.missing["suspected"] == {"fever": "no", "contact": "unknown"}


def test_an_exposure_counts_only_in_its_days_before_onset(edition):
    onset = date(2020, 1, 20)
    for last_on, expected in ((date(2020, 1, 9), "unclassified"), (date(2020, 1, 10), "suspected")):
        told = Exposure("contact", first_on=date(2020, 1, 1), last_on=last_on)
        assert judged(edition, onset_on=onset, symptoms={"fever": True}, exposures=[told]).classification == expected
    late = Exposure("contact", first_on=date(2020, 1, 21))
    assert judged(edition, onset_on=onset, symptoms={"fever": True}, exposures=[late]).classification == "unclassified"


def test_a_stated_class_counts_and_is_marked_until_the_criteria_reach_it(edition):
    stated = judged(edition, declared="suspected", symptoms={"fever": True})
    assert (stated.classification, stated.declared) == ("suspected", True)
    reached = judged(edition, declared="suspected", symptoms={"fever": True, "cough": True})
    assert (reached.classification, reached.declared) == ("suspected", False)


def test_a_stated_suspicion_with_a_positive_result_is_confirmed(edition):
    judgement = judged(edition, declared="suspected", labs=[LabResult("pcr", "positive")])
    assert (judgement.classification, judgement.declared) == ("confirmed", False)


def test_a_class_that_the_edition_does_not_know_counts_for_nothing(edition):
    assert judged(edition, declared="probable", symptoms={"fever": True}).classification == "unclassified"


def test_an_inconclusive_result_says_neither_yes_nor_no(edition):
    told = {"symptoms": {"fever": True, "cough": True}, "labs": [LabResult("pcr", "inconclusive")]}
    assert judged(edition, **told).missing["confirmed"] == {"found": "unknown"}


WRONG = [  # what is changed, line of the report, words in it
    ('kind = "symptoms"\nany_of = ["fever"]', 'kind = "symptom"\nany_of = ["fever"]', 6, "is no kind of criterion"),
    ('any_of = ["cough", "pain"]', 'any_of = ["cough", "pane"]', 12, "not in the vocabulary of symptoms"),
    ('label = { zh = "接触", en = "contact" }', 'label = { zh = "接触" }', 19, "both languages"),
    ("valid_from = 2020-01-01", 'valid_from = "1 January"', 29, "no date"),
    ("at_least = 2", "at_least = 4", 34, "at least 4 of 3"),
    ('"class:suspected", "found"', '"class:suspected", "fond"', 39, "neither a criterion"),
    ('"class:suspected", "found"', '"class:confirmed", "found"', 35, "asks for itself"),
    ('overrides = ["suspected"]', 'overrides = ["suspect"]', 38, "no other class"),
    ('counts_as = "confirmed"', 'counts_as = "confirm"', 37, "counts_as"),
    ('code = "imagined"', 'code = "imaginary"', 2, "not the file's name"),
    ('source = "the tests"', "", 27, "lacks source"),
    ("[[editions]]", "[[editions", 27, "not valid TOML"),
]


@pytest.mark.parametrize(("before", "after", "line", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_a_half_right_file_is_refused_with_its_line_and_a_remedy(tmp_path, before, after, line, words):
    assert before in FILE
    with pytest.raises(HalfRight) as refused:
        read_disease(written(tmp_path, FILE.replace(before, after)), WORDS)
    told = [problem for problem in refused.value.problems if words in problem]
    assert told, refused.value.problems
    assert told[0].startswith(f"imagined.toml:{line}:"), told[0]
    assert ";" in told[0] or "TOML" in told[0]


OBSERVED = """
[editions.observation]
days = 10
check_by = [08:30:00, 19:00:00]
early_end = ["died"]
assumed = ["check_by"]
source = "the tests"
"""


def test_an_edition_names_the_hours_of_check_ins_and_the_reasons_for_an_early_end(tmp_path):
    later = """
[[editions]]
code = "2"
valid_from = 2020-03-01
source = "the tests"
classes = {}
"""
    disease = read_disease(written(tmp_path, FILE + OBSERVED + later), WORDS)
    observation = disease.editions[0].observation
    assert (observation.check_by, observation.early_end) == ((time(8, 30), time(19)), ("died",))
    assert observation.assumed == ("check_by",)
    assert disease.edition_on(date(2020, 3, 1)).observation is None
    assert disease.observation_on(date(2020, 3, 1)) == observation  # whoever is observed still owes check-ins
    assert read_disease(written(tmp_path, FILE), WORDS).observation_on(DAY) is None


@pytest.mark.parametrize(
    ("before", "after", "line", "words"),
    [
        ("check_by = [08:30:00, 19:00:00]", "", 41, "lacks check_by"),
        ("check_by = [08:30:00, 19:00:00]", "check_by = []", 43, "no list of hours"),
        ("check_by = [08:30:00, 19:00:00]", 'check_by = ["8.30"]', 43, "no list of hours"),
        ("check_by = [08:30:00, 19:00:00]", "check_by = [19:00:00, 08:30:00]", 43, "not in order"),
        ("check_by = [08:30:00, 19:00:00]", "check_by = [19:00:00, 19:00:00]", 43, "each once"),
        ("check_by = [08:30:00, 19:00:00]", "check_by = [19:00:00]\nchecks_a_day = 2", 44, "nobody reads"),
        ('early_end = ["died"]', 'early_end = ["bored"]', 44, "no reason for an early end"),
        ('early_end = ["died"]', 'early_end = ["completed"]', 44, "no reason for an early end"),
        ('early_end = ["died"]', "", 41, "lacks early_end"),
        ('assumed = ["check_by"]', 'assumed = ["fever_from_celsius"]', 45, "nothing that stands here"),
        ("days = 10", "days = 0", 42, "no whole number"),
    ],
)
def test_half_right_words_on_observation_are_refused(tmp_path, before, after, line, words):
    assert before in OBSERVED
    with pytest.raises(HalfRight) as refused:
        read_disease(written(tmp_path, FILE + OBSERVED.replace(before, after)), WORDS)
    (told,) = refused.value.problems
    assert words in told
    assert told.startswith(f"imagined.toml:{line}:")


def test_all_that_is_wrong_in_a_folder_is_told_at_once(tmp_path):
    folder = tmp_path / "vocabularies"
    folder.mkdir()
    (folder / "symptoms.toml").write_text('fever = { zh = "发热" }\ncough = { en = "cough" }\n', encoding="utf-8")
    with pytest.raises(HalfRight) as refused:
        read_library(tmp_path)
    assert [problem.split(":")[1] for problem in refused.value.problems] == ["1", "2"]


SILENT = """
[criteria.silent]
kind = "no_symptoms"
label = { zh = "无症状", en = "no symptoms" }
[editions.classes.silent]
label = { zh = "无症状感染者", en = "asymptomatic" }
counts_as = "case"
overrides = ["suspected"]
logic = { all = ["silent", "found"] }
"""


def test_a_stated_class_says_nothing_of_classes_that_it_only_takes_the_place_of(tmp_path):
    criterion, of_class = SILENT.split("[editions.", 1)
    text = FILE.replace("[[editions]]", f"{criterion}\n[[editions]]") + f"\n[editions.{of_class}"
    text = text.replace(
        'overrides = ["suspected"]\nlogic = { all = ["class',
        'overrides = ["suspected", "silent"]\nlogic = { all = ["class',
    )
    edition = read_disease(written(tmp_path, text), WORDS).editions[0]
    told = {"asymptomatic": True, "exposures": [Exposure("contact")], "labs": [LabResult("pcr", "positive")]}
    assert judged(edition, declared="silent", **told).classification == "silent"
    assert judged(edition, declared="suspected", **told).classification == "confirmed"
