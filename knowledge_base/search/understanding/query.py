"""A question as read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from knowledge_base.model import Understood

CONDITIONS = ("status", "years", "small", "counties", "rounds")  # fields of ``Understood``, the least of them first


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question and its reading. ``rows`` number the municipalities of the gazetteer that read it."""

    text: str  # the question, cleaned; after a follow-up the question that both together make
    language: str  # "de" | "en" | "pl"
    understood: Understood = field(default_factory=Understood)
    rest: str = ""  # the question without stop words and the words that only name places, rounds, status and the like
    subject: tuple[str, ...] = ()  # its words about the subject
    topical: tuple[str, ...] = ()  # those of them that name a topic
    rows: tuple[int, ...] = ()  # municipalities named
    near_rows: tuple[int, ...] = ()  # wanted are projects near these municipalities
    states: tuple[str, ...] = ()  # named, not only as the state of a municipality named ("Guben, Brandenburg")
    boroughs: tuple[str, ...] = ()  # of the municipalities named
    without_rows: tuple[int, ...] = ()  # municipalities left out: "not Cottbus again"
    without_states: tuple[str, ...] = ()
    without_words: tuple[str, ...] = ()  # an answer must not hold them: "not on LoRaWAN"
    without_topics: tuple[str, ...] = ()  # an answer must not have them: "keine Mobilität"
    addresses: tuple[str, ...] = ()  # of the web, in it: wanted are the records that cite them
    asker: tuple[int, ...] = ()  # the asker's own municipality: who asks, not where to search
    asker_small: bool = False  # it is a small town
    places: tuple[str, ...] = ()  # folded words of every place named, known or not
    listing: bool = False  # asks which are model projects, or which were in a round: thin records answer, too
    transfer: bool = False  # asks what can be used elsewhere
    border: bool = False  # asks for the border region
    ending: bool = False  # the years are when something ends ("bis 2027")
    follows: bool = False  # leant on the question before

    @property
    def placed(self) -> bool:
        """Return whether a place limits the question."""
        return bool(self.rows or self.near_rows or self.states or self.understood.unknown_places)

    @property
    def anywhere(self) -> Query:
        """Return the same question without a place."""
        read = replace(self.understood, municipalities=(), states=(), near=(), unknown_places=())
        return replace(self, rows=(), near_rows=(), states=(), understood=read)

    def without(self, condition: str) -> Query:
        """Return the same question without one of its ``CONDITIONS``."""
        empty = getattr(Understood(), condition)
        return replace(self, understood=replace(self.understood, **{condition: empty}))

    @property
    def aside(self) -> bool:
        """Return whether a place named is the asker's own or left out: its name says nothing about an answer."""
        return bool(self.places) and not self.placed and not self.border

    @property
    def meaning(self) -> str:
        """Return the question without the places and the words left out that it names, if it asks for anything else.

        Their names pull the vector towards texts that merely mention them.
        """
        named = self.placed or self.aside or self.without_words
        return self.rest if named and self.subject and not self.listing else self.text

    @property
    def words(self) -> str:
        """Return the words for the word index: those about the subject, else everything."""
        return " ".join(self.subject) or self.text

    @property
    def subject_topics(self) -> tuple[str, ...]:
        """Return the topics named, without those that only limit another one ("mobility in rural areas")."""
        limits = (("rural", self.understood.rural), ("cross-border", self.border))
        limiting = {topic for topic, asked in limits if asked}
        return tuple(t for t in self.understood.topics if t not in limiting) or self.understood.topics
