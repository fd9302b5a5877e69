"""The catalogue: what a column of a line list can mean, and the headers that health workers give it."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from .plain import folded, plain
from .symptoms import CODE_OF

Subject = Literal["case", "link", "count"]
Reads = Literal[
    "text", "date", "age", "sex", "yes_no", "outcome", "severity", "classification", "symptoms", "temperature", "phone",
    "id_number", "area_code", "place", "address", "coordinate", "count", "local_id", "certainty", "setting", "lab_result",
    "age_unit", "symptom_flag", "sentence",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a column can tell. ``core`` values are read by rules and indicators: one that can't be read refuses the
    row, while others are kept as the text they are. ``many`` columns may tell it together."""

    key: str
    reads: Reads
    headers: tuple[str, ...]
    core: bool = False
    many: bool = False
    subject: Subject = "case"


def _field(
    key: str, reads: Reads, headers: str, core: bool = False, many: bool = False, subject: Subject = "case"
) -> Field:
    return Field(key, reads, tuple(word.strip() for word in headers.split("|")), core, many, subject)


FIELDS: dict[str, Field] = {
    field.key: field
    for field in (
        # ---- who
        _field("local_id", "local_id", "编号|病例编号|病例号|病例id|个案编号|卡片编号|卡片编码|卡片id|传染病报告卡编号|病人编号|患者编号|病例序号|id号|case id|id|case no|case number|case code|patient id|patient no|patient number|record id|record number|unique id|epid number|epid no|epid|identifier|case identifier|subject id|uid|linelist id|case ref|case|strain|gisaid epi isl|sequence id|local case id|numero de caso|numero del caso|no de caso|id del caso|codigo del caso|identifiant du cas|identifiant|numero du cas|no du cas|code du cas|numero epid|no epid|numero da notificacao|no da notificacao|nu notific|numero do caso|id do caso|fallnummer|fall id|fall nr|aktenzeichen", core=True),
        _field("row_number", "local_id", "序号|行号|no|number|sn|s/n|serial number|serial no|row|row number|index"),
        _field("name", "text", "姓名|患者姓名|病人姓名|病例姓名|名字|name|patient name|full name|case name|patient|surname|last name|family name|first name|given name|forename|other names|nom|prenom|nom du patient|nom complet|nombre|nombres|apellido|apellidos|nombre del paciente|nombre completo|nome|sobrenome|nome do paciente|nachname|vorname|familienname", many=True),
        _field("parent_name", "text", "家长姓名|患儿家长姓名|监护人|监护人姓名|家长|parent name|guardian|guardian name|mother name|father name|name of parent|mother's name|father's name|nom de la mere|nom du pere|nombre de la madre|nombre del padre|nome da mae|nome do pai"),
        _field("sex", "sex", "性别|性别代码|sex|gender|sexe|sexo|geschlecht|genero|genre|cs sexo", core=True),
        _field("age", "age", "年龄|实足年龄|年龄岁|患者年龄|岁数|发病年龄|age|age years|age in years|age at onset|years|age group|ageyears|age class|age and birth date|年龄组|年龄段|alter|edad|age ans|edad anos|idade|idade anos|alter jahre|alter in jahren|月龄|日龄", core=True),
        _field("age_unit", "age_unit", "年龄单位|age unit|age units|unit of age|age type|unidad de edad|unite d'age|unidade de idade|alterseinheit|tipo de edad|tipo de idade"),
        _field("birth_date", "date", "出生日期|生日|出生年月|出生年月日|date of birth|dob|birth date|birthdate|birthday|born|date de naissance|naissance|fecha de nacimiento|data de nascimento|dt nasc|geburtsdatum", core=True),
        _field("id_number", "id_number", "身份证|身份证号|身份证号码|证件号|证件号码|有效证件号|公民身份号码|id number|id card|national id|identity number|id no|identity card|passport|passport number|document number|nid|numero de documento|documento de identidad|cedula|dni|cpf|carte d'identite|ausweisnummer"),
        _field("phone", "phone", "电话|联系电话|手机|手机号|手机号码|联系方式|电话号码|本人电话|患者电话|phone|phone number|telephone|mobile|tel|contact number|cell|mobile number|telephone number|telefono|telefone|telefon|celular|movil"),
        _field("occupation", "text", "职业|患者职业|人群分类|人群|工种|occupation|job|profession|work|employment|ocupacion|ocupacao|profissao|profesion|beruf"),
        _field("workplace", "text", "工作单位|单位|学校|单位名称|工作单位学校|所在单位|班级|workplace|employer|school|work place|institution|place of work|lieu de travail|lugar de trabajo|local de trabalho|arbeitsplatz"),
        _field("household_id", "text", "家庭编号|户号|户编号|household id|family id|household|hh id|household number"),
        # ---- where
        _field("country", "place", "国家|国籍|country|nation|country of residence|pays|pais|pays de residence|pais de residencia|land", many=True),
        _field("province", "place", "省|省份|省市|所在省|现住省|现住址省|居住省|province|division|state|admin1|adm1|region|province name|governorate|department|provincia|departamento|departement|estado|estado de residencia|uf|bundesland|entidad federativa", many=True),
        _field("city", "place", "市|地市|城市|所在市|现住市|现住址市|地级市|市州|报告城市|city|prefecture|admin2|adm2|municipality|city name|prefecture city|report city|municipio|municipio de residencia|ville|ciudad|cidade|stadt", many=True),
        _field("county", "place", "县|区|区县|县区|县市区|区市县|所在县|现住县|现住址县|现住县区|区域|辖区|所属区县|所属县区|county|district|admin3|adm3|lga|county name|district name|sub county|borough|zone|landkreis|kreis|distrito|district sanitaire|canton|arrondissement", many=True),
        _field("township", "place", "乡镇|街道|乡镇街道|镇街|街镇|镇|所在乡镇|现住乡镇|乡镇街道名称|township|town|subdistrict|sub district|street|admin4|adm4|ward|commune|parish|parroquia|aire de sante", many=True),
        _field("village", "place", "村|社区|村居|村社区|居委会|村委会|居委会村委会|小区|village|community|hamlet|neighbourhood|neighborhood|settlement|aldea|aldeia|localidad|localite|localidade|vereda|bairro|barrio|quartier|dorf", many=True),
        _field("area", "place", "地区|所在地区|现住地区|现住址地区|居住地区|所属地区|区划|行政区划|报告地区|病例地区|area|location|place|residence|place of residence|area of residence|residential area|where|site|current residence|lieu de residence|lugar de residencia|local de residencia|wohnort|organisation unit name|org unit name|orgunit name|ou name", many=True),
        _field("area_code", "area_code", "地区编码|地区代码|行政区划代码|区划代码|区划编码|现住地址国标|现住址国标|地址编码|国标码|现住地址编码|admin id|area code|admin code|adm code|gb code|adcode|pcode|p code|region code|location code|geo code|county code|district code|county id"),
        _field("address", "address", "现住址|现住地址|住址|地址|详细地址|家庭住址|家庭地址|现住详细地址|居住地址|居住地|现居住地|现居地|现住地|常住地址|address|home address|current address|residential address|street address|addr|adresse|direccion|endereco|domicilio|anschrift|logradouro", many=True),
        _field("registered_address", "text", "户籍|户籍地|户籍地址|户籍所在地|户口所在地|籍贯|hukou|registered address|permanent address|origin province|native place|户籍详细地址|户籍住址|户籍地区"),
        _field("latitude", "coordinate", "纬度|latitude|lat|y coord|gps lat|latitud"),
        _field("longitude", "coordinate", "经度|longitude|lon|long|lng|x coord|gps lon|longitud"),
        # ---- when
        _field("onset_date", "date", "发病日期|发病时间|发病日|症状出现日期|症状出现时间|出现症状日期|出现症状时间|首发症状日期|首发症状时间|起病日期|起病时间|首次发病时间|发病日期时间|onset|date of onset|onset date|symptom onset|date onset symptoms|symptom onset date|date of symptom onset|first symptom date|date of first symptoms|illness onset|date of illness onset|prodrome|date of prodrome|start illness|dateonset|date onset|ill since|onset of symptoms|illness start|date d'apparition des symptomes|date de debut des symptomes|debut des symptomes|date de debut des signes|date de debut de la maladie|date d'apparition des premiers symptomes|fecha de inicio de sintomas|inicio de sintomas|fecha de los primeros sintomas|fecha de primeros sintomas|data dos primeiros sintomas|data de inicio dos sintomas|inicio dos sintomas|dt sin pri|erkrankungsbeginn|erkrankungsdatum|symptombeginn|beginn der symptome", core=True),
        _field("rash_date", "date", "出疹日期|出疹时间|皮疹出现日期|rash date|date of rash|rash onset|date of rash onset|date d'apparition de l'eruption|date d'eruption|fecha de inicio de exantema|data do exantema|exanthembeginn"),
        _field("exposure_date", "date", "暴露日期|暴露时间|感染日期|感染时间|可能感染日期|接触日期|接触时间|末次接触日期|最后接触时间|date of infection|infection date|exposure date|date of exposure|date of contact|last contact date|contact date"),
        _field("first_visit_date", "date", "就诊日期|就诊时间|初诊日期|初诊时间|首诊日期|首诊时间|首次就诊日期|首次就诊时间|first hospital visit|first visit|date of consultation|consultation date|visit date|date seen|date first seen|presentation date|date of presentation|first consultation|date seen at hf|date seen at health facility|date de consultation|date de premiere consultation|fecha de consulta|fecha de atencion|data da consulta|data de atendimento"),
        _field("diagnosis_date", "date", "诊断日期|诊断时间|临床诊断日期|diagnosis date|date of diagnosis|diagnosed|date diagnosed|date du diagnostic|fecha de diagnostico|data do diagnostico|diagnosedatum"),
        _field("confirm_date", "date", "确诊日期|确诊时间|实验室确诊日期|确认日期|核酸阳性日期|检测阳性日期|阳性日期|confirmation date|date confirmation|date of confirmation|date confirmed|confirmed date|lab confirm date|lab confirmation date|confirm date|positive date|date of positive test|date positive|fecha de confirmacion|data de confirmacao", core=True),
        _field("report_date", "date", "报告日期|报告时间|填卡日期|报卡日期|报卡时间|上报日期|上报时间|网报时间|直报时间|公布日期|公布时间|通报日期|通报时间|发布日期|报告卡录入时间|录入日期|录入时间|report date|date of report|date reported|reported|notification date|date of notification|date notified|reporting date|date of reporting|date submitted|submission date|disclosure date|date announced|announcement date|publication date|report time|notified on|enrollment date|enrolment date|date of enrollment|date de notification|date de declaration|date de signalement|fecha de notificacion|fecha de reporte|data da notificacao|dt notific|meldedatum|datum der meldung", core=True),
        _field("admission_date", "date", "入院日期|入院时间|住院日期|住院时间|收治日期|收治时间|admission date|date of admission|date admission hospital|hospitalisation date|date of hospitalisation|date of hospitalization|hospitalization date|date hospitalised|date hospitalized|hospital admission date|admitted|admission|adm date|date hospital current admit|date d'hospitalisation|date d'admission|fecha de hospitalizacion|fecha de ingreso|data de internacao|data da internacao|dt interna|krankenhausaufnahme|aufnahmedatum", core=True),
        _field("isolation_date", "date", "隔离日期|隔离时间|开始隔离日期|开始隔离时间|集中隔离日期|isolation date|date of isolation|isolate date|date isolated|quarantine date|isolate date after symptom|isolate date before symptom|date d'isolement|fecha de aislamiento|data de isolamento"),
        _field("discharge_date", "date", "出院日期|出院时间|治愈日期|治愈时间|治愈出院日期|released date|discharge date|date of discharge|date discharged|recovery date|date of recovery|date recovered|date de sortie|date de guerison|fecha de alta|fecha de egreso|fecha de recuperacion|data da alta|data de alta|data da cura|entlassungsdatum", core=True),
        _field("death_date", "date", "死亡日期|死亡时间|终审死亡时间|deceased date|death date|date of death|date died|dod|death|date de deces|date du deces|fecha de defuncion|fecha de muerte|fecha de fallecimiento|data do obito|data de obito|dt obito|sterbedatum|todesdatum", core=True),
        _field("outcome_date", "date", "转归日期|转归时间|结局日期|date of outcome|outcome date|date death or discharge|date of death or discharge|date death discharge|date de l'issue|fecha de evolucion|data da evolucao", core=True),
        _field("return_date", "date", "返回日期|返回时间|返乡日期|返乡时间|回程日期|抵达日期|抵达时间|到达日期|到达时间|入境日期|入境时间|到温时间|回温时间|返温时间|回国日期|return date|date of return|arrival date|date of arrival|entry date|return date from other city|date de retour|date d'arrivee|fecha de llegada|data de chegada"),
        _field("travel_dates", "date", "旅行日期|旅居时间|外出日期|外出时间|旅行时间|travel history dates|travel dates|travel date|dates of travel"),
        _field("sampled_date", "date", "采样日期|采样时间|标本采集日期|sample date|specimen date|date of sample|date of specimen collection|collection date|swab date|date sampled|sample collection date|date specimen collected|date de prelevement|fecha de toma de muestra|fecha de muestra|data da coleta|data de coleta|dt coleta|entnahmedatum"),
        _field("result_date", "date", "检测日期|检测时间|检验日期|结果日期|报告结果日期|出结果时间|result date|date of result|test date|date of test|lab result date|lab date|date tested|date of lab result|date du resultat|fecha de resultado|data do resultado|befunddatum"),
        # ---- what
        _field("disease", "text", "疾病|疾病名称|病种|诊断疾病|诊断|病名|disease|disease name|diagnosis|condition|pathogen|maladie|enfermedad|doenca|agravo|krankheit"),
        _field("classification", "classification", "病例分类|分类|病例类型|病例类别|诊断分类|诊断类型|病例状态|病例属性|病例分类1|类型|classification|case classification|case status|case definition|case class|status|case type|final classification|epi classification|final status|classification du cas|statut du cas|clasificacion|clasificacion del caso|clasificacion final|classificacao|classificacao final|classificacao do caso|classi fin|falldefinition|epi case def|case def", core=True),
        _field("severity", "severity", "病情|严重程度|临床分型|临床严重程度|病情程度|分型|病例分型|轻重|临床类型|severity|clinical severity|disease severity|clinical type|clinical status|severity of illness|gravite|gravedad|gravidade|schweregrad", core=True),
        _field("outcome", "outcome", "转归|结局|outcome of case|预后|治疗结果|目前状态|当前状态|转归情况|病情转归|outcome|final outcome|patient outcome|clinical outcome|status at discharge|vital status|patient status|condition at discharge|alive or dead|current status|health outcome|是否死亡|死亡|died|deceased|verstorben|deces|decede|obito|fallecido|fallecida|issue du cas|issue|evolution|evolucion|evolucion del caso|evolucao|evolucao do caso|desenlace|estado del paciente", core=True),
        _field("symptoms", "symptoms", "症状|临床表现|主要症状|首发症状|症状体征|临床症状|发病症状|主诉|现病史|症状描述|symptoms|symptom|signs and symptoms|clinical presentation|presenting symptoms|clinical signs|signs|symptomes|signes cliniques|sintomas|signos y sintomas|sinais e sintomas|symptome", many=True),
        _field("symptom_flag", "symptom_flag", "", many=True),
        _field("temperature", "temperature", "体温|最高体温|入院体温|发热体温|温度|体温度|temperature|temp|body temperature|max temperature|fever temperature|temperatura|temperatur"),
        _field("underlying", "text", "基础疾病|基础性疾病|既往史|既往病史|慢性病|合并症|基础病|underlying conditions|comorbidities|comorbidity|chronic disease|underlying disease|medical history|pre existing conditions|underlying condition|preexisting conditions|comorbidites|comorbilidades|comorbidades|antecedentes|vorerkrankungen"),
        _field("complications", "text", "并发症|complications|complication"),
        _field("vaccination", "text", "疫苗接种史|接种史|免疫史|疫苗|接种情况|vaccination|vaccination status|vaccinated|immunisation|immunization|doses|vaccine doses|vaccine|statut vaccinal|vacunacion|vacina|vacuna|impfstatus"),
        # ---- how
        _field("exposure", "text", "暴露史|流行病学史|流行病史|流调|接触史|感染途径|感染方式|流行病学|暴露情况|可疑暴露史|exposure|exposure history|epidemiological history|epi history|epidemiological link|exposures|mode of infection|suspected exposure|exposure type", many=True),
        _field("contact_with_case", "yes_no", "是否接触病例|病例接触史|确诊病例接触史|密切接触史|是否密切接触者|是否密接|密接|是否为密切接触者|contact with case|contact with confirmed case|close contact|known contact|contact of case|contact|是否接触确诊病例|是否接触过病例|与确诊病例接触史|接触确诊病例|contact avec un cas|contacto con caso|contato com caso"),
        _field("travel_location", "text", "旅行史|旅居史|外出史|武汉旅居史|湖北旅居史|中高风险地区旅居史|旅行地点|旅居地|旅行地|出行史|travel history location|travel history|travel location|place of travel|travel|travelled to|destination|travel country|voyage|viaje|antecedente de viaje|viagem"),
        _field("infection_place", "text", "感染地|感染地点|感染城市|可能感染地|infect city|place of infection|city of infection|infection place|infection location|place acquired|country of infection"),
        _field("lived_in", "text", "居住史|是否武汉居住|武汉居住史|lives in wuhan|lived in|resident of|lives in|residence in epidemic area|residency"),
        _field("origin", "text", "感染来源|病例来源|输入来源|输入病例|是否输入|来源地|输入或本地|imported|origin|imported or local|case origin|import status|locally acquired|acquired|imported case|输入病例类型"),
        _field("cluster", "text", "聚集性疫情|聚集性疫情编号|聚集性|所属聚集性|cluster|cluster id|outbreak|outbreak id|event id"),
        # ---- care and laboratory
        _field("hospital", "text", "医院|就诊医院|首诊医院|诊断医院|诊断机构|收治医院|定点医院|入住医院|诊治医院|治疗医院|就诊医疗机构|住院医院|隔离医院|收治机构|hospital|hospital name|health facility|facility|treatment centre|treatment center|clinic|admitting hospital|etu|treating hospital|formation sanitaire|structure sanitaire|hopital|unidad de salud|establecimiento de salud|unidade de saude|krankenhaus"),
        _field("reporting_unit", "text", "报告单位|报卡单位|填报单位|上报单位|报告机构|填卡单位|报告医院|诊断单位|reporting unit|reporting facility|reporting hospital|reported by|reporter|notifier|reporting institution|reporting site"),
        _field("lab_result", "lab_result", "核酸结果|核酸检测结果|核酸检测|检测结果|实验室检测结果|实验室结果|检验结果|pcr结果|核酸|lab result|laboratory result|test result|pcr result|pcr|result|lab results|test results|swab result|resultat|resultat du test|resultado|resultado do exame|resultado de laboratorio|resultado de la prueba|testergebnis|ergebnis"),
        _field("specimen", "text", "标本|标本类型|样本类型|标本种类|specimen|specimen type|sample type|sample|type de prelevement|tipo de muestra|muestra|amostra|tipo de amostra"),
        _field("test", "text", "检测方法|检测项目|检验方法|检测类型|test|test type|lab test|assay|method|type of test"),
        # ---- about the row
        _field("sentence", "sentence", "病例描述|病例情况|病例简介|情况简介|病情简介|个案描述|病例详情|详情|情况|case description|narrative|case narrative|text|summary|case summary|details"),
        _field("source", "text", "来源|信息来源|数据来源|资料来源|出处|来源网址|链接|网址|source|data source|url|information source|reference|source url|link"),
        _field("notes", "text", "备注|说明|其他|其他情况|补充说明|情况说明|附注|描述|notes|note|remarks|remark|comments|comment|additional information|other information|description|other|remarques|commentaires|observations|observaciones|observacoes|comentarios|bemerkung|bemerkungen|anmerkung|anmerkungen", many=True),
        # ---- links between cases
        _field("infector_id", "local_id", "传染源编号|感染来源病例编号|上代病例|上代病例编号|传播者编号|感染源编号|指示病例编号|传染来源病例|传染源|infector|infector id|source case|source case id|infected by|parent case|from|index case id|primary case id|source id|exposed by|infector case id|infector case", core=True, subject="link"),
        _field("infectee_id", "local_id", "被感染者编号|续发病例编号|被传播者编号|下代病例编号|二代病例编号|被感染病例|被感染者|infectee|infectee id|infected case|secondary case|secondary case id|to|target|infected id|infectee case id|contact case id", core=True, subject="link"),
        _field("relation", "text", "关系|与传染源关系|与病例关系|与指示病例关系|与感染者关系|relation|relationship|relation to infector|infectee relation to infector|relationship to case|relationship to source|type of contact|relationship to infector|relation to case", subject="link"),
        _field("relation_back", "text", "传染源与其关系|relation to infectee|infector relation to infectee|relationship to infectee", subject="link"),
        _field("certainty", "certainty", "确定程度|可信度|把握程度|certainty|link certainty|confidence|link type|link status", subject="link"),
        _field("setting", "setting", "传播场所|接触场所|接触方式|感染场所|传播途径|暴露场所|setting|contact setting|transmission setting|exposure setting|contact type|context|place of contact|location of contact", subject="link"),
        _field("household_link", "yes_no", "是否同住|是否家庭|是否家庭内传播|家庭内|is household|household transmission|same household|household contact|household pair|within household", subject="link"),
        # ---- counts by day
        _field("count_date", "date", "日期|统计日期|日|date|day|report day|时间|统计时间", core=True, subject="count"),
        _field("count", "count", "病例数|新增|新增病例|新增确诊|确诊数|发病数|例数|人数|病例|cases|case count|count|n|new cases|number of cases|confirmed cases|incidence|number|total cases", core=True, many=True, subject="count"),
    )
}  # fmt: skip

