"""Pictures that are named in a prompt."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from boot.pictures import named, pictures_of
from core.endpoint import ServedModel, ServerFacts
from core.messages import Image

PNG = b"\x89PNG\r\n\x1a\nrest"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("what is @shot.png?", ["shot.png"]),
        ("look at /tmp/a.JPG and a.jpg, please", ["/tmp/a.JPG", "a.jpg"]),
        (r"/home/me/My\ Shots/one\ two.png", ["/home/me/My Shots/one two.png"]),
        ("'/home/me/My Shots/one.gif' and @\"my shot.webp\"", ["/home/me/My Shots/one.gif", "my shot.webp"]),
        ("(see b.png)", ["b.png"]),
        ("a.png a.png", ["a.png"]),
        ("a.pngx, mypng, .pn", []),
    ],
)
def test_names_are_found_as_people_write_and_drop_them(text: str, names: list[str]) -> None:
    assert list(named(text)) == names


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[bool | None], object]:
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "text.png").write_text("no picture")

    def of(vision: bool | None) -> object:
        facts = ServerFacts(url="u", models=(ServedModel(name="m", vision=vision),))

        async def servers() -> tuple[ServerFacts, ...]:
            return (facts,)

        models = SimpleNamespace(model="m", place="u", servers=servers)
        return SimpleNamespace(workspace=tmp_path, models=models, server=lambda: None)

    return of


async def test_a_model_that_sees_gets_the_picture(opened: Callable[[bool | None], object]) -> None:
    found = await pictures_of(opened(True), "what is @a.png, and text.png, and none.png?")  # type: ignore[arg-type]

    assert found.images == (Image(media_type="image/png", base64="iVBORw0KGgpyZXN0"),)
    assert found.told == (
        "a.png is attached, 0 KiB.",
        "text.png is not attached: it is no picture of up to 10 MiB.",
    )


@pytest.mark.parametrize(
    ("vision", "told"),
    [
        (False, "m cannot see: the picture is not attached, only its name is told."),
        (None, "m does not say whether it sees: the picture is not attached, only its name is told."),
    ],
)
async def test_a_model_that_does_not_see_gets_none_and_the_person_is_told(
    opened: Callable[[bool | None], object], vision: bool | None, told: str
) -> None:
    found = await pictures_of(opened(vision), "what is @a.png?")  # type: ignore[arg-type]

    assert (found.images, found.told) == ((), (told,))


@pytest.mark.parametrize("name", ["~nobody-of-that-name/a.png", f"{'a' * 5_000}.png", "gone.png", "a\0.png"])
async def test_a_name_of_no_file_is_only_a_word(opened: Callable[[bool | None], object], name: str) -> None:
    found = await pictures_of(opened(True), f"what is {name}?")  # type: ignore[arg-type]

    assert (found.images, found.told) == ((), ())
