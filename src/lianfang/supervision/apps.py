from django.apps import AppConfig


class SupervisionConfig(AppConfig):
    name = "lianfang.supervision"
    label = "supervision"
