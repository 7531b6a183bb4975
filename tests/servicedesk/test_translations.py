"""Every text of the interface exists in every language, says the same things in the same places, and stays found."""

from __future__ import annotations

import gettext
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
from babel.messages.catalog import Message
from django.test import Client
from django.utils import translation

from servicedesk.runtime.layout import ROOT, RuntimeRefusal
from servicedesk.runtime.messages import LOCALES, catalogue_path, collect, read, refresh, untranslated
from servicedesk.runtime.translations import compile_catalogues
from servicedesk.shell import RAIL

HAN = re.compile(r"[\u3400-\u9fff]")
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")  # characters and full-width punctuation
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%[a-z]?|\{\w*\}|</?\w+[^>]*>")  # filled in by Python, by a script, markup
OWN_NAMES = {"简体中文", "繁體中文"}  # a language is called what its speakers call it


def forms(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def texts(locale: str) -> Iterator[tuple[Message, str]]:
    """Each text of the source with each form of its translation."""
    for message in read(locale):
        for form in forms(message.string) if message.id else ():
            yield message, form


def _fits_big5(text: str) -> bool:
    try:
        text.encode("big5hkscs")
    except UnicodeEncodeError:
        return False
    return True


def _ask(compiled: gettext.GNUTranslations, message: Message) -> str:
    """What the compiled catalogue says for one of it."""
    match message.context, forms(message.id):
        case None, (text,):
            return compiled.gettext(text)
        case None, (singular, plural):
            return compiled.ngettext(singular, plural, 1)
        case str(context), (text,):
            return compiled.pgettext(context, text)
        case str(context), (singular, plural):
            return compiled.npgettext(context, singular, plural, 1)
    raise AssertionError(message)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_of_the_source_is_in_the_catalogue(locale: str) -> None:
    catalogue = read(locale)

    new = [message.id for message in collect() if message.id and catalogue.get(message.id, message.context) is None]

    assert not new, f"run `make messages`, then translate in {catalogue_path(locale).relative_to(ROOT)}: {new}"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_is_translated(locale: str) -> None:
    assert untranslated(read(locale)) == []
    assert not [message.id for message in read(locale) if message.id and message.fuzzy]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_keeps_every_placeholder_of_the_text(locale: str) -> None:
    wrong = [
        (message.id, form)
        for message, form in texts(locale)
        if Counter(PLACEHOLDER.findall(forms(message.id)[0])) != Counter(PLACEHOLDER.findall(form))
    ]

    assert not wrong


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_can_stand_in_an_attribute(locale: str) -> None:
    # Django trusts the literals of a template and their translations: nothing escapes them there.
    assert [form for _message, form in texts(locale) if re.search('["<>]', form)] == []


def test_english_has_no_chinese_left_in_it() -> None:
    # Chinese fonts draw curly quotation marks as wide as a character.
    assert [form for _message, form in texts("en") if CHINESE.search(form) or re.search("[“”‘’]", form)] == []


def test_traditional_chinese_has_no_simplified_characters() -> None:
    # Big5 has no character that only Simplified Chinese uses.
    assert [form for _message, form in texts("zh_Hant") if not _fits_big5("".join(HAN.findall(form)))] == []


def test_traditional_chinese_uses_its_own_words_and_quotation_marks() -> None:
    elsewhere = re.compile("派單|短信|打印|信息|默認|登錄失|賬號|服務器|“|”")

    assert [form for _message, form in texts("zh_Hant") if elsewhere.search(form)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_the_catalogue_compiles_and_answers_every_text(locale: str, tmp_path: Path) -> None:
    copytree(
        ROOT / "locale", tmp_path / "locale", ignore=lambda _folder, names: [n for n in names if n.endswith(".mo")]
    )
    assert compile_catalogues(tmp_path / "locale") == len(LOCALES)

    with catalogue_path(locale, tmp_path).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    silent = [
        message.id for message in read(locale) if message.id and _ask(compiled, message) != forms(message.string)[0]
    ]
    assert silent == []


@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalogue_names_no_day_no_line_and_no_machine(locale: str) -> None:
    text = catalogue_path(locale).read_text()

    assert not re.search(r"POT?-\w+-Date|Generated-By|^#: .*:\d|^#: /|^#~|^#, fuzzy", text, re.MULTILINE)


def test_the_rail_fits_ten_letters_in_english() -> None:
    with translation.override("en"):
        labels = [str(place.label) for place in RAIL]

    assert all(label.isascii() and len(label) <= 10 for label in labels), labels


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "heading"), [("en", "Start the shift"), ("zh-hant", "開始值班")])
def test_a_stranger_is_greeted_in_the_language_of_the_browser(client: Client, language: str, heading: str) -> None:
    page = client.get("/login/", headers={"accept-language": language}).content.decode()

    assert f"<h1>{heading}</h1>" in page
    if language == "en":
        assert set(HAN.findall(page)) <= set("".join(OWN_NAMES))


