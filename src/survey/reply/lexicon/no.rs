//! The Norwegian word lists, both written forms, as data (N6). Entries are separated by commas;
//! `word=number` carries a value.

use super::List;

/// Every Norwegian list. Entries are compared folded (N20), so spellings with and without å are one.
pub(super) const LISTS: &[(List, &str)] = &[
    (
        List::Common,
        "jeg, eg, vil, si, sier, gir, gi, dere, deg, det, er, en, ei, et, tror, takk, min, mitt, hei, \
         heisann, hallo",
    ),
    (
        List::NumberGroup,
        "svar, svaret, karakter, karakteren, alternativ, punkt, nr, nummer, valg, velger, ca, cirka, rundt, \
         omtrent, sånn, kanskje, poeng, stjerne, stjerner, terningkast, sterk, svak, solid",
    ),
    (
        List::Number,
        "null=0, en=1, ein=1, ei=1, et=1, ett=1, eitt=1, to=2, tre=3, fire=4, fem=5, seks=6, sju=7, syv=7, \
         åtte=8, otte=8, ni=9, ti=10, elleve=11, tolv=12, tretten=13, fjorten=14, femten=15, seksten=16, \
         sytten=17, atten=18, nitten=19, tjue=20, tyve=20, tretti=30, tredve=30, førti=40, femti=50, \
         ener=1, toer=2, treer=3, firer=4, femmer=5, sekser=6, sjuer=7, syver=7, åtter=8, otter=8, nier=9, \
         tier=10",
    ),
    (List::JoinedTens, "tjue=20, tyve=20, tretti=30, tredve=30, førti=40, femti=50"),
    (
        List::Ordinal,
        "første=1, tredje=3, fjerde=4, femte=5, sjette=6, sjuende=7, syvende=7, åttende=8, niende=9, \
         tiende=10, siste=0",
    ),
    (List::CoreYes, "ja, jepp, jada, joda, jau, yes"),
    (List::CoreNo, "nei, neida, niks, nope"),
    (List::LetterYes, "j"),
    (List::LetterNo, "n"),
    (
        List::MoreYes,
        "jo, gjerne, ja gjerne, selvfølgelig, selvsagt, sjølvsagt, absolutt, klart, klart det, helt klart, \
         stemmer, riktig",
    ),
    (List::MoreNo, "ikke, ikkje, aldri, absolutt ikke, selvfølgelig ikke, selvsagt ikke, slett ikke"),
    (List::LeadingNo, "ikke ennå, ikke enda, ikke i det hele tatt"),
    (List::WeakYes, "ok, okei, greit"),
    (List::Unsure, "kanskje, vet ikke, veit ikke, usikker, aner ikke, ingen anelse, tja, nja"),
    (List::Idiom, "ikke noe problem, ingen problem, ingen problemer, ikke verst, ikke dårlig, ikke ille"),
    (List::Alternative, "eller, til, og"),
    (List::Range, "til"),
    (List::Several, "alle, begge"),
    (List::Every, "alle, alt, alle sammen, samtlige"),
    (List::Both, "begge"),
    (List::None, "ingen, ingenting, ingen av dem, ingen av delene"),
    (List::Half, "og en halv, og ein halv, og et halvt, og eit halvt"),
    (List::Day, "i dag=0, idag=0, i går=-1, igår=-1, i morgen=1, imorgen=1"),
    (
        List::Weekday,
        "mandag=0, tirsdag=1, onsdag=2, torsdag=3, fredag=4, lørdag=5, søndag=6, man=0, tir=1, ons=2, tor=3, \
         fre=4, lør=5, søn=6",
    ),
    (List::WeekdayMark, "sist=-1, kommende=1, forrige=-2, neste=2"),
    (
        List::Month,
        "januar=1, februar=2, mars=3, april=4, mai=5, juni=6, juli=7, august=8, september=9, oktober=10, \
         november=11, desember=12, jan=1, feb=2, mar=3, apr=4, jun=6, jul=7, aug=8, sep=9, okt=10, nov=11, \
         des=12",
    ),
];
