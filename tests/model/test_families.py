from pathlib import Path

import pytest

from core.errors import ConfigError
from model.catalog import INDEX, PROFILES, profile_of
from model.families import entries_of
from model.generate_index import generated


def test_the_index_holds_what_the_family_files_say() -> None:
    assert INDEX.read_text(encoding="utf-8") == generated()


def test_every_profile_has_a_name_and_patterns_of_its_own() -> None:
    entries = [entry for file in PROFILES.glob("*.toml") for entry in entries_of(file)]

    names = [entry["name"] for entry in entries]
    patterns = [pattern for entry in entries for pattern in entry["patterns"]]
    assert sorted(set(names)) == sorted(names)
    assert sorted(set(patterns)) == sorted(patterns)


def test_a_family_file_is_named_after_its_family() -> None:
    assert [file.stem for file in PROFILES.glob("*.toml") if entries_of(file)[0]["name"] != file.stem] == []


PATTERNS = 'patterns = ["a*"]\n'
WRONG = {
    "an unknown key": (
        'family = "a"\npaterns = ["a*"]\n',
        "{file}: there is no key 'paterns'. Did you mean patterns?",
    ),
    "a key unlike all others": (
        'family = "a"\n[sampling]\nseed = 1\n',
        "{file}: sampling: there is no key 'seed'. There are temperature, top_p, presence_penalty, top_k, min_p, "
        "repetition_penalty.",
    ),
    "a word that is none of the choices": (
        f'family = "a"\n{PATTERNS}calls = "both"\n',
        "{file}: calls is 'both'. It has to be 'native' or 'text'.",
    ),
    "a number out of range": (
        f'family = "a"\n{PATTERNS}[sampling]\ntemperature = 3\n',
        "{file}: sampling: temperature is 3. It has to be a number from 0 to 2.",
    ),
    "a text for a number": (
        f'family = "a"\n{PATTERNS}[sampling]\ntop_k = "20"\n',
        "{file}: sampling: top_k is '20'. It has to be a whole number of at least 0.",
    ),
    "a number for yes or no": (
        f'family = "a"\n{PATTERNS}system_role = 1\n',
        "{file}: system_role is 1. It has to be true or false.",
    ),
    "patterns that are one text": (
        'family = "a"\npatterns = "a*"\n',
        "{file}: patterns is 'a*'. It has to be a list of names such as ['*qwen3*'].",
    ),
    "no family": (PATTERNS, "{file}: family is missing. Give a text."),
    "a new family without patterns": (
        'family = "a"\n',
        "{file}: patterns is missing. Give a list of names such as ['*qwen3*'].",
    ),
    "a base that does not exist": (
        f'family = "a"\nbase = "quen3"\n{PATTERNS}',
        "{file}: base is 'quen3', and there is no such profile. Did you mean qwen3?",
    ),
    "a variant without a name": (
        f'family = "a"\n{PATTERNS}[[variants]]\npatterns = ["b*"]\n',
        "{file}: variant 1: name is missing. Give a text.",
    ),
    "an unknown key in a variant": (
        f'family = "a"\n{PATTERNS}[[variants]]\nname = "b"\npatterns = ["b*"]\nreasonning = "think"\n',
        "{file}: variant 1: there is no key 'reasonning'. Did you mean reasoning?",
    ),
}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (f'family = "a"\n{PATTERNS}dialect = "hermess"\n', ""),
        (f'family = "a"\n{PATTERNS}[[variants]]\nname = "b"\n{PATTERNS}dialect = "hermess"\n', ": variant 1"),
    ],
)
def test_a_dialect_that_there_is_not_is_named_with_its_file(text: str, where: str, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text)

    with pytest.raises(ConfigError) as caught:
        profile_of("anything", own=tmp_path, dialects=("any", "hermes"))

    said = f"{file}{where}: dialect is 'hermess', and there is no such dialect. Did you mean hermes?"
    assert str(caught.value) == said


@pytest.mark.parametrize(("text", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_named_with_its_key(text: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text)

    with pytest.raises(ConfigError) as caught:
        profile_of("anything", own=tmp_path)

    assert str(caught.value) == sentence.format(file=file)


def test_a_file_that_is_nested_too_deep_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("a = " + "[" * 20_000)

    with pytest.raises(ConfigError, match=r"own\.toml' cannot be read"):
        profile_of("anything", own=tmp_path)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("family = \n")

    with pytest.raises(ConfigError, match=r"own\.toml' cannot be read: Invalid value"):
        profile_of("anything", own=tmp_path)
