"""How Chinese names are written and read: tables for `matching`."""

# Characters whose reading in names is not the one that dictionaries give first.
READINGS = {
    "单": "shan", "曾": "zeng", "仇": "qiu", "解": "xie", "区": "ou", "查": "zha", "盖": "ge", "朴": "piao", "翟": "zhai",
    "任": "ren", "秘": "bi", "冼": "xian", "种": "chong", "员": "yun", "贠": "yun", "覃": "qin", "缪": "miao", "呙": "guo",
    "逄": "pang", "宓": "mi", "尉": "wei", "召": "shao", "祭": "zhai", "折": "she", "佴": "nai", "郗": "xi", "谌": "chen",
    "隗": "wei", "葛": "ge", "柏": "bai", "卜": "bu", "褚": "chu", "车": "che", "晁": "chao", "费": "fei", "洗": "xian",
    "纪": "ji", "令": "ling", "牟": "mou", "宁": "ning", "瞿": "qu", "芮": "rui", "沈": "shen", "殷": "yin", "应": "ying",
    "於": "yu", "臧": "zang", "过": "guo", "哈": "ha", "那": "na", "石": "shi", "万": "wan", "燕": "yan", "幺": "yao",
}  # fmt: skip

COMPOUND_FAMILY_NAMES = frozenset(
    [
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "司徒",
        "夏侯",
        "令狐",
        "宇文",
        "长孙",
        "轩辕",
        "端木",
        "独孤",
        "南宫",
        "西门",
        "公冶",
        "申屠",
        "濮阳",
        "淳于",
        "单于",
        "太叔",
        "仲孙",
        "钟离",
        "鲜于",
        "闾丘",
        "司空",
        "赫连",
        "澹台",
        "百里",
        "呼延",
        "东郭",
        "第五",
        "万俟",
        "闻人",
        "拓跋",
        "左丘",
        "梁丘",
        "亓官",
        "完颜",
    ]
)

COMMON_FAMILY_NAMES = {
    "王": 0.072, "李": 0.072, "张": 0.068, "刘": 0.054, "陈": 0.050, "杨": 0.031, "黄": 0.025, "赵": 0.023, "吴": 0.022,
    "周": 0.019, "徐": 0.016, "孙": 0.015, "马": 0.014, "朱": 0.013, "胡": 0.013, "郭": 0.012, "何": 0.012, "林": 0.012,
    "高": 0.011, "罗": 0.010,
}  # fmt: skip

SIMPLIFIED: dict[str, str] = {}
LOOK_ALIKES: frozenset[frozenset[str]] = frozenset()
