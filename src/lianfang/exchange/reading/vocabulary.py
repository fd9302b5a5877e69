"""Words for a few answers, in Chinese and English, turned into codes: sex, yes or no, outcome, severity, class."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .findings import UNKNOWN, Finding, note, refused, uncertain
from .plain import folded, is_unknown, plain


@dataclass(frozen=True, slots=True)
class Along:
    """A cell that answers its own column and others too: “critical, intubated” is an outcome and a severity."""

    value: Any
    others: Mapping[str, Any] = field(default_factory=dict, hash=False)
    finding: Finding | None = None


def _table(**words: str) -> dict[str, str]:
    """Word → code. Words are divided by commas, so that they may hold blanks."""
    found: dict[str, str] = {}
    for code, listed in words.items():
        for word in listed.split(","):
            found[_key(word)] = code
    return found


def _key(text: str) -> str:
    """Letters without accents, digits and Chinese characters only, small."""
    return re.sub(r"[\s_\-.,:;()\[\]'\"/]+", "", folded(text.lower()))


SEX = _table(
    M="m,male,man,boy,men,males,masculine,masculin,masculino,homme,hombre,maschio,männlich,mann,h,garcon,varon,男,男性,男孩,男童,男婴,先生,♂,男 male,男(m),m 男",
    F="f,female,woman,girl,women,females,feminine,féminin,femenino,femenina,feminino,feminina,femme,fille,mujer,femmina,weiblich,frau,w,女,女性,女孩,女童,女婴,女士,♀,女 female,女(f),f 女",
)
# GB/T 2261.1 and ISO/IEC 5218 agree: 0 unknown, 1 male, 2 female, 9 not stated.
SEX_NUMBERS = frozenset({"0", "1", "2", "9", "0.0", "1.0", "2.0", "9.0"})

YES_NO = _table(
    yes="y,yes,true,t,1,1.0,是,有,√,✓,✔,☑,对,已,oui,si,sí,ja,sim,positive,yes confirmed,是的,属实",
    no="n,no,false,f,0,0.0,否,无,没有,没,不是,×,✗,✘,☒,未,none,nil,non,nein,não,negative,never,否认,无此情况,不涉及",
)

OUTCOME = _table(
    discharged="discharged,discharge,released,released from hospital,hospital discharge,dis,discharged alive,alta médica,alta hospitalaria,alta hospitalar,sorti,sortie,entlassen,出院,已出院,治愈出院,康复出院,好转出院,出院隔离,解除隔离",
    recovered="recovered,recover,recovery,cured,cure,healed,survived,survive,survival,resolved,guéri,guérie,recuperado,recuperada,curado,curada,cura,genesen,geheilt,治愈,已治愈,痊愈,康复,恢复,好转,临床治愈",
    alive="alive,vivant,vivante,vivo,viva,lebt,am leben,存活,生存,健在",
    died="died,dead,death,deceased,dec,fatal,die,expired,mort,décédé,décédée,fallecido,fallecida,muerto,muerta,óbito,óbito pelo agravo notificado,défunt,gestorben,verstorben,死亡,死,病死,已死亡,去世,病故,病亡",
    in_care="no outcome yet,no outcome,outcome pending,unresolved,stable,hospitalised,hospitalized,hospitalisation,in hospital,inpatient,under treatment,on treatment,treatment,receiving treatment,ongoing,active,still ill,ill,isolated,isolation,in isolation,under isolation,admitted,not recovered,improving,stable condition,good,hospitalisé,hospitalisée,hospitalizado,hospitalizada,internado,internada,sous traitement,en traitement,en tratamiento,em tratamento,stationär,in behandlung,在治,治疗中,住院,住院治疗,在院,在院治疗,隔离治疗,隔离治疗中,现症,未愈,平稳,稳定,病情稳定,病情平稳,定点医院隔离治疗,尚未出院,在院隔离治疗",
    transferred="transferred,transféré,transférée,trasladado,trasladada,remitido,transferido,transferida,verlegt,transfer,referred,转院,转出,转诊",
    lost="lost,perdu de vue,perdido,lost to follow up,lost to followup,ltfu,absconded,失访,失联",
)

SEVERITY = _table(
    asymptomatic="asymptomatic,asymptomatique,asintomático,assintomático,asymptomatisch,no symptoms,symptomless,without symptoms,无症状,无症状感染者",
    mild="mild,léger,légère,leve,leicht,light,minor,mild case,not severe,non severe,nonsevere,轻,轻型,轻症,轻度,轻微,轻型病例,轻症病例",
    moderate="moderate,modéré,modérée,moderado,moderada,mittelschwer,common,ordinary,normal,general,regular,普通,普通型,一般,中,中型,中度,普通型病例,普通型肺炎",
    severe="severe,sévère,grave,severo,schwer,serious,severe case,serious condition,重,重型,重症,重度,重症病例,重型病例",
    critical="critical,critique,crítico,kritisch,critically ill,critical condition,very severe,icu,life threatening,危重,危重型,危重症,极重,病危,危重症病例,危重型病例",
)

CLASSIFICATION = _table(
    confirmed="confirmed,confirmed case,lab confirmed,laboratory confirmed,lab confirmed case,laboratory confirmed case,cas confirmé,confirmé,confirmée,confirmado,confirmada,caso confirmado,confirmado por laboratorio,bestätigt,bestätigter fall,con,conf,definite,positive,pcr confirmed,确诊,确诊病例,实验室确诊,实验室确诊病例,实验室诊断病例,确诊新冠,确定,确定病例,已确诊",
    suspected="suspected,cas suspect,suspecte,sospechoso,sospechosa,caso sospechoso,suspeito,caso suspeito,verdacht,verdachtsfall,suspect,suspect case,suspected case,possible,sus,susp,pui,possible case,疑似,疑似病例,可疑,可疑病例,待排",
    probable="probable,probable case,cas probable,caso probable,provável,wahrscheinlich,wahrscheinlicher fall,prob,epi linked,epidemiologically linked,可能,极可能,可能病例",
    clinical="clinical,compatible,compatible case,clinically compatible case,cas compatible,klinisch,clinically diagnosed,clinical case,clinically compatible,clinically confirmed,clinical diagnosis,临床诊断,临床诊断病例,临床,临床确诊",
    asymptomatic="asymptomatic,asymptomatic infection,asymptomatic case,asymptomatic carrier,carrier,无症状,无症状感染,无症状感染者,阳性检测,隐性感染,病原携带者,携带者,阳性检测者",
    excluded="excluded,écarté,infirmé,exclu,non cas,pas un cas,descartado,descartada,caso descartado,ausgeschlossen,kein fall,not a case,non case,noncase,not case,discarded,ruled out,negative,no case,exc,排除,已排除,非病例,排除病例,阴性,订正排除",
)

LAB_RESULT = _table(
    positive="positive,positif,positivo,positiv,detectable,detectado,detectável,reactivo,reagente,pos,+,++,+++,p,detected,reactive,阳性,阳,弱阳性,阳性(+),检出,核酸阳性",
    negative="negative,négatif,negativo,negativ,no detectable,no detectado,não detectável,não detectado,non détecté,no reactivo,não reagente,neg,-,n,not detected,nonreactive,阴性,阴,阴性(-),未检出,核酸阴性",
    inconclusive="inconclusive,inconclusivo,indeterminado,indéterminé,douteux,dudoso,unklar,indeterminate,equivocal,borderline,可疑,可疑阳性,不确定,无效",
)

CERTAINTY = _table(
    stated="stated,confirmed,certain,sure,definite,yes,known,确定,明确,确诊,肯定,是",
    probable="probable,likely,probably,较可能,很可能,极可能",
    possible="possible,suspected,uncertain,maybe,可能,疑似,不确定,待定,推测",
)

CONTACT_SETTINGS = _table(
    household="household,family,home,household contact,家庭,家人,同住,共同生活,家庭内,家属",
    healthcare="healthcare,hospital,nosocomial,health care,hcw,clinic,医院,院内,医务,诊疗",
    workplace="workplace,work,office,colleague,单位,同事,工作,办公室",
    school="school,class,classroom,学校,班级,同学",
    funeral="funeral,burial,葬礼,丧事",
    travel="travel,trip,transport,vehicle,旅行,交通工具,同车",
    community="community,neighbour,neighbor,market,市场,社区,邻居",
    other="other,others,其他,其它",
)


def _empty(text: str) -> tuple[str, Any]:
    """Plain small text, and None or UNKNOWN when there is nothing to read in it."""
    cell = plain(text).lower()
    if not cell:
        return cell, None
    if cell.startswith("#") and cell != "#n/a":
        return cell, refused("import.cell_too_narrow" if set(cell) == {"#"} else "import.cell_error")
    return cell, ...


def read_sex(text: str) -> str | Finding | Any | None:
    """ "M" or "F". Numbers are a question for the whole column: they mean different things in different systems."""
    cell, nothing = _empty(text)
    if nothing is not ...:
        return nothing
    code = SEX.get(_key(cell))
    if code is not None:
        return code
    if is_unknown(cell) or cell in (
        "u",
        "未说明的性别",
        "未知的性别",
        "other",
        "其他",
        "不明性别",
        "未说明",
        "undetermined",
        "o",
        "3",
        "divers",
        "autre",
        "otro",
        "outro",
        "indeterminado",
    ):
        return UNKNOWN
    if cell in SEX_NUMBERS:
        return uncertain("import.sex_number", choices=("M", "F"))
    for pattern, found in ((r"\bfemale\b|\bwoman\b|\bgirl\b|女", "F"), (r"\bmale\b|\bman\b|\bboy\b|男", "M")):
        others = r"\bmale\b|\bman\b|\bboy\b|男" if found == "F" else r"\bfemale\b|\bwoman\b|\bgirl\b|女"
        if re.search(pattern, cell) and not re.search(others, cell):
            return uncertain("import.word_within_text", found)
    return refused("import.sex_unreadable")


def read_yes_no(text: str) -> str | Finding | Any | None:
    """ "yes" or "no"."""
    cell, nothing = _empty(text)
    if nothing is not ...:
        return nothing
    code = YES_NO.get(_key(cell)) or YES_NO.get(cell)
    if code is not None:
        return code
    if is_unknown(cell) or cell in ("u", "9", "unsure", "maybe", "可能", "不确定"):
        return UNKNOWN
    if cell == "2":
        return uncertain("import.yes_no_number", choices=("yes", "no"))
    for pattern, found in (
        (r"(?:no|not|无|未|否|没有)\b|^[无未否没]", "no"),
        (r"^(?:yes|y|是|有)(?=[\s,;:(，；：（、])", "yes"),
    ):
        if re.match(pattern, cell):
            return Along(found, finding=note("import.yes_no_with_words", found))
    return refused("import.yes_no_unreadable")


_NOT_YET = re.compile(r"(?:not|no|never|未|没有?|尚未|无)\s*(?:yet\s*)?(?:been\s*)?$")
_OUTCOME_IN_TEXT: tuple[tuple[re.Pattern[str], str, dict[str, str]], ...] = (
    (re.compile(r"\b(?:died|death|deceased|dead|passed away)\b|死亡|去世|病故|病亡|抢救无效"), "died", {}),
    (re.compile(r"\bdischarged?\b|\breleased\b|\balta\b|出院"), "discharged", {}),
    (re.compile(r"\b(?:recovered|cured|healed)\b|治愈|痊愈|康复"), "recovered", {}),
    (re.compile(r"\btransferr?ed\b|转院|转至|转往"), "transferred", {}),
    (re.compile(r"\bcritical(?:ly)?\b|\bintubated\b|\bicu\b|\becmo\b|\bventilat|危重|病危|插管|呼吸机"), "in_care", {"severity": "critical"}),
    (re.compile(r"\bsevere(?:ly)?\b|\bserious(?:ly)?\b|重症|重型|病重"), "in_care", {"severity": "severe"}),
    (re.compile(r"\bmild\b|轻症|轻型"), "in_care", {"severity": "mild"}),
    (re.compile(r"\bstable\b|\bhospital|\btreat|\bisolat|稳定|平稳|治疗|隔离|住院|在院"), "in_care", {}),
)  # fmt: skip


def read_outcome(text: str) -> str | Along | Finding | Any | None:
    """discharged, recovered, alive (no more is told), died, in_care (still ill), transferred or lost; a sentence may also tell the severity."""
    cell, nothing = _empty(text)
    if nothing is not ...:
        return nothing
    code = OUTCOME.get(_key(cell))
    if code is not None:
        return code
    if is_unknown(cell):
        return UNKNOWN
    severity = SEVERITY.get(_key(cell))
    if severity is not None:
        return Along("in_care", {"severity": severity}, note("import.outcome_from_words", "in_care"))
    for pattern, found, others in _OUTCOME_IN_TEXT:
        for match in pattern.finditer(cell):
            if not _NOT_YET.search(cell[: match.start()]):
                return Along(found, others, note("import.outcome_from_words", found))
            if found in ("discharged", "recovered"):
                return Along("in_care", {}, note("import.outcome_from_words", "in_care"))
    return refused("import.outcome_unreadable")


def read_severity(text: str) -> str | Along | Finding | Any | None:
    """asymptomatic, mild, moderate, severe or critical. Where a column of severities says “death”, that is the outcome."""
    cell, nothing = _empty(text)
    if nothing is not ...:
        return nothing
    code = SEVERITY.get(_key(cell))
    if code is not None:
        return code
    if is_unknown(cell):
        return UNKNOWN
    outcome = OUTCOME.get(_key(cell))
    if outcome is not None:
        return Along(None, {"outcome": outcome}, note("import.severity_is_outcome", outcome))
    for words, found in (
        ("危重 critical icu", "critical"),
        ("重症 重型 severe serious", "severe"),
        ("普通 moderate", "moderate"),
        ("轻 mild", "mild"),
    ):
        if any(word in cell for word in words.split(" ")):
            return uncertain("import.word_within_text", found)
    return refused("import.severity_unreadable")


def read_classification(text: str) -> str | Finding | Any | None:
    """confirmed, suspected, probable, clinical, asymptomatic or excluded."""
    cell, nothing = _empty(text)
    if nothing is not ...:
        return nothing
    code = CLASSIFICATION.get(_key(cell))
    if code is not None:
        return code
    if is_unknown(cell) or cell in ("not yet classified", "unclassified", "未分类", "未定"):
        return UNKNOWN
    found = {
        code
        for words, code in (
            ("无症状 asymptomatic", "asymptomatic"), ("临床 clinical", "clinical"), ("确诊 confirmed", "confirmed"),
            ("疑似 suspect", "suspected"), ("排除 excluded discarded", "excluded"), ("probable", "probable"),
        )
        if any(word in cell for word in words.split(" "))
    }  # fmt: skip
    if len(found) == 1:
        return uncertain("import.word_within_text", next(iter(found)))
    return refused("import.classification_unreadable")


def read_lab_result(text: str) -> str | Finding | Any | None:
    """positive, negative or inconclusive."""
    cell, nothing = _empty(text)
    if nothing is not ...:
        return nothing
    if cell in ("+", "++", "+++"):
        return "positive"
    if cell == "-":
        return uncertain("import.lab_dash", choices=("negative", "unknown"))
    code = LAB_RESULT.get(_key(cell)) if _key(cell) else None
    if code is not None:
        return code
    if is_unknown(cell):
        return UNKNOWN
    found = {
        code
        for words, code in (("阳 pos", "positive"), ("阴 neg", "negative"))
        if any(w in cell for w in words.split(" "))
    }
    return uncertain("import.word_within_text", found.pop()) if len(found) == 1 else refused("import.lab_unreadable")


def read_certainty(text: str) -> str | Finding | Any | None:
    """How sure a link is: stated, probable or possible."""
    cell, nothing = _empty(text)
    if nothing is not ...:
        return nothing
    if is_unknown(cell):
        return UNKNOWN
    return CERTAINTY.get(_key(cell)) or refused("import.certainty_unreadable")


def read_setting(text: str) -> str | Any | None:
    """Where a transmission happened: a code where the word is known, else the words themselves."""
    cell, nothing = _empty(text)
    if nothing is not ...:
        return nothing
    if is_unknown(cell):
        return UNKNOWN
    return CONTACT_SETTINGS.get(_key(cell)) or plain(text)