PLACE_KEYS = ("country", "province", "city", "county", "township", "village", "area")
DATE_KEYS = tuple(field.key for field in FIELDS.values() if field.reads == "date")

# Columns that the file of refused rows adds, and that are skipped when it comes back.
RESEND_HEADERS = frozenset({"原因/reason", "办法/remedy", "原行/row"})

INFECTOR, INFECTEE = "infector", "infectee"
SIDES = (INFECTOR, INFECTEE)
_SIDE_WORDS = {
    INFECTOR: "infector|source case|source|primary case|primary|index case|index|transmitter|donor|传染源|传播者|感染来源|上代病例|上代|一代病例|一代|感染源|指示病例|首发病例",
    INFECTEE: "infectee|secondary case|secondary|recipient|infected case|infected|被感染者|被传播者|续发病例|续发|下代病例|下代|二代病例|二代|接触者",
}


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_SMALL_WORDS = _words(
    "of the a an in at for to and or is was s de du des del do da dos das la le les los las el der die et"
)
_DATE_WORDS = _SMALL_WORDS | _words("date day time dt d on when datetime fecha data datum")
# Alone in a longer header these say nothing: “contact name” and “in/out patient” are no names, “temperature source” no source.
_WEAK_ALONE = _words(
    "case patient name id number no source link from to result test status type class site where place other text summary "
    "details description method sample group sequence death nombre estado land lugar local issue evolution event resultat "
    "resultado"
)
# Who is not the patient, and which places are not where the patient lives: columns about them are kept, not taken for
# the patient's own.
_OTHER_PEOPLE = re.compile(
    "联系人|接触者|调查[人员者]|填[报表卡][人医]|采样人|检测人|医生|医师|护士|报告人|上报人|审核人|户主|监护人|家长|家属|父亲|母亲|配偶|陪同|负责人|网格员|录入人"
)
_OTHER_PEOPLES_WORDS = _words(
    "investigator interviewer physician doctor nurse clinician mother father guardian kin reporter informant respondent "
    "parent collector officer supervisor submitted spouse caretaker caregiver contact emergency enqueteur medecin mere pere "
    "medico madre padre mae pai"
)
_OF_A_PERSON = frozenset({"name", "sex", "age", "birth_date", "id_number", "phone", "occupation", "address"})
_OTHER_PLACES = re.compile("户籍|户口|籍贯|暴露|感染|就诊|工作|单位|学校|发病|出发|旅居|医院|机构|隔离|采样|报告|出生")
_OTHER_PLACES_WORDS = _words(
    "permanent work workplace birth hospital facility reporting responsible exposure origin school employer previous travel "
    "travelled visited infection contact lab laboratory isolation quarantine notifying registered event onset detection "
    "naissance nacimiento nascimento notificacion notificacao notification trabajo"
)
_OF_A_PLACE = frozenset(
    {"country", "province", "city", "county", "township", "village", "area", "area_code", "address"}
)
_WEAK_SIDES = frozenset({"source", "primary", "secondary", "index", "infected", "donor", "recipient"})
# Columns of report-card exports about who entered, reviewed and corrected the card: nothing about the case.
_ADMINISTRATIVE = re.compile(
    "报告单位|录卡|填卡医生|审核|县区审核|地市审核|省市审核|订正|删除|终审(?!死亡)|单位类型|(?:密切)?接触者有无"
)
_ASPECT = re.compile(
    "(?:地址|住址|区县|县区|地区|类型|类别|编码|代码|标志|机构|单位|依据|地点|次数|天数|人数|医生|电话|原因|方式|状态|时间|日期)$"
)
_NUMBERING = re.compile(r"^(?:\(?\d{1,2}[.、)）]\s*|[一二三四五六七八九十]{1,2}、|[a-h]\d{1,2}[.:、_]\s*|q\d+[.:_]\s*)")
_PARENTHESES = re.compile(r"[(\[（【<](.*?)[)\]）】>]")


