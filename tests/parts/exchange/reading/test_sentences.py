"""Case descriptions in the phrasing of several cities: what is read, and what is shown as not understood.

The sentences are invented after the pattern of public bulletins; nobody in them exists.
"""

from datetime import date

import pytest

from lianfang.exchange.reading.sentences import Context, Described, read_case, split_cases

TODAY = date(2020, 2, 20)
KNOWN = Context(TODAY, not_after=TODAY)


def facts(described: Described) -> dict[str, str]:
    """What was read, in words that a table of facts can hold."""
    told = {key: str(value) for key, value in described.values.items() if key not in ("exposures", "place")}
    if place := described.values.get("place"):
        told["place"] = " ".join(filter(None, (*(name for _level, name in place.names), place.address)))
    told["exposures"] = "; ".join(str(exposure) for exposure in described.values.get("exposures", ()))
    told["related"] = "; ".join(f"{related.number} {related.relation}" for related in described.related)
    return {key: value for key, value in told.items() if value}


FACTS = [
    # Wenzhou
    (
        "2月8日确诊：女，62岁，现住鹿城区，有温州银泰世贸店购物史，2月6日出现发热症状，现在定点医疗机构隔离治疗。",
        "confirm_date=2020-02-08 sex=F age=62 place=鹿城区 onset_date=2020-02-06 symptoms=fever outcome=in_care",
    ),
    # Hangzhou
    (
        "患者1：女，45岁，武汉人，1月17日由武汉来杭，1月19日出现发热症状，1月20日到医院就诊，1月22日确诊。",
        "local_id=1 sex=F age=45 return_date=2020-01-17 travel_location=武汉 onset_date=2020-01-19 first_visit_date=2020-01-20 confirm_date=2020-01-22",
    ),
    (
        "患者X，男，45岁，家住西湖区三墩镇，1月20日出现发热、咳嗽、乏力，1月22日至杭州市西溪医院就诊，1月25日确诊。",
        "sex=M age=45 place=西湖区_三墩镇 onset_date=2020-01-20 hospital=杭州市西溪医院 first_visit_date=2020-01-22 confirm_date=2020-01-25",
    ),
    (
        "患者王某，女，1965年3月出生，湖北省孝感市人，1月22日乘坐G1234次高铁抵达杭州东站，1月24日出现低热、干咳，1月27日确诊。",
        "name=王某 sex=F birth_date=1965-03-01/1965-03-31 return_date=2020-01-22 onset_date=2020-01-24 symptoms=fever,_dry_cough confirm_date=2020-01-27",
    ),
    # Ningbo
    (
        "患者李某某，女，58岁，现住海曙区古林镇，1月19日参加福泉山庄寺庙集会活动，1月27日出现发热，2月1日确诊，现在宁波市第一医院隔离治疗，病情稳定。",
        "name=李某某 place=海曙区_古林镇 onset_date=2020-01-27 confirm_date=2020-02-01 hospital=宁波市第一医院 exposures=gathering_福泉山庄寺庙集会活动_2020-01-19",
    ),
    (
        "病例25：患者女，61岁，住宁波市镇海区庄市街道，退休，无武汉旅居史，密切接触者筛查发现，2月6日确诊，无任何不适。",
        "local_id=25 place=宁波市_镇海区_庄市街道 occupation=退休 symptoms=asymptomatic exposures=no_travel_武汉;_case_contact",
    ),
    # Shenzhen
    (
        "病例1，男，66岁，深圳常住居民，2019年12月29日从深圳到武汉探亲，2020年1月3日出现发热、乏力症状，1月4日返回深圳就医，1月19日确认为新型冠状病毒感染的肺炎确诊病例。目前病情稳定。",
        "local_id=1 place=深圳 onset_date=2020-01-03 return_date=2020-01-04 travel_dates=2019-12-29 confirm_date=2020-01-19 classification=confirmed symptoms=fever,_fatigue",
    ),
    (
        "李先生，34岁，湖北籍，1月23日驾车从武汉到深圳，1月25日起出现发热、头痛，1月27日入院，1月29日确诊，2月12日出院。",
        "sex=M age=34 travel_location=武汉 onset_date=2020-01-25 admission_date=2020-01-27 outcome=discharged discharge_date=2020-02-12",
    ),
    # Beijing, Tianjin
    (
        "病例3：男性，42岁，家住朝阳区，1月20日出现发热，1月25日确诊。",
        "local_id=3 sex=M age=42 place=朝阳区 onset_date=2020-01-20 confirm_date=2020-01-25",
    ),
    (
        "确诊病例23：女，42岁，天津籍，居住地为宝坻区，系第12例确诊患者的女儿。1月30日因发热、咳嗽到宝坻区人民医院发热门诊就诊，2月1日确诊，现在海河医院就诊治疗，普通型。",
        "local_id=23 classification=confirmed place=宝坻区 first_visit_date=2020-01-30 hospital=宝坻区人民医院 symptoms=fever,_cough severity=moderate related=12_女儿",
    ),
    (
        "第27例患者，男，56岁，津南区居民，1月28日出现咳嗽，2月3日确诊为新冠肺炎确诊病例，现为重型。",
        "sex=M age=56 place=津南区 onset_date=2020-01-28 confirm_date=2020-02-03 severity=severe symptoms=cough",
    ),
    # Elsewhere
    (
        "病例12，女，32岁，现住广州市番禺区大石街道。1月24日发病，1月26日入院，1月28日确诊。",
        "place=广州市_番禺区_大石街道 onset_date=2020-01-24 admission_date=2020-01-26 confirm_date=2020-01-28",
    ),
    (
        "张某，男，38岁，住县城阳光小区，1月15日自驾车从武汉返回我县，1月20日发病，2月1日核酸检测阳性，2月2日确诊。",
        "name=张某 travel_location=武汉 return_date=2020-01-15 onset_date=2020-01-20 lab_result=positive result_date=2020-02-01 confirm_date=2020-02-02",
    ),
    (
        "病例2：女，8岁，余杭区某小学学生，系病例1女儿。1月26日核酸检测阳性，诊断为新冠肺炎确诊病例（轻型）。",
        "age=8 occupation=学生 lab_result=positive classification=confirmed severity=mild related=1_女儿",
    ),
    (
        "2月3日新增病例5，男，70岁，常住武汉，1月21日来昆明旅游，1月29日因发热就诊，2月3日确诊，病情危重。",
        "local_id=5 report_date=2020-02-03 age=70 place=武汉 first_visit_date=2020-01-29 severity=critical symptoms=fever",
    ),
    (
        "确诊病例7，女性，6个月，系确诊病例3之女，1月29日出现发热，1月31日确诊，目前病情平稳。",
        "local_id=7 sex=F age=0.5 onset_date=2020-01-29 related=3_女",
    ),
    (
        "无症状感染者1：男，28岁，居住于滨江区长河街道，2月10日自英国入境，2月12日核酸检测呈阳性，集中隔离医学观察。",
        "classification=asymptomatic place=滨江区_长河街道 return_date=2020-02-10 travel_location=英国 lab_result=positive result_date=2020-02-12",
    ),
    (
        "男，27岁，现住址：长春市宽城区，1月24日从武汉乘坐高铁G1278回长春，1月26日出现发热（38.5℃），1月28日确诊为新冠肺炎。",
        "place=长春市_宽城区 return_date=2020-01-24 travel_location=武汉 onset_date=2020-01-26 temperature=38.5 confirm_date=2020-01-28",
    ),
    (
        "患者45，女，年龄67岁，诊断为疑似病例，2月3日转为确诊病例，2月10日因呼吸衰竭死亡。",
        "local_id=45 age=67 classification=confirmed confirm_date=2020-02-03 outcome=died death_date=2020-02-10",
    ),
    # Zhengzhou
    (
        "患者张某，女，45岁，现住郑州市二七区某小区，1月20日出现发热，1月23日就诊于郑州市某医院，1月27日市疾控中心检测阳性，1月28日确诊。",
        "first_visit_date=2020-01-23 hospital=郑州市某医院 lab_result=positive result_date=2020-01-27 confirm_date=2020-01-28",
    ),
    # Guiyang: 未来 is no arrival
    (
        "确诊患者3：涂某，男，1969年5月生，户籍湖北黄冈，现住贵阳市云岩区未来方舟。1月23日出现畏寒症状，1月28日确诊。",
        "local_id=3 place=贵阳市_云岩区_未来方舟 registered_address=湖北黄冈 onset_date=2020-01-23 symptoms=chills",
    ),
    # Changsha: no travel is no travel; diagnosed without a day
    (
        "患者周某，女性，48岁，个体经商，近期无湖北旅居史，1月26日出现发热，1月31日核酸检测阳性，确诊为新冠肺炎（普通型）。",
        "occupation=个体经商 onset_date=2020-01-26 classification=confirmed severity=moderate result_date=2020-01-31 exposures=no_travel_湖北",
    ),
    # Fuzhou: becoming critical is no confirmation
    (
        "患者林某，女，72岁，1月29日出现发热，2月1日入院，2月6日转为危重型，2月9日23时抢救无效死亡。",
        "onset_date=2020-01-29 severity=critical outcome=died death_date=2020-02-09",
    ),
    # Nanning, Kunming, Beijing: who came along, what for, and by what
    (
        "患者男，3岁，1月27日随父母由武汉返邕，2月4日确诊，轻型。",
        "return_date=2020-01-27 travel_location=武汉 exposures=travel_武汉_2020-01-27",
    ),
    ("患者孙某，男，39岁，货车司机，1月30日从湖北随州送货返昆，2月5日确诊。", "travel_location=湖北随州 occupation=货车司机"),
    ("病例A，女，21岁，2月5日乘坐某航班由伦敦飞抵北京，2月7日核酸检测阳性。", "local_id=A travel_location=伦敦 result_date=2020-02-07"),
    # Qingdao: the case is called 例
    ("例2：男，65岁，例1配偶，1月26日出现咳嗽，1月29日确诊，重型。", "local_id=2 related=1_配偶 severity=severe"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "expected"), FACTS)
