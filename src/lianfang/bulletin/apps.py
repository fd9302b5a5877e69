from django.apps import AppConfig


class BulletinConfig(AppConfig):
    name = "lianfang.bulletin"
    label = "bulletin"
