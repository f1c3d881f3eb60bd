"""Which sentences of a long message set a rule: they are told word for word where the message is clipped.

In any language, so by three things: a word for a rule in one of the languages of `WORDS`; a negation; or the
form of a rule, which is an item of a list, an exclamation, or a word in capitals or bold. What stands in a
fence is code, and no rule.
"""

import re
from collections.abc import Iterator, Sequence

WORDS = (
    # English
    r"never|must|always|only|do not|don['’]t|cannot|can['’]t|may not|should|without|avoid|make sure",
    r"instead of|forbidden|required|keep|leave",
    # German, Dutch
    r"nie|niemals|muss|müssen|darf|dürfen|soll|sollen|immer|nur|statt|verboten|vermeide",
    r"nooit|altijd|moet|moeten|alleen|vermijd",
    # French, Spanish, Portuguese, Italian
    r"jamais|toujours|doit|doivent|dois|seulement|uniquement|interdit\w*|éviter?|évitez|gardez?",
    r"nunca|siempre|debes?|deben|solo|sólo|solamente|prohibid\w+|evitar?|evita|mantén",
    r"sempre|deve[ms]?|apenas|somente|proibid\w+|evite|mantenha",
    r"mai|devono|devi|soltanto|vietat\w+|evitare|mantieni",
    # Polish, Russian, Ukrainian, Turkish
    r"nigdy|zawsze|musi\w*|tylko|zabronion\w+|unikaj",
    r"никогда|всегда|долж\w+|только|нельзя|запрещ\w+|избега\w+|ніколи|завжди|лише|заборон\w+",
    r"asla|her zaman|mutlaka|sadece|yalnızca|yasak\w*|sakın",
)
UNSPACED = (
    r"不要|不能|不得|不可|必须|必須|只能|只用|禁止|务必|总是|始终|切勿|请勿|避免"
    r"|ないで|しない|必ず|絶対|常に|だけ|なければ|하지 ?마|금지|반드시|항상|절대"
)
"""Of Chinese, Japanese and Korean: they stand anywhere in a sentence."""
RULE = rf"(?i)\b(?:{'|'.join(WORDS)})\b|{UNSPACED}"
NEGATION = (
    r"(?i)\b(?:not|no|nicht|kein\w*|ohne|niet|geen|zonder|pas|sans|sin|não|sem|non|senza|nie|bez|не|без)\b"
)
FORM = r"^(?:[-*•‣]|\d{1,2}[.)])\s+\S|\*\*\S|[!！]$"
FENCE = r"(?ms)^[ \t]*(?:```|~~~).*?(?:^[ \t]*(?:```|~~~)[ \t]*$|\Z)"
SENTENCE_ENDS = r"(?<=\D[.!?])\s+|(?<=[。！？])|\n+"
"""A number and a dot begin an item of a list."""
LONGEST_CHARS = 300


def constraints(texts: Sequence[str], room: int) -> str:
    """Lines with the rules among `texts`, in their order; where not all fit, the surest ones."""
    sentences = [*dict.fromkeys(sentence for text in texts for sentence in _sentences(text))]
    ranked = sorted((rank, place) for place, one in enumerate(sentences) if (rank := _rank(one)) is not None)
    places = list[int]()
    for _, place in ranked:
        if (room := room - len(_line(sentences[place])) - 1) < 0:
            break
        places.append(place)
    return "\n".join(_line(sentences[place]) for place in sorted(places))


def _sentences(text: str) -> Iterator[str]:
    prose = re.sub(FENCE, "\n", text)
    sentences = (one.strip() for one in re.split(SENTENCE_ENDS, prose))
    return (one for one in sentences if one and len(one) <= LONGEST_CHARS)


def _rank(sentence: str) -> int | None:
    """The less, the surer; None: it is no rule."""
    if re.search(RULE, sentence):
        return 0
    is_loud = any(word.isupper() and len(word) > 3 for word in re.findall(r"\w+", sentence))
    return 1 if is_loud or re.search(NEGATION, sentence) or re.search(FORM, sentence) else None


def _line(sentence: str) -> str:
    return "- " + re.sub(r"^[-*•‣][ \t]+", "", sentence)
