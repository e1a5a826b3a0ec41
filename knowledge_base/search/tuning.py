"""All constants of the search that were tuned, with their origin. docs/search.md says how to change one safely."""

from __future__ import annotations

# Sides of the convex sum (Bruch, Gai & Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", 2023): chosen by
# hand, looking at the development questions of all corpora at once; no corpus was left out.
SHARE_WORDS = 0.5  # BM25 against meaning
UNCOVERED = 0.8  # of it goes to meaning, as far as no document holds the question's words
SHARE_ASKED = 0.5  # of meaning: the nearest question that a record answers; the rest is its text
TOP = 100  # the best of each side that span its scale
COMMON = 0.3  # of the mean of all texts is taken from a question's vector: what is near to everything says little
FOCUS = 0.2  # of a record whose topics are all under those named; of six settings, on the grown bundle and the old one
LEAST_TEXT_SPAN = 0.075  # of cosines: no candidate of about equally good ones becomes a clear winner

# Words.
K1, B = 1.6, 0.9  # BM25; measured on public-service pages
TITLE = 2.0  # a word of the title counts as so many of the text
ASKED = 1.5  # a word of a question that a record answers
TOPIC = 0.5  # a word of the vocabulary for a topic of the record
TOPIC_EXPLAINS = 0.35  # of a word of the question, where it names a topic of the record
GRAM = 0.2  # 4-grams beside words
CORRECTED = 0.8  # a mistyped word
FRAME = 0.4  # a word that only frames the subject, or was read as a condition

# Conditions: the unit is the whole range of the convex sum, so a condition met outweighs every text.
CONDITION = 1.0
NEARNESS = 0.3  # of the place asked for, beside that it is near
ONLY_NAMED = 0.6  # a document that names the place, beside one of the place
THIN = -0.5  # a record that only says that a model project exists, where no list is asked for
WEIGHTS = {"near": 0.7, "years": 0.5, "status": 0.6}  # of conditions; 1 where none is named
SOFT = 0.3  # of a condition that a record may meet and not say so
HELD = 0.5  # of an unwanted word: more than a topic of the record alone, or a part of a compound
NO_SUBJECT = 0.3  # how much the texts count where only conditions are asked for

# Decisions (logistic models), fitted by tools/fit_certainty.py on all corpora with equal weight. By hand, so that the
# languages err alike: the coefficient of "english" (fitted: -1.4) and the thresholds.
AHEAD = 2.0  # standard deviations above the nearest subjects of the background: from there on a hit stands out
ANSWERED = {"bias": 0.114, "doubt": -0.983, "agreement": 2.139, "length": 1.779, "english": -1.2, "no_subject": 4.045}
ANSWERED_FROM = 0.48
COUNTED = {"bias": -4.924, "beside_best": 4.577, "explains": 1.543}
COUNTED_FROM = 0.3
ELSEWHERE_FROM = 0.5  # a hit of another place than the one named
DOUBTFUL_FROM = 0.05  # below, a hit of the place named stands behind the answers of other places
