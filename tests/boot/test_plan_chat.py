"""A plan is carried out with the model that has the floor, and each server gets its own key."""

from dataclasses import replace

import pytest

from boot.opening import Choice
from boot.plan_chat import same_model
from boot.settings import Settings

OURS = Settings(
    model="m",
    model_url="http://a/v1",
    api_key="first",
    fallback_urls="http://b/v1",
    fallback_api_key="second",
    gemini_api_key="third",
)


@pytest.mark.parametrize(
    ("model", "place", "led"),
    [
        ("n", "http://a/v1", (replace(OURS, model="n"), Choice(model="server"))),
        (
            "m",
            "http://b/v1",
            (replace(OURS, model_url="http://b/v1", api_key="second"), Choice(model="server")),
        ),
        (OURS.gemini_model, OURS.gemini_url, (OURS, Choice(model="gemini"))),
        ("offline", "built-in rules", (OURS, Choice(model="offline"))),
    ],
)
def test_another_session_is_led_to_the_same_model(
    model: str, place: str, led: tuple[Settings, Choice]
) -> None:
    assert same_model(OURS, model, place) == led
