"""What torch makes of this machine: a graphics card is of use only where torch was built for it."""

from dataclasses import replace

from boot.serving.machine import Machine, looked_at
from boot.serving.person import told
from servr.native.engine.quantising import can_make


def seen_by_torch(machine: Machine) -> Machine:
    import torch

    if torch.cuda.is_available():
        rooms = [torch.cuda.mem_get_info(card)[0] for card in range(torch.cuda.device_count())]
        best = max(range(len(rooms)), key=rooms.__getitem__)
        name, makes_int4 = str(torch.cuda.get_device_name(best)), can_make("int4", "cuda")
        return Machine("cuda", name, int(rooms[best]), len(rooms), makes_int4=makes_int4)
    if machine.device == "cuda":
        told(
            f"There is {machine.name}, but torch {torch.__version__} was built without CUDA: "
            "the processor computes. Install a build with it to change that.",
        )
        machine = looked_at(run=lambda command: "")
    if machine.device != "cpu":
        return machine
    from servr.native.engine.loading import is_fast_on_cpu

    return replace(machine, weights="bf16" if is_fast_on_cpu(torch.bfloat16) else "fp32")
