"""What the columns of a file may mean: suggestions with a confidence and a reason, and the questions left to a person.

A suggestion rests on the header's words and on the values below it. Values alone are enough for ID and telephone
numbers and for closed vocabularies; a column of dates without a telling header is never guessed at.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from . import ages, identity, measures, symptoms, vocabulary
from .dates import DateStyle, OrderDecision, OrderEvidence, ReadDate, read_date
from .fields import FIELDS, INFECTEE, INFECTOR, PLACE_KEYS, SIDES, header_matches, header_words
from .findings import UNKNOWN, Finding, note, uncertain
from .mapping import COUNTED_AS, OTHER, ColumnMapping, Kind, Mapping
from .plain import folded, is_unknown, plain
from .tables import Table

DISTINCT_LIMIT = 2_000
LOOKED_AT = 150  # distinct values that are tried with a parser


@dataclass
class ColumnValues:
    """What was seen in one column: how many cells were filled, and the commonest texts."""

    header: str
    filled: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    overflowing: bool = False  # more distinct texts than are kept
    codes: dict[str, str] = field(default_factory=dict)  # what the header says its numbers mean
    evidence: OrderEvidence = field(default_factory=OrderEvidence)

    @property
    def distinct(self) -> int:
        return len(self.counts)

    @property
    def all_different(self) -> bool:
        """Whether no text was seen twice, among those that were kept."""
        return self.filled > 1 and all(times == 1 for times in self.counts.values())

    def samples(self, count: int = LOOKED_AT) -> list[str]:
        """The commonest texts that say something."""
        return [text for text, _times in self.counts.most_common(count * 2) if not is_unknown(plain(text).lower())][
            :count
        ]


@dataclass
class Survey:
    """One pass over all rows of a table: enough to suggest a mapping and to decide date orders by whole columns."""

    headers: tuple[str, ...]
    columns: list[ColumnValues]
    rows: int = 0
    title: tuple[str, ...] = ()
    name: str = ""
    epoch_1904: bool = False
    first_rows: list[list[str]] = field(default_factory=list)
    not_decreasing: list[bool] = field(default_factory=list)
    sums_of_others: list[bool] = field(default_factory=list)


@dataclass(frozen=True)
class Suggestion:
    """What one column may mean: a mapping for it, how sure (0 to 1), why, what else it may be, and what is open."""

    column: str
    mapping: ColumnMapping
    confidence: float
    reason: Finding
    alternatives: tuple[tuple[str, float], ...] = ()
    samples: tuple[str, ...] = ()
    questions: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Draft:
    """A suggested mapping of a whole file, column by column, with the questions that concern all of it."""

    mapping: Mapping
    suggestions: tuple[Suggestion, ...]
    kind_reason: Finding
    questions: tuple[Finding, ...] = ()


def survey(table: Table, limit: int | None = None) -> Survey:
    """Look at every row of a table, or at the first ``limit``."""
    return survey_rows(
        table.headers,
        (row.cells for row in table.rows() if row.problem is None),
        limit=limit,
        title=table.title,
        name=table.name,
        epoch_1904=table.epoch_1904,
    )


def survey_rows(
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    limit: int | None = None,
    title: tuple[str, ...] = (),
    name: str = "",
    epoch_1904: bool = False,
) -> Survey:
    """The same from rows in memory."""
    columns = [ColumnValues(header, codes=codes_told(header)) for header in headers]
    counters = [column.counts for column in columns]
    seen = Survey(tuple(headers), columns, 0, title, name, epoch_1904)
    open_columns = list(enumerate(counters))
    for cells in rows:
        if limit is not None and seen.rows >= limit:
            break
        seen.rows += 1
        if len(seen.first_rows) < 400:
            seen.first_rows.append(list(cells))
        for position, counter in open_columns:
            text = cells[position]
            if text:
                counter[text] += 1
        if seen.rows % 256 == 0:
            full = [(p, c) for p, c in open_columns if len(c) > DISTINCT_LIMIT]
            for position, counter in full:
                # Too many different texts to keep: dates written with their time still tell their order.
                columns[position].overflowing = True
                columns[position].filled = sum(counter.values())
            if full:
                late = {position for position, _counter in full}
                open_columns = [entry for entry in open_columns if entry[0] not in late]
    for column in columns:
        if not column.overflowing:
            column.filled = sum(times for text, times in column.counts.items() if text.strip())
        for text, times in column.counts.items():
            if any(char.isdigit() for char in text):
                column.evidence.add(text, times)
    _look_at_counts(seen)
    return seen


def _look_at_counts(seen: Survey) -> None:
    """Which numeric columns never go down, and which are the sum of the others."""
    width = len(seen.headers)
    numbers: list[list[int | None]] = []
    for position in range(width):
        read = [measures.read_count(row[position]) for row in seen.first_rows]
        numbers.append([value if isinstance(value, int) else None for value in read])
    seen.not_decreasing = []
    for column in numbers:
        told = [value for value in column if value is not None]
        rising = sum(a <= b for a, b in zip(told, told[1:], strict=False)) >= 0.95 * (len(told) - 1)
        seen.not_decreasing.append(
            len(told) >= 8 and rising and told[-1] > 3 * max(told[0], 1) and len(set(told)) > len(told) / 3
        )
    counting = [p for p in range(width) if numbers[p] and all(v is not None for v in numbers[p])]
    seen.sums_of_others = [False] * width
    for position in counting:
        others = [p for p in counting if p != position]
        if len(others) >= 2 and any(numbers[position]):
            seen.sums_of_others[position] = all(
                numbers[position][i] == sum(numbers[p][i] or 0 for p in others) for i in range(len(seen.first_rows))
            )


_TOLD_CODE = re.compile(r"(?<!\d)(\d{1,2})\s*[=:.、\-]?\s*([A-Za-z\u4e00-\u9fff][^\d,;、/|=:()]*)")


def codes_told(header: str) -> dict[str, str]:
    """What a header says that its numbers mean.

    >>> codes_told("性别（1=男，2=女）"), codes_told("outcome [1: alive, 2: dead]"), codes_told("14天内旅居史")
    ({'1': '男', '2': '女'}, {'1': 'alive', '2': 'dead'}, {})
    """
    found = {number: word.strip(" .") for number, word in _TOLD_CODE.findall(plain(header))}
    return found if len(found) > 1 and len(set(found.values())) == len(found) else {}


# ------------------------------------------------------------------------------------------------------ what values say


def _readable(column: ColumnValues, reader: Callable[[str], Any]) -> float:
    """Share of the column's cells that a parser can read, for certain or with a doubt that it names."""
    good = total = 0
    for text in column.samples():
        times = column.counts[text]
        read = reader(column.codes.get(plain(text), text))
        if read is None or read is UNKNOWN:
            continue
        total += times
        if not isinstance(read, Finding) or read.severity != "refused":
            good += times
    return good / total if total else 0.0


