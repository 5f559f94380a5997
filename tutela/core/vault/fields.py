"""Columns of models that seal what is assigned and open what is read.

A model with such columns says with which key (`sealing_key()`) and how its row is told from all others
(`sealing_identity()`, known before the row is inserted). Values are opened when they are looked at, not
when the row is read; an opened value stays with the instance. A row without a key (`None`) was written
before sealing began: its bytes are plain. Where the key was destroyed on purpose, a value reads as
erased, and what is stored stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from django.apps import apps
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.query_utils import DeferredAttribute
from django.utils.translation import gettext as _

from .keyring import open_with
from .seals import FORMAT, Destroyed, seal


class Sealing(Protocol):
    """What a model with sealed columns offers.

    Its rows hang on a case, by whose key they are sealed, by the column `case_id`; `SEALED_BY_CASE` names
    another one, or none where the key of a case seals nothing of it.
    """

    def sealing_key(self, *, to_seal: bool = False) -> bytes | None:
        """The key of this row, or None where it is not sealed."""

    def sealing_identity(self) -> str:
        """What tells this row from all others of its table."""


class _Stored(bytes):
    """As it stands in the database; anything else on an instance is as people gave it."""

    __slots__ = ()


class ErasedBytes(bytes):
    """Stands where the key was destroyed: nothing."""


class ErasedText(str):
    """Stands where the key was destroyed: says so."""

    __slots__ = ()


class ErasedJSON(dict[str, Any]):
    """Stands where the key was destroyed: nothing."""


Erased = ErasedBytes | ErasedText | ErasedJSON


def is_erased(value: object) -> bool:
    """Whether a value was sealed with a key that was destroyed since."""
    return isinstance(value, Erased)


if TYPE_CHECKING:
    _Bytes = models.BinaryField[Any, Any]
else:
    _Bytes = models.BinaryField


class _Opening(DeferredAttribute):
    """Opens a stored value when it is first looked at."""

    field: SealedBytes

    def __get__(self, instance: Any, cls: type | None = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, _Stored):
            try:
                value = instance.__dict__[self.field.attname] = self.field.opened(instance, value)
            except Destroyed:
                return self.field.erased()  # what is stored stays with the instance, and goes back as it came
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        # With this, Python asks `__get__` even where the instance holds a value.
        instance.__dict__[self.field.attname] = value


class SealedBytes(_Bytes):
    """Bytes."""

    descriptor_class = _Opening
    #: Whether rows from before sealing are told by the value itself: it does not begin as a sealed one does.
    tells_plain = False
    #: What it holds, in one word, for the inventory.
    kind = "bytes"

    def deconstruct(self) -> Any:
        """Without the words about what it holds, which change nothing in the database."""
        name, path, args, options = super().deconstruct()
        options.pop("help_text", None)
        return name, path, args, options

    def from_db_value(self, value: Any, *_about: Any) -> Any:
        """Marked as stored; opened later, when the row is known."""
        return None if value is None else _Stored(value)

    def pre_save(self, model_instance: Any, add: bool) -> Any:  # noqa: ARG002, FBT001  Django's signature
        """Sealed for this row. What was never opened goes back as it came."""
        value = model_instance.__dict__.get(self.attname)
        if value is None or isinstance(value, _Stored):
            return value
        if self.tells_plain and self.is_nothing(value):
            return self.to_plain(value)
        key = model_instance.sealing_key(to_seal=True)
        return (
            self.to_plain(value)
            if key is None
            else self.sealed(model_instance.sealing_identity(), key, value)
        )

    def sealed(self, identity: str, key: bytes, value: Any) -> bytes:
        """A value sealed for the row of that identity, which need not be there yet."""
        return seal(key, self.to_plain(value), self.place(identity))

    def opened(self, row: Sealing, stored: bytes) -> Any:
        """What people gave. Raises VaultError."""
        if self.tells_plain and stored[:1] != FORMAT:
            return self.from_plain(bytes(stored))
        key = row.sealing_key()
        if key is None:
            return self.from_plain(bytes(stored))
        return self.from_plain(open_with(key, bytes(stored), self.place(row.sealing_identity())))

    def place(self, identity: str) -> str:
        """Where a value stands, as it is bound to it."""
        return f"{self.model._meta.db_table}.{self.column} {identity}"  # noqa: SLF001  Django's public name

    def to_plain(self, value: Any) -> bytes:
        """What people gave, as bytes."""
        return bytes(value)

    def from_plain(self, plain: bytes) -> Any:
        """Bytes, as people gave them."""
        return plain

    def is_nothing(self, value: Any) -> bool:
        """Whether there is nothing to seal."""
        return not value

    def erased(self) -> Any:
        """What is read once the key is destroyed."""
        return ErasedBytes()

    def get_lookup(self, lookup_name: str) -> Any:
        """Only whether there is a value: nothing else can be asked of what is sealed."""
        if lookup_name != "isnull":
            raise FieldError(
                f"{self.model.__name__}.{self.name} is sealed: it cannot be compared in a query."
            )
        return super().get_lookup(lookup_name)


class SealedText(SealedBytes):
    """A text."""

    tells_plain = True
    kind = "text"

    def get_default(self) -> Any:
        """A text too: Django's binary fields turn an empty default into bytes."""
        found = super().get_default()
        return found.decode() if isinstance(found, bytes) else found

    def to_plain(self, value: Any) -> bytes:
        """In UTF-8."""
        return str(value).encode()

    def from_plain(self, plain: bytes) -> str:
        """From UTF-8."""
        return plain.decode()

    def erased(self) -> str:
        """A word that says so."""
        return ErasedText(_("(erased)"))


