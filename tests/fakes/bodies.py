"""What real servers answer, by path. Shortened where nobody looks: lists of parameters, digests, sizes."""

from typing import Any

from tests.fakes.serving import Answer, Page, page

Pages = dict[str, Answer]

HTML = Page((b"<!doctype html><html><body>An app</body></html>",), kind="text/html")
TEMPLATE = "{% for message in messages %}<|im_start|>{{ message.role }}<think>{% endfor %}"


def listed(*entries: dict[str, Any]) -> dict[str, Any]:
    return {
        "object": "list",
        "data": [{"object": "model", "created": 1763700000, **entry} for entry in entries],
    }


def llama_props(n_ctx: int, **more: object) -> dict[str, Any]:
    return {
        "default_generation_settings": {"id": 0, "n_ctx": n_ctx, "params": {"temperature": 0.8}},
        "total_slots": 4,
        "model_path": "/models/qwen3-8b.gguf",
        "chat_template": TEMPLATE,
        "chat_template_caps": {
            "supports_tools": True,
            "supports_tool_calls": True,
            "supports_parallel_tool_calls": False,
        },
        "modalities": {"vision": False, "audio": False},
        "build_info": "b7100-abcdef",
        "is_sleeping": False,
        **more,
    }


LLAMA_META = {"vocab_type": 2, "n_vocab": 151936, "n_ctx": 4096, "n_ctx_train": 40960, "n_embd": 4096}
LLAMA_CPP: Pages = {
    "/v1/models": listed({"id": "qwen3-8b.gguf", "owned_by": "llamacpp", "meta": LLAMA_META}),
    "/props": llama_props(4096),
    "/health": {"status": "ok"},
}
LLAMA_ROUTER: Pages = {
    "/v1/models": listed(
        {"id": "qwen3-8b", "owned_by": "llamacpp", "status": {"value": "loaded", "args": ["llama-server"]}},
        {"id": "gemma 3", "owned_by": "llamacpp", "status": {"value": "unloaded"}},
    ),
    "/props": llama_props(0, chat_template="", chat_template_caps={}, role="router"),
    "/props?model=qwen3-8b&autoload=false": llama_props(12288),
}
LM_STUDIO_OLLAMA_PATH = page(
    {"error": "Unexpected endpoint or method. (GET /api/tags). Returning 200 anyway"}
)
LM_STUDIO: Pages = {
    "/v1/models": listed(
        {"id": "qwen/qwen3-8b", "owned_by": "organization_owner"},
        {"id": "text-embedding-nomic-embed-text-v1.5", "owned_by": "organization_owner"},
    ),
    "/api/v1/models": {
        "models": [
            {
                "type": "llm",
                "publisher": "qwen",
                "key": "qwen/qwen3-8b",
                "loaded_instances": [
                    {
                        "id": "qwen/qwen3-8b",
                        "config": {"context_length": 4096, "parallel": 4, "flash_attention": True},
                    }
                ],
                "max_context_length": 40960,
                "format": "gguf",
                "capabilities": {
                    "vision": False,
                    "trained_for_tool_use": True,
                    "reasoning": {"allowed_options": ["off", "on"], "default": "on"},
                },
            },
            {
                "type": "embedding",
                "key": "text-embedding-nomic-embed-text-v1.5",
                "loaded_instances": [],
                "max_context_length": 2048,
            },
        ]
    },
    "/api/tags": LM_STUDIO_OLLAMA_PATH,
    "/api/version": LM_STUDIO_OLLAMA_PATH,
    "/props": LM_STUDIO_OLLAMA_PATH,
}
LM_STUDIO_OLD: Pages = {
    "/v1/models": listed({"id": "qwen2-vl-7b", "owned_by": "organization_owner"}),
    "/api/v0/models": listed(
        {
            "id": "qwen2-vl-7b",
            "type": "vlm",
            "arch": "qwen2_vl",
            "compatibility_type": "mlx",
            "state": "loaded",
            "loaded_context_length": 8192,
            "max_context_length": 32768,
            "capabilities": ["tool_use"],
        },
    ),
    "/api/version": LM_STUDIO_OLLAMA_PATH,
}
OLLAMA_TAGS = {
    "models": [{"name": "qwen3:8b", "model": "qwen3:8b", "size": 5225388164, "details": {"family": "qwen3"}}]
}
OLLAMA_SHOW = {
    "parameters": 'stop                           "<|im_end|>"\ntemperature                    0.6',
    "template": TEMPLATE,
    "details": {"family": "qwen3"},
    "model_info": {"general.architecture": "qwen3", "qwen3.block_count": 36, "qwen3.context_length": 40960},
    "capabilities": ["completion", "tools", "thinking"],
}
OLLAMA: Pages = {
    "/v1/models": listed({"id": "qwen3:8b", "owned_by": "library"}),
    "/api/version": {"version": "0.32.3"},
    "/api/tags": OLLAMA_TAGS,
    "/api/ps": {
        "models": [
            {
                "name": "qwen3:8b",
                "model": "qwen3:8b",
                "size": 6654289920,
                "size_vram": 6654289920,
                "context_length": 4096,
            }
        ]
    },
    "/api/show": OLLAMA_SHOW,
}
VLLM: Pages = {
    "/v1/models": listed(
        {
            "id": "Qwen/Qwen3-8B",
            "owned_by": "vllm",
            "root": "Qwen/Qwen3-8B",
            "parent": None,
            "max_model_len": 32768,
        }
    ),
    "/version": {"version": "0.33.0"},
    "/health": Page((b"",)),
}
SGLANG: Pages = {
    "/v1/models": listed(
        {"id": "Qwen/Qwen3-VL", "owned_by": "sglang", "root": "Qwen/Qwen3-VL", "max_model_len": 65536}
    ),
    "/model_info": {"model_path": "Qwen/Qwen3-VL", "is_generation": True, "has_image_understanding": True},
    "/server_info": {"version": "0.5.10.post1"},
    "/api/version": {"version": "0.5.10.post1"},
    "/api/tags": OLLAMA_TAGS,
    "/api/show": OLLAMA_SHOW,
    "/health": Page((b"",)),
}
TABBY: Pages = {
    "/v1/models": listed({"id": "qwen3-8b-exl3", "owned_by": "tabbyAPI"}),
    "/v1/model": {
        "id": "qwen3-8b-exl3",
        "object": "model",
        "owned_by": "tabbyAPI",
        "parameters": {
            "max_seq_len": 24576,
            "cache_size": 24576,
            "prompt_template": "chatml",
            "prompt_template_content": TEMPLATE,
            "use_vision": True,
        },
    },
    "/.well-known/serviceinfo": {
        "version": 0.1,
        "software": {"name": "TabbyAPI", "repository": "theroyallab"},
    },
    "/health": {"status": "healthy", "issues": []},
}
TRANSFORMERS: Pages = {
    "/v1/models": listed({"id": "Qwen/Qwen3-0.6B", "owned_by": "Qwen"}),
    "/health": {"status": "ok"},
}
ROOST: Pages = {
    "/v1/models": listed(
        {
            "id": "Qwen/Qwen3-8B",
            "owned_by": "roost",
            "max_model_len": 20480,
            "meta": {"tools": True, "vision": False, "reasoning": True, "dtype": "bfloat16", "slots": 4},
        }
    ),
}
UNSLOTH: Pages = {
    "/v1/models": listed({"id": "unsloth/qwen3-8b", "owned_by": "unsloth", "context_length": 16384}),
    "/props": HTML,
    "/api/v1/models": HTML,
    "/api/version": HTML,
    "/model_info": HTML,
    "/version": HTML,
    "/health": HTML,
}
UNKNOWN: Pages = {"/v1/models": listed({"id": "m", "owned_by": "me"})}
"""llama-cpp-python, among others."""
