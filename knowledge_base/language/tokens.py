"""Text to words, and words to the terms that the lexical index counts: stems and 4-grams.

Pure functions of their arguments; any Unicode string is safe. A *word* is lower case with its accents, a *term* is
what is matched. Snowball's German stemmer folds umlauts itself and reads "ae", "oe", "ue" as umlauts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

import Stemmer

LANGUAGES = ("de", "en", "pl")
GRAM = 4
REMEMBERED = 32_768  # words: most of a text are the same few
MAX_WORD = 48  # longer "words" are hashes, addresses, or an attack
_ALGORITHM = {"de": "german", "en": "english", "pl": "polish"}
_WORD = re.compile(r"\w+")
_DIGRAPH = re.compile(r"ae|oe|(?<![aeq])ue")  # not the "ue" of "bauen", "neue", "Quelle"

_STOP = {
    "de": """aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf aus
    bei beim bekomme bekommt bin bis bist bitte bzw da dafür damit dann darf das dass dasselbe dazu dein deine deinem
    deinen deiner dem den denn der deren des dessen dich die dies diese diesem diesen dieser dieses dir doch dort du
    durch eigentlich ein eine einem einen einer eines einige er erhalte erhält es etwas euch euer eure für gab geben
    gegen gern gibt hab habe haben hallo hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer
    ihres im in indem ins ist ja jede jedem jeden jeder jedes jemand jene jetzt kann kannst kein keine keinem keinen
    keiner können könnte könnten könntest machen macht man manche mein meine meinem meinen meiner mich mir mit möchte
    möchten muss müssen musste nach nein nicht nichts noch nun nur ob oder ohne schon sehr sein seine seinem seinen
    seiner seit sich sie sind so solche soll sollen sollte sondern sonst statt über um und uns unser unsere unserem
    unseren unter viel vom von vor war waren wann warst warum was weg weil weiter welche welchem welchen welcher welches
    wem wen wenn wer werde werden wessen weshalb wie wieder wieso will wir wird wirst wo wobei wofür woher wohin womit
    inzwischen mittlerweile bereits derzeit momentan zurzeit kürzlich neulich bald später früher vorher nachher danach
    davor dabei dafür dagegen davon darüber darum darauf deshalb deswegen daher außerdem übrigens natürlich vielleicht
    wahrscheinlich ungefähr etwa ziemlich ganz fast kaum meist meistens oft häufig selten manchmal immer nie mal einmal
    erst zuerst zuletzt schließlich endlich sofort sogar jedenfalls allerdings trotzdem dennoch selbst selber drüben
    worden wozu wurde wurden wollen wollte würde würden zu zum zur zwar zwischen
    machte machten gemacht""",
    "en": """a about all also am an and any anyone are as at be been being between but by can could did do does doing
    done for from get gets getting give had has have having hello her here him his how i if in into is it its just me
    might more most must my no not of on one or other our ours out over please shall she should so some such than that
    the their them then there these they this those through to too under until up us very was we were what when where
    whether which while who whom whose why will with without would you your yours against""",
    "pl": """a aby albo ale ani aż bardzo bez był była było były być chce chcę chciałabym chciałbym co coś czego czemu
    czy dla do dlaczego gdy gdzie gdzieś go i ich ile im inne inny ja jak jaka jaką jaki jakich jakie jakiego jakiej
    jakim ją jego jej jest jestem jeśli jeżeli już każdy kiedy kim kto która którą które którego której którego których
    który którym którzy lub ma mają mam mi mieć mnie moje moja mojego mojej mój może mogą mogę można musi muszę my na
    nad nam nas nie nich nie niej nim o od on ona one oni oraz po pod podczas ponieważ poza proszę przed przez przy są
    się skąd swoje swojej swój ta tak taki takie tam te tego tej ten też to tu tylko tym w we wiele wszystkie wszystko
    przeciw przeciwko z za ze że żeby robić robi robią robił robiła robili zrobić zrobił zrobiła zrobili zrobiono""",
}


@lru_cache(REMEMBERED)
def fold(word: str) -> str:
    """Return text without accents and umlauts, "ae" as "a" and so on: one form of "Müller", "Mueller" and "Muller"."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    return _DIGRAPH.sub(lambda match: match[0][0], bare.replace("ł", "l").replace("đ", "d"))


STOP_WORDS = {language: frozenset(text.split()) for language, text in _STOP.items()}
_ANY_STOP = frozenset().union(*STOP_WORDS.values())


def words(text: str) -> list[str]:
    """Return the words of a text in order: NFKC, case folded ("ß" is "ss"), at least two characters or a digit each."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("_", " ")
    return [word[:MAX_WORD] for word in _WORD.findall(plain) if len(word) > 1 or word.isdigit()]


def content_words(text: str, language: str) -> list[str]:
    """Return ``words`` without the stop words of the language (of all languages for an unknown one)."""
    stop = STOP_WORDS.get(language, _ANY_STOP)
    return [word for word in words(text) if word not in stop]


@lru_cache(maxsize=8)
def _stemmer(language: str) -> Callable[[list[str]], list[str]]:
    algorithm = _ALGORITHM.get(language)
    if algorithm is None:
        return list
    stemmer = Stemmer.Stemmer(algorithm)
    stems: Callable[[list[str]], list[str]] = stemmer.stemWords
    return stems


def stem_all(several: Iterable[str], language: str) -> list[str]:
    """Return Snowball stems, folded, in order; a language without a stemmer only folds."""
    return [fold(stem) for stem in _stemmer(language)(list(several))]


def stem(word: str, language: str) -> str:
    """Return the stem of one word; see ``stem_all``."""
    return stem_all((word,), language)[0]


def grams(word: str, size: int = GRAM) -> tuple[str, ...]:
    """Return character n-grams of the folded word with its edges marked: they bridge typos and inflection."""
    edged = f"_{fold(word)}_"
    return tuple(edged[i : i + size] for i in range(max(1, len(edged) - size + 1)))