class SealedJSON(SealedBytes):
    """Anything that JSON can say."""

    tells_plain = True
    kind = "json"

    def to_plain(self, value: Any) -> bytes:
        """As JSON."""
        return json.dumps(value, ensure_ascii=False).encode()

    def from_plain(self, plain: bytes) -> Any:
        """From JSON."""
        return json.loads(plain)

    def erased(self) -> dict[str, Any]:
        """Nothing."""
        return ErasedJSON()


if TYPE_CHECKING:
    _Text = models.TextField[Any, Any]
else:
    _Text = models.TextField


class _Twins(DeferredAttribute):
    """Reads the sealed twin where there is one."""

    field: SealableText

    def __get__(self, instance: Any, cls: type | None = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is None or value or instance.__dict__.get(self.field.twin) is None:
            return value
        return getattr(instance, self.field.twin)

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class SealableText(_Text):
    """A text that stands in plain in some rows, where it is searched, and sealed in the others.

    The sealed ones stand in a column of their own, `twin` (a SealedTwin), and leave this one empty. The
    model's `sealing_wanted()` says which rows.
    """

    descriptor_class = _Twins

    def __init__(self, *args: Any, twin: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.twin = twin

    def deconstruct(self) -> Any:
        """Without the twin, which changes nothing in the database."""
        name, path, args, options = super().deconstruct()
        return name, path, args, options

    def pre_save(self, model_instance: Any, add: bool) -> Any:  # noqa: FBT001  Django's signature
        """Nothing, where the twin holds it."""
        return "" if model_instance.sealing_wanted() else super().pre_save(model_instance, add)


class SealedTwin(SealedText):
    """Holds what a SealableText leaves empty; None where that one is plain."""

    def __init__(self, *args: Any, of: str = "", **options: Any) -> None:
        super().__init__(*args, **{"null": True, **options})
        self.of = of

    def pre_save(self, model_instance: Any, add: bool) -> Any:  # noqa: FBT001  Django's signature
        """The text, sealed for this row."""
        given = model_instance.__dict__.get(self.of)
        if given and model_instance.sealing_wanted():
            model_instance.__dict__[self.attname] = given
        return super().pre_save(model_instance, add)


def sealed_columns() -> Iterator[SealedBytes]:
    """Every sealed column of the platform, in the order of the models."""
    for model in apps.get_models():
        for field in model._meta.local_fields:  # noqa: SLF001  Django's public name
            if isinstance(field, SealedBytes):
                yield field


def sealed_by_cases() -> dict[type[models.Model], list[SealedBytes]]:
    """The models with columns that the key of a case seals, and these columns."""
    found: dict[type[models.Model], list[SealedBytes]] = {}
    for column in sealed_columns():
        if case_column(column.model):
            found.setdefault(column.model, []).append(column)
    return found


def case_column(model: type[models.Model]) -> str:
    """By which column a row of that model hangs on the case whose key seals it; empty where by none."""
    return str(getattr(model, "SEALED_BY_CASE", "case_id"))


def sealed_column(model: type[models.Model], name: str) -> SealedBytes:
    """The sealed column of that name."""
    field = model._meta.get_field(name)  # noqa: SLF001  Django's public name
    assert isinstance(field, SealedBytes)
    return field
