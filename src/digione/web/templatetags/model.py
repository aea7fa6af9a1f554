"""What the pages of the data model say: types, sensitivity and masters in words, guidance beside the fields of forms."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import template
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from digione.schema.basis import Basis, Seen
from digione.schema.declare import Field, Kind, Master, Sensitivity
from digione.schema.glossary import Term
from digione.schema.resources import RESOURCES
from digione.web.templatetags import desk, duplicates, studies

register = template.Library()


@register.filter
def told(text: str | None) -> str:
    """Show a text of the declarations in the reader's language."""
    return _(text) if text else ""


@register.filter
def term_name(term: Term) -> str:
    """Show a term of the glossary in the reader's language."""
    return {"fi": term.fi, "sv": term.sv}.get(translation.get_language() or "fi", term.en)


@register.filter
def type_name(field: Field) -> str:
    """Show the type of a field."""
    words = {
        Kind.ID: _("id"),
        Kind.TEXT: _("text"),
        Kind.LOCALIZED_TEXT: _("text in several languages"),
        Kind.TEXTS: _("list of texts"),
        Kind.DATE: _("date"),
        Kind.MOMENT: _("moment"),
        Kind.BOOLEAN: _("yes or no"),
        Kind.INTEGER: _("whole number"),
        Kind.NUMBER: _("number"),
        Kind.OBJECT: _("object"),
        Kind.OBJECTS: _("list of objects"),
        Kind.BYTES: _("bytes"),
    }
    return words[field.kind]


@register.filter
def sensitivity_name(field: Field) -> str:
    """Show how a field is guarded."""
    words = {
        Sensitivity.ORDINARY: _("Ordinary: shown to whoever sees the row"),
        Sensitivity.CONFIDENTIAL: _("Confidential: shown only where a rule opens it"),
        Sensitivity.SECRET: _("Secret by law: shown only where a rule names it"),
    }
    return words[field.sensitivity]


@register.filter
def master_name(master: Master) -> str:
    """Show who has the true value."""
    words = {
        Master.PERSON_REGISTERS: _("National person registers (ONR, from VTJ)"),
        Master.ORGANISATION_REGISTER: _("Organisation register (Organisaatiopalvelu)"),
        Master.CODE_SERVICE: _("Code service (Koodisto)"),
        Master.PROVIDER: _("Education provider"),
        Master.PLATFORM: _("Platform"),
    }
    return words[master]


@register.filter
def basis_cited(basis: Basis) -> str:
    """Show the citation of a legal basis. Names of acts stay in Finnish, in which they are published."""
    return "; ".join(part for part in (basis.gdpr, basis.act) if part) or _("No personal data")


@register.filter
def basis_seen(basis: Basis) -> str:
    """Show how far the citation was checked; nothing where there is no act."""
    words = {
        Seen.STATUTE: _("Checked against the statute as published."),
        Seen.GUIDANCE: _("Checked against official guidance."),
        Seen.NOT_SEEN: _("Not checked against the text of the act."),
    }
    return words[basis.seen] if basis.act else ""


@register.filter
def origin_name(field: Mapping[str, Any]) -> str:
    """Show which source has the word on a value. Who should have it is on the field's page, and is no claim about a row."""
    source = field["source"]
    if source is None:
        return _("not known")
    if source == "platform":
        return master_name(Master.PLATFORM)
    if source.startswith("app:"):
        return _("An app")
    return duplicates.source_name(source)


@register.filter
def changed_by(field: Mapping[str, Any], actors: Mapping[str, Mapping[str, Any]]) -> str:
    """Show who last changed a value, as far as the reader may know."""
    called = field["by"]
    if field["first"]:
        return _("as it came")
    known = actors.get(called or "")
    if known and known["app"]:
        return str(known["app"])
    if known and known["given_name"]:
        return desk.full_name(known)
    if known:
        return _("somebody at the desk")
    return {"administrator": _("an import"), "platform": _("the platform")}.get(called or "", _("not known"))


@register.filter
def why_changed(reason: str | None) -> str:
    """Show the reason of a change where it was a correction."""
    return (
        studies.reason_name(reason.removeprefix("correction:")) if reason and reason.startswith("correction:") else ""
    )


@register.filter
def code_period(code: Mapping[str, Any], today: date) -> str:
    """Show from when to when a code holds."""
    start, end = desk.short_day(code["valid_from"]), desk.short_day(code["valid_to"])
    return f"{start}–{end}" if start or end else ""


@register.filter
def is_over(code: Mapping[str, Any], today: date) -> bool:
    """Say whether a code no longer holds."""
    return bool(code["valid_to"] and code["valid_to"] < today)


def declared(name: str) -> tuple[str, Field]:
    """Return the resource and the declaration of `resource.field`. Raises `KeyError` where it is not declared."""
    resource, _dot, wanted = name.partition(".")
    fields = {field.name: field for field in RESOURCES[resource].fields}
    return resource, fields[wanted]


@register.simple_tag
def guidance(name: str, ident: str) -> SafeString:
    """Show the shared instruction of `resource.field` below a label, under the id to which the input points.

    Behind it stand its national code list, where it has one, and the field's page.

    Raises `ValueError` where the declaration has no guidance: a form may not ask without telling how to answer.
    """
    resource, field = declared(name)
    if not field.guidance:
        raise ValueError(f"{name} is asked for and has no guidance.")
    listed = (
        format_html(
            ' {}: <a href="{}">{}</a>.', _("Code list"), reverse("model_codes", args=[field.code_list]), field.code_list
        )
        if field.code_list
        else ""
    )
    return format_html(
        '<p class="help" id="{}">{}{} <a href="{}#{}">{}<span class="vh">: {}</span></a></p>',
        ident,
        _(field.guidance),
        listed,
        reverse("model_resource", args=[resource]),
        field.name,
        _("About this field"),
        term_name(field.term),
    )
