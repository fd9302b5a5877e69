"""What never enters a log: the tokens of personal links, which stand in their addresses."""

import logging
import re
from typing import Any

PERSONAL = re.compile(r"(/c/)[^/\s?#'\"]+")


class WithoutTokens(logging.Filter):
    """Puts an ellipsis in the place of each token, in the words of a record, its values and its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _hidden(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(_hidden(value) for value in record.args)
        elif isinstance(record.args, dict):
            record.args = {name: _hidden(value) for name, value in record.args.items()}
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = _hidden(record.exc_text)
        return True


def _hidden(value: Any) -> Any:
    return PERSONAL.sub(r"\1…", value) if isinstance(value, str) else value
