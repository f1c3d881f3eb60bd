"""`/model`: which models there are, and how another one gets the floor."""

from collections.abc import Iterable, Sequence
from shutil import get_terminal_size

from core.errors import AgentError
from core.protocols import ModelSwitch
from core.visible import visible
from servr.spans import Line
from servr.terminal.talk import Chat


async def choose_model(chat: Chat, wanted: str) -> Iterable[Line]:
    return [Line(visible(text)) for text in await _about_models(wanted, chat.models)]


async def _about_models(wanted: str, models: ModelSwitch) -> Sequence[str]:
    try:
        if wanted:
            sentences = await models.switch(wanted)
            models.warm_up()
            return sentences
        from servr.model_table import model_list

        return [
            *model_list(await models.servers(), (models.model, models.place), get_terminal_size().columns),
            f"In use: {models.model}. /model NAME goes on with another.",
        ]
    except AgentError as error:
        return [str(error)]
