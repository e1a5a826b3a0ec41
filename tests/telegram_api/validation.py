"""Every call and every answer against an independent model of the Bot API: aiogram's classes.

The real server ignores what it does not know; here it becomes a violation that fails the test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import aiogram.methods
from aiogram.methods import TelegramMethod
from pydantic import BaseModel, TypeAdapter, ValidationError


@cache
def methods() -> dict[str, type[TelegramMethod[Any]]]:
    """By lower-cased name, as the server looks them up."""
    classes = (getattr(aiogram.methods, name) for name in aiogram.methods.__all__)
    seen = [cls for cls in classes if isinstance(cls, type) and issubclass(cls, TelegramMethod)]
    return {
        getattr(cls, "__api_method__", "").lower(): cls
        for cls in seen
        if isinstance(getattr(cls, "__api_method__", None), str)
    }


PLAIN = {"text", "caption", "data", "url", "secret_token", "callback_query_id", "inline_query_id"}


def decoded(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as values: nested objects come as JSON text in a form."""
    return {name: value if name in PLAIN else _value(value) for name, value in params.items()}


def _value(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def problems(method: str, params: Mapping[str, Any]) -> list[str]:
    """What is wrong with a call: unknown and missing parameters, wrong types."""
    model = methods().get(method.lower())
    if model is None:
        return [f"{method}: no such method"]
    names = {field.alias or name for name, field in model.model_fields.items()}
    seen = [f"{method}: unknown parameter {name!r}" for name in params if name not in names]
    try:
        seen += [f"{method}: unknown field {name}" for name in _extras(model.model_validate(params)) if "." in name[1:]]
    except ValidationError as error:
        seen += [f"{method}: {'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors()]
    return seen


def _extras(value: Any, path: str = "") -> Iterator[str]:
    """Fields that the model does not know, at any depth."""
    if isinstance(value, BaseModel):
        yield from (f"{path}.{name}" for name in value.model_extra or ())
        for name in type(value).model_fields:
            yield from _extras(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for part in value:
            yield from _extras(part, path)


def answer_problems(method: str, result: Any) -> list[str]:
    """What is wrong with our own answer."""
    model = methods()[method.lower()]
    returning = model.__returning__
    try:
        TypeAdapter(returning).validate_json(json.dumps(result))  # as it comes over the wire: no enums
    except ValidationError as error:
        return [f"{method} answered: {part['loc']}: {part['msg']}" for part in error.errors()[:3]]
    return []
