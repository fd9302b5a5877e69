"""Single values: dates, ages, words, temperatures, telephone and ID numbers, places, symptoms."""

import calendar
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.exchange.reading import ages, identity, measures, places, plain, symptoms, vocabulary
from lianfang.exchange.reading.dates import DateStyle, OrderEvidence, ReadDate, read_date
from lianfang.exchange.reading.findings import UNKNOWN, Finding

IN_2020 = DateStyle(not_after=date(2020, 2, 10))


def told(read: object) -> object:
    """What a reading says in one line: the value, or the code with the value in brackets."""
    if isinstance(read, Finding):
        reading = f" [{read.reading}]" if read.reading is not None else ""
        return f"{read.code.removeprefix('import.')}{reading}"
    return None if read is None else str(read)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # days
        ("2020-01-03", "2020-01-03"),
        ("2020/1/3", "2020-01-03"),
        ("2020.1.3", "2020-01-03"),
        ("20200103", "2020-01-03"),
        ("18.01.2020", "2020-01-18"),
        ("9.01.2020", "2020-01-09"),
        ("13/04/2020", "2020-04-13"),
        ("04/13/2020", "2020-04-13"),
        ("05/05/2020", "2020-05-05"),
        ("3 Jan 2020", "2020-01-03"),
        ("Jan 3, 2020", "2020-01-03"),
        ("3rd of January 2020", "2020-01-03"),
        ("03JAN2020", "2020-01-03"),
        ("3-Jan-20", "2020-01-03"),
        ("15 février 2020", "2020-02-15"),
        ("Monday, 3 February 2020", "2020-02-03"),
        ("二〇二〇年一月三日", "2020-01-03"),
        ("2020年2月3日(星期一)", "2020-02-03"),
        ("２０２０年１月３号", "2020-01-03"),
        ("2022/3/5 下午3点", "2022-03-05"),
        ("2020-01-03T15:00:00Z", "2020-01-03"),
        ("2020-02-08 24:00", "2020-02-08"),
        ("20200103150000", "2020-01-03"),
        ("1861-11-21", "1861-11-21"),
        ("'2020-01-03", "2020-01-03"),
        ("43850", "2020-01-20"),
        ("43850.625", "2020-01-20"),
        # ranges, open ends, parts
        ("19.01.2020 - 23.01.2020", "2020-01-19/2020-01-23"),
        ("13.01.2020 -15.01.2020", "2020-01-13/2020-01-15"),
        ("20.12.2019 - 09.01. 2020", "2019-12-20/2020-01-09"),
        ("16.01.2020-22.01.2020", "2020-01-16/2020-01-22"),
        ("25.01.2020 -", "2020-01-25/"),
        ("- 25.01.2020", "/2020-01-25"),
        ("9-12 January 2020", "2020-01-09/2020-01-12"),
        ("10-22.01.2020", "2020-01-10/2020-01-22"),
        ("2020.1.9-1.12", "2020-01-09/2020-01-12"),
        ("2020年1月3日至1月5日", "2020-01-03/2020-01-05"),
        ("between 3 January 2020 and 5 January 2020", "2020-01-03/2020-01-05"),
        ("2020-01 - 2020-03", "2020-01-01/2020-03-31"),
        ("before 2020-01-05", "/2020-01-04"),
        ("2020年1月5日起", "2020-01-05/"),
        ("end of December 2019", "2019-12-21/2019-12-31"),
        ("early January 2020", "2020-01-01/2020-01-10"),
        ("2020年1月中旬", "2020-01-11/2020-01-20"),
        ("first week of January 2020", "2020-01-01/2020-01-07"),
        ("Jan 2020", "2020-01-01/2020-01-31"),
        ("2020年2月", "2020-02-01/2020-02-29"),
        ("2020", "2020-01-01/2020-12-31"),
        ("2020-01-00", "2020-01-01/2020-01-31"),
        ("xx.01.2020", "2020-01-01/2020-01-31"),
        # nobody knows
        ("N/A", "UNKNOWN"),
        ("none", "UNKNOWN"),
        ("        unknown", "UNKNOWN"),
        ("?", "UNKNOWN"),
        ("不详", "UNKNOWN"),
        ("99/99/9999", "UNKNOWN"),
        ("0000-00-00", "UNKNOWN"),
        ("", None),
        ("   ", None),
        # doubtful
        ("03/04/2020", "date_order_open"),
        ("20,01,2020", "date_odd_separators [2020-01-20]"),
        ("21.01.2020 - 23.012020", "date_separator_missing [2020-01-21/2020-01-23]"),
        ("2月8日", "date_year_missing"),
        ("1月9日-12日", "date_year_missing"),
        ("Jan-20", "date_eaten [2020-01-01/2020-01-31]"),
        ("2020-01-05?", "date_about [2020-01-05]"),
        ("2020-01-03, 2020-01-10", "date_several [2020-01-03/2020-01-10]"),
        ("1900-01-01", "date_stand_in [1900-01-01]"),
        ("2020-13-01", "date_year_day_month"),
        # refused
        ("2020-02-30", "date_impossible"),
        ("31.04.2020", "date_impossible"),
        ("前天晚上8点", "date_relative"),
        ("正月初五", "date_lunar"),
        ("16", "date_bare_number"),
        ("########", "cell_too_narrow"),
        ("#VALUE!", "cell_error"),
        ("2020-01-05 to 2020-01-03", "date_reversed"),
        ("local", "date_unreadable"),
        ("from a foreign country", "date_unreadable"),
        ("discharge", "date_unreadable"),
    ],
)
def test_dates_as_they_come(text: str, expected: str | None) -> None:
    assert told(read_date(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2月8日", "2020-02-08"),
        ("12月29日", "2019-12-29"),
        ("三月五日", "date_year_open"),
        ("五月五日", "2019-05-05"),
        ("1月9日-12日", "2020-01-09/2020-01-12"),
        ("12月28日-1月3日", "2019-12-28/2020-01-03"),
        ("去年12月5日", "2019-12-05"),
        ("1月底", "2020-01-21/2020-01-31"),
        ("8-Feb", "2020-02-08"),
        ("1.18", "2020-01-18"),
        ("2.8", "date_order_open"),
        ("约1月5日", "date_about [2020-01-05]"),
        ("2月30日", "date_impossible"),
    ],
)
def test_dates_without_a_year_take_it_from_the_context(text: str, expected: str) -> None:
    assert told(read_date(text, IN_2020)) == expected


