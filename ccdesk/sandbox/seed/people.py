"""Invented people of a pretend shop: names, streets and towns as they are written in a dozen countries."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")


class Place(NamedTuple):
    """A town; in `postal`, # stands for any digit and @ for any letter."""

    town: str
    state: str
    postal: str


class Country(NamedTuple):
    """How people of a country are called and where they live; `weight` is its share of a shop's customers."""

    code: str
    locale: str
    weight: int
    street: str  # with {number} and {name}
    phone: str  # with # for any digit
    first: tuple[str, ...]
    last: tuple[str, ...]
    streets: tuple[str, ...]
    places: tuple[Place, ...]


class Person(NamedTuple):
    """One invented person."""

    country: Country
    first: str
    last: str
    street: str
    place: Place
    postal: str
    phone: str


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _places(*rows: str) -> tuple[Place, ...]:
    return tuple(Place(*row.split("|")) for row in rows)


COUNTRIES = (
    Country(
        "US", "en-US", 46, "{number} {name}", "555###01##",
        _words("Maria James Linda Robert Ashley Daniel Karen Luis Denise Kevin Tyler Grace Marcus Amy"),
        _words("Gomez Carter Nguyen Miller Jackson O'Neil Patel Rivera Hughes Kim Bennett Walsh Ortiz"),
        ("Lamar Street", "Oak Avenue", "Maple Drive", "Lake Road", "2nd Street", "Sunset Boulevard"),
        _places("Austin|TX|787##", "Portland|OR|972##", "Chicago|IL|606##", "Boise|ID|837##"),
    ),
    Country(
        "CA", "en-CA", 8, "{number} {name}", "416555####",
        _words("Emma Liam Olivia Noah Chloé Étienne Sophie Logan Ava Mathieu"),
        _words("Tremblay Singh Campbell Roy MacDonald Gagnon Wong Fraser Côté Martin"),
        ("King Street West", "Rue Sainte-Catherine", "Granville Street", "Elm Crescent"),
        _places("Toronto|ON|M5V #@#", "Montréal|QC|H3B #@#", "Vancouver|BC|V6B #@#", "Halifax|NS|B3J #@#"),
    ),
    Country(
        "GB", "en-GB", 12, "{number} {name}", "0207946####",
        _words("Oliver Amelia Harry Isla George Poppy Alfie Freya Rhys Niamh"),
        _words("Smith Jones Taylor Evans Thomas Wright Hall Clarke Patel Murphy"),
        ("Mill Lane", "High Street", "Station Road", "Church Walk", "Victoria Terrace"),
        _places("London||NW6 #@@", "Leeds||LS1 #@@", "Bristol||BS8 #@@", "Cardiff||CF10 #@@"),
    ),
    Country(
        "DE", "de-DE", 8, "{name} {number}", "0305550####",
        _words("Jürgen Sabine Lukas Anneliese Björn Käthe Mia Jonas Heike Günter"),
        _words("Müller Schröder Weiß Fischer Köhler Wagner Becker Schäfer Vogel Groß"),
        ("Lindenstraße", "Bahnhofstraße", "Am Mühlbach", "Goethestraße"),
        _places("Berlin||10###", "München||80###", "Köln||50###", "Leipzig||04###"),
    ),
    Country(
        "FR", "fr-FR", 6, "{number} {name}", "0155500###",
        _words("Chloé François Léa Hélène Gaël Inès Théo Zoé Benoît Margaux"),
        _words("Lefèvre Dubois Moreau Girard Besançon Fournier Noël Mercier Roux Lemaître"),
        ("rue de la République", "avenue Victor-Hugo", "place du Marché", "chemin des Vignes"),
        _places("Paris||750##", "Lyon||690##", "Nîmes||300##", "Besançon||250##"),
    ),
    Country(
        "ES", "es-ES", 4, "{name} {number}", "91555####",
        _words("José Lucía Íñigo Begoña Andrés Marta Raúl Sofía Óscar Nuria"),
        _words("Muñoz García Ibáñez Peña Castaño Núñez Soler Vázquez Romero Gil"),
        ("Calle Mayor", "Avenida de la Constitución", "Plaza España", "Paseo del Prado"),
        _places("Madrid|Madrid|280##", "Sevilla|Sevilla|410##", "A Coruña|A Coruña|150##"),
    ),
    Country(
        "IT", "it-IT", 3, "{name} {number}", "0655500###",
        _words("Giulia Marco Niccolò Chiara Alessandro Elena Matteo Francesca"),
        _words("Rossi D'Angelo Bianchi Conti Esposito Ricci Lo Galli"),
        ("Via Garibaldi", "Corso Italia", "Viale dei Tigli"),
        _places("Roma|RM|001##", "Milano|MI|201##", "Forlì|FC|471##"),
    ),
    Country(
        "SE", "sv-SE", 3, "{name} {number}", "0855500###",
        _words("Åsa Göran Linnéa Björn Elin Håkan Märta Nils"),
        _words("Lindström Åkesson Öberg Nyström Hägg Sjöberg Ek Bergqvist"),
        ("Storgatan", "Kungsgatan", "Björkvägen"),
        _places("Malmö||211 ##", "Göteborg||411 ##", "Örebro||702 ##"),
    ),
    Country(
        "PL", "pl-PL", 3, "{name} {number}", "225550###",
        _words("Łukasz Małgorzata Zofia Paweł Agnieszka Michał Żaneta Stanisław"),
        _words("Kowalski Wiśniewska Dąbrowski Zając Wójcik Krawczyk Szymańska Król"),
        ("ul. Długa", "ul. Kościuszki", "al. Jerozolimskie"),
        _places("Warszawa||00-###", "Łódź||90-###", "Kraków||31-###"),
    ),
    Country(
        "BR", "pt-BR", 3, "{name}, {number}", "1155500###",
        _words("João Conceição Luís Antônia Mário Tainá Renato Vitória"),
        _words("Gonçalves Araújo Silva Assunção Pereira Magalhães Souza Leão"),
        ("Rua das Flores", "Avenida Paulista", "Travessa São José"),
        _places("São Paulo|SP|01###-###", "Goiânia|GO|74###-###", "Belém|PA|66###-###"),
    ),
    Country(
        "JP", "ja-JP", 2, "{name} {number}", "0355500###",
        _words("美咲 翔太 陽子 健一 さくら 直樹"),
        _words("佐藤 鈴木 高橋 田中 渡辺 小林"),
        ("本町", "中央", "緑ヶ丘"),
        _places("大阪市|大阪府|540-####", "札幌市|北海道|060-####"),
    ),
    Country(
        "AU", "en-AU", 2, "{number} {name}", "0255500###",
        _words("Jack Matilda Cooper Ruby Lachlan Zara Angus Billie"),
        _words("Kelly Nguyen Robinson Stewart Papadopoulos Ryan Watson Singh"),
        ("George Street", "Flinders Lane", "Beach Road"),
        _places("Sydney|NSW|20##", "Melbourne|VIC|30##", "Hobart|TAS|70##"),
    ),
)  # fmt: skip

