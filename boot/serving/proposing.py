"""The model that the table has of that name, or the one that it proposes for this machine."""

from boot.serving.asked import Asked
from boot.serving.choice import Proposal, fittings, proposal, too_large
from boot.serving.machine import Machine, gigabytes
from boot.serving.person import agreed, told
from model.serving import ServableModel, servable_models


def found_for(asked: Asked, machine: Machine) -> Proposal | None:
    """What the table says of the model that is asked for, or the model that is proposed and agreed to.

    None: the table does not know it, or the person wants none.
    """
    models = servable_models()
    if not asked.model:
        return _proposed(asked, machine, models)
    known = [model for model in models if asked.model.lower() == model.name.lower()]
    if not known:
        return None
    tried = [*fittings(machine, known[0], asked.engine, asked.dtype, asked.slots or 1)]
    found = next((each for each in tried if each.window_tokens), None)
    if found is None and tried:
        raise too_large(machine, tried[-1], asked.slots or 1)
    return found


def _proposed(asked: Asked, machine: Machine, models: tuple[ServableModel, ...]) -> Proposal | None:
    found = proposal(machine, models, asked.engine, asked.dtype, asked.slots or 1)
    window = f"{found.window_tokens:,}"
    told(
        f"This machine: {machine.described}.",
        f"Proposed: {found.described} and leaves room for a window of {window} tokens.",
        f"Its licence is {found.model.licence}.",
        f"Of {len(models)} models for coding it is the most able that fits here and answers in good time.",
    )
    if agreed(
        f"Fetch {gigabytes(found.download_bytes)} (what is here already is kept) and serve it?", yes=asked.yes
    ):
        return found
    told("Nothing was fetched. Name another model: ./runsv.sh OWNER/MODEL")
    return None
