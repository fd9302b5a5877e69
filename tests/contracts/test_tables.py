"""Every column is classed, every foreign key has an index, and what must never change cannot."""

import ast
import tomllib

import pytest
from django.apps import apps
from django.db import connection, models

from benchmarks import filling
from lianfang.kernel.ids import new_id
from lianfang.kernel.sealing import Sealed
from tests.contracts.source import DJANGO, ROOT, trees

TABLES = tomllib.loads((ROOT / "docs" / "tables.toml").read_text(encoding="utf-8"))
MODELS = [model for model in apps.get_models() if model.__module__.startswith("lianfang.")]
NAMES = [f"{model._meta.app_label}.{model.__name__}" for model in MODELS]


def columns(model):
    return [field.name for field in model._meta.concrete_fields]


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_every_column_is_classed_personal_or_operational(model):
    name = f"{model._meta.app_label}.{model.__name__}"
    told = TABLES.get(model._meta.app_label, {}).get(model.__name__, {})
    personal, operational = told.get("personal", []), told.get("operational", [])
    unclassed = [column for column in columns(model) if column not in personal + operational]
    gone = [column for column in personal + operational if column not in columns(model)]
    twice = sorted(set(personal) & set(operational))
    assert not unclassed, f"docs/tables.toml, [{name}]: class as personal or operational: {unclassed}"
    assert not gone, f"docs/tables.toml, [{name}]: remove what is no column: {gone}"
    assert not twice, f"docs/tables.toml, [{name}]: decide which they are: {twice}"


def test_no_table_is_classed_that_does_not_exist():
    told = {f"{part}.{name}" for part, tables in TABLES.items() for name in tables}
    assert told <= set(NAMES), sorted(told - set(NAMES))


def personal_models():
    for model, name in zip(MODELS, NAMES, strict=True):
        told = TABLES.get(model._meta.app_label, {}).get(model.__name__, {})
        if told.get("personal"):
            yield pytest.param(model, told, id=name)


@pytest.mark.parametrize(("model", "told"), list(personal_models()))
def test_every_table_with_personal_data_begins_with_what_the_reader_may_see(model, told):
    """It has visible_to, or says in docs/tables.toml through which relation it is reached."""
    while not hasattr(model.objects, "visible_to"):
        through = told.get("through")
        assert through, (
            f'{model.__name__} needs visible_to on its QuerySet, or through = "the relation that leads there"'
        )
        if through == "itself":  # an account: seen by itself and by whoever manages accounts
            return
        model = model._meta.get_field(through).related_model
        told = TABLES[model._meta.app_label][model.__name__]


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_what_is_sealed_is_personal_and_never_in_the_text_of_a_record(model):
    sealed = [field.name for field in model._meta.concrete_fields if isinstance(field, Sealed)]
    told = TABLES.get(model._meta.app_label, {}).get(model.__name__, {})
    assert set(sealed) <= set(told.get("personal", [])), f"sealed and not personal: {sealed}"
    if sealed:
        record = model(pk=new_id(), **{name: f"secret-{name}" for name in sealed})
        assert "secret-" not in str(record) + repr(record)


def test_nothing_sealed_is_written_to_a_log():
    sealed = {field.name for model in MODELS for field in model._meta.concrete_fields if isinstance(field, Sealed)}
    wrong = []
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if getattr(node.func.value, "id", "") not in ("log", "logger", "logging"):
                continue
            for part in (inner for argument in node.args for inner in ast.walk(argument)):
                if isinstance(part, ast.Attribute) and part.attr in sealed:
                    wrong.append(f"{path}:{node.lineno}: .{part.attr}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_every_foreign_key_has_an_index(model):
    led = {
        index.fields[0].lstrip("-")
        for index in model._meta.indexes
        if index.fields and index.condition in (None, models.Q(**{f"{index.fields[0]}__isnull": False}))
    }
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields and constraint.condition is None:
            led.add(constraint.fields[0])
    bare = [
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and not (field.db_index or field.unique or field.name in led)
    ]
    assert not bare, f"{model.__name__}: no index begins with {bare}"


def grows_only():
    return [
        model._meta.db_table
        for model in MODELS
        if TABLES.get(model._meta.app_label, {}).get(model.__name__, {}).get("grows_only")
    ]


def guarded():
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal")
        else:
            cursor.execute("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'")
        return set(cursor.fetchall())


@pytest.mark.django_db
def test_what_only_grows_is_guarded_by_the_database_itself():
    wanted = {(table, f"{table}_no_{what}") for table in grows_only() for what in ("update", "delete")}
    assert wanted
    assert wanted == guarded(), (
        f"missing {sorted(wanted - guarded())}, not in docs/tables.toml {sorted(guarded() - wanted)}"
    )


def test_no_model_does_more_than_save_when_it_is_saved():
    wrong = [
        f"{path}:{node.lineno}: {node.name}"
        for path, tree in trees().items()
        if path.name == "models.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in ("save", "delete", "full_clean", "clean")
    ]
    assert not wrong, "put it into a service: " + ", ".join(wrong)


def test_no_part_listens_to_the_saving_of_another():
    """Side effects go through events and reactions, never through signals of models."""
    wrong = [
        f"{path}"
        for path, tree in trees().items()
        if path.parts[0] in DJANGO
        for node in ast.walk(tree)
        if isinstance(node, ast.Name)
        and node.id in ("post_save", "pre_save", "post_delete", "pre_delete", "m2m_changed")
    ]
    assert not wrong, sorted(set(wrong))


@pytest.mark.parametrize("table", sorted(filling.COLUMNS))
def test_the_benchmarks_fill_every_column_that_must_hold_something(table):
    model = next(model for model in MODELS if model._meta.db_table == table)
    filled = filling.COLUMNS[table].split()
    needed = [field.column for field in model._meta.concrete_fields if not field.null and not field.generated]
    drawn = [
        field.column
        for field in model._meta.concrete_fields
        if isinstance(field, models.AutoField | models.BigAutoField)
    ]
    assert not set(needed) - set(filled) - set(drawn), (
        f"benchmarks/filling.py leaves empty: {set(needed) - set(filled) - set(drawn)}"
    )
    assert not set(filled) - {field.column for field in model._meta.concrete_fields}