def _loosely_dated(text: str) -> Any:
    return read_date(text, DateStyle(year=2020))


_READERS: dict[str, Callable[[str], Any]] = {
    "date": _loosely_dated,
    "age": ages.read_age,
    "sex": vocabulary.read_sex,
    "yes_no": vocabulary.read_yes_no,
    "symptom_flag": vocabulary.read_yes_no,
    "outcome": vocabulary.read_outcome,
    "severity": vocabulary.read_severity,
    "classification": vocabulary.read_classification,
    "certainty": vocabulary.read_certainty,
    "lab_result": vocabulary.read_lab_result,
    "temperature": measures.read_temperature,
    "phone": identity.read_phone,
    "id_number": identity.read_id_number,
    "coordinate": measures.read_coordinate,
    "count": measures.read_count,
}


def _all_continents(column: ColumnValues) -> bool:
    return {text.lower() for text in column.samples()} <= _CONTINENTS


_CONTINENTS = {
    "asia",
    "europe",
    "africa",
    "north america",
    "south america",
    "oceania",
    "亚洲",
    "欧洲",
    "非洲",
    "北美洲",
    "南美洲",
    "大洋洲",
}


# Asked with yes or no: whether the patient died.
_DIED = frozenset(
    {"是否死亡", "死亡", "died", "deceased", "verstorben", "deces", "decede", "obito", "fallecido", "fallecida"}
)


def _all_days(column: ColumnValues) -> bool:
    return (_share(column, "date") or 0) > 0.8 and (_share(column, "count") or 0) < 0.8


def _only_yes_or_no(column: ColumnValues) -> bool:
    return bool(column.samples(1)) and column.distinct <= 8 and _readable(column, vocabulary.read_yes_no) > 0.95


_AREA_CODE = re.compile(r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|7[01]|8[123])\d{4}(?:\d{2,3}|\d{6})?(?:\.0)?")


def _share(column: ColumnValues, reads: str) -> float | None:
    """How much of a column reads as a kind of value; None where any text would do."""
    if not column.samples(1):
        return None
    if reads == "area_code":
        return _readable(
            column,
            lambda text: (
                text
                if re.fullmatch(r"[A-Za-z]{0,4}[\d.\-]+[A-Za-z]?", plain(text))
                else uncertain("x").__class__("x", "refused")
            ),
        )
    if reads == "setting":
        return _readable(
            column, lambda t: t if vocabulary._key(plain(t)) in vocabulary.CONTACT_SETTINGS else Finding("x", "refused")
        )
    if reads == "symptoms":
        return _readable(
            column,
            lambda t: (
                t
                if symptoms.codes_in(plain(t).lower()) or symptoms.NO_SYMPTOMS.search(plain(t).lower())
                else Finding("x", "refused")
            ),
        )
    if reads == "age_unit":
        return _readable(column, lambda t: t if folded(plain(t).lower()) in AGE_UNITS else Finding("x", "refused"))
    reader = _READERS.get(reads)
    return None if reader is None else _readable(column, reader)


