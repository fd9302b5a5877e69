from django.apps import AppConfig


class WorkordersConfig(AppConfig):
    name = "lianfang.workorders"
    label = "workorders"
