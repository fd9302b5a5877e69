from django.apps import AppConfig


class SurveillanceConfig(AppConfig):
    name = "lianfang.surveillance"
    label = "surveillance"