AGE_UNITS: dict[str, ages.AgeUnit] = {
    "岁": "years", "年": "years", "周岁": "years", "years": "years", "year": "years", "y": "years", "yr": "years", "yrs": "years",
    "an": "years", "ans": "years", "ano": "years", "anos": "years", "jahr": "years", "jahre": "years",
    "月": "months", "个月": "months", "月龄": "months", "months": "months", "month": "months", "m": "months", "mo": "months",
    "mois": "months", "mes": "months", "meses": "months", "monat": "months", "monate": "months",
    "周": "weeks", "weeks": "weeks", "week": "weeks", "w": "weeks",
    "semaine": "weeks", "semaines": "weeks", "semana": "weeks", "semanas": "weeks", "woche": "weeks", "wochen": "weeks",
    "天": "days", "日": "days", "日龄": "days", "days": "days", "day": "days", "d": "days",
    "jour": "days", "jours": "days", "dia": "days", "dias": "days", "tag": "days", "tage": "days",
}  # fmt: skip


@dataclass(frozen=True)
class _Option:
    """One field that one column may be."""

    position: int
    key: str
    side: str
    score: float
    reason: Finding
    word: str = ""


def _options(position: int, column: ColumnValues, seen: Survey) -> list[_Option]:
    found: list[_Option] = []
    for match in header_matches(column.header):
        reads = FIELDS[match.key].reads
        share = _share(column, reads)
        score, reason = match.score, note("import.map_by_header", word=match.word)
        if column.filled == 0:
            score *= 0.9
            reason = note("import.map_by_header_empty", word=match.word)
        elif share is not None:
            percent = round(100 * share)
            if share >= 0.8:
                score = min(1.0, score + (0.12 if score < 0.9 else 0))
                reason = note("import.map_by_header_and_values", word=match.word, percent=percent)
            elif share >= 0.3:
                score *= 0.8
                reason = uncertain("import.map_values_mixed", word=match.word, percent=percent)
            elif match.key == "outcome" and match.word in _DIED and _only_yes_or_no(column):
                score *= 0.9
                reason = note("import.map_by_header_and_values", word=match.word, percent=100)
            elif reads == "date" and (_share(column, "count") or 0) > 0.95:
                score *= 0.55  # days counted from some day
                reason = uncertain("import.map_counted_days", word=match.word)
            else:
                score *= 0.25
                reason = uncertain("import.map_values_differ", word=match.word, percent=percent)
        elif reads == "place" and _all_continents(column):
            continue
        elif match.score < 0.9 and _all_days(column):
            continue  # “exposure end” in a column of days is no account of an exposure
        elif _only_yes_or_no(column) and (reads == "text" or (reads == "local_id" and not column.all_different)):
            score *= 0.7
        if reads == "local_id" and not column.all_different and match.key == "local_id":
            score *= 0.75
        if match.key == "count" and (share or 0) < 0.9:
            score *= 0.4
        found.append(_Option(position, match.key, match.side, round(score, 3), reason, match.word))
    if _holds_sentences(column):
        return [_Option(position, "sentence", "", 0.9, note("import.map_sentences"))]
    found = [option for option in found if option.key != "sentence"]
    best = max((option.score for option in found), default=0)
    if best < 0.55 and column.filled:
        found += _by_values(position, column)
    return sorted(found, key=lambda option: -option.score)


_PERSON_IN_SHORT = re.compile(r"\s*[男女]性?\s*[,，、 ]\s*\d{1,3}\s*(?:岁|个月)\s*(?:[,，、。].{0,40})?")
_CASE_SENTENCE = re.compile(r"[男女].{0,8}\d+岁|\d+岁.{0,8}[男女]|确诊.*(?:发热|咳嗽|症状)")


def _holds_sentences(column: ColumnValues) -> bool:
    """Whether the cells are whole case descriptions."""
    samples = column.samples(60)
    fitting = sum(bool(_PERSON_IN_SHORT.fullmatch(t) or (len(t) > 18 and _CASE_SENTENCE.search(t))) for t in samples)
    return len(samples) > 1 and fitting > 0.6 * len(samples)