def test_a_time_of_day_is_kept_with_its_zone() -> None:
    assert read_date("2022/3/5 下午3点").at == "2022-03-05T15:00:00"
    assert read_date("2020-01-03T15:00:00Z").at == "2020-01-03T15:00:00+00:00"
    assert read_date("3 Jan 2020 8:30 pm").at == "2020-01-03T20:30:00"


def test_serial_numbers_of_both_epochs_and_counted_days() -> None:
    assert str(read_date("43850", DateStyle(epoch_1904=True))) == "2024-01-21"
    assert str(read_date("16", DateStyle(day_zero=date(2001, 1, 1)))) == "2001-01-17"


@pytest.mark.parametrize(
    ("cells", "order", "still_open"),
    [
        (["03/04/2020", "14/02/2020"], "dmy", False),
        (["03/04/2020", "02/14/2020"], "mdy", False),
        (["03/04/2020", "05/06/2020"], None, True),
        (["13/04/2020", "04/13/2020"], None, True),
        (["01.02.2020", "03.04.2020"], "dmy", False),
        (["01.14.2020", "03.04.2020"], "mdy", False),
        (["20/2/8", "98/5/12"], "ymd", False),
        (["2020-01-02", "2020/3/4"], None, False),
        (["05/05/2020", "06/06/2020"], None, False),
    ],
)
def test_the_order_is_decided_by_the_column(cells: list[str], order: str | None, still_open: bool) -> None:
    evidence = OrderEvidence()
    for cell in cells:
        evidence.add(cell)
    decision = evidence.decide()
    assert (decision.order, decision.open) == (order, still_open)


FORMATS = (
    "{y:04d}-{m:02d}-{d:02d}", "{y}/{m}/{d}", "{y}.{m}.{d}", "{d:02d}.{m:02d}.{y}", "{d}.{m}.{y}", "{y}年{m}月{d}日",
    "{y}年{m:02d}月{d:02d}号", "{d} {mon} {y}", "{mon} {d}, {y}", "{d}-{mon}-{y}", "{month} {d}, {y}", "{y}{m:02d}{d:02d}",
    "{y}-{m}-{d} 00:00:00", "{y}-{m:02d}-{d:02d}T08:15:00", " {y} 年 {m} 月 {d} 日 ", "{d}th {month} {y}",
)  # fmt: skip
WITH_ORDER = {
    "dmy": ("{d}/{m}/{y}", "{d:02d}-{m:02d}-{y}", "{d} / {m} / {y}"),
    "mdy": ("{m}/{d}/{y}", "{m:02d}-{d:02d}-{y}"),
}
DAYS = st.dates(date(1901, 3, 1), date(2099, 12, 31))


