"""Serves foundation_urls with the platform's own settings, on a port given as argument. Needs no database.

python -m tests.browser.foundation_server PORT
"""

import os
import socketserver
import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

os.environ["DJANGO_SETTINGS_MODULE"] = "lianfang.config.settings"


class _Threads(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


def main(port: int) -> None:
    import django
    from django.conf import settings

    settings.ROOT_URLCONF = "tests.browser.foundation_urls"
    django.setup()
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    make_server("127.0.0.1", port, application, server_class=_Threads, handler_class=_Quiet).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