def _by_values(position: int, column: ColumnValues) -> list[_Option]:
    """What values alone can tell."""
    samples = column.samples()
    found: list[_Option] = []
    if len(samples) < 2:
        return found

    def all_read(reader: Callable[[str], Any], least: float = 0.9) -> float:
        share = _readable(column, reader)
        return share if share >= least else 0.0

    def told(key: str, score: float, share: float) -> None:
        found.append(_Option(position, key, "", score, note("import.map_by_values", percent=round(100 * share))))

    if share := all_read(
        lambda t: (
            t
            if re.fullmatch(r"\d{17}[\dXx]", plain(t)) and not isinstance(identity.read_id_number(t), Finding)
            else Finding("x", "refused")
        ),
        0.6,
    ):
        told("id_number", 0.8, share)
    elif share := all_read(
        lambda t: t if re.fullmatch(r"(?:\+?86)?1[3-9]\d{9}", plain(t).replace(" ", "")) else Finding("x", "refused")
    ):
        told("phone", 0.75, share)
    elif share := all_read(lambda t: t if _AREA_CODE.fullmatch(plain(t)) else Finding("x", "refused")):
        told("area_code", 0.6, share)
    elif (
        set(map(str.lower, samples)) <= {"男", "女", "male", "female", "m", "f", "男性", "女性"}
        and column.distinct <= 8
    ):
        told("sex", 0.8, 1.0)
    else:
        for key, reader, least in (
            ("classification", vocabulary.read_classification, 0.95),
            ("outcome", vocabulary.read_outcome, 0.95),
            ("severity", vocabulary.read_severity, 0.95),
        ):
            if (
                column.distinct <= 30
                and (share := all_read(reader, least))
                and not all(vocabulary._key(t) in vocabulary.YES_NO for t in samples)
            ):
                told(key, 0.6, share)
                break
        else:
            if share := all_read(lambda t: t if symptoms.codes_in(plain(t).lower()) else Finding("x", "refused"), 0.85):
                told("symptoms", 0.6, share)
    return found


# ------------------------------------------------------------------------------------------------------------- the kind


def detect_kind(seen: Survey) -> tuple[Kind, Finding]:
    """Whether a file lists cases, links between cases, pairs of cases, or counts by day, and why it seems so."""
    keys: set[tuple[str, str]] = set()
    dates = numbers = 0
    for column in seen.columns:
        for match in header_matches(column.header)[:3]:
            if match.score >= 0.8:
                keys.add((match.side, match.key))
        share_date = _share(column, "date") or 0
        share_count = _share(column, "count") or 0
        dates += share_date > 0.8 and share_count < 0.8
        numbers += share_count > 0.95
    sided = {side for side, key in keys if side and key not in ("infector_id", "infectee_id")}
    plain_keys = {key for side, key in keys if not side}
    both_ids = {"infector_id", "infectee_id"} <= plain_keys
    if both_ids and sided == set(SIDES):
        return "pairs", note("import.kind_pairs")
    case_facts = plain_keys & {
        "age",
        "sex",
        "onset_date",
        "name",
        "birth_date",
        "admission_date",
        "outcome",
        "report_date",
        "confirm_date",
        "rash_date",
        "symptoms",
    }
    if both_ids and not case_facts:
        return "links", note("import.kind_links")
    if "infector_id" in plain_keys and "local_id" in plain_keys and not case_facts and len(seen.columns) <= 8:
        return "links", note("import.kind_links")
    counting = [
        c
        for c in seen.columns
        if (_share(c, "count") or 0) > 0.95
        and any(m.key == "count" and m.score > 0.3 for m in header_matches(c.header))
    ]
    person = plain_keys & {"age", "sex", "name", "birth_date", "id_number", "local_id", "symptoms", "phone", "case"} - {
        "local_id"
    }
    day_columns = [c for c in seen.columns if (_share(c, "date") or 0) > 0.8 and (_share(c, "count") or 0) < 0.8]
    if counting and len(day_columns) == 1 and not person and day_columns[0].all_different:
        return "counts", note("import.kind_counts", columns=len(counting))
    if "infector_id" in plain_keys:
        return "cases", note("import.kind_cases_and_links")
    return "cases", note("import.kind_cases")


# ---------------------------------------------------------------------------------------------------------- suggestions


def suggest_mapping(headers: Sequence[str], sample_rows: Sequence[Sequence[str]]) -> list[Suggestion]:
    """A suggestion for each column from a few rows in memory. ``draft`` does the same for a table, with all its rows."""
    return list(draft(survey_rows(headers, sample_rows)).suggestions)


