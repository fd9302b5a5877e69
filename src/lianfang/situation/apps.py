from django.apps import AppConfig


class SituationConfig(AppConfig):
    name = "lianfang.situation"
    label = "situation"
