import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
application = get_wsgi_application()
_ = get_resolver().url_patterns  # every part is loaded now and not by the first request

from .serving import wait_until_prepared  # noqa: E402

wait_until_prepared()