def draft(seen: Survey, kind: Kind | None = None) -> Draft:
    """A mapping for the whole file, as far as it can be told, and what a person has to say."""
    found_kind, kind_reason = detect_kind(seen)
    kind = kind or found_kind
    chosen: dict[int, _Option] = {}
    named = frozenset(plain(header).lower() for header in seen.headers)
    options = [_options(position, column, seen) for position, column in enumerate(seen.columns)]
    options = [
        [fitted for option in listed if (fitted := _for_kind(option, kind, named)) is not None] for listed in options
    ]
    if kind in ("links", "pairs"):
        options = [_source_or_setting(listed, seen, kind) for listed in options]
    taken: set[tuple[str, str]] = set()
    for option in sorted((o for listed in options for o in listed), key=lambda o: (-o.score, o.position)):
        if option.position in chosen or option.score < 0.4:
            continue
        place = (option.side, _unit_of(option.key, seen.columns[option.position].header))
        if place in taken and not FIELDS[option.key].many:
            continue
        chosen[option.position] = option
        taken.add(place)
    _drop_weak_places(chosen, seen)
    _row_number_as_id(chosen, seen, kind)
    suggestions = tuple(
        _suggestion(position, column, chosen.get(position), options[position], seen, kind)
        for position, column in enumerate(seen.columns)
    )
    suggestions = _same_order(suggestions)
    mapping = Mapping(kind=kind, columns=tuple(entry.mapping for entry in suggestions))
    return Draft(mapping, suggestions, kind_reason, tuple(_questions(mapping, seen)))


def _for_kind(option: _Option, kind: Kind, headers: frozenset[str]) -> _Option | None:
    subject = FIELDS[option.key].subject
    if kind == "links" and option.key == "local_id" and not option.side:
        return replace(option, key="infectee_id", score=option.score - 0.05)
    if kind == "counts":
        return option if subject == "count" or option.key in (*PLACE_KEYS, "area_code", "notes") else None
    if kind == "cases" and option.key == "count_date":
        # A day and no word of what: that of sampling in a list of sequences, else most likely that of the report.
        return replace(option, key="sampled_date" if "strain" in headers else "report_date", score=0.5 * option.score)
    if subject == "count":
        return None
    if (
        kind == "links"
        and subject == "case"
        and option.key not in ("local_id", "source", "notes", "exposure_date", *PLACE_KEYS)
    ):
        return None
    if kind == "cases":
        if option.side:
            return (
                replace(option, side="", key=option.key, score=option.score * 0.4) if option.side == INFECTEE else None
            )
        if option.key == "infectee_id":
            return replace(option, key="local_id", score=option.score * 0.8)
    if (
        kind == "pairs"
        and not option.side
        and subject == "case"
        and option.key not in ("source", "notes", "disease", "cluster", "household_id")
    ):
        return replace(option, score=option.score * 0.5)
    return option


def _source_or_setting(options: list[_Option], seen: Survey, kind: Kind) -> list[_Option]:
    """In a file of links, “source” and “location” often say where the infection happened rather than who says so."""
    for index, option in enumerate(options):
        if option.side or option.key not in ("source", *PLACE_KEYS):
            continue
        if (share := _share(seen.columns[option.position], "setting") or 0) > 0.5:
            reason = note("import.map_by_values", percent=round(100 * share))
            options[index] = replace(option, key="setting", score=0.7, reason=reason)
        elif kind == "links" and option.key != "source":
            options[index] = replace(option, score=0.0)  # a link has no place of its own: the column is kept as it is
    return sorted(options, key=lambda option: -option.score)


def _drop_weak_places(chosen: dict[int, _Option], seen: Survey) -> None:
    """A second set of place columns (a cleaned copy beside the original) would contradict the first."""
    by_key: dict[tuple[str, str], list[_Option]] = {}
    for option in chosen.values():
        if option.key in PLACE_KEYS:
            by_key.setdefault((option.side, option.key), []).append(option)
    for listed in by_key.values():
        for option in sorted(listed, key=lambda o: (-o.score, o.position))[1:]:
            del chosen[option.position]


def _row_number_as_id(chosen: dict[int, _Option], seen: Survey, kind: Kind) -> None:
    """Where nothing else names the cases, the running number does, with little confidence: re-sorting changes it."""
    if kind != "cases" or any(option.key == "local_id" for option in chosen.values()):
        return
    for position, option in chosen.items():
        if option.key == "row_number" and seen.columns[position].all_different:
            chosen[position] = replace(option, key="local_id", score=0.5, reason=uncertain("import.map_row_number"))
            return