_SPELLED = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "'": "", "·": ""})
_CUMULATED = tuple(accumulate(country.weight for country in COUNTRIES))


class People:
    """Makes up people; the same random numbers make the same people."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def person(self) -> Person:
        """Return the next person."""
        country = self._random.choices(COUNTRIES, cum_weights=_CUMULATED)[0]
        place = self._one(country.places)
        number = 1 + int(self._random.random() * 180)
        return Person(
            country,
            self._one(country.first),
            self._one(country.last),
            country.street.format(number=number, name=self._one(country.streets)),
            place,
            self._filled(place.postal),
            self._filled(country.phone),
        )

    def _one(self, choices: tuple[_T, ...]) -> _T:
        return choices[int(self._random.random() * len(choices))]

    def _filled(self, pattern: str) -> str:
        """Put digits and letters into a pattern."""
        bits = self._random.getrandbits(64)
        filled = []
        for sign in pattern:
            if sign == "#":
                bits, rest = divmod(bits, 10)
                sign = chr(48 + rest)
            elif sign == "@":
                bits, rest = divmod(bits, 26)
                sign = chr(65 + rest)
            filled.append(sign)
        return "".join(filled)


@lru_cache(maxsize=4096)
def mailbox_word(name: str) -> str:
    """Return a name as people write it in their email: lower case, without accents; empty for kanji."""
    plain = unicodedata.normalize("NFKD", name.translate(_SPELLED))
    return "".join(sign for sign in plain if sign.isascii() and sign.isalnum()).lower()
