"""The German states, Poland and the districts of Berlin, in the names that questions use.

The city states are read as cities. Germany is no place here: it would leave out next to nothing.
"""

from __future__ import annotations

STATES: dict[str, tuple[str, ...]] = {
    "Baden-Württemberg": ("BaWü", "Badenia-Wirtembergia"),
    "Bayern": ("Freistaat Bayern", "Bavaria", "Bavarian", "Bawaria", "bayrische", "bayrischen"),
    "Brandenburg": (
        "Land Brandenburg",
        "Brandenb",
        "State of Brandenburg",
        "Brandenburgia",
        "kraj związkowy Brandenburgia",
    ),
    "Hessen": ("Hesse", "Hessian", "Hesja"),
    "Mecklenburg-Vorpommern": (
        *("MeckPomm", "Mecklenburg", "Mecklenburg-Western Pomerania", "Meklemburgia-Pomorze Przednie", "Meklemburgia"),
    ),
    "Niedersachsen": ("Lower Saxony", "Dolna Saksonia", "Dolnej Saksonii"),
    "Nordrhein-Westfalen": (
        *("NRW", "North Rhine-Westphalia", "Nadrenia Północna-Westfalia", "Nadrenii Północnej-Westfalii"),
    ),
    "Polen": ("Poland", "Polska", "Polsce"),
    "Rheinland-Pfalz": ("RLP", "Rhineland-Palatinate", "Nadrenia-Palatynat", "Nadrenii-Palatynacie"),
    "Saarland": ("Kraj Saary",),
    "Sachsen": ("Freistaat Sachsen", "Saxony", "Saxon", "Saksonia"),
    "Sachsen-Anhalt": ("Saxony-Anhalt", "Saksonia-Anhalt", "Saksonii-Anhalt"),
    "Schleswig-Holstein": ("Szlezwik-Holsztyn", "Szlezwiku-Holsztynie"),
    "Thüringen": ("Freistaat Thüringen", "Thuringia", "Thuringian", "Turyngia"),
}

LABELS: dict[str, dict[str, str]] = {  # those that readers of another language call otherwise
    "Baden-Württemberg": {"pl": "Badenia-Wirtembergia"},
    "Bayern": {"en": "Bavaria", "pl": "Bawaria"},
    "Brandenburg": {"pl": "Brandenburgia"},
    "Hessen": {"en": "Hesse", "pl": "Hesja"},
    "Mecklenburg-Vorpommern": {"en": "Mecklenburg-Western Pomerania", "pl": "Meklemburgia-Pomorze Przednie"},
    "Niedersachsen": {"en": "Lower Saxony", "pl": "Dolna Saksonia"},
    "Nordrhein-Westfalen": {"en": "North Rhine-Westphalia", "pl": "Nadrenia Północna-Westfalia"},
    "Polen": {"en": "Poland", "pl": "Polska"},
    "Rheinland-Pfalz": {"en": "Rhineland-Palatinate", "pl": "Nadrenia-Palatynat"},
    "Saarland": {"pl": "Kraj Saary"},
    "Sachsen": {"en": "Saxony", "pl": "Saksonia"},
    "Sachsen-Anhalt": {"en": "Saxony-Anhalt", "pl": "Saksonia-Anhalt"},
    "Schleswig-Holstein": {"pl": "Szlezwik-Holsztyn"},
    "Thüringen": {"en": "Thuringia", "pl": "Turyngia"},
}

NEIGHBOUR_COUNTRY = "Polen"

BERLIN_DISTRICTS: tuple[str, ...] = (
    *("Mitte", "Friedrichshain-Kreuzberg", "Friedrichshain", "Kreuzberg", "Pankow", "Prenzlauer Berg", "Weißensee"),
    *("Charlottenburg-Wilmersdorf", "Charlottenburg", "Wilmersdorf", "Spandau", "Steglitz-Zehlendorf", "Steglitz"),
    *("Zehlendorf", "Tempelhof-Schöneberg", "Tempelhof", "Schöneberg", "Neukölln", "Treptow-Köpenick", "Treptow"),
    *("Köpenick", "Marzahn-Hellersdorf", "Marzahn", "Hellersdorf", "Lichtenberg", "Reinickendorf", "Moabit", "Wedding"),
)

STATE_OF_KEY: dict[str, str] = {  # the first digits of the official keys
    "01": "Schleswig-Holstein", "02": "Hamburg", "03": "Niedersachsen", "04": "Bremen", "05": "Nordrhein-Westfalen",
    "06": "Hessen", "07": "Rheinland-Pfalz", "08": "Baden-Württemberg", "09": "Bayern", "10": "Saarland",
    "11": "Berlin", "12": "Brandenburg", "13": "Mecklenburg-Vorpommern", "14": "Sachsen", "15": "Sachsen-Anhalt",
    "16": "Thüringen", "PL-02": "dolnośląskie", "PL-08": "lubuskie", "PL-32": "zachodniopomorskie",
}  # fmt: skip
