"""The words of the command line's own refusals."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "serve.cannot_listen": _("Nothing can listen on {host}, port {port}: {problem}. Choose another port with --port."),
    "demo.not_empty": _(
        "The database {database} is not empty: it holds other work, or a demonstration whose filling was stopped. "
        "The demonstration needs a database of its own: set LIANFANG_HOME to another folder, or DATABASE_URL to an empty "
        "database; or remove what was begun."
    ),
    "demo.interval_unknown": _(
        "The definitions have no {disease} with a serial interval, which the demonstration rests on."
    ),
    "command.no_ledgers": _("There is no ledger (*.parquet) in {folder}. Write one with “lianfang ledger write”."),
    "command.no_spark": _(
        "Spark is not installed. Install it with: uv sync --extra spark (it needs Java 17 or later)."
    ),
    "command.no_such_user": _("There is no user {username}."),
    "command.not_a_day": _("“{text}” is not a day. Write it as 2020-02-01."),
    "command.no_such_language": _("“{language}” is no language of the reports. Write zh or en."),
}

EVENTS: dict[str, object] = {}