def test_sentences_of_several_cities(sentence: str, expected: str) -> None:
    told = facts(read_case(sentence, KNOWN))
    wanted = dict(part.replace("_", " ").split("=", 1) for part in expected.split())
    wanted = {key.replace(" ", "_"): value for key, value in wanted.items()}
    told = {key: value.replace("_", " ") for key, value in told.items()}
    assert {key: told.get(key) for key in wanted} == wanted


def test_what_no_rule_understood_is_shown_and_not_dropped() -> None:
    read = read_case("男，62岁，汉族，2月1日由家人送至医院，2月3日确诊。", KNOWN)
    assert read.not_understood == ("汉族", "2月1日由家人送至医院")


def test_the_disease_by_name_is_no_finding_in_the_lungs() -> None:
    assert "symptoms" not in read_case("男，40岁，2月3日确诊为新冠肺炎。", KNOWN).values
    assert str(read_case("男，40岁，2月1日CT提示双肺感染，2月3日确诊。", KNOWN).values["symptoms"]) == "pneumonia"


def test_days_of_illness_before_a_visit_are_not_counted_back_on_a_guess() -> None:
    read = read_case("男，62岁，2020年1月24日以“发热3天”收住市一医院，1月26日确诊。", KNOWN)
    assert "onset_date" not in read.values
    assert "fever" in read.values["symptoms"].present
    assert any("3天" in piece for piece in read.not_understood)


