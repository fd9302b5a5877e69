"""Invented content for the style guide, which shows every component so that it can be looked at."""

import math
from datetime import date, timedelta
from typing import Any

from django import forms, template
from django.templatetags.static import static
from django.utils.translation import gettext as _

from lianfang.kernel import clock

from .console import CLASSIFICATIONS

register = template.Library()


class _Example(forms.Form):
    name = forms.CharField(label="姓名", max_length=40, help_text="按身份证件填写。")
    sex = forms.ChoiceField(label="性别", choices=[("f", "女"), ("m", "男"), ("u", "不详")], widget=forms.RadioSelect)
    onset_on = forms.DateField(label="发病日期", widget=forms.DateInput(attrs={"type": "date"}))
    temperature = forms.DecimalField(label="最高体温", required=False)
    county = forms.ChoiceField(label="现住地区", choices=[("", "请选择"), ("330302", "鹿城区"), ("330303", "龙湾区")])
    note = forms.CharField(label="备注", widget=forms.Textarea(attrs={"rows": 2}), required=False)
    agreed = forms.BooleanField(label="已向本人说明", help_text="说明用途与保存期限。")
    file = forms.FileField(label="文件", required=False, help_text="CSV、TSV 或 XLSX，不超过 100 MB。")


@register.simple_tag
def example_forms() -> dict[str, Any]:
    """One empty form, and one that came back with errors."""
    wrong = _Example({"name": "", "sex": "f", "onset_on": "2020-02-31", "temperature": "37.8"}, prefix="wrong")
    wrong.add_error(None, _("The onset lies after the day of the report."))
    return {"empty": _Example(), "wrong": wrong}


@register.simple_tag
def example_clocks() -> list[dict[str, Any]]:
    now = clock.now()
    minutes = lambda count: timedelta(minutes=count)  # noqa: E731
    return [
        {"due": now + minutes(95), "raised": now - minutes(25), "closed": None},
        {"due": now + minutes(18), "raised": now - minutes(102), "closed": None},
        {"due": now - minutes(47), "raised": now - minutes(167), "closed": None},
        {"due": now + minutes(4400), "raised": now, "closed": None},
        {"due": now - minutes(60), "raised": now - minutes(180), "closed": now - minutes(75)},
        {"due": now - minutes(60), "raised": now - minutes(180), "closed": now - minutes(20)},
    ]


@register.simple_tag
def example_figures() -> dict[str, Any]:
    """An outbreak drawn with a bell and a little arithmetic; nothing in it was observed anywhere."""
    first = date(2020, 1, 15)
    days = [first + timedelta(days=i) for i in range(42)]
    height = [34 * math.exp(-(((i - 23) / 9) ** 2)) for i in range(42)]
    shares = {"confirmed": 0.62, "clinical": 0.08, "suspected": 0.2, "asymptomatic": 0.14, "excluded": 0.1}
    series = [
        {
            "key": key,
            "label": CLASSIFICATIONS[key],
            "values": [
                round(h * share * (0.85 + 0.3 * ((i * 7 + len(key) * 5) % 10) / 10)) for i, h in enumerate(height)
            ],
        }
        for key, share in shares.items()
    ]
    late = 36
    totals = [sum(one["values"][i] for one in series) for i in range(42)]
    curve = {
        "days": days,
        "series": series,
        "title": "流行曲线",
        "unit": "例，按发病日",
        "dayLabel": "发病日",
        "asOf": days[-1],
        "uncertainFrom": days[late],
        "expected": {
            "mean": [None] * late + [totals[i] * (1.1 + 0.16 * (i - late)) for i in range(late, 42)],
            "low": [None] * late + [totals[i] * (1.0 + 0.08 * (i - late)) for i in range(late, 42)],
            "high": [None] * late + [totals[i] * (1.3 + 0.3 * (i - late)) for i in range(late, 42)],
        },
    }
    mean = [None] * 8 + [0.55 + 2.6 / (1 + math.exp((i - 16) / 4.5)) for i in range(8, 42)]
    width = [0.15 + 2.2 / (1 + i / 3) for i in range(42)]
    rt = {
        "days": days,
        "mean": mean,
        "low": [None if m is None else max(0.0, m - width[i] * 0.45) for i, m in enumerate(mean)],
        "high": [None if m is None else m + width[i] * 0.6 for i, m in enumerate(mean)],
        "title": "有效再生数 Rt",
        "method": "Cori 2013，7 天窗口",
        "asOf": days[-1],
    }
    names = ["甲县", "乙县", "丙区", "丁区", "戊市", "己县", "庚县"]
    values = [0, 4, 17, 63, 128, 9, None]
    area_map = {
        "geojson": static("console/example-areas.json"),
        "values": {str(i + 1): {"value": value, "label": names[i]} for i, value in enumerate(values)},
        "link": "?area={code}",
        "title": "各县区累计确诊",
        "unit": "例",
        "asOf": days[-1],
    }
    return {"curve": curve, "rt": rt, "map": area_map}
