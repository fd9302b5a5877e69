"""Invented files of the kinds that come in, each with the truth about it. Nobody in them exists.

A kind is its name, its text, what some of its columns mean, and what is read from its rows: ``key=value`` for what was
read (blanks as ``_``), ``!code`` for what was refused, ``?code`` for what is doubtful or asked.
"""

from typing import NamedTuple


class Kind(NamedTuple):
    name: str
    text: str
    columns: dict[str, str]
    rows: list[str]
    kind: str = "cases"
    asked: str = ""  # questions before anything is read, by code


KINDS = [
    Kind(
        "report cards from the national system",
        """卡片ID,卡片编号,患者姓名,患儿家长姓名,有效证件号,性别,出生日期,年龄,患者工作单位,联系电话,病人属于,现住地址国标,现住详细地址,人群分类,病例分类,病例分类2,发病日期,诊断时间,死亡日期,疾病名称,填卡医生,医生填卡日期,报告单位地区编码,报告单位,单位类型,报告卡录入时间,录卡用户,县区审核时间,审核状态,终审死亡时间,备注
12345,330106-2020-00012,张甲,,330106198001011234,男,1980/1/1,40岁,某公司,13800138000,本县区,33010602,浙江省杭州市西湖区文三路1号,干部职员,实验室诊断病例,急性,2020/1/20,2020/1/25 10:30:00,,新型冠状病毒肺炎,李四,2020/1/25,33010600,市疾控,综合医院,2020/1/25 11:00:00,u1,2020/1/25 12:00:00,已终审卡,.,无
12346,330106-2020-00013,小乙,张丙,,女,2019/6/1,7月,,0571-88888888,本县区,33010602,浙江省杭州市西湖区文二路2号,散居儿童,疑似病例,未分类,2020/1/22,2020/1/26 09:00:00,.,新型冠状病毒肺炎,李四,2020/1/26,33010600,市疾控,综合医院,2020/1/26 09:30:00,u1,,未审核卡,.,
""",
        {"卡片编号": "local_id", "有效证件号": "id_number", "现住地址国标": "area_code", "病例分类": "classification", "诊断时间": "diagnosis_date", "报告卡录入时间": "report_date", "县区审核时间": "other", "报告单位地区编码": "other", "单位类型": "other"},
        [
            "local_id=330106-2020-00012 name=张甲 sex=M birth_date=1980-01-01 age=40 phone=+8613800138000 classification=confirmed onset_date=2020-01-20 diagnosis_date=2020-01-25 report_date=2020-01-25 area=33010602 ?id_check_digit",
            "local_id=330106-2020-00013 parent_name=张丙 age=0.58333 phone=+8657188888888 classification=suspected onset_date=2020-01-22 area=33010602",
        ],
    ),
    Kind(
        "report cards whose numbers were kept from rounding",
        """卡片编码\t患者姓名\t有效证件号\t性别\t年龄\t病例分类\t发病日期\t诊断时间\t终审死亡时间
="330302202000001"\t甲某\t="33030219700101123X"\t男\t50岁\t确诊病例\t2020-01-20 00:00:00\t2020-01-25 10:30:00\t2020-02-10 10:00:00
="330302202000002"\t乙某\t3.30302E+17\t女\t48岁\t临床诊断病例\t2020-01-21 00:00:00\t2020-01-26 10:30:00\t.
""",
        {"卡片编码": "local_id", "终审死亡时间": "death_date"},
        [
            "local_id=330302202000001 classification=confirmed onset_date=2020-01-20 death_date=2020-02-10 outcome=died ?id_check_digit",
            "local_id=330302202000002 classification=clinical diagnosis_date=2020-01-26 ?id_eaten",
        ],
        asked="place_open",
    ),
    Kind(
        "a county's own list, days without a year, a sum below",
        """序号,姓名,性别,年龄,现住址,发病时间,确诊时间,病情,转归
1,张某,男,45,余杭区良渚街道,1月20日,1.25,轻型,治疗中
2,李某,女,43,余杭区良渚街道,1.22,1月26日,普通型,治愈出院
3,王某,男,3岁2月,余杭区仁和街道,2020.1.23,20200127,,
合计,3人,,,,,,,
""",
        {"序号": "local_id", "现住址": "address", "病情": "severity", "转归": "outcome"},
        [
            "local_id=1 severity=mild outcome=in_care ?date_year_missing",
            "local_id=2 outcome=discharged severity=moderate ?date_year_missing",
            "local_id=3 age=3.16667 onset_date=2020-01-23 confirm_date=2020-01-27",
            "!row_is_no_case",
        ],
        asked="year_open classification_open",
    ),
    Kind(
        "a list under a title that names the day",
        """杭州市新冠肺炎病例一览表,,,,
（截至2020年2月10日24时）,,,,
编号,病例,县区,发病日期,确诊日期
1,男，45岁,西湖区,1月20日,1月25日
2,女，8个月,滨江区,12月30日,1月6日
""",
        {"病例": "sentence", "县区": "county"},
        [
            "local_id=1 sex=M age=45 onset_date=2020-01-20 confirm_date=2020-01-25 area=330106",
            "local_id=2 sex=F age=0.66667 onset_date=2019-12-30 confirm_date=2020-01-06 area=330108",
        ],
        asked="classification_open",
    ),
    Kind(
        "paragraphs about cases in a column, the year in another",
        """病例描述,县区,报告日期
"患者，男，45岁，家住西湖区，1月20日出现发热，1月25日确诊。",西湖区,2020-01-26
"患者，女，40岁，1月21日出现咳嗽，系上一病例妻子，1月26日确诊。",滨江区,2020-01-27
""",
        {"病例描述": "sentence", "县区": "county"},
        [
            "sex=M age=45 onset_date=2020-01-20 confirm_date=2020-01-25 symptoms=fever area=330106",
            "sex=F age=40 onset_date=2020-01-21 confirm_date=2020-01-26 symptoms=cough area=330108",
        ],
    ),
    Kind(
        "yes and no by symptom, numbers for the sexes",
        """患者编号,性别,年龄,发热,咳嗽,乏力,腹泻,核酸结果,县区,入院时间
P1,1,34,1,0,1,0,阳性,西湖区,2020-02-01
P2,2,45,0,1,0,0,阴性,滨江区,2020-02-02
""",
        {"发热": "symptom_flag", "核酸结果": "lab_result"},
        [
            "local_id=P1 symptoms=fever,_fatigue,_no_cough,_no_diarrhoea lab_result=positive ?sex_number",
            "local_id=P2 symptoms=cough,_no_fever,_no_fatigue,_no_diarrhoea lab_result=negative ?sex_number",
        ],
        asked="codes_open classification_open",
    ),
    Kind(
        "counts by day and class",
        """日期,新增确诊,新增疑似,新增无症状,新增死亡
2020-01-21,1,0,0,0
2020-01-22,2,1,0,1
2020-01-23,0,0,1,0
2020-01-24,1,0,0,0
""",
        {"日期": "count_date", "新增确诊": "count", "新增死亡": "other"},
        [
            "local_id=2020-01-21/confirmed/1 classification=confirmed report_date=2020-01-21",
            "local_id=2020-01-22/confirmed/1",
            "local_id=2020-01-22/confirmed/2",
            "local_id=2020-01-22/suspected/1 classification=suspected",
            "local_id=2020-01-23/asymptomatic/1 classification=asymptomatic",
            "local_id=2020-01-24/confirmed/1",
        ],
        kind="counts",
        asked="counted_as_open place_open",
    ),
    Kind(
        "cumulative counts are asked about, never taken for new cases",
        "date,confirmed cases\n" + "".join(f"2020-02-{day:02d},{day * day}\n" for day in range(1, 13)),
        {"date": "count_date", "confirmed cases": "other"},
        [],
        kind="counts",
        asked="counts_cumulative counted_as_open place_open",
    ),
    Kind(
        "R package linelist: month first by evidence of the column",
        """id,date_onset,date_admission,date_outcome,outcome,sex,age_years,age_category,admin1,admin2,fever,cough,vomit,ct_value
a1,3/14/14,3/16/14,3/20/14,Recover,m,2,0-4,浙江,杭州,yes,no,yes,22
a2,12/2/14,,,Death,f,33,30-49,浙江,杭州,no,NA,NA,24
a3,5/6/14,5/8/14,NA,,f,4,0-4,浙江,杭州,yes,yes,no,23
""",
        {"date_onset": "onset_date mdy", "date_outcome": "outcome_date mdy", "vomit": "symptom_flag", "age_years": "age"},
        [
            "local_id=a1 onset_date=2014-03-14 outcome=recovered symptoms=fever,_vomiting,_no_cough",
            "local_id=a2 onset_date=2014-12-02 outcome=died symptoms=no_fever",
            "local_id=a3 onset_date=2014-05-06 age=4",
        ],
        asked="classification_open",
    ),
    Kind(
        "epicontacts: links with where they happened",
        """from,to,location,duration
a1,a2,Hospital,3
a2,a3,Home,2
a2,a2,Home,2
a1,,Market,1
a1,a2,Hospital,3
""",
        {"from": "infector_id", "to": "infectee_id", "location": "setting", "duration": "other"},
        [
            "infector_id=a1 infectee_id=a2 setting=healthcare",
            "infector_id=a2 infectee_id=a3 setting=household",
            "!link_to_itself",
            "!link_without_end",
            "!link_repeated",
        ],
        kind="links",
    ),
    Kind(
        "a case that names its infector in its own row",
        """case_id,infector,onset,sex,age,county
1,,2020-01-03,M,30,西湖区
2,1,2020-01-08,F,31,西湖区
3,77,2020-01-09,F,5,西湖区
""",
        {"infector": "infector_id", "case_id": "local_id"},
        [
            "local_id=1 onset_date=2020-01-03",
            "local_id=2 onset_date=2020-01-08",
            "local_id=3 onset_date=2020-01-09",
            "infector_id=1 infectee_id=2",
            "infector_id=77 infectee_id=3",
        ],
        asked="classification_open",
    ),
    Kind(
        "pairs under English headers of another author",
        """infector_id,infectee_id,infector_onset,infectee_onset,infector_age,infectee_age,infector_sex,infectee_sex,relationship
H1,H2,2020-01-10,2020-01-14,45,43,M,F,spouse
H1,H3,2020-01-10,2020-01-15,46,12,M,M,son
""",
        {"infector_onset": "infector.onset_date", "infectee_age": "infectee.age"},
        [
            "local_id=H1 age=45 onset_date=2020-01-10 ?sides_differ",
            "local_id=H2 age=43 onset_date=2020-01-14",
            "local_id=H3 age=12 onset_date=2020-01-15",
            "infector_id=H1 infectee_id=H2 relation=spouse",
            "infector_id=H1 infectee_id=H3 relation=son",
        ],
        kind="pairs",
        asked="classification_open place_open",
    ),
    Kind(
        "Go.Data",
        """Case ID,First name,Last name,Gender,Age (years),Date of birth,Classification,Outcome,Date of onset,Date of reporting,Date of outcome,Location,Phone,Occupation
C-1,Ana,Silva,Female,34,1986-02-03T00:00:00.000Z,Confirmed,Alive,2020-05-01T00:00:00.000Z,2020-05-03T00:00:00.000Z,,Hangzhou,+258841234567,Nurse
C-2,Joao,Costa,Male,51,,Probable,Deceased,2020-05-02T00:00:00.000Z,2020-05-05T00:00:00.000Z,2020-05-10T00:00:00.000Z,Hangzhou,,Driver
""",
        {"Date of reporting": "report_date", "Location": "area"},
        [
            "name=Ana_Silva birth_date=1986-02-03 classification=confirmed outcome=alive onset_date=2020-05-01 report_date=2020-05-03 area=330100",
            "name=Joao_Costa outcome=died outcome_date=2020-05-10",
        ],
    ),
    Kind(
        "SORMAS, semicolons and days first",
        """Case ID;Disease;Case classification;Outcome of case;First name;Last name;Sex;Age and birth date;Region;District;Health facility;Date of report;Symptom onset date;Hospitalization admission date
ABCDEF;COVID-19;Confirmed case;Recovered;Max;Muster;Male;45 Years (3/2/1975);浙江;西湖区;Klinik X;24/03/2020;20/03/2020;25/03/2020
GHIJKL;COVID-19;Suspect case;No outcome yet;Eva;Muster;Female;8 Months;浙江;西湖区;Klinik X;05/04/2020;02/04/2020;
""",
        {"Date of report": "report_date dmy", "Region": "province", "Age and birth date": "age"},
        [
            "age=45 classification=confirmed outcome=recovered report_date=2020-03-24 onset_date=2020-03-20 area=330106",
            "age=0.66667 classification=suspected outcome=in_care report_date=2020-04-05",
        ],
    ),
    Kind(
        "sequences with their metadata",
        "strain\tvirus\tdate\tregion\tcountry\tdivision\tlocation\tage\tsex\thost\tdate_submitted\n"
        "China/HZ-01/2020\tncov\t2020-01-15\tAsia\tChina\tZhejiang\tHangzhou\t34\tMale\tHuman\t2020-02-01\n"
        "China/HZ-02/2020\tncov\t2020-01-XX\tAsia\tChina\tZhejiang\tHangzhou\t?\tFemale\tHuman\t2020-02-03\n",
        {"strain": "local_id", "date": "sampled_date", "region": "other", "division": "province", "date_submitted": "report_date"},
        [
            "local_id=China/HZ-01/2020 sampled_date=2020-01-15 report_date=2020-02-01 area=330100",
            "local_id=China/HZ-02/2020 sampled_date=2020-01-01/2020-01-31 sex=F",
        ],
        asked="classification_open",
    ),
    Kind(
        "a WHO list: one column's order is open, the others are days first",
        """Case no,City,Report date,Sex,Age,Onset date,Lab confirmed date,Outcome,Comments
1,Hangzhou,01/06/2013,M,65,20/05/2013,30/05/2013,Fatal,
2,Hangzhou,03/06/2013,F,42,25/05/2013,01/06/2013,Alive,HCW
""",
        {"Onset date": "onset_date dmy", "Lab confirmed date": "confirm_date dmy"},
        [
            "onset_date=2013-05-20 confirm_date=2013-05-30 outcome=died ?date_order_open",
            "confirm_date=2013-06-01 outcome=alive notes=HCW ?date_order_open",
        ],
        asked="order_open classification_open",
    ),
    Kind(
        "nothing in the file tells day from month",
        """case_id,onset,report,age,sex,district
A1,03/04/2020,05/04/2020,30,M,西湖区
A2,04/04/2020,06/04/2020,31,F,西湖区
""",
        {"onset": "onset_date", "report": "report_date"},
        ["age=30 ?date_order_open", "onset_date=2020-04-04 ?date_order_open"],
        asked="order_open classification_open",
    ),
    Kind(
        "one cell tells it for its column",
        """case_id,onset,report,age,sex,district
A1,03/04/2020,05/04/2020,30,M,西湖区
A2,14/04/2020,16/04/2020,31,F,西湖区
""",
        {"onset": "onset_date dmy", "report": "report_date dmy"},
        ["onset_date=2020-04-03 report_date=2020-04-05", "onset_date=2020-04-14 report_date=2020-04-16"],
        asked="classification_open",
    ),
    Kind(
        "what a spreadsheet made of days and ages",
        """编号,性别,年龄,县区,发病日期,报告日期
1,男,Aug-68,西湖区,43850,43855.5
2,女,40-49,西湖区,########,2020/1/25
3,女,8月6日,西湖区,#VALUE!,2020/1/25
4,女,60+,西湖区,2020-01-20,2020/1/25
""",
        {"发病日期": "onset_date", "年龄": "age"},
        [
            "age=8-68 onset_date=2020-01-20 report_date=2020-01-25 ?age_eaten",
            "!cell_too_narrow",
            "!cell_error",
            "age=60- onset_date=2020-01-20",
        ],
        asked="classification_open",
    ),
    Kind(
        "ages of every kind",
        """id,age,sex,onset_date,county
1,2岁3月,男,2020-01-20,西湖区
2,20天,女,2020-01-20,西湖区
3,40多岁,女,2020-01-20,西湖区
4,<1,女,2020-01-20,西湖区
5,in his 50s,男,2020-01-20,西湖区
6,不详,男,2020-01-20,西湖区
7,-3,男,2020-01-20,西湖区
8,190,男,2020-01-20,西湖区
""",
        {"age": "age"},
        ["age=2.25", "age=0.05476", "age=40-49", "age=0-1", "age=50-59", "sex=M", "!age_negative", "!age_too_high"],
        asked="classification_open",
    ),
    Kind(
        "an age with its unit beside it",
        "编号,年龄,年龄单位,性别,发病日期,县区\n1,8,月,男,2020-01-20,西湖区\n2,8,岁,男,2020-01-20,西湖区\n3,20,天,女,2020-01-20,西湖区\n",
        {"年龄单位": "age_unit"},
        ["age=0.66667", "age=8", "age=0.05476"],
        asked="classification_open",
    ),
    Kind(
        "places: ambiguous ones are asked, unknown ones too",
        """case id,city,county,onset date,sex
1,台州,,2020-01-20,M
2,taizhou,,2020-01-20,M
3,,鼓楼区,2020-01-20,F
4,南京,鼓楼区,2020-01-20,F
5,Atlantis,,2020-01-20,F
6,"Xihu District, Hangzhou City",,2020-01-20,F
""",
        {"city": "city", "county": "county"},
        ["area=331000", "?place_ambiguous", "?place_ambiguous", "area=320106", "?place_unknown", "area=330106"],
        asked="classification_open",
    ),
    Kind(
        "days that can't be true",
        """编号,性别,年龄,县区,发病日期,报告日期,死亡日期
1,男,40,西湖区,2020-02-30,2020-03-01,
2,男,40,西湖区,2020-02-10,2020-03-01,2020-02-01
3,男,40,西湖区,2031-02-10,2020-03-01,
4,男,40,西湖区,2020-02-10,2020-02-01,
5,男,40,西湖区,正月初五,2020-03-01,
""",
        {"死亡日期": "death_date"},
        ["!date_impossible", "!death_before_onset", "!day_in_future", "?onset_after_report", "!date_lunar"],
        asked="classification_open",
    ),
    Kind(
        "numbers that come twice",
        """编号,性别,年龄,县区,发病日期
7,男,40,西湖区,2020-02-10
7,男,40,西湖区,2020-02-10
7,女,31,西湖区,2020-02-11
""",
        {"编号": "local_id"},
        ["local_id=7", "!row_repeated", "!local_id_repeated"],
        asked="classification_open",
    ),
    Kind(
        "words for the same class, course and result",
        """编号,县区,发病日期,性别,病例类型,临床分型,核酸检测,目前状态
1,西湖区,2020-02-10,男性,确诊,轻症,阳性(+),在院治疗
2,西湖区,2020-02-10,女士,临床诊断病例,危重症,阴性,已出院
3,西湖区,2020-02-10,女,无症状感染者,无症状,待查,解除隔离
4,西湖区,2020-02-10,女,好像是,重型,阳性,病亡
""",
        {"病例类型": "classification", "临床分型": "severity", "核酸检测": "lab_result", "目前状态": "outcome"},
        [
            "sex=M classification=confirmed severity=mild lab_result=positive outcome=in_care",
            "sex=F classification=clinical severity=critical lab_result=negative outcome=discharged",
            "classification=asymptomatic severity=asymptomatic outcome=discharged",
            "!classification_unreadable",
        ],
    ),
    Kind(
        "a roster with a few who are ill",
        "name,sex,age,class,onset date\n" + "".join(f"Child {n},{'MF'[n % 2]},{6 + n % 5},3b,{'2020-03-02' if n == 2 else ''}\n" for n in range(1, 13)),
        {"onset date": "onset_date"},
        ["name=Child_1", "name=Child_2 onset_date=2020-03-02"],
        asked="case_when_open classification_open place_open",
    ),
    Kind(
        "Spanish days and bilingual headers",
        """编号 No.,性别 Sex,年龄 Age,发病日期 Date of onset,县区 County
1,M,30,3 de enero de 2020,西湖区
2,F,31,15 février 2020,西湖区
3,F,31,Monday 3 February 2020,西湖区
4,F,31,end of December 2019,西湖区
""",
        {"编号 No.": "local_id", "发病日期 Date of onset": "onset_date"},
        ["onset_date=2020-01-03", "onset_date=2020-02-15", "onset_date=2020-02-03", "onset_date=2019-12-21/2019-12-31"],
        asked="classification_open",
    ),
    Kind(
        "report cards in their newer dress: a column about kin, and one about the kind of address",
        """卡片编号\t卡片状态\t患者姓名\t有效证件号码\t性别\t实足年龄\t年龄单位\t现住地址类型\t现住地址国标码\t现住详细地址\t病例分类1\t发病日期\t诊断日期\t填卡日期\t订正终审时间\t密切接触者有无相同症状\t临床严重程度\t输入病例类型
330106202001250001\t已终审\t甲某\t.\t男\t44\t岁\t本县区\t33010602\t浙江杭州西湖区某路1号\t确诊病例\t2020-01-20\t2020-01-25 14:30:21\t2020-01-25\t2020-01-26 09:00:00\t无\t普通型\t本地
330106202001260002\t已终审\t乙某\t.\t女\t2\t月\t本县区\t33010602\t浙江杭州西湖区某路2号\t疑似病例\t2020-01-22\t2020-01-26 09:00:00\t2020-01-26\t.\t有\t轻型\t.
""",
        {"现住地址类型": "other", "现住详细地址": "address", "密切接触者有无相同症状": "other", "订正终审时间": "other", "输入病例类型": "origin"},
        [
            "local_id=330106202001250001 age=44 severity=moderate origin=本地 area=33010602",
            "local_id=330106202001260002 age=0.16667 severity=mild area=33010602",
        ],
    ),
    Kind(
        "other people and other places beside the patient’s own",
        """编号,姓名,性别,年龄,联系电话,联系人姓名,联系人电话,户籍详细地址,现住详细地址,工作单位地址,就诊医院所在区县,发病日期,报告日期,调查人员姓名,是否死亡
1,甲某,男,45,13800000001,乙某,13800000002,南京,西湖区,滨江区,余杭区,2020-01-20,2020-01-25,丙,否
2,丁某,女,61,13800000003,戊某,13800000004,南京,滨江区,,余杭区,2020-01-22,2020-01-27,丙,是
""",
        {"联系人姓名": "other", "联系人电话": "other", "户籍详细地址": "registered_address", "现住详细地址": "address", "工作单位地址": "other", "就诊医院所在区县": "other", "调查人员姓名": "other", "是否死亡": "outcome"},
        ["name=甲某 phone=+8613800000001 area=330106", "name=丁某 phone=+8613800000003 area=330108 outcome=died"],
        asked="classification_open",
    ),
    Kind(
        "numbers whose meaning the header tells",
        """病例编号,性别(1=男，2=女),年龄(岁/月/天),最高体温(℃),发病时间(年/月/日),县（市、区）,转归[1治愈 2好转 3死亡]
T1,1,3月,38.6,2020/1/20,西湖区,1
T2,2,45岁,37.9℃,2020/1/21,滨江区,3
T3,1,<1,未测,2020/1/22,滨江区,
""",
        {"性别(1=男,2=女)": "sex", "转归[1治愈 2好转 3死亡]": "outcome", "最高体温(°C)": "temperature"},
        ["sex=M age=0.25 outcome=recovered", "sex=F age=45 outcome=died", "sex=M age=0-1"],
        asked="classification_open",
    ),
    Kind(
        "two rows of headers, the groups over some columns only, who filled it in above and below",
        """,,某县病例情况表,,,,,
,填报单位：某疾控中心,,,,,填报时间：2020年2月15日,
序号,姓名,性别,年龄,住址,发病及诊断,,备注
,,,,,发病日期,诊断日期,
1,甲某,男,45,西湖区,1月30日,2月3日,
2,乙某,女,三十八,滨江区,1月31日,2月4日,甲某之妻
小计,2,,,,,,
填表人：丙,,,审核人：丁,,,填表日期：2月15日,
""",
        {"发病日期": "onset_date", "诊断日期": "diagnosis_date", "住址": "address"},
        [
            "onset_date=2020-01-30 diagnosis_date=2020-02-03 area=330106",
            "age=38 onset_date=2020-01-31 diagnosis_date=2020-02-04 area=330108",
            "!row_is_no_case",
            "!row_is_no_case",
        ],
        asked="classification_open",
    ),
    Kind(
        "French",
        """Identifiant du cas;Classification du cas;Nom;Prénom;Sexe;Âge;Région;District;Date de déclaration;Date d'apparition des symptômes;Issue du cas;Date du décès;Température (°C);Fièvre;Toux;Latitude
CAS-1;Cas confirmé;Dupont;Anne;Féminin;34 ans;浙江;西湖区;24/03/2020;20/03/2020;Guéri;;38,5;Oui;Non;30,2741
CAS-2;Cas suspect;Martin;Jean;Homme;8 mois;浙江;西湖区;25/04/2020;1er avril 2020;Décédé;15/04/2020;39,2;Oui;NSP;
CAS-3;Cas probable;Petit;Luc;Homme;70 ans et plus;浙江;西湖区;26/04/2020;mi-avril 2020;Inconnu;;;Oui;Oui;
""",
        {"Identifiant du cas": "local_id", "Date d'apparition des symptômes": "onset_date dmy", "Date de déclaration": "report_date dmy", "Date du décès": "death_date dmy", "Fièvre": "symptom_flag", "Issue du cas": "outcome"},
        [
            "classification=confirmed name=Dupont_Anne sex=F age=34 onset_date=2020-03-20 outcome=recovered temperature=38.5 symptoms=fever,_no_cough latitude=30.2741 area=330106",
            "classification=suspected sex=M age=0.66667 onset_date=2020-04-01 outcome=died symptoms=fever",
            "classification=probable age=70- onset_date=2020-04-11/2020-04-20",
        ],
    ),
    Kind(
        "Spanish: H and M for the sexes, a unit of age beside it",
        """Número de caso;Apellidos;Nombres;Sexo;Edad;Unidad de edad;Provincia;Municipio;Fecha de inicio de síntomas;Fecha de notificación;Clasificación del caso;Evolución;Fiebre;Tos
ES-1;Pérez;Ana;M;34;años;浙江;杭州;20/03/2020;24/03/2020;Confirmado;Recuperado;Sí;No
ES-2;Gómez;Luis;H;8;meses;浙江;杭州;02/04/2020;05/04/2020;Sospechoso;Fallecido;Sí;Sí
ES-3;Ruiz;Eva;M;30-39;años;浙江;杭州;fines de marzo de 2020;05/04/2020;Descartado;Vivo;No;desconocido
""",
        {"Unidad de edad": "age_unit", "Municipio": "city", "Evolución": "outcome"},
        [
            "sex=F age=34 onset_date=2020-03-20 classification=confirmed outcome=recovered symptoms=fever,_no_cough area=330100",
            "sex=M age=0.66667 onset_date=2020-04-02 classification=suspected outcome=died",
            "sex=F age=30-39 onset_date=2020-03-21/2020-03-31 classification=excluded outcome=alive",
        ],
    ),
    Kind(
        "Portuguese",
        """Nº da Notificação;Nome do paciente;Idade;Sexo;Município de Residência;Data da Notificação;Data dos Primeiros Sintomas;Resultado do Exame;Classificação Final;Evolução do Caso;Data do Óbito;Febre
1001;Maria X;40 anos;F;杭州;05/05/2020;01/05/2020;Detectável;Confirmado;Cura;;Sim
1002;João Y;7 meses;M;杭州;25/05/2020;21/05/2020;Não detectável;Descartado;Óbito;30/05/2020;Ignorado
""",
        {"No da Notificação": "local_id", "Data dos Primeiros Sintomas": "onset_date dmy", "Data do Óbito": "death_date dmy"},
        [
            "local_id=1001 age=40 sex=F onset_date=2020-05-01 lab_result=positive classification=confirmed outcome=recovered symptoms=fever",
            "age=0.58333 onset_date=2020-05-21 lab_result=negative classification=excluded outcome=died death_date=2020-05-30",
        ],
    ),
    Kind(
        "German: whether somebody died, with yes and no",
        """Fallnummer;Nachname;Vorname;Geschlecht;Alter (Jahre);Landkreis;Erkrankungsbeginn;Meldedatum;Verstorben;Falldefinition;Fieber;Temperatur
DE1;Muster;Eva;weiblich;34;西湖区;20.03.2020;24.03.2020;nein;bestätigt;ja;38,5 °C
DE2;Test;Max;männlich;45;西湖区;Anfang April 2020;05.04.2020;ja;Verdacht;ja;39,1
DE3;Test;Kai;divers;k. A.;西湖区;02.04.20;05.04.2020;unbekannt;wahrscheinlich;nein;
""",
        {"Fallnummer": "local_id", "Erkrankungsbeginn": "onset_date dmy", "Verstorben": "outcome", "Falldefinition": "classification"},
        [
            "sex=F age=34 onset_date=2020-03-20 classification=confirmed symptoms=fever temperature=38.5",
            "onset_date=2020-04-01/2020-04-10 outcome=died classification=suspected",
            "onset_date=2020-04-02 classification=probable symptoms=no_fever",
        ],
    ),
    Kind(
        "KoboToolbox: numbered questions, a choice of many as columns, what the tool adds",
        """start,end,Case_ID,A1_Name_of_patient,A2_Sex,A3_Age_value,A3_Age_unit,B1_District,C1_Date_of_onset,C2_Date_seen_at_HF,C3_Symptoms/fever,C3_Symptoms/cough,D1_Outcome,_id,_submission_time,_validation_status,_index
2020-03-24T10:01:02.000+08:00,2020-03-24T10:11:02.000+08:00,K-1,Amina B,female,3,years,西湖区,2020-03-20,2020-03-22,1,1,alive,1001,2020-03-24T02:12:01,,1
2020-03-25T10:01:02.000+08:00,2020-03-25T10:11:02.000+08:00,K-2,Bo C,male,7,months,滨江区,2020-03-21,2020-03-23,0,1,dead,1002,2020-03-25T02:12:01,,2
""",
        {"B1_District": "county", "C2_Date_seen_at_HF": "first_visit_date", "C3_Symptoms/fever": "symptom_flag", "D1_Outcome": "outcome", "start": "other"},
        [
            "local_id=K-1 name=Amina_B sex=F age=3 onset_date=2020-03-20 symptoms=fever,_cough area=330106",
            "local_id=K-2 age=0.58333 outcome=died symptoms=cough,_no_fever area=330108",
        ],
        asked="classification_open",
    ),
    Kind(
        "measles: an age in years and one in months, and whether in or out",
        """EPID Number,Province,District,Age in Years,Age in Months,Sex,Date of Onset of Rash,Date of Notification,Date Specimen Collected,Final Classification,Outcome,In/Out Patient
ZJ-1,浙江,西湖区,4,,F,12-Feb-20,15-Feb-20,16-Feb-20,Laboratory confirmed,Alive,Out
ZJ-2,浙江,西湖区,,9,M,20-Feb-20,22-Feb-20,23-Feb-20,Discarded,Alive,In
ZJ-3,浙江,西湖区,2,3,M,20-Feb-20,22-Feb-20,23-Feb-20,Discarded,Alive,In
ZJ-4,浙江,西湖区,2,60,M,20-Feb-20,22-Feb-20,23-Feb-20,Discarded,Alive,In
""",
        {"Age in Years": "age", "Age in Months": "age", "In/Out Patient": "other", "Date Specimen Collected": "sampled_date"},
        ["age=4 rash_date=2020-02-12", "age=0.75", "age=2.25", "?ages_differ"],
    ),
    Kind(
        "DHIS2 tracker",
        """Tracked entity instance,Organisation unit,Organisation unit name,Enrollment date,Local case ID,First Name,Surname,Sex,Age in years,Date of symptoms onset,Case classification,Health outcome
aB1cD2eF3gH,ImspTQPwCqd,西湖区,2020-05-03 00:00:00.0,L-1,Ana,S,FEMALE,34,2020-05-01,Laboratory confirmed case,Recovered
aB1cD2eF3gI,ImspTQPwCqd,滨江区,2020-05-05 00:00:00.0,L-2,Bo,T,MALE,,2020-05-02,Suspected case,Died
""",
        {"Organisation unit name": "area", "Enrollment date": "report_date", "Organisation unit": "other"},
        ["classification=confirmed report_date=2020-05-03 area=330106", "outcome=died area=330108"],
    ),
    Kind(
        "an open list of a city: no symptoms where a day of onset is asked, a hundred years in decades",
        """Case no.,Report date,Date of onset,Gender,Age,District,exposure_start,exposure_end,released_date,deceased_date
1,23/01/2020,21/01/2020,M,39,西湖区,14/01/2020,15/01/2020,28/02/2020,
2,01/02/2020,Asymptomatic,M,70s,西湖区,,,,
3,01/02/2020,20/01/2020,F,100s,西湖区,,,,19/02/2020
""",
        {"exposure_end": "other", "released_date": "discharge_date dmy", "deceased_date": "death_date dmy"},
        ["discharge_date=2020-02-28 outcome=discharged", "age=70-79 symptoms=asymptomatic", "age=100-109 outcome=died"],
        asked="classification_open",
    ),
]  # fmt: skip
