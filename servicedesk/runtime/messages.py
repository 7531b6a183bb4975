"""`make messages`: find every text of the interface and bring the catalogues under locale/ up to date.

The texts in the source are Simplified Chinese, so only the other languages have a catalogue. Translations are kept,
new texts arrive empty, texts that are gone leave. The files say nothing that changes by itself: no dates, no line
numbers, no names of tools or folders of one machine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tokenize import TokenError

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from servicedesk.runtime.layout import ROOT, RuntimeRefusal
from servicedesk.runtime.testing import APPS

LOCALES = ("en", "zh_Hant")
# Which argument is what: plain functions take the text first, "c" marks the context.
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    **dict.fromkeys(("_", "_t", "gettext", "gettext_lazy", "gettext_noop", "translate")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
COMMENT = "Translators:"  # a comment that starts so is copied into the catalogues


def collect(root: Path = ROOT) -> Catalog:
    """Every text of the templates and of our apps' Python files below `root`, untranslated.

    Raises RuntimeRefusal for a file that cannot be read as Python: going on would drop its translations.
    """
    catalog = Catalog()
    for path in _sources(root):
        for message, context, comments in _texts(path):
            name = path.relative_to(root).as_posix()
            catalog.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    return catalog


def catalogue_path(locale: str, root: Path = ROOT) -> Path:
    return root / "locale" / locale / "LC_MESSAGES" / "django.po"


def read(locale: str, root: Path = ROOT) -> Catalog:
    """The catalogue as it is stored; an empty one where there is none yet."""
    path = catalogue_path(locale, root)
    if not path.exists():
        return Catalog(locale=locale)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def untranslated(catalog: Catalog) -> list[str]:
    """The texts of the source, or their singulars, that lack a translation or one of its plural forms."""
    missing = []
    for message in catalog:
        forms = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        if message.id and not all(forms):
            missing.append(message.id[0] if isinstance(message.id, (tuple, list)) else message.id)
    return missing


def refresh(locale: str, found: Catalog, root: Path = ROOT) -> Catalog:
    """Write the locale's catalogue anew with exactly the texts found. Returns it."""
    catalog = read(locale, root)
    # A guessed translation would look finished: none is better than a wrong one.
    catalog.update(found, no_fuzzy_matching=True)
    body = BytesIO()
    write_po(body, catalog, width=0, sort_output=True, include_lineno=False, omit_header=True, ignore_obsolete=True)
    path = catalogue_path(locale, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_header(catalog).encode() + body.getvalue())
    return catalog


def _sources(root: Path) -> Iterator[Path]:
    yield from sorted(root.glob("templates/**/*.html"))
    for app in APPS:
        yield from sorted(path for path in root.glob(f"{app}/**/*.py") if "migrations" not in path.parts)


def _texts(path: Path) -> Iterator[tuple[str | tuple[str, ...], str | None, list[str]]]:
    """(text or (singular, plural), context, comments to the translator) for each call in the file."""
    source = path.read_text()
    if path.suffix == ".html":
        # What is left of a template is no Python: without its indentation nothing in it can fail to be one.
        source = "\n".join(line.lstrip() for line in templatize(source, origin=path.name).splitlines())
    try:
        for _line, message, comments, context in extract(
            "python", BytesIO(source.encode()), KEYWORDS, [COMMENT], {"encoding": "utf-8"}
        ):
            yield message, context, comments
    except (SyntaxError, TokenError) as error:
        raise RuntimeRefusal(f"无法读取 / cannot be read: {path.name}: {error}") from error


def _header(catalog: Catalog) -> str:
    lines = (
        f"Language: {catalog.locale_identifier}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        "Content-Transfer-Encoding: 8bit",
        f"Plural-Forms: {catalog.plural_forms}",
    )
    return 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines) + "\n"


def main() -> int:
    try:
        found = collect()
    except RuntimeRefusal as refusal:
        print(f"[messages] {refusal}", file=sys.stderr)
        return 1
    for locale in LOCALES:
        missing = untranslated(refresh(locale, found))
        print(f"[messages] {locale}: {len(found)} 条，待译 / to translate: {len(missing)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
