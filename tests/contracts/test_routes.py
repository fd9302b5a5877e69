"""Every address names a permission; every template names only addresses and icons that exist."""

import re

from django.urls import URLPattern, URLResolver, get_resolver

from lianfang.config.api import api
from lianfang.config.console import NAVIGATION
from lianfang.kernel.access import PERMISSIONS
from tests.contracts.source import ROOT, calls, templates

OPEN = {"public", "signed in"}
OF_THE_API = {"openapi-json", "api-root"}  # the description of the interface, without data


def routes(patterns=None, namespace=""):
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, entry.namespace or namespace)
        elif isinstance(entry, URLPattern):
            yield namespace, entry


def test_every_page_names_its_permission():
    bare = []
    for namespace, entry in routes():
        if namespace.startswith("api") or entry.name in OF_THE_API:
            continue
        permission = getattr(entry.callback, "permission", None)
        if permission not in OPEN and permission not in PERMISSIONS:
            bare.append(f"{entry.pattern} ({entry.name}): mark the view with @page(…), @public or needs_sign_in")
    assert not bare, "\n".join(bare)


def operations():
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                yield f"{','.join(operation.methods)} {prefix}{path}", operation


def test_every_operation_of_the_api_names_its_permission():
    found = list(operations())
    assert found
    bare = [name for name, entry in found if getattr(entry.view_func, "permission", None) not in PERMISSIONS]
    assert not bare, "mark with @needs(…): " + ", ".join(bare)


def test_every_address_that_a_template_or_the_navigation_needs_exists():
    known = {entry.name for _namespace, entry in routes()}
    missing = [f"navigation: {url}" for url, *_rest in NAVIGATION if url not in known]
    for path in templates():
        for name, rest in re.findall(r"{%\s*url\s+['\"]([\w-]+)['\"]([^%]*)%}", path.read_text()):
            if name not in known and " as " not in rest:
                missing.append(f"{path.relative_to(ROOT)}: {name}")
    assert not missing, "\n".join(missing)


def test_every_icon_exists():
    known = {path.stem for path in (ROOT / "web" / "icons").glob("*.svg")}
    missing = [f"navigation: {icon}" for _url, _words, icon, _permission in NAVIGATION if icon not in known]
    for path in templates():
        text = path.read_text()
        used = re.findall(r"{%\s*icon\s+['\"]([\w-]+)['\"]", text) + re.findall(r"\bicon=['\"]([\w-]+)['\"]", text)
        missing += [f"{path.relative_to(ROOT)}: {name}" for name in used if name not in known]
    for where, call in calls("icon"):
        name = getattr(call.args[0], "value", None) if call.args else None
        if isinstance(name, str) and name not in known:
            missing.append(f"{where}: {name}")
    assert not missing, "copy from @tabler/icons into web/icons:\n" + "\n".join(missing)


def test_no_template_has_what_the_content_security_policy_refuses():
    wrong = []
    for path in templates():
        text = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", path.read_text(), flags=re.DOTALL)
        for found in re.findall(
            r"\sstyle=|\son[a-z]+=|hx-on|<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>|<style", text
        ):
            wrong.append(f"{path.relative_to(ROOT)}: {found.strip()}")
    assert not wrong, "\n".join(wrong)
