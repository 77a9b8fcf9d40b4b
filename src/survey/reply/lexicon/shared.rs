//! The word lists that count whatever the language, as data (N6). Entries are separated by commas;
//! `word=number` carries a value (units: the unit's class, N25).

use super::List;

/// Every list that belongs to no single language. Entries are compared folded (N20).
pub(super) const LISTS: &[(List, &str)] = &[
    (List::Negator, "not, isn't, isnt, never, ikke, ikkje, aldri"),
    (List::Article, "a, an, the, en, ein, ei, et"),
    (List::Minus, "minus"),
    (List::GradeSign, "plus, pluss, minus"),
    (
        List::Unit,
        "min=1, mins=1, minute=1, minutes=1, minutt=1, minutter=1, h=2, hr=2, hrs=2, hour=2, hours=2, t=2, \
         time=2, timer=2, sec=3, secs=3, second=3, seconds=3, sek=3, sekund=3, sekunder=3, day=4, days=4, \
         dag=4, dager=4, week=5, weeks=5, uke=5, uker=5, month=6, months=6, mnd=6, måned=6, måneder=6, \
         year=7, years=7, yr=7, yrs=7, år=7, kr=8, nok=8, krone=8, kroner=8, percent=9, prosent=9, times=10, \
         gang=10, ganger=10, person=11, persons=11, people=11, personer=11",
    ),
    (List::Multiplier, "hundred, thousand, million, hundre, tusen, mill, millioner"),
    (List::MoneyBefore, "kr, nok"),
    (List::ClockBefore, "kl"),
    (List::FractionWord, "of, out of, av, ut av, utav"),
    (List::ScaleStart, "on, på"),
    (List::ScaleArticle, "a, the, en, ein, ei"),
    (List::ScaleNoun, "scale, skala"),
    (List::ScaleFrom, "of, from, fra"),
    (List::ScaleTo, "to, til"),
    (List::OrdinalGroup, "one, option, choice, den, alternativ, alternativet, valg, valget"),
    (
        List::Insignificant,
        "the, a, an, of, and, or, my, me, with, to, was, is, about, it, jeg, en, et, og, min, mitt, av, om, \
         det, var, er, med, i, på, som",
    ),
    (List::Ending, "n, en, et, a, ne, er, ene, s"),
    (List::Only, "only, just, bare, kun"),
    (List::Exception, "not, except, but, ikke, ikkje, unntatt, utenom, bortsett"),
    (List::PartJoiner, "and, og, samt"),
    (List::DateFiller, "on, på, was, var, den"),
    (List::DaySuffix, "st, nd, rd, th"),
    (List::DayJoiner, "of, the, den"),
    (List::NeverTypo, "right, night, light, might, tight, fight, sight, there, etter"),
    (List::Skip, "skip, pass, n/a, hopp over, hopp"),
    (
        List::SkipText,
        "na, nothing, no, no comment, none, nope, no thanks, -, ., nei, nei takk, ingenting, \
         ingen kommentar, ikke noe, ingen",
    ),
    (List::Correction, "sorry, i meant, correction, beklager, jeg mente, mente, rettelse"),
    (List::MailTail, "sent from my, sendt fra min, get outlook for, hent outlook for"),
    (
        List::Reaction,
        "liked, loved, disliked, laughed at, emphasized, emphasised, questioned, likte, elsket, mislikte, \
         lo av, fremhevet, understreket",
    ),
    (
        List::AutoReply,
        "do not disturb, auto-reply, auto reply, autoreply, automatic reply, out of office, autosvar, \
         automatisk svar, ikke forstyrr",
    ),
    (List::Driving, "i'm driving, i am driving, jeg kjører"),
    (
        List::LeaveAlone,
        "don't text, dont text, do not text, don't message, dont message, do not message, don't contact, \
         dont contact, do not contact, no more texts, no more messages, leave me alone, remove me, \
         unsubscribe me, opt me out, take me off, ikke tekst, ikke kontakt meg, ikke flere meldinger, \
         la meg være, la meg vere, meld meg av, slutt å mase, stopp meldingene",
    ),
];
