"""Words that carry no subject but say what kind of answer is wanted, in the three languages.

Patterns run over the folded words of a question joined by spaces (see ``words.fold``): no accents, umlauts as their
vowel, "ß" as "ss". ``spans`` returns where they matched, so that the words can be left out of the subject.
"""

from __future__ import annotations

import re
from collections.abc import Mapping


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile(r"(?<!\S)(?:" + "|".join(alternatives) + r")(?!\S)")


ROLE = _any(
    r"ansprech\w*", r"zustandig\w*", r"verantwort\w*", r"kontaktperson\w*", r"kontaktadresse", r"kontakt(?: (?:zu[rm]?|fur))?",
    r"wer (?:kummert|leitet|betreut|koordiniert|steuert|fuhrt|betreibt|verwaltet)(?: sich)?(?: um)?", r"an wen", r"wen (?:frage?|kann|konnen|muss|sollte?)(?: (?:ich|wir|man))?",
    r"bei wem", r"mit wem", r"welche stelle", r"welches amt", r"who (?:is |s )?(?:responsible|in charge)(?: (?:for|of))?",
    r"who (?:runs|leads|manages|coordinates|operates|do i (?:ask|contact|call|talk to)|can i (?:ask|contact|call|talk to)|should (?:i|we) (?:ask|contact|call|talk to))(?: it)?",
    r"responsible(?: for)?", r"in charge(?: of)?", r"contact(?: person)?(?: for)?", r"contacts", r"person to (?:talk|ask)",
    r"kto (?:odpowiada|prowadzi|kieruje|zarzadza|koordynuje|nadzoruje|opiekuje sie)(?: za)?", r"odpowiedzialn\w*", r"do kogo", r"z kim", r"kontakt\w*",
    r"osoba do kontaktu", r"odpowiada za",
)  # fmt: skip
WHO = _any(
    r"wer", r"wem", r"wen", r"jemand\w*", r"welche[rsn]? (?:\w+ )?(?:kommunen?|stadte?n?|gemeinden?|orte?n?|dorfer|landkreise?|kreise?|stadt|kommune)",
    r"who", r"anyone", r"anybody", r"any1", r"someone", r"somebody", r"whose", r"which (?:\w+ )?(?:cit(?:y|ies)|towns?|municipalit(?:y|ies)|villages?|councils?|communit(?:y|ies)|places)",
    r"any (?:cit(?:y|ies)|towns?|municipalit(?:y|ies)|villages?)", r"kto\w*", r"czyj\w*", r"(?:ktore|jakie|ktora|jaka) (?:\w+ )?(?:miast\w*|gmin\w*|powiat\w*|wsie|miejscowosci)",
)  # fmt: skip
RURAL = _any(
    r"landlich\w*", r"auf dem land(?:e)?", r"kleinen?[rs]? (?:gemeinden?|kommunen?|stadte?n?|stadt|orte?n?|dorfer\w*)", r"kl gemeinden?", r"kleinstadt\w*",
    r"kleinstadte?n?", r"kleinkommunen?", r"landgemeinden?", r"dorf", r"dorfe?s?", r"dorfern?", r"dorfgemeinschaft\w*", r"dorflich\w*", r"rural", r"countryside",
    r"small(?:er)? (?:\w+ )?(?:towns?|municipalit(?:y|ies)|communit(?:y|ies)|villages?|cit(?:y|ies)|places?|councils?)", r"villages?", r"smaller ones", r"small ones",
    r"wsi", r"wies", r"wsiach", r"wiejsk\w*", r"mal(?:a|e|ej|ych|ego|ym|ymi|y) (?:\w+ )?(?:gmin\w*|miast\w*|miejscowosc\w*|miasteczk\w*)", r"miasteczk\w*", r"mniejsz\w* (?:gmin\w*|miast\w*)",
)  # fmt: skip
BORDER = _any(
    r"grenznah\w*", r"grenzstadt\w*", r"grenzregion\w*", r"an der (?:polnischen )?grenze", r"an der neisse", r"an der oder", r"doppelstadt\w*", r"polnische\w* grenze",
    r"grenzuberschreitend\w*", r"(?:polish|german) border", r"border (?:towns?|region|cit(?:y|ies))", r"cross border", r"twin (?:towns?|cit(?:y|ies))",
    r"przygraniczn\w*", r"granic\w*", r"transgraniczn\w*", r"pograniczu?", r"nad odra", r"nad nysa", r"dwumiast\w*",
)  # fmt: skip
TRANSFER = _any(
    r"ubertrag\w*", r"nachnutz\w*", r"nachnutzen", r"wiederverwend\w*", r"ubernehmen", r"ubernommen", r"abgucken", r"abgeschaut", r"kopieren", r"nachmachen", r"skalier\w*",
    r"anderen? (?:kommunen|gemeinden|stadten?|regionen|orten?)", r"transfer\w*", r"reus\w*", r"re use", r"copy", r"copied", r"adopt\w*", r"replicat\w*", r"other (?:towns?|cities|municipalities|places)",
    r"przeni\w*", r"skopiowa\w*", r"powiel\w*", r"inn(?:ych|e|ym|ymi) (?:gmin\w*|miast\w*)", r"wykorzyst\w* gdzie indziej",
)  # fmt: skip
LISTING = _any(
    r"modellprojekt\w*(?: smart cit(?:y|ies))?", r"modellkommunen?", r"modellstadte?n?", r"modellstadt", r"ausgewahlt\w*", r"dabei", r"staffeln?", r"forderrunden?", r"gefordert\w*", r"forderung", r"mpsc",
    r"forderprogramm\w*", r"bundesforderung", r"model (?:projects?|cit(?:y|ies)|municipalit(?:y|ies)|towns?)", r"picked", r"selected", r"chosen", r"cohorts?", r"funding rounds?", r"funded", r"programme",
    r"(?:projekt\w*|miast\w*|gmin\w*) modelow\w*", r"modelow\w*", r"wybran\w*", r"nabor\w*", r"naborze", r"edycj\w*", r"dofinansowani\w*", r"rund\w*",
)  # fmt: skip
NEAR = _any(
    r"in der nahe (?:von|der stadt)?", r"nahe", r"in der umgebung (?:von)?", r"umgebung (?:von)?", r"rund um", r"im umland von", r"im umkreis von", r"unweit von", r"in der region", r"im raum",
    r"bei", r"um", r"near(?:by)?(?: to)?", r"close to", r"around", r"next to", r"in the vicinity of", r"not far from", r"neighbou?rs? of", r"nachbarn von", r"nachbargemeinden von",
    r"w poblizu", r"niedaleko(?: od)?", r"kolo", r"blisko", r"obok", r"w okolic\w*", r"okolic\w*", r"wokol", r"sasiedzi",
)  # fmt: skip
STATUS: Mapping[str, re.Pattern[str]] = {
    "planned": _any(
        r"geplant\w*", r"in planung", r"planen(?: gerade)?", r"vorgesehen\w*", r"angekundigt\w*", r"kunftig\w*", r"in vorbereitung", r"noch nicht (?:gestartet|begonnen|fertig)",
        r"planned", r"in planning", r"upcoming", r"not (?:yet )?started(?: yet)?", r"future projects", r"being planned", r"announced", r"planowan(?:e|y|a|ych|ego|ej|o)", r"w planach", r"zaplanowan\w*", r"jeszcze nie (?:ruszyl\w*|rozpocz\w*)", r"zapowiedzian\w*",
    ),
    "running": _any(
        r"laufend\w*", r"lauft", r"laufen", r"in betrieb", r"im betrieb", r"echtbetrieb", r"in umsetzung", r"umgesetzt\w*", r"aktiv\w*", r"im aufbau", r"aufbau", r"pilot\w*", r"testphase", r"gerade",
        r"aktuell\w*", r"live", r"running", r"ongoing", r"in operation", r"operational", r"active", r"in progress", r"pilot\w*", r"under way", r"underway", r"up and running", r"being built", r"in use",
        r"w trakcie(?: realizacji)?", r"realizowan\w*", r"dzialaja?", r"trwaja?", r"biezac\w*", r"pilotaz\w*", r"w budowie", r"dzialajac\w*", r"uruchomion\w*",
    ),
    "done": _any(
        r"abgeschlossen\w*", r"beendet\w*", r"fertig\w*", r"vollendet\w*", r"completed", r"finished", r"done already", r"already done", r"concluded", r"closed", r"ended", r"over and done",
        r"zakonczon\w*", r"ukonczon\w*", r"dobieg\w* konca", r"gotow\w*", r"sfinalizowan\w*",
    ),
}  # fmt: skip
GENERIC = frozenset(  # words that any question for projects may hold
    """projekt projekte projekten projekts vorhaben massnahme massnahmen losung losungen beispiel beispiele angebot angebote initiative initiativen sachen ding dinge
    stadt stadte stadten kommune kommunen gemeinde gemeinden orte ort orten region regionen landkreis stelle befindet befinden zusammen macht gemacht machen lauft laufen lief
    jahr jahre jahren ende endet enden beginnt begonnen gestartet info infos thema themen bereich erfahrung erfahrungen uberblick liste alle etwas smart city smarte cities digital digitale
    umgesetzt umsetzung sagen zeigen zeig nenne wissen gerade schon noch aktuell moin hallo danke bitte frage gibts geht kleine kleinen kleiner grosse
    project projects solution solutions example examples measure measures initiative initiatives thing things stuff city cities town towns municipality municipalities
    village villages place places region regions year years start started starts end ends ending begin began list all show tell info information about anything something everything only far
    small smaller big model hi hello hey thanks please pls
    projekty projektow projektu projektami rozwiazanie rozwiazania rozwiazan przyklad przyklady przykladow przedsiewziec przedsiewziecia dzialania inicjatywy miasto miasta miast miastach gmina gminy gmin gminach
    miejscowosci region rok roku lat konczy koncza lista wszystkie pokaz informacje doswiadczenie dopiero male mala malych maja zrobily zrobil robi robia razem wspolnie zwiazane zwiazanych temat dotyczace""".split()
)
PERIOD = _any(r"wann", r"seit wann", r"bis wann", r"when", r"until when", r"since when", r"kiedy", r"do kiedy", r"od kiedy", r"laufzeit", r"zeitraum")
ENDING = _any(r"bis(?: ende)?", r"endet", r"enden", r"ende", r"until", r"till", r"ends?", r"ending", r"konczy", r"koncza", r"do konca", r"do")
SINCE = _any(r"seit", r"ab", r"nach", r"since", r"after", r"from", r"od", r"po")

_YEAR = re.compile(r"(?<!\d)(20[0-4]\d)(?:er)?(?!\d)")


def years(text: str) -> tuple[int, ...]:
    """The years 2000 to 2049 named in a text, each once, in order."""
    return tuple(dict.fromkeys(int(found) for found in _YEAR.findall(text)))
