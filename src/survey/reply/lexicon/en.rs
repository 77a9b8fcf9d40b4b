//! The English word lists, as data (N6). Entries are separated by commas; `word=number` carries a value.

use super::List;

/// Every English list. Entries are compared folded (N20).
pub(super) const LISTS: &[(List, &str)] = &[
    (
        List::Common,
        "a, an, the, i, i'd, i'll, i'm, im, it, it's, its, is, my, you, we, say, give, think, would, please, \
         thanks, thank, well, oh, hi, hello, hey",
    ),
    (
        List::NumberGroup,
        "answer, score, rating, option, number, no, nr, choice, choose, about, around, approx, \
         approximately, maybe, like, probably, definitely, point, points, star, stars",
    ),
    (
        List::Number,
        "zero=0, nil=0, one=1, two=2, three=3, four=4, five=5, six=6, seven=7, eight=8, nine=9, ten=10, \
         eleven=11, twelve=12, thirteen=13, fourteen=14, fifteen=15, sixteen=16, seventeen=17, eighteen=18, \
         nineteen=19, twenty=20, thirty=30, forty=40, fifty=50, sixty=60",
    ),
    (
        List::Ordinal,
        "first=1, second=2, third=3, fourth=4, fifth=5, sixth=6, seventh=7, eighth=8, ninth=9, tenth=10, \
         1st=1, 2nd=2, 3rd=3, 4th=4, 5th=5, 6th=6, 7th=7, 8th=8, 9th=9, 10th=10, last=0",
    ),
    (List::CoreYes, "yes, yeah, yea, yep, yup, ya, yess"),
    (List::CoreNo, "no, nope, nah"),
    (List::LetterYes, "y"),
    (List::LetterNo, "n"),
    (
        List::MoreYes,
        "of course, absolutely, definitely, certainly, correct, right, true, affirmative, indeed",
    ),
    (List::MoreNo, "never, false, negative, definitely not, absolutely not, of course not, certainly not"),
    (List::LeadingNo, "not really, not yet, not at all"),
    (List::WeakYes, "ok, okay, sure, alright"),
    (
        List::Unsure,
        "maybe, perhaps, not sure, unsure, don't know, dont know, do not know, idk, dunno, no idea",
    ),
    (
        List::Idiom,
        "no problem, no problems, no worries, no doubt, no issue, no issues, no complaints, not bad",
    ),
    (List::Determiner, "no"),
    (
        List::AfterDeterminer,
        "i, it, it's, its, he, she, they, we, you, not, but, because, sorry, still, never, my, the, this, \
         that, there, and, as, since",
    ),
    (List::Alternative, "or, to, and"),
    (List::Range, "to, through"),
    (List::Several, "all, both"),
    (List::Every, "all, all of them, all of the above, everything"),
    (List::Both, "both"),
    (List::None, "none, none of them, none of the above, nothing"),
    (List::Half, "and a half"),
    (List::Day, "today=0, yesterday=-1, tomorrow=1"),
    (
        List::Weekday,
        "monday=0, tuesday=1, wednesday=2, thursday=3, friday=4, saturday=5, sunday=6, mon=0, tue=1, wed=2, \
         thu=3, fri=4, sat=5, sun=6",
    ),
    (List::WeekdayMark, "last=-2, next=2"),
    (
        List::Month,
        "january=1, february=2, march=3, april=4, may=5, june=6, july=7, august=8, september=9, october=10, \
         november=11, december=12, jan=1, feb=2, mar=3, apr=4, jun=6, jul=7, aug=8, sep=9, oct=10, nov=11, \
         dec=12",
    ),
];