@dataclass(frozen=True, slots=True)
class HeaderWords:
    """A header made comparable: its Chinese part, its English words, and what stood in brackets (often a unit)."""

    chinese: str
    words: frozenset[str]
    ordered: tuple[str, ...]
    brackets: str


@lru_cache(maxsize=4096)
def header_words(header: str) -> HeaderWords:
    """The words of a header. Camel case and underscores divide words.

    >>> header_words("infector_onsetDate").ordered
    ('infector', 'onset', 'date')
    """
    text = plain(header)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text).lower()
    text = re.sub(r"\b[dl]['’]|['’]s\b", "", folded(text))
    text = _NUMBERING.sub("", text.strip(" *:"))
    brackets = " ".join(match[1] for match in _PARENTHESES.finditer(text))
    outside = _PARENTHESES.sub(" ", text)
    outside = outside if outside.strip() else text
    chinese = "".join(re.findall(r"[\u4e00-\u9fff]+(?:\d+)?", outside))
    words = tuple(word.strip("'") for word in re.findall(r"[a-z']+|\d+", re.sub(r"[\u4e00-\u9fff]+\d*", " ", outside)))
    return HeaderWords(chinese, frozenset(words), words, brackets)


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """A field that a header may name, how well it fits (0 to 1), and the word in the catalogue that it fits."""

    key: str
    score: float
    word: str
    side: str = ""