class TestMessages:
    """The command on a small checkout of its own."""

    @pytest.fixture
    def checkout(self, tmp_path: Path) -> Path:
        (tmp_path / "templates").mkdir()
        (tmp_path / "tickets" / "migrations").mkdir(parents=True)
        (tmp_path / "templates" / "page.html").write_text(
            "{% load i18n %}\n<p>{# an apostrophe's fate #}\n    {% translate '已上传 %n%' %}</p>\n"
            "  {% blocktranslate count n=rows|length %}{{ n }} 张{% plural %}{{ n }} 张{% endblocktranslate %}\n"
        )
        (tmp_path / "tickets" / "words.py").write_text(
            '# Translators: a button\nlabel = _("催办")\nstate = pgettext_lazy("clock", "到场")\nother = _(label)\n'
        )
        (tmp_path / "tickets" / "migrations" / "0001_initial.py").write_text('verbose_name = _("旧名")\n')
        return tmp_path

    def test_it_finds_the_texts_of_templates_and_python(self, checkout: Path) -> None:
        found = {(message.context, message.id) for message in collect(checkout) if message.id}

        assert found == {
            (None, "已上传 %%n%%"),
            (None, ("%(n)s 张", "%(n)s 张")),
            (None, "催办"),
            ("clock", "到场"),
        }

    def test_it_keeps_translations_adds_what_is_new_and_drops_what_is_gone(self, checkout: Path) -> None:
        refresh("en", collect(checkout), checkout)
        path = catalogue_path("en", checkout)
        path.write_text(path.read_text().replace('msgid "催办"\nmsgstr ""', 'msgid "催办"\nmsgstr "Chase"'))
        (checkout / "templates" / "page.html").write_text("{% load i18n %}{% translate '改派' %}")

        catalogue = refresh("en", collect(checkout), checkout)

        assert set(untranslated(catalogue)) == {"到场", "改派"}
        assert catalogue["催办"].string == "Chase"
        assert "已上传" not in path.read_text()
        assert "#. Translators: a button" in path.read_text()

    def test_running_it_again_changes_nothing(self, checkout: Path) -> None:
        refresh("zh_Hant", collect(checkout), checkout)
        first = catalogue_path("zh_Hant", checkout).read_bytes()
        (checkout / "tickets" / "words.py").write_text("\n\n\n" + (checkout / "tickets" / "words.py").read_text())

        refresh("zh_Hant", collect(checkout), checkout)

        assert catalogue_path("zh_Hant", checkout).read_bytes() == first

    def test_a_file_that_is_no_python_is_named_and_nothing_is_lost(self, checkout: Path) -> None:
        (checkout / "tickets" / "broken.py").write_text('label = _("催办"\n')

        with pytest.raises(RuntimeRefusal, match=r"broken\.py"):
            collect(checkout)
