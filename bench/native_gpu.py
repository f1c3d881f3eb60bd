"""Our own model server's engine on a GPU, against what the GPU itself can do; on a bare machine, by itself.

python -m bench.native_gpu                       a Qwen2.5-7B of random weights in bf16, in some 24 GB
python -m bench.native_gpu --tiny --device cpu   whether the script works

It needs torch, transformers and tokenizers, and no network: weights and tokenizer are made on the spot.

ceilings:  bytes copied a second, and multiplications a second
decode     tokens a second at batch 1, against bandwidth over the bytes of weights and of keys and values
prefill    against the rate of multiplications, at two for each weight and token
8 clients  tokens a second together, against one
"""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Sizes:
    shape: dict[str, int]
    prompt: int
    decoded: int
    clients: int
    copied_bytes: int
    matrix: int


LARGE = Sizes(
    shape={
        "vocab_size": 152_064,
        "hidden_size": 3_584,
        "intermediate_size": 18_944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
    },
    prompt=2_000,
    decoded=256,
    clients=8,
    copied_bytes=4 << 30,
    matrix=8_192,
)
TINY = Sizes(
    shape={
        "vocab_size": 300,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
    },
    prompt=200,
    decoded=16,
    clients=8,
    copied_bytes=16 << 20,
    matrix=256,
)
BUDGETS = {"decode": 0.6, "prefill": 0.5, "clients": 6.0}


def main(arguments: Namespace) -> int:
    try:
        import torch
    except ModuleNotFoundError:
        print("There is no torch here: nothing was measured. pip install torch transformers brings it.")
        return 0
    if arguments.device == "cuda" and not torch.cuda.is_available():
        print("There is no GPU here: nothing was measured. --tiny --device cpu tries the script itself.")
        return 0
    sizes = TINY if arguments.tiny else LARGE
    with torch.inference_mode():
        bandwidth, rate = (
            copied_a_second(sizes, arguments.device),
            multiplied_a_second(sizes, arguments.device),
        )
    print(f"copy       {bandwidth / 1e9:10.1f} GB/s")
    print(f"matmul     {rate / 1e12:10.2f} TFLOP/s")
    if arguments.device == "cpu":
        print("The budgets are those of a GPU: what follows only shows that the script works.")
    asyncio.run(measure(sizes, arguments.device, bandwidth, rate))
    return 0


def copied_a_second(sizes: Sizes, device: str) -> float:
    """Bytes that are read and written, of a large tensor."""
    import torch

    source = torch.ones(sizes.copied_bytes // 4, dtype=torch.float32, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / seconds_of(lambda: target.copy_(source), device)


def multiplied_a_second(sizes: Sizes, device: str) -> float:
    import torch

    left, right = (torch.ones(sizes.matrix, sizes.matrix, dtype=torch.bfloat16, device=device) for _ in "lr")
    return 2 * sizes.matrix**3 / seconds_of(lambda: left @ right, device)


def seconds_of(work: Callable[[], object], device: str, *, rounds: int = 5, times: int = 4) -> float:
    """Of one, in the best round."""
    import torch

    settle = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
    seconds = []
    for _ in range(rounds + 1):  # the first one warms up
        began = perf_counter()
        for _ in range(times):
            work()
        settle()
        seconds.append((perf_counter() - began) / times)
    return min(seconds[1:])


async def measure(sizes: Sizes, device: str, bandwidth: float, rate: float) -> None:
    from servr.native.asking import Ended

    with TemporaryDirectory() as folder:
        plain, tokenizer = made(sizes, device, Path(folder))
    alone: list[Ended] = []
    async with running(plain, tokenizer, device, sizes) as ask:
        for _ in range(4):  # the pace of prompts is learned, and steps are recorded
            alone = [*alone, await ask(len(alone))]
        again = await ask(0)  # its prompt is known: it is written alone, and at once
        await asyncio.gather(*(ask(number) for number in range(sizes.clients)))
        together = await asyncio.gather(*(ask(number) for number in range(sizes.clients)))

    one = per_second([again])
    matrices, read_bytes = weights_of(plain)
    context = sizes.prompt + sizes.decoded // 2
    bound = bandwidth / (read_bytes + context * cached_bytes(plain))
    read = max(ended.prompt_tokens / ended.prompt_seconds for ended in alone)
    eight = per_second(together)
    tell("decode", one, one / bound, f"of {bound:.1f} that the bandwidth allows")
    tell("prefill", read, read * 2 * matrices / rate, "of the rate of multiplications")
    tell("clients", eight, eight / one, f"x one, with {sizes.clients} at once")


def tell(what: str, value: float, ratio: float, of: str) -> None:
    met = "within its budget" if ratio >= BUDGETS[what] else "SHORT OF ITS BUDGET"
    print(f"{what:10} {value:10.1f} tokens/s  {ratio:6.2f} {of}; {met}, {BUDGETS[what]}")


def per_second(replies: list[Any]) -> float:
    """Tokens of all, from the first to the last; the first token of each came with its prompt."""
    return sum(each.reply_tokens - 1 for each in replies) / max(each.reply_seconds for each in replies)


def made(sizes: Sizes, device: str, folder: Path) -> tuple[Any, Any]:
    """A model of random weights, made where it is to be, and a tokenizer that has a token for each byte."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, Qwen2Config

    letters = {letter: token for token, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(letters, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    config = Qwen2Config(
        **sizes.shape, max_position_embeddings=2 * (sizes.prompt + sizes.decoded), tie_word_embeddings=False
    )
    config.eos_token_id = config.bos_token_id = None
    torch.manual_seed(7)
    with torch.device(device):
        plain = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    return plain.requires_grad_(False).eval(), PreTrainedTokenizerFast(tokenizer_object=tokenizer)


@asynccontextmanager
async def running(
    plain: Any, tokenizer: Any, device: str, sizes: Sizes
) -> AsyncGenerator[Callable[[int], Any], None]:
    """A function that asks with the prompt of that number, and answers how the reply ended."""
    from servr.native.asking import Asked, Ended, Sampling
    from servr.native.engine.loading import Wanted, engine, ready

    served = engine(ready(plain, tokenizer, Wanted("random", slots=sizes.clients), device, "bfloat16"))

    async def ask(number: int) -> Ended:
        prompt = tuple((number * 7 + place * (number + 3)) % 256 for place in range(sizes.prompt))
        asked = Asked(prompt, sizes.decoded, Sampling(temperature=0), lookup=False)
        told = [each async for each in served.ask(asked)]
        assert isinstance(told[-1], Ended)
        return told[-1]

    try:
        yield ask
    finally:
        await served.close()


def weights_of(plain: Any) -> tuple[int, int]:
    """How many multiply each token of a prompt; and the bytes that a step of one token reads."""
    tables = (plain.get_input_embeddings(), plain.get_output_embeddings())
    outside = sum(table.weight.numel() for table in tables)
    everything = sum(weight.numel() for weight in plain.parameters())
    size = tables[0].weight.element_size()
    return everything - outside, (everything - tables[0].weight.numel()) * size


def cached_bytes(plain: Any) -> int:
    """Of keys and values, for each token of a conversation, in two bytes a number."""
    config = plain.config
    width = config.hidden_size // config.num_attention_heads
    return int(2 * 2 * config.num_hidden_layers * config.num_key_value_heads * width)


def parsed(arguments: list[str]) -> Namespace:
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="a model that any machine can run")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(parsed(sys.argv[1:])))
