"""Words around the names of people: forms of address, titles, functions, offices, firms, given names."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

ADDRESS = frozenset("herr herrn frau hr hrn fr pan pani panem panią panu mr mrs ms miss p".split())
TITLES = frozenset(
    "dr prof professor professorin dipl ing dipl-ing dr-ing mag mgr inż hab med jur phil rer nat pol oec agr habil "
    "mult h c ba ma msc bsc mba ll m".split()
)
LEADING_TITLES = frozenset(
    {"dr", "prof", "professor", "professorin", "dipl-ing", "dipl", "dr-ing", "mgr", "inż", "mag"}
)
PARTICLES = frozenset("von van de der den zu zur vom di da el al ten ter".split())
ARTICLES = frozenset({"der", "den", "dem", "die"})
FIRM = re.compile(
    r"(?:g?gmbh|ag|kg|kgaa|ohg|ug|gbr|e\.?v|e\.?g|e\.?k|mbh|se|inc|ltd|sp|s\.?a|co|stiftung|verlag|verein|gruppe|group|"
    r"holding|söhne|partner|apotheke|hotel|bäckerei|fundacja|im)\.?",
    re.IGNORECASE,
)
NAMED_AFTER = re.compile(
    r".*(?:stra(?:ß|ss)e|str|platz|weg|allee|ring|ufer|schule|schulen|gymnasium|kolleg|institut|universität|hochschule|halle|"
    r"haus|hof|park|garten|bad|preis|preises|medaille|stipendium|programm|museum|bibliothek|bücherei|kita|zentrum|stadion|"
    r"theater|center|campus|turm|brücke|klinik|krankenhaus|school|street|prize|archiv|saal|forum|jahr|plan|"
    r"ulica|szkoła|nagroda|muzeum|stiftung|akademie|gesellschaft|kreis|stadt|siedlung|verein|projekt|"
    r"ulicy|szkoły|szkole|im)",
    re.IGNORECASE,
)
FUNCTION = re.compile(
    r".*(?:manager|leiter|leitung|beauftragte|beauftragter|meister|koordinator|referent|sachbearbeiter|assistent|planer|"
    r"berater|dezernent|rat|präsident|direktor|sekretär|sprecher|betreuer|partner|landrat|lotse|kümmerer|person|"
    r"kierownik|dyrektor|burmistrz|wójt|prezydent|koordynator|inspektor|specjalista|naczelnik|starosta|sołtys|"
    r"officer|head|mayor|coordinator|director)(?:in|innen|en|n|s|ka)?",
    re.IGNORECASE,
)
OFFICE = re.compile(
    r".*(?:amt|amts|ämter|amtes|stelle|stellen|büro|referat|abteilung|dezernat|bereich|dienst|dienste|verwaltung|management|"
    r"stab|team|agentur|verband|region|gemeinde|ministerium|werke?|betrieb|entwicklung|förderung|schutz|umwelt|klima|"
    r"mobilität|verkehr|energie|digital\w*|smart|city|wesen|kommune|rathaus|magistrat|senat|wirtschaft|soziales|bildung|"
    r"kultur|tourismus|planung|ung|keit|heit|schaft|tion|ität|ismus|services?|office|department|unit|council|"
    r"wydział|wydziału|biuro|urząd|urzędu|gmina|gminy|miasto|miasta|miejski|miejskiego|powiat|starostwo|zespół|centrum|"
    r"departament|referat|rozwoju|ochrony|środowiska|transportu|promocji|inwestycji|komunikacji|społecznych|publicznych|"
    r"land|bund|kammer|hilfe|pflege|markt|netz|netzwerk|labor|lab|hub|zweckverband|kontakt|ansprechpartner|telefon|tel)",
    re.IGNORECASE,
)
LONG_SURNAME = 12  # letters; longer words are compounds
PLACE = frozenset(
    {"stadt", "landkreis", "kreis", "gemeinde", "amt", "bezirk", "gmina", "miasto", "land", "bad", "sankt"}
)


@cache
def given_names() -> frozenset[str]:
    text = files(__package__).joinpath("given_names.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