def in_format(pattern: str, day: date) -> str:
    names = {"mon": calendar.month_abbr[day.month], "month": calendar.month_name[day.month]}
    return pattern.format(y=day.year, m=day.month, d=day.day, **names)


@given(DAYS, st.sampled_from(FORMATS))
def test_a_day_written_in_any_format_is_read_back(day: date, pattern: str) -> None:
    read = read_date(in_format(pattern, day))
    assert isinstance(read, ReadDate)
    assert read.day == day


@given(DAYS, st.sampled_from([(order, p) for order, patterns in WITH_ORDER.items() for p in patterns]))
def test_a_day_in_a_column_of_known_order_is_read_back(day: date, written: tuple[str, str]) -> None:
    order, pattern = written
    read = read_date(in_format(pattern, day), DateStyle(order=order))  # type: ignore[arg-type]
    assert isinstance(read, ReadDate)
    assert read.day == day
    unordered = read_date(in_format(pattern, day))
    assert isinstance(unordered, Finding) or unordered.day == day


@given(DAYS, st.integers(0, 400), st.sampled_from(FORMATS[:9]), st.sampled_from([" - ", " to ", "至", "~", " – "]))
def test_ranges_are_read_back(first: date, length: int, pattern: str, sign: str) -> None:
    last = first + timedelta(days=length)
    read = read_date(in_format(pattern, first) + sign + in_format(pattern, last))
    assert isinstance(read, ReadDate)
    assert (read.earliest, read.latest) == (first, last)


@given(st.lists(DAYS, min_size=1, max_size=30), st.sampled_from(["dmy", "mdy"]))
def test_a_column_never_decides_for_the_wrong_order(days: list[date], order: str) -> None:
    evidence = OrderEvidence()
    for day in days:
        evidence.add(in_format(WITH_ORDER[order][0], day))
    decision = evidence.decide()
    assert decision.order in (order, None)
    assert not decision.against


NOISE = st.text(
    alphabet="0123456789-/.,~年月日时点岁个月天至到前后上下旬初底末男女 Jan:TZ+#?<>≥至(),;、零一二十〇aspm", max_size=24
)


@settings(max_examples=400)
@given(NOISE | st.text(max_size=40))
def test_no_parser_raises_or_guesses_without_saying(text: str) -> None:
    readers = (
        read_date, lambda t: read_date(t, IN_2020), ages.read_age, vocabulary.read_sex, vocabulary.read_yes_no,
        vocabulary.read_outcome, vocabulary.read_severity, vocabulary.read_classification, vocabulary.read_certainty,
        vocabulary.read_setting, symptoms.read_symptoms, measures.read_temperature, measures.read_count,
        measures.read_coordinate, identity.read_id_number, identity.read_phone, places.read_area_code,
    )  # fmt: skip
    for reader in readers:
        read = reader(text)
        if not plain.plain(text):
            assert read is None
        if isinstance(read, Finding):
            assert read.code.startswith("import.")
        if isinstance(read, ReadDate):
            assert read.earliest is not None or read.latest is not None
            assert read.earliest is None or read.latest is None or read.earliest <= read.latest
    places.split_place(text)
    places.split_address(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30", "30"),
        ("30岁", "30"),
        ("三十五岁", "35"),
        ("8个月", "0.66667"),
        ("2岁3月", "2.25"),
        ("3岁半", "3.5"),
        ("12天", "0.03285"),
        ("3周", "0.05749"),
        ("6 months", "0.5"),
        ("1y6m", "1.5"),
        ("35-year-old", "35"),
        ("0.58333", "0.58333"),
        ("40-49", "40-49"),
        ("0-4岁", "0-4"),
        ("<1", "0-1"),
        ("不满1岁", "0-1"),
        ("60+", "60-"),
        ("60岁以上", "60-"),
        ("≥60", "60-"),
        ("under 5", "0-5"),
        ("三十多岁", "30-39"),
        ("in his 50s", "50-59"),
        ("mid-50s", "54-56"),
        ("Aug-68", "age_eaten [8-68]"),
        ("5-Mar", "age_eaten [3-5]"),
        ("3月5日", "age_eaten [3-5]"),
        ("1968-08-01", "age_eaten [8-68]"),
        ("2020-03-05", "age_eaten [3-5]"),
        ("约30", "age_about [30]"),
        ("1956年", "age_birth_year"),
        ("150", "age_too_high"),
        ("-3", "age_negative"),
        ("adult", "age_group_word"),
        ("成人", "age_group_word"),
        ("N/A", "UNKNOWN"),
        ("", None),
    ],
)
def test_ages_as_they_come(text: str, expected: str | None) -> None:
    assert told(ages.read_age(text)) == expected


