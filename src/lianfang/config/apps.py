from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "lianfang.config"
    label = "config"

    def ready(self) -> None:
        from . import accounts  # noqa: F401 - connects the sign-in events