def _suggestion(
    position: int, column: ColumnValues, option: _Option | None, options: list[_Option], seen: Survey, kind: Kind
) -> Suggestion:
    samples = tuple(text for text, _times in column.counts.most_common(8))
    alternatives = tuple(
        (f"{o.side}.{o.key}" if o.side else o.key, o.score)
        for o in options
        if o.score >= 0.3 and (option is None or (o.side, o.key) != (option.side, option.key))
    )[:4]
    if option is None:
        reason = note("import.map_kept") if column.filled else note("import.map_kept_empty")
        return Suggestion(column.header, ColumnMapping(column.header, OTHER), 0.0, reason, alternatives, samples)
    mapping = ColumnMapping(column.header, option.key, option.side)
    questions: list[Finding] = []
    reads = FIELDS[option.key].reads
    if reads == "date":
        mapping, questions = _date_options(mapping, column, seen)
    elif reads == "sentence":
        mapping, questions = _sentence_options(mapping, column, seen)
    elif reads == "age":
        mapping = replace(mapping, unit=_unit_in(column.header))
    elif reads == "symptom_flag":
        mapping = replace(mapping, symptom=option.word)
    elif reads == "count":
        mapping, questions = _count_options(mapping, column, position, seen)
    elif reads in ("sex", "yes_no", "symptom_flag", "classification", "outcome", "severity", "lab_result"):
        answers, questions = _meanings(column, option)
        mapping = replace(mapping, answers=answers)
    return Suggestion(
        column.header, mapping, round(min(option.score, 1.0), 2), option.reason, alternatives, samples, tuple(questions)
    )


def _unit_of(key: str, header: str) -> str:
    """A field's key; of an age with its unit, since lists of children ask for years and for months."""
    return f"{key} {_unit_in(header)}" if key == "age" else key


def _unit_in(header: str) -> ages.AgeUnit:
    words = header_words(header)
    for word in (
        words.brackets,
        *words.ordered,
        words.chinese[-1:] if words.chinese.endswith(("月龄", "日龄")) else "",
    ):
        if word in AGE_UNITS and AGE_UNITS[word] != "years":
            return AGE_UNITS[word]
    return "months" if words.chinese.endswith("月龄") else "days" if words.chinese.endswith("日龄") else "years"


def _sentence_options(
    mapping: ColumnMapping, column: ColumnValues, seen: Survey
) -> tuple[ColumnMapping, list[Finding]]:
    """Sentences write days without a year: it is that of the file's name or title, or a question."""
    example = next(
        (match.group() for text in column.samples(30) if (match := re.search(r"\d{1,2}月\d{1,2}", text))), ""
    )
    dated = any(
        match.key in ("report_date", "confirm_date") and match.score > 0.9 and not match.side and other.filled
        for other in seen.columns
        for match in header_matches(other.header)
    )
    if not example or dated:  # a day of the row itself gives the year to those of its sentence
        return mapping, []
    published = day_named((seen.name, *seen.title))
    if published is not None:
        told = note("import.year_from_name", published, day=str(published), example=example)
        return replace(mapping, not_after=published), [told.at(column.header, mapping.field, example)]
    years = tuple(_years_elsewhere(seen, column.header))
    return mapping, [_year_asked(years, example).at(column.header, mapping.field, example)]


def _year_asked(years: tuple[Any, ...], example: str) -> Finding:
    """The question which year is meant, with the years that the file itself suggests."""
    if years:
        return uncertain("import.year_open", choices=years, example=example)
    return uncertain("import.year_unknown", example=example)


def _date_options(mapping: ColumnMapping, column: ColumnValues, seen: Survey) -> tuple[ColumnMapping, list[Finding]]:
    questions: list[Finding] = []
    decision: OrderDecision = column.evidence.decide()
    if decision.order is not None:
        mapping = replace(mapping, order=decision.order)
    if decision.open:
        asked = uncertain(
            decision.reason, choices=decision.possible, example=decision.example, against=decision.against
        )
        questions.append(asked.at(column.header, mapping.field, decision.example))
    elif decision.against:
        told = note("import.order_slips", decision.order, order=decision.order, against=decision.against)
        questions.append(told.at(column.header, mapping.field, decision.example))
    style = replace(mapping.date_style(), epoch_1904=seen.epoch_1904)
    if seen.epoch_1904:
        mapping = replace(mapping, epoch_1904=True)
    yearless = [
        t
        for t in column.samples()
        if isinstance(r := read_date(t, style), Finding) and r.code == "import.date_year_missing"
    ]
    published = day_named((seen.name, *seen.title))
    if yearless and published is not None and not mapping.date_style().birth:
        mapping = replace(mapping, not_after=published)
        told = note("import.year_from_name", published, day=str(published), example=yearless[0])
        questions.append(told.at(column.header, mapping.field, yearless[0]))
    elif yearless:
        years = _years_elsewhere(seen, column.header)
        questions.append(_year_asked(tuple(years), yearless[0]).at(column.header, mapping.field, yearless[0]))
    bare = [
        t
        for t in column.samples()
        if isinstance(r := read_date(t, style), Finding) and r.code == "import.date_bare_number"
    ]
    if bare and sum(column.counts[t] for t in bare) > 0.5 * column.filled:
        questions.append(uncertain("import.day_zero_open", example=bare[0]).at(column.header, mapping.field, bare[0]))
    return mapping, questions


_FULL_DAY = re.compile(
    r"(?<!\d)((?:19|20)\d{2})[-_./年]?\s*(0[1-9]|1[0-2]|[1-9](?=[-_./月]))[-_./月]?\s*(0[1-9]|[12]\d|3[01]|[1-9](?=\D|$))(?!\d)"
)


