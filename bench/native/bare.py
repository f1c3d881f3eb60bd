"""A greedy loop without a server: what the model itself takes. Needs torch and transformers.

python -m bench.native.bare FOLDER    then a line of JSON for each reply that is wanted, one for what it took
"""

import json
import sys
import time
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


@torch.inference_mode()
def looped(model: Any, prompt: torch.Tensor, tokens: int) -> tuple[list[int], float, float]:
    """`prompt`: (1, tokens). The first token comes from reading it, the others from one forward pass each.

    Returns:
        The reply's tokens; when the first of them was known, by the clock, and by that of CPU time.
    """
    read = model(input_ids=prompt, use_cache=True, logits_to_keep=1)
    said = [read.logits[:, -1].argmax(dim=-1, keepdim=True)]  # (1, 1)
    first = time.perf_counter(), time.process_time()
    cache = read.past_key_values
    while len(said) < tokens:
        step = model(input_ids=said[-1], past_key_values=cache, use_cache=True)
        said.append(step.logits[:, -1].argmax(dim=-1, keepdim=True))
    return torch.cat(said, dim=1)[0].tolist(), *first


def main(folder: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    tell({})
    for line in sys.stdin:
        asked = json.loads(line)
        text = tokenizer.apply_chat_template(asked["messages"], tokenize=False, add_generation_prompt=True)
        prompt = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
        started, cpu_started = time.perf_counter(), time.process_time()
        reply, first, first_cpu = looped(model, prompt, asked["tokens"])
        told = {
            "seconds": time.perf_counter() - started,
            "cpu_seconds": time.process_time() - cpu_started,
            "first_seconds": first - started,
            "first_cpu_seconds": first_cpu - cpu_started,
            "tokens": len(reply),
            "prompt_tokens": prompt.shape[1],
            "cached_tokens": None,
            "text": tokenizer.decode(reply),
        }
        tell(told)


def tell(told: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