@given(st.integers(0, 110), st.sampled_from(["{}", "{}岁", "{} years", "{}y", "{}周岁", "aged {}", "{} yrs old"]))
def test_an_age_in_years_is_read_back(years: int, pattern: str) -> None:
    read = ages.read_age(pattern.format(years))
    assert (read.years_low, read.years_high) == (years, years)


def test_ages_of_a_column_in_months() -> None:
    assert str(ages.read_age("18", "months")) == "1.5"
    assert str(ages.read_age("2岁", "months")) == "2"


@pytest.mark.parametrize(
    ("reader", "text", "expected"),
    [
        (vocabulary.read_sex, "Female", "F"),
        (vocabulary.read_sex, "男性", "M"),
        (vocabulary.read_sex, "f", "F"),
        (vocabulary.read_sex, "1", "sex_number"),
        (vocabulary.read_sex, "hasband", "sex_unreadable"),
        (vocabulary.read_yes_no, "是", "yes"),
        (vocabulary.read_yes_no, "0", "no"),
        (vocabulary.read_yes_no, "2", "yes_no_number"),
        (vocabulary.read_yes_no, "business trip", "yes_no_unreadable"),
        (vocabulary.read_outcome, "Recover", "recovered"),
        (vocabulary.read_outcome, "discharge", "discharged"),
        (vocabulary.read_outcome, "Death", "died"),
        (vocabulary.read_outcome, "治愈出院", "discharged"),
        (vocabulary.read_outcome, "stable", "in_care"),
        (vocabulary.read_outcome, "尚未出院", "in_care"),
        (vocabulary.read_severity, "危重型", "critical"),
        (vocabulary.read_severity, "普通型", "moderate"),
        (vocabulary.read_classification, "确诊", "confirmed"),
        (vocabulary.read_classification, "临床诊断病例", "clinical"),
        (vocabulary.read_classification, "无症状感染者", "asymptomatic"),
        (measures.read_temperature, "38.5℃", "38.5"),
        (measures.read_temperature, "38度5", "38.5"),
        (measures.read_temperature, "37.3-38.5", "37.3-38.5"),
        (measures.read_temperature, "101.3F", "temperature_fahrenheit [38.5]"),
        (measures.read_temperature, "20", "temperature_impossible"),
        (measures.read_count, "1,204", "1204"),
        (measures.read_count, "-1", "count_negative"),
        (identity.read_phone, "138 0013 8000", "+8613800138000"),
        (identity.read_phone, "0577-88886666", "+8657788886666"),
        (identity.read_phone, "1.38E+10", "phone_eaten"),
        (identity.read_id_number, "11010519491231002X", "11010519491231002X"),
        (identity.read_id_number, "110105194912310021", "id_check_digit [110105194912310021]"),
        (identity.read_id_number, "3.30302E+17", "id_eaten"),
        (identity.read_id_number, "330302199001011000", "id_eaten"),
        (identity.read_id_number, "330302199013011234", "id_birth_date"),
        (identity.read_id_number, "33030219900101123", "id_length"),
        (identity.read_id_number, "330302900101123", "330302199001011235"),
        (identity.read_id_number, "E12345678", "E12345678"),
    ],
)
def test_words_measures_and_numbers(reader: object, text: str, expected: str) -> None:
    assert told(getattr(reader(text), "value", reader(text))) == expected  # type: ignore[operator]