def day_named(texts: Iterable[str]) -> date | None:
    """The day that a file's name and title name, when they name just one: the list was made on it."""
    days = set()
    for text in texts:
        for match in _FULL_DAY.finditer(plain(text)):
            try:
                days.add(date(int(match[1]), int(match[2]), int(match[3])))
            except ValueError:
                continue
    return days.pop() if len(days) == 1 else None


def with_year_of_name(mapping: Mapping, texts: Iterable[str]) -> Mapping:
    """The mapping with the day that a name or title names as the last that dates without a year can mean."""
    day = day_named(texts)
    if day is None:
        return mapping
    return replace(
        mapping,
        columns=tuple(
            replace(entry, not_after=day)
            if entry.year is None and entry.not_after is None and _may_lack_year(entry)
            else entry
            for entry in mapping.columns
        ),
    )


def _may_lack_year(entry: ColumnMapping) -> bool:
    return entry.field in FIELDS and FIELDS[entry.field].reads in ("date", "sentence") and entry.field != "birth_date"


def _years_elsewhere(seen: Survey, header: str) -> list[int]:
    """Years that the title, the file name and the other columns name."""
    years = {
        int(year)
        for text in (*seen.title, seen.name)
        for year in re.findall(r"(?<!\d)((?:19|20)\d{2})(?=年|[-_./]|$|\D|(?:0[1-9]|1[0-2])\d{2})", text)
    }
    for column in seen.columns:
        if column.header == header:
            continue
        for text in column.samples(30):
            read = read_date(text)
            if isinstance(read, ReadDate) and read.note != "serial" and read.earliest:
                years.add(read.earliest.year)
    return sorted(year for year in years if 1950 <= year <= 2100)


def _meanings(column: ColumnValues, option: _Option) -> tuple[dict[str, str], list[Finding]]:
    """What the column's own cells or header say that its shorter answers mean, and what is left to ask."""
    reads = FIELDS[option.key].reads
    texts = {text: plain(text) for text in column.counts if text.strip()}
    if option.word in _DIED and _only_yes_or_no(column):
        read = {text: vocabulary.read_yes_no(text) for text in texts}
        answers = {text: "died" if told == "yes" else "" for text, told in read.items() if isinstance(told, str)}
        return answers, [note("import.died_by_yes").at(column.header, option.key, "")]
    words = {cell.lower() for cell in texts.values()}
    if reads == "sex" and "m" in words and words & {"h", "hombre"} and not words & {"f", "masculino"}:
        told = note("import.sex_m_beside_h").at(column.header, option.key, "M")
        return {text: "mujer" for text, cell in texts.items() if cell.lower() == "m"}, [told]
    answers = {text: column.codes[cell] for text, cell in texts.items() if cell in column.codes}
    if answers:
        codes = ", ".join(f"{number} = {word}" for number, word in column.codes.items())
        return answers, [
            note("import.codes_in_header", codes=codes).at(column.header, option.key, ""),
            *_coded(column, reads),
        ]
    return {}, _coded(column, reads)


def _coded(column: ColumnValues, reads: str) -> list[Finding]:
    """Numbers that stand for words: what they mean is for a person to say, once."""
    numbers = [
        text
        for text in column.samples()
        if re.fullmatch(r"\d{1,2}(?:\.0)?", plain(text)) and plain(text) not in column.codes
    ]
    if not numbers or (reads in ("yes_no", "symptom_flag") and set(numbers) <= {"0", "1"}):
        return []
    return [
        uncertain("import.codes_open", numbers=", ".join(sorted(numbers)[:12])).at(column.header, reads, numbers[0])
    ]


_COUNT_WORDS = frozenset({"case", "cases", "count", "counts", "number", "of", "new", "n", "no", "daily", "total"})
_CATEGORY_OF = {
    "travel": ("exposure", "travel"), "imported": ("origin", "imported"), "local": ("origin", "local"), "household": ("setting", "household"),
    "healthcare": ("setting", "healthcare"), "hospital": ("setting", "healthcare"), "confirmed": ("classification", "confirmed"), "suspected": ("classification", "suspected"),
    "probable": ("classification", "probable"), "asymptomatic": ("classification", "asymptomatic"), "male": ("sex", "male"), "female": ("sex", "female"),
    "确诊": ("classification", "confirmed"), "疑似": ("classification", "suspected"), "无症状": ("classification", "asymptomatic"),
    "无症状感染者": ("classification", "asymptomatic"), "输入": ("origin", "imported"), "境外输入": ("origin", "imported"), "本土": ("origin", "local"), "本地": ("origin", "local"),
}  # fmt: skip
_NOT_CASES = re.compile(
    r"death|died|dead|recover|discharg|cured|test|contact|hospitali|icu|死亡|治愈|出院|密接|检测|密切接触"
)


