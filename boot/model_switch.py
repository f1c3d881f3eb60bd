"""The models of one session: which one has the floor, and how another one gets it.

    /model NAME ─► the model that is meant ─► a way to it ─► all that is fitted to a model ─► recorded

What was said stays as it is; each way renders it as its own model takes it. System text and tools stay too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from boot.model_way import gemini_way, offline_way, way_to
from boot.models import served_model, servers_of
from boot.plugins import Plugins
from boot.profiles import Profiles
from boot.server_way import ModelWay
from boot.settings import Settings
from core.endpoint import ServedModel, ServerFacts
from core.errors import ConfigError, GatewayError
from core.events import ModelSwitched
from core.profile import ActiveProfile
from core.protocols import ModelRequest
from core.records import dataclass
from flow.context import WindowPolicy
from flow.notes import NotedContext
from flow.sessions import Session
from gate.discovery import LOCAL_URLS, Endpoint, candidate_urls
from store.session_log import SessionLog

BACK = "back"
MOST_NAMED = 8


@dataclass(eq=False, repr=False)
class SessionModels:
    """Gives the floor of a session to another model, between two turns."""

    way: ModelWay
    """To the model that has it."""
    settings: Settings
    plugins: Plugins
    profiles: Profiles
    session: Session
    log: SessionLog
    context: NotedContext
    active: ActiveProfile
    window: Callable[[ModelWay], WindowPolicy]
    local_urls: Sequence[str] = LOCAL_URLS
    _before: ModelWay | None = None

    @property
    def model(self) -> str:
        return self.way.model

    @property
    def place(self) -> str:
        return self.way.server.url if self.way.server else self.way.place

    @property
    def window_tokens(self) -> int | None:
        return self._policy.window_tokens if self._policy else None

    @property
    def thinking(self) -> bool:
        return self.way.profile.thinking == "always"

    async def count(self, request: ModelRequest) -> int | None:
        return await self.way.counter(request) if self.way.counter else None

    def warm_up(self) -> None:
        """What will be shortened before it is sent is not read in advance: it may not even fit."""
        request = self.session.next_request()
        if self.way.warm and not (self._policy and self._policy.is_full(request.messages)):
            self.way.warm(request)

    @property
    def _policy(self) -> WindowPolicy | None:
        """None where a plug-in brought another."""
        policy = self.context.inner
        return policy if isinstance(policy, WindowPolicy) else None

    async def servers(self) -> tuple[ServerFacts, ...]:
        found, nobody = await servers_of(self.settings, local_urls=self.local_urls)
        servers = (*found, *self._hosted())
        if not any(facts.models for facts in servers):
            raise ConfigError(
                nobody, hint="/model NAME tries one by its name." * bool(self.settings.model_url)
            )
        return servers

    async def switch(self, wanted: str) -> Sequence[str]:
        self._require_rest()
        way = await self._way(wanted)
        if way is self.way:
            return (f"{way.model} has the floor already.",)
        self._require_rest()  # a turn may have begun meanwhile
        self._record(way)
        self._fit(way)
        self._before, self.way = self.way, way
        await self._before.close()
        window = f", with a window of {way.window_tokens:,} tokens" if way.window_tokens else ""
        return (f"Going on with {way.model} at {way.place}{window}.", *way.notices)

    async def close(self) -> None:
        await self.way.close()

    def _require_rest(self) -> None:
        if self.session.busy:
            raise ConfigError("A turn is running.", hint="Switch when it has ended.")

    def _fit(self, way: ModelWay) -> None:
        """Everything that depends on the model."""
        self.session.loop = replace(self.session.loop, gateway=way.gateway)
        self.context.inner, self.context.joins = self.window(way), way.profile.alternating_roles
        self.active.profile = way.profile

    def _record(self, way: ModelWay) -> None:
        if self.log.seq:
            self.session.record(ModelSwitched(model=way.model, place=way.place))
        else:  # a session in which nothing happened leaves no file
            self.log.header = replace(
                self.log.header, model=way.model, profile=way.profile, thinking=way.profile.thinking
            )

    async def _way(self, wanted: str) -> ModelWay:
        if wanted == BACK:
            if self._before is None:
                raise ConfigError("There is no model to go back to.", hint="/model lists those there are.")
            if self._before.kind == "offline":
                return offline_way(self.plugins)
            wanted = self._before.model
        place = self._before.place if self._before and wanted == self._before.model else ""
        name = await self._name(wanted)
        if name == self.way.model:
            return self.way
        if name == self.settings.gemini_model:
            return gemini_way(self.settings, self.plugins)
        return way_to(await self._endpoint(name, place), self.settings, self.plugins, self.profiles)

    async def _name(self, wanted: str) -> str:
        """The full name of the model that is meant. Gemini needs no local server to be there."""
        hosted = self.settings.gemini_model
        try:
            servers, nobody = await servers_of(self.settings, wanted=_nobody, local_urls=self.local_urls)
        except GatewayError:
            if _holds(hosted, wanted):
                return hosted
            raise
        if self.settings.model_url and not servers:
            return wanted  # nobody can say what there is
        named = [model.name for facts in servers for model in facts.models]
        if self.settings.gemini_api_key:
            named.append(hosted)
        elif _holds(hosted, wanted) and not any(_holds(name, wanted) for name in named):
            return hosted  # it is meant, and says which key is missing
        if not named:
            raise ConfigError(f"There is no model {wanted!r}.", hint=nobody)
        return _meant(wanted, tuple(dict.fromkeys(named)))

    async def _endpoint(self, name: str, place: str) -> Endpoint:
        found = await served_model(self.settings, name, place, local_urls=self.local_urls)
        if found is None and not self.settings.model_url:
            raise ConfigError(f"{name!r} is no longer there.", hint="/model lists those that are.")
        if found is None:
            return Endpoint(url=candidate_urls(self.settings.model_url)[0], model=name)
        if found.served and not found.served.talks:
            raise ConfigError(f"{name} only turns texts into numbers.", hint="Choose one that talks.")
        return found

    def _hosted(self) -> Iterator[ServerFacts]:
        if self.settings.gemini_api_key:
            from gate.gemini import GEMINI_PROFILE

            window = GEMINI_PROFILE.window_tokens
            gemini = ServedModel(
                name=self.settings.gemini_model, window_tokens=window, tools=True, vision=True
            )
            yield ServerFacts(url=self.settings.gemini_url, models=(gemini,))


def _nobody(name: str) -> bool:
    return False


def _holds(name: str, wanted: str) -> bool:
    return wanted.casefold() in name.casefold()


def _meant(wanted: str, names: Sequence[str]) -> str:
    """The name that is `wanted`, or the only one that holds it; upper and lower case are the same.

    Raises:
        ConfigError: there is none, or several.
    """
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in names}
    sought = wanted.casefold()
    holding = [name for fold, name in folded.items() if sought in fold]
    if sought in folded:
        return folded[sought]
    if len(holding) == 1:
        return holding[0]
    if holding:
        raise ConfigError(
            f"{wanted!r} may be any of these: {_listed(holding)}.", hint="Give more of the name."
        )
    close = [folded[fold] for fold in get_close_matches(sought, folded, n=3)]
    hint = f"Did you mean {' or '.join(close)}?" if close else f"There are {_listed(names)}."
    raise ConfigError(f"There is no model {wanted!r}.", hint=hint)


def _listed(names: Sequence[str]) -> str:
    more = f", and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
