"""What people are told about a rule, in both languages."""

from dataclasses import dataclass
from typing import Literal

Lang = Literal["en", "ja"]


@dataclass(frozen=True, slots=True)
class Text:
    """A title of a few words, and a sentence: what it is, what the trainer does, what to do."""

    title_en: str
    sentence_en: str
    title_ja: str
    sentence_ja: str

    def title(self, lang: Lang) -> str:
        """The title in one language."""
        return self.title_ja if lang == "ja" else self.title_en

    def sentence(self, lang: Lang) -> str:
        """The sentence in one language."""
        return self.sentence_ja if lang == "ja" else self.sentence_en