@cache
def _catalogue() -> tuple[list[tuple[str, str, Field]], list[tuple[frozenset[str], str, Field]]]:
    chinese: list[tuple[str, str, Field]] = []
    english: list[tuple[frozenset[str], str, Field]] = []
    for field in FIELDS.values():
        for word in field.headers:
            if not word:
                continue
            if word.isascii():
                english.append((_core(header_words(word).ordered, field), word, field))
            else:
                chinese.append((word, word, field))
    return chinese, english


def _core(words: "list[str] | tuple[str, ...] | frozenset[str]", field: Field) -> frozenset[str]:
    ignored = _DATE_WORDS | _SMALL_WORDS if field.reads == "date" else _SMALL_WORDS
    left = frozenset(_singular(word) for word in words) - ignored
    return left or frozenset(_singular(word) for word in words)


def _singular(word: str) -> str:
    word = {
        "hospitalization": "hospitalisation",
        "hospitalized": "hospitalised",
        "immunization": "immunisation",
        "center": "centre",
        "neighborhood": "neighbourhood",
        "gender": "sex",
    }.get(word, word)
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


@lru_cache(maxsize=4096)
def header_matches(header: str) -> tuple[HeaderMatch, ...]:
    """Fields that a header may name, best first. A header that names one side of a pair has the side said."""
    if plain(header).lower() in RESEND_HEADERS:
        return ()
    found = _matches(header_words(header))
    for side, listed in _SIDE_WORDS.items():
        rest = _without_side(header_words(header), listed.split("|"))
        if rest is None:
            continue
        own = f"{side}_id"
        if not rest.chinese and not (rest.words - {"id", "case", "no", "number", "code"}):
            weak = header_words(header).words <= _WEAK_SIDES and not rest.words
            found.append(HeaderMatch(own, 0.6 if weak else 1.0, header))
            continue
        if rest.chinese in ("编号", "病例编号", "病例", "序号", "病例号"):
            found.append(HeaderMatch(own, 1.0, header))
            continue
        for match in _matches(rest):
            field = FIELDS[match.key]
            if field.subject == "case" and match.key not in ("source",):
                found.append(HeaderMatch(match.key, min(match.score, 1.0) * 0.97, match.word, side))
    ordered = header_words(header).ordered
    backwards = ordered[-1:] == ("infectee",)  # whose relation to whom: the same words in another order
    best: dict[tuple[str, str], HeaderMatch] = {}
    for match in found:
        if match.key == ("relation" if backwards else "relation_back") and len(ordered) > 1 and ordered[-1] in SIDES:
            continue
        place = (match.side, match.key)
        if place not in best or best[place].score < match.score:
            best[place] = match
    return tuple(sorted(best.values(), key=lambda match: -match.score))


