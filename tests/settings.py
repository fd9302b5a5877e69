"""The platform's settings over a home of the tests' own, so that no run touches the keys and files of a real one."""

import os
import tempfile

os.environ.setdefault("LIANFANG_HOME", tempfile.mkdtemp(prefix="lianfang-tests-"))
os.environ["DJANGO_SETTINGS_MODULE"] = "lianfang.config.settings"  # what processes started by a test run with

from lianfang.config.settings import *  # noqa: F403

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher"
]  # a hash that is slow on purpose costs each test with accounts
