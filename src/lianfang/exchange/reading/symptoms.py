"""Symptoms in running words, Chinese and English: which were present, which were denied, and what was not understood."""

import re
from dataclasses import dataclass
from typing import Any

from .findings import UNKNOWN, Finding, note, refused
from .plain import folded, is_unknown, plain

# Code → words. The longest word that fits wins, so 干咳 is not read as 咳 and “dry cough” not as cough.
_WORDS = {
    "fever": "fever,febrile,pyrexia,high fever,low fever,low-grade fever,feverish,high temperature,fievre,fiebre,febre,fieber,发热,发烧,发热症状,高热,低热,高烧,低烧,体温升高,体温异常,热",
    "chills": "chills,chill,shivering,feeling cold,frissons,escalofrios,calafrios,schuttelfrost,畏寒,怕冷,寒冷,发冷,畏冷,寒冷不适",
    "rigor": "rigor,rigors,寒战,寒颤,打寒战",
    "cough": "cough,coughing,toux,tos,tosse,husten,咳嗽,咳,阵发性咳嗽,轻微咳嗽,少许咳嗽",
    "dry_cough": "dry cough,nonproductive cough,unproductive cough,toux seche,tos seca,tosse seca,干咳",
    "sputum": "sputum,phlegm,expectoration,productive cough,咳痰,痰,有痰,少痰,咯痰,少量痰,黄痰,白痰",
    "haemoptysis": "haemoptysis,hemoptysis,coughing blood,咯血,咳血,痰中带血",
    "sore_throat": "sore throat,pharyngalgia,throat pain,throat discomfort,pharyngeal discomfort,pharyngitis,pharynx,itchy throat,dry throat,mal de gorge,dolor de garganta,odinofagia,dor de garganta,halsschmerzen,咽痛,喉咙痛,喉咙疼痛,嗓子疼,嗓子痛,咽部不适,咽喉不适,咽喉痛,咽部疼痛,喉咙痒,咽痒,咽干,喉咙不适,咽喉疼痛,咽部痛,咽部干痒",
    "runny_nose": "runny nose,rhinorrhoea,rhinorrhea,coryza,rhinitis,rhinorrhee,rinorrea,secrecion nasal,coriza,schnupfen,流涕,流鼻涕,流清涕,鼻涕",
    "nasal_congestion": "nasal congestion,stuffy nose,blocked nose,congestion,鼻塞,鼻堵",
    "sneezing": "sneezing,sneeze,打喷嚏,喷嚏",
    "headache": "headache,head ache,cephalee,cephalees,maux de tete,cefalea,dolor de cabeza,cefaleia,dor de cabeca,kopfschmerzen,头痛,头疼,轻度头痛",
    "dizziness": "dizziness,dizzy,vertigo,头晕,头昏,眩晕",
    "fatigue": "fatigue,fatigued,weakness,weak,asthenia,tired,tiredness,lethargy,lack of energy,systemic weakness,exhaustion,asthenie,fatiga,astenia,fadiga,mudigkeit,乏力,疲乏,疲劳,无力,四肢无力,全身无力,全身乏力,疲倦,倦怠,浑身无力",
    "muscle_pain": "myalgia,muscle pain,muscle ache,muscle aches,muscle soreness,muscular soreness,muscular stiffness,sore muscle,body ache,body aches,body pain,aches,soreness,sore limbs,muscle and joint pain,myalgie,myalgies,mialgia,mialgias,muskelschmerzen,肌肉酸痛,肌痛,肌肉疼痛,肌肉痛,全身酸痛,全身肌肉酸痛,全身肌肉疼痛,肢体酸痛,四肢酸痛,浑身酸痛,酸痛,身体酸痛,周身酸痛,全身疼痛,肌肉关节疼痛,肌肉关节酸痛,腰酸,背痛",
    "joint_pain": "joint pain,arthralgia,joint ache,arthralgie,arthralgies,artralgia,artralgias,gelenkschmerzen,关节痛,关节疼痛,关节酸痛",
    "chest_tightness": "chest tightness,chest distress,chest discomfort,胸闷",
    "chest_pain": "chest pain,pleuritic chest pain,胸痛",
    "dyspnoea": "dyspnoea,dyspnea,shortness of breath,breathlessness,difficulty breathing,breathing difficulty,anhelation,sob,polypnea,dyspnee,difficulte respiratoire,disnea,dificultad respiratoria,dispneia,falta de ar,atemnot,呼吸困难,气促,气短,气急,气喘,呼吸急促,喘憋,憋气,胸闷气促,活动后气促",
    "diarrhoea": "diarrhoea,diarrhea,loose stool,watery stool,loose stools,diarrhee,diarrea,diarreia,durchfall,腹泻,拉肚子,稀便,水样便,大便次数增多",
    "nausea": "nausea,nausee,nausees,nauseas,ubelkeit,恶心",
    "vomiting": "vomiting,vomit,emesis,vomissement,vomissements,vomito,vomitos,erbrechen,呕吐,恶心呕吐",
    "abdominal_pain": "abdominal pain,stomach ache,stomach pain,abdominal discomfort,douleur abdominale,douleurs abdominales,dolor abdominal,dor abdominal,bauchschmerzen,腹痛,肚子痛,胃肠道不适,胃肠不适,腹部不适,腹胀,胃痛,消化道不适",
    "loss_of_appetite": "loss of appetite,anorexia,poor appetite,inappetence,纳差,食欲不振,食欲减退,食欲差,胃纳差,食欲下降,胃口差,纳呆",
    "loss_of_smell": "loss of smell,anosmia,hyposmia,嗅觉减退,嗅觉丧失,失嗅,嗅觉下降",
    "loss_of_taste": "loss of taste,ageusia,味觉减退,味觉丧失,味觉下降,口苦",
    "conjunctivitis": "conjunctivitis,red eyes,conjonctivite,conjuntivitis,conjuntivite,konjunktivitis,结膜炎,结膜充血,眼红,眼睛红",
    "rash": "rash,maculopapular rash,exanthema,eruption cutanee,erupcion,exantema,exanthem,ausschlag,皮疹,斑丘疹,出疹,红疹,疱疹",
    "koplik_spots": "koplik spots,koplik's spots,科氏斑,麻疹黏膜斑",
    "sweating": "sweating,sweats,night sweats,出汗,盗汗,多汗",
    "palpitations": "palpitations,palpitation,心悸,心慌",
    "confusion": "confusion,altered consciousness,delirium,意识障碍,意识模糊,神志不清,嗜睡",
    "convulsion": "convulsion,convulsions,seizure,seizures,convulsiones,convulsoes,krampfe,抽搐,惊厥",
    "bleeding": "bleeding,haemorrhage,hemorrhage,saignement,saignements,hemorragie,hemorragia,sangrado,sangramento,blutung,出血",
    "jaundice": "jaundice,ictere,ictericia,gelbsucht,黄疸",
    "dehydration": "dehydration,脱水",
    "lymph_nodes": "lymphadenopathy,swollen lymph nodes,淋巴结肿大",
    "dry_mouth": "dry mouth,thirst,口干,口渴,口干舌燥",
    "insomnia": "insomnia,失眠,睡眠差",
    "malaise": "malaise,discomfort,physical discomfort,unwell,feeling unwell,不适,身体不适,全身不适,自感不适,自觉不适,身体不舒服,不舒服,身体不适症状,感冒症状,感冒,感冒样症状,上呼吸道感染症状",
    "pneumonia": "pneumonia,pneumonitis,viral pneumonia,lung infection,pulmonary infection,lesions on chest radiographs,pleural effusion,肺炎,肺部感染,病毒性肺炎,双肺感染,肺部感染性病变,肺部感染病变,肺部炎症,感染性病变,肺部有感染,肺部病变",
    "respiratory_symptoms": "respiratory symptoms,respiratory symptom,respiratory distress,呼吸道症状,呼吸道感染症状",
}  # fmt: skip

