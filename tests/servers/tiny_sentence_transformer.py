"""Writes a sentence-transformers model of random weights as a folder: `python … FOLDER`, with that Python."""

import sys

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Pooling, Transformer
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast


def write(folder: str) -> None:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(
        models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[])
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="!", model_max_length=128)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(fast),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    base = folder + "-base"
    BertModel(config).save_pretrained(base)
    fast.save_pretrained(base)
    transformer = Transformer(base, max_seq_length=128)
    SentenceTransformer(modules=[transformer, Pooling(32)], device="cpu").save(folder)


if __name__ == "__main__":
    write(sys.argv[1])