def _without_side(header: HeaderWords, side_words: list[str]) -> HeaderWords | None:
    """The header without the words for one side of a pair, or None when it names no side."""
    for word in side_words:
        if word.isascii():
            parts = tuple(word.split())
            if header.ordered[: len(parts)] == parts:
                left = header.ordered[len(parts) :]
                return HeaderWords(header.chinese, frozenset(left), left, header.brackets)
            if len(parts) < len(header.ordered) and header.ordered[-len(parts) :] == parts and word in SIDES:
                if len(header.ordered) > len(parts) and header.ordered[-len(parts) - 1] in ("to", "of"):
                    continue  # “relation to infector” is a relation, not something about the infector
                left = header.ordered[: -len(parts)]
                return HeaderWords(header.chinese, frozenset(left), left, header.brackets)
        elif header.chinese.startswith(word):
            return HeaderWords(
                header.chinese.removeprefix(word).lstrip("的"), header.words, header.ordered, header.brackets
            )
    return None


def _matches(header: HeaderWords) -> list[HeaderMatch]:
    found: list[HeaderMatch] = []
    chinese, english = _catalogue()
    if header.chinese:
        if _ADMINISTRATIVE.match(header.chinese) and not any(word == header.chinese for word, _w, _f in chinese):
            return []
        for word, written, field in chinese:
            if word == header.chinese:
                found.append(HeaderMatch(field.key, 1.0, written))
            elif len(word) >= 2 and word in header.chinese:
                share = len(word) / len(header.chinese)
                ends = header.chinese.endswith(word)
                around = header.chinese.replace(word, " ")
                if _of_another(field.key, around) or (not ends and _ASPECT.search(around)):
                    continue  # 联系人姓名 is no name of the patient's, 现住地址类型 no address
                # What a Chinese header is about stands at its end: 县区审核时间 is a time, not a county.
                found.append(HeaderMatch(field.key, (0.55 if ends else 0.25) + 0.35 * share, written))
        code = CODE_OF.get(header.chinese.removeprefix("是否").removeprefix("有无").removesuffix("症状"))
        if code:
            found.append(HeaderMatch("symptom_flag", 0.9, code))
    if header.words:
        whole = 0.9 if header.chinese else 1.0  # 卡片ID says less than 卡片编号
        for words, written, field in english:
            core = _core(header.ordered, field)
            if words == core:
                dated = field.reads == "date" and not header.words & _DATE_WORDS and len(core) == 1
                found.append(HeaderMatch(field.key, whole * (0.85 if dated else 1.0), written))
            elif words < core and len(words) >= (1 if len(next(iter(words))) > 2 else 2):
                rest = core - words
                if words <= _WEAK_ALONE or _of_another(field.key, rest):
                    continue
                extra = len(rest)
                score = 0.8 - 0.13 * extra - (0.15 if len(words) == 1 else 0)
                if score > 0.3:
                    found.append(HeaderMatch(field.key, score, written))
        code = CODE_OF.get(" ".join(header.ordered)) or _asked_symptom(header.ordered)
        if code:
            found.append(HeaderMatch("symptom_flag", 0.9, code))
    return found


def _of_another(key: str, rest: "str | frozenset[str]") -> bool:
    """Whether the rest of a header says that a column is about another person, or another place, than the patient's."""
    chinese = isinstance(rest, str)
    if key in _OF_A_PERSON and (_OTHER_PEOPLE.search(rest) if chinese else rest & _OTHER_PEOPLES_WORDS):  # type: ignore[operator, arg-type]
        return True
    return key in _OF_A_PLACE and bool(_OTHER_PLACES.search(rest) if chinese else rest & _OTHER_PLACES_WORDS)  # type: ignore[operator, arg-type]


_ASKING = _words("symptom sign clinical sx has had have any presence history current at onset")


def _asked_symptom(words: tuple[str, ...]) -> str | None:
    """The symptom that a form's column asks about: “C3_Symptoms/fever”, “sx_cough”, “any dry cough”."""
    for first in range(1, len(words)):
        code = CODE_OF.get(" ".join(words[first:]))
        if code and all(_singular(word) in _ASKING for word in words[:first]):
            return code
    return None


def names_a_column(text: str) -> bool:
    """Whether a cell reads like a column's header rather than like something in it."""
    if not text or len(text) > 40:
        return False
    return any(match.score >= 0.8 for match in header_matches(text))