CODES = frozenset(_WORDS)
SIGNS = frozenset({"pneumonia"})  # seen by a physician, not told by the patient

CODE_OF: dict[str, str] = {word: code for code, words in _WORDS.items() for word in words.split(",")}
_BY_LENGTH = sorted(CODE_OF, key=len, reverse=True)
CHINESE_SYMPTOM = re.compile("|".join(re.escape(word) for word in _BY_LENGTH if not word.isascii()))
_ENGLISH = re.compile(
    r"(?<![a-z])(?:" + "|".join(re.escape(word) for word in _BY_LENGTH if word.isascii()) + r")(?![a-z])"
)
_CHINESE_NO_SPUTUM = {"咳嗽无痰", "干咳无痰", "咳嗽少痰"}

NO_SYMPTOMS = re.compile(
    r"(?:无|没有|未有|未出现|未见|否认)(?:任何|明显|自觉|临床|其他|其它|特殊|身体)*(?:不适|临床)?(?:的)?(?:症状|不适)(?:表现)?|asymptomatic|no symptoms?|symptomless|without symptoms?|symptom[- ]free"
)
_NONE_OTHER = re.compile(r"无(?:其他|其它|明显)")
_SEPARATORS = re.compile(r"[,;、，；/+&\n|]|\band\b|\bwith\b|和|及|伴有?|并|以及|。|\.(?=\s|$)")
_DENIED = re.compile(r"^\s*(?:no|not|without|denies|denied|absence of|无|未见|未|没有|否认|不伴)\s*")
_FILLERS = re.compile(
    r"^(?:and|with|出现|有|伴有?|自觉|自感|感|稍有?|轻度|轻微|明显|持续|间断|阵发性|开始|继而|后|mild|severe|slight|high|some|other symptoms|eventually showed)\s*|\s*(?:等|等?症状|等?临床表现|不适|表现|symptoms?)$"
)