def test_becoming_critical_tells_no_day_of_confirmation() -> None:
    assert "confirm_date" not in read_case("男，72岁，2月1日入院，2月6日转为重型。", KNOWN).values


def test_several_persons_in_one_sentence_are_said() -> None:
    both = "患者黄某（女，67岁，武汉人）和患者刘某（男，70岁，武汉人）系夫妻，1月22日出现发热，1月24日双双确诊。"
    assert "import.several_persons" in {finding.code for finding in read_case(both, KNOWN).findings}
    alone = read_case("患者刘某，男，70岁，1月24日确诊。", KNOWN)
    assert not alone.findings


def test_dates_without_a_year_are_asked_for_where_nothing_tells_it() -> None:
    read = read_case("男，42岁，1月20日出现发热，1月25日确诊。", Context(TODAY))
    assert "onset_date" not in read.values
    assert {finding.code for finding in read.findings} == {"import.date_year_missing"}


PAGE = """2020年2月7日0-24时，杭州市新增确诊病例3例。
余杭区（2例）
病例101：男，45岁，2月1日发病，2月4日到市二院就诊，体温38.2℃。
病例102：女，43岁，病例101妻子，2月5日出现咳嗽。
西湖区
患者X，男，45岁，1月20日出现发热。
其妻子1月25日从武汉返回。
新增无症状感染者1例。
（一）赵某某，男，55岁，1月23日与确诊病例聚餐；（二）钱某某，女，50岁，系确诊病例的妻子。
"""


def test_a_pasted_page_is_taken_apart_and_its_headings_govern() -> None:
    read = []
    for line, block, here in split_cases(PAGE, Context(date(2026, 1, 1))):
        told = facts(read_case(block, here))
        read.append(
            (
                line,
                told.get("sex"),
                told.get("age"),
                told.get("place"),
                told.get("classification"),
                told.get("confirm_date"),
            )
        )
    assert read == [
        (3, "M", "45", "余杭区", "confirmed", "2020-02-07"),
        (4, "F", "43", "余杭区", "confirmed", "2020-02-07"),
        (6, "M", "45", "西湖区", "confirmed", "2020-02-07"),
        (9, "M", "55", "西湖区", "asymptomatic", "2020-02-07"),
        (9, "F", "50", "西湖区", "asymptomatic", "2020-02-07"),
    ]  # fmt: skip


def test_a_heading_without_a_year_is_of_these_weeks_or_left_open() -> None:
    page = "2月7日新增确诊病例1例。\n男，45岁，2月1日发病。"
    ((_line, _block, recent),) = split_cases(page, Context(date(2020, 2, 9)))
    assert str(recent.values["confirm_date"]) == "2020-02-07"
    ((_line, _block, later),) = split_cases(page, Context(date(2026, 11, 1)))
    assert "confirm_date" not in later.values
