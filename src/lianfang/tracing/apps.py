from django.apps import AppConfig


class TracingConfig(AppConfig):
    name = "lianfang.tracing"
    label = "tracing"