@dataclass(frozen=True, slots=True)
class ReadSymptoms:
    """Symptoms by code: present, denied, and words that were not understood. ``asymptomatic`` when none is stated."""

    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    asymptomatic: bool = False
    text: str = ""

    def __str__(self) -> str:
        return ", ".join((*self.present, *(f"no {code}" for code in self.absent), *self.other)) or "asymptomatic"


def codes_in(text: str) -> list[tuple[str, int, int]]:
    """Every symptom named in plain small text as (code, start, end), in order, none inside another."""
    text = folded(text)
    pattern = _ENGLISH if text.isascii() else CHINESE_SYMPTOM
    found = [(CODE_OF[match.group()], match.start(), match.end()) for match in pattern.finditer(text)]
    if not text.isascii():
        found += [(CODE_OF[m.group()], m.start(), m.end()) for m in _ENGLISH.finditer(text)]
        found.sort(key=lambda entry: entry[1])
    ends = {end for code, _start, end in found if code != "malaise"}
    # 咽痛不适 is one complaint, not two; a lone 热 is mostly part of another word.
    return [
        (code, start, end)
        for code, start, end in found
        if text[start:end] != "热" and not (code == "malaise" and start in ends)
    ]


def read_symptoms(text: str) -> ReadSymptoms | Finding | Any | None:
    """The symptoms a cell lists.

    >>> str(read_symptoms("fever; dry cough, no diarrhea")), str(read_symptoms("发热、咳嗽咳痰等症状"))
    ('fever, dry_cough, no diarrhoea', 'fever, cough, sputum')
    """
    cell = plain(text).lower()
    if not cell:
        return None
    if cell.startswith("#"):
        return refused("import.cell_error") if cell != "#n/a" else UNKNOWN
    if cell in ("none", "nil", "no", "无", "没有") or NO_SYMPTOMS.fullmatch(cell):
        return ReadSymptoms(asymptomatic=True, text=text)
    if is_unknown(cell):
        return UNKNOWN
    present: dict[str, None] = {}
    absent: dict[str, None] = {}
    other: list[str] = []
    denied_before = False
    for piece in _SEPARATORS.split(cell):
        piece = piece.strip(" .。:：")
        if not piece:
            continue
        denied = bool(_DENIED.match(piece))
        named = codes_in(piece)
        if not named:
            rest = _FILLERS.sub("", _FILLERS.sub("", piece)).strip()
            if rest and not NO_SYMPTOMS.search(piece) and not _NONE_OTHER.match(piece):
                other.append(piece)
            continue
        # 无胸闷、胸痛 denies both; "no fever, cough" does not.
        denied = denied or (denied_before and not piece.isascii() and "有" not in piece)
        for code, start, _end in named:
            if piece[max(0, start - 1) : start] == "无" or denied:
                absent[code] = None
            else:
                present[code] = None
        denied_before = denied and not piece.isascii() and "无" in cell
    for code in present:
        absent.pop(code, None)
    if not present and not other and NO_SYMPTOMS.search(cell):
        return ReadSymptoms(absent=tuple(absent), asymptomatic=not absent, text=text)
    return ReadSymptoms(tuple(present), tuple(absent), tuple(other), False, text)


__all__ = ["CODES", "CODE_OF", "NO_SYMPTOMS", "SIGNS", "ReadSymptoms", "codes_in", "note", "read_symptoms"]
