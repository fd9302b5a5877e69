from django.apps import AppConfig


class DefinitionsConfig(AppConfig):
    name = "lianfang.definitions"
    label = "definitions"
