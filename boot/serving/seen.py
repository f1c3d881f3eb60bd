"""What torch makes of this machine: a graphics card is of use only where torch was built for it."""

from boot.serving.machine import Machine, looked_at
from boot.serving.person import told


def seen_by_torch(machine: Machine) -> Machine:
    import torch

    if torch.cuda.is_available():
        rooms = [torch.cuda.mem_get_info(card)[0] for card in range(torch.cuda.device_count())]
        best = max(range(len(rooms)), key=rooms.__getitem__)
        return Machine("cuda", str(torch.cuda.get_device_name(best)), int(rooms[best]), len(rooms))
    if machine.device == "cuda":
        told(
            f"There is {machine.name}, but torch {torch.__version__} was built without CUDA: "
            "the processor computes. Install a build with it to change that.",
        )
        return looked_at(run=lambda command: "")
    return machine
