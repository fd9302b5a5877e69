from django.apps import AppConfig


class QuarantineConfig(AppConfig):
    name = "lianfang.quarantine"
    label = "quarantine"