def _count_options(
    mapping: ColumnMapping, column: ColumnValues, position: int, seen: Survey
) -> tuple[ColumnMapping, list[Finding]]:
    words = header_words(column.header)
    questions: list[Finding] = []
    if _NOT_CASES.search(column.header.lower()):
        return replace(mapping, field=OTHER), [note("import.count_not_cases").at(column.header, OTHER, "")]
    if seen.sums_of_others and seen.sums_of_others[position]:
        return replace(mapping, field=OTHER), [note("import.count_is_sum").at(column.header, OTHER, "")]
    left = " ".join(word for word in words.ordered if word not in _COUNT_WORDS)
    chinese = re.sub(r"新增|累计|病例|例数|人数|数$|当日", "", words.chinese)
    about, category = _CATEGORY_OF.get(left or chinese, ("exposure", left or chinese))
    if category.lower() in ("other", "unknown", "其他", "不明"):
        about = "exposure"
    mapping = replace(mapping, category=category, category_field=about)
    if seen.not_decreasing and seen.not_decreasing[position]:
        mapping = replace(
            mapping, field=OTHER
        )  # until a person says which: totals taken for new cases would be a flood
        questions.append(
            uncertain("import.counts_cumulative", choices=("cumulative", "daily")).at(column.header, "count", "")
        )
    return mapping, questions


def _same_order(suggestions: tuple[Suggestion, ...]) -> tuple[Suggestion, ...]:
    """Where one date column leaves its order open, what the others write is said with the question."""
    orders = {s.mapping.order for s in suggestions if s.mapping.order in ("dmy", "mdy")}
    if len(orders) != 1:
        return suggestions
    likely = next(iter(orders))
    return tuple(
        replace(
            s, questions=tuple(replace(q, reading=likely) if q.code == "import.order_open" else q for q in s.questions)
        )
        for s in suggestions
    )


def _telling(column: ColumnValues) -> int:
    """How many cells say something; a nought in a column of days says that there was none."""
    return sum(
        times
        for text, times in column.counts.items()
        if text.strip() and text.strip() != "0" and not is_unknown(plain(text).lower())
    )


def _tells_class(column: ColumnValues) -> bool:
    """Whether most sentences say of which class the case is."""
    samples = column.samples(60)
    return sum(bool(re.search("确诊|疑似|无症状|临床诊断", text)) for text in samples) > 0.5 * len(samples)


def _questions(mapping: Mapping, seen: Survey) -> list[Finding]:
    """What the file as a whole leaves open."""
    # A column that nobody filled in answers nothing.
    keys = {entry.field for entry, column in zip(mapping.columns, seen.columns, strict=True) if column.filled}
    found: list[Finding] = []
    if mapping.kind == "cases":
        by_key = {entry.field: seen.columns[position] for position, entry in enumerate(mapping.columns)}
        days = [
            key
            for key in ("onset_date", "report_date", "confirm_date", "diagnosis_date", "admission_date", "rash_date")
            if key in by_key
        ]
        telling = [key for key in (*days, "disease", "classification") if key in by_key]
        most = max((_telling(by_key[key]) for key in telling), default=0)
        if telling and 0 < most < 0.5 * seen.rows:
            # Most rows tell of no illness at all: a roster with cases in it.
            found.append(
                uncertain("import.case_when_open", telling[0], choices=tuple(telling), rows=seen.rows, ill=most)
            )
    if mapping.kind == "counts":
        found.append(uncertain("import.counted_as_open", choices=COUNTED_AS))
    if mapping.kind in ("cases", "pairs", "counts"):
        told = [
            e
            for position, e in enumerate(mapping.columns)
            if e.field == "sentence" and _tells_class(seen.columns[position])
        ]
        if (
            "classification" not in keys
            and not told
            and not any(e.category_field == "classification" and e.category for e in mapping.columns)
        ):
            likely = "confirmed" if "confirm_date" in keys else None
            found.append(
                uncertain(
                    "import.classification_open",
                    likely,
                    choices=("confirmed", "suspected", "probable", "clinical", "asymptomatic"),
                )
            )
        if not keys & {*PLACE_KEYS, "area_code", "address"}:
            found.append(uncertain("import.place_open"))
        if mapping.kind != "counts" and not keys & {
            "sentence",
            "onset_date",
            "report_date",
            "confirm_date",
            "diagnosis_date",
            "admission_date",
        }:
            found.append(uncertain("import.day_open"))
    return found


__all__ = [
    "AGE_UNITS", "INFECTOR", "ColumnValues", "Draft", "Suggestion", "Survey", "date", "detect_kind", "draft", "suggest_mapping", "survey", "survey_rows",
]  # fmt: skip