def test_one_cell_may_answer_two_questions() -> None:
    outcome = vocabulary.read_outcome("critical condition, intubated as of 14.02.2020")
    assert (outcome.value, outcome.others) == ("in_care", {"severity": "critical"})
    severity = vocabulary.read_severity("death")
    assert (severity.value, severity.others) == (None, {"outcome": "died"})


def test_an_id_number_tells_birth_date_and_sex() -> None:
    read = identity.read_id_number("11010519491231002x")
    assert (read.birth_date, read.sex, read.area_code) == (date(1949, 12, 31), "F", "110105")


@pytest.mark.parametrize(
    ("text", "present", "absent", "other"),
    [
        ("fever; fatigue; dry cough", ("fever", "fatigue", "dry_cough"), (), ()),
        (
            "cough, diarrhea, fever, rhinorrhoea, sneezing",
            ("cough", "diarrhoea", "fever", "runny_nose", "sneezing"),
            (),
            (),
        ),
        ("发热、咳嗽咳痰等症状", ("fever", "cough", "sputum"), (), ()),
        ("干咳，无发热", ("dry_cough",), ("fever",), ()),
        ("无畏寒、寒战，无咳嗽、咳痰", (), ("chills", "rigor", "cough", "sputum"), ()),
        ("fever, acute coronary syndrome", ("fever",), (), ("acute coronary syndrome",)),
    ],
)
def test_symptoms(text: str, present: tuple, absent: tuple, other: tuple) -> None:
    read = symptoms.read_symptoms(text)
    assert (read.present, read.absent, read.other) == (present, absent, other)


def test_no_symptoms_is_a_statement() -> None:
    assert symptoms.read_symptoms("无症状").asymptomatic
    assert symptoms.read_symptoms("none").asymptomatic
    assert symptoms.read_symptoms("不详") is UNKNOWN


@pytest.mark.parametrize(
    ("text", "names", "address"),
    [
        ("Baohe District, Hefei City", (("", "Hefei City"), ("county", "Baohe District")), ""),
        ("wuhan, Hubei Province", (("province", "Hubei Province"), ("", "wuhan")), ""),
        ("taizhou", (("", "taizhou"),), ""),
        (
            "浙江省温州市鹿城区五马街道",
            (("province", "浙江省"), ("city", "温州市"), ("county", "鹿城区"), ("township", "五马街道")),
            "",
        ),
        ("上海市浦东新区", (("province", "上海市"), ("county", "浦东新区")), ""),
        ("吉林市船营区", (("", "吉林市"), ("county", "船营区")), ""),
        ("吉林", (("", "吉林"),), ""),
        (
            "浙江省杭州市西湖区文三路100号3幢",
            (("province", "浙江省"), ("city", "杭州市"), ("county", "西湖区")),
            "文三路100号3幢",
        ),
        ("瓯江口集聚区", (("county", "瓯江口集聚区"),), ""),
    ],
)
def test_places_are_taken_apart(text: str, names: tuple, address: str) -> None:
    assert places.split_address(text) == (names, address)


def test_a_place_from_several_columns_says_nothing_twice() -> None:
    place = places.place_from("340181", [("province", "Anhui"), ("city", "Chaohu City, Hefei City, Anhui")])
    assert [name for _level, name in place.names] == ["Anhui", "Hefei City", "Chaohu City"]


def test_numerals() -> None:
    assert [plain.numeral(text) for text in ("二十三", "十", "二〇二〇", "廿八", "一百零二", "九", "十二三")] == [
        23, 10, 2020, 28, 102, 9, None,
    ]  # fmt: skip


@pytest.mark.parametrize("street", ["北京路12号", "四川北路3号", "内蒙古大街2号", "上海花园3幢"])
def test_a_street_named_after_a_province_is_not_in_it(street: str) -> None:
    assert places.split_address(street)[0] == (("", street),)


def test_one_name_of_a_township_or_village_alone_is_no_place_for_certain() -> None:
    whole = places.place_from(address="浙江省乐清市虹桥镇")
    for place, alone in ((places.place_from(address="虹桥镇"), True), (whole, False)):
        assert places.lone(place, places.Resolved("330382108", "虹桥镇")) is alone
    assert not places.lone(places.place_from(address="乐清虹桥镇"), places.Resolved("330382108", "虹桥镇"))
    assert not places.lone(places.place_from(address="鹿城区"), places.Resolved("330302", "鹿城区"))
