//! The stories in English.

/// The texts of each schema, in the notation of `words::tell`.
pub(super) const TEXTS: &[(&str, &[&str])] = &[
    (
        "gain-lose",
        &[
            "{X} has {n} {o}. {X} [buys|gets|finds] {m} more and then gives {k} [to {Y}|to a friend|away]. How many {o} does {X} have [now|left]?",
            "There are {n} {o} in a [box|bag|basket]. {X} puts in {m} more, then {Y} takes out {k}. How many {o} are in it now?",
            "{X} had {n} {o}. A friend gave {X} {m} more. Then {X} lost {k} of them. How many {o} are left?",
            "A shop has {n} {o}. It receives {m} more and sells {k}. How many {o} does the shop have now?",
        ],
    ),
    (
        "lose-gain",
        &[
            "{X} has {n} {o}. {X} [gives|sells] {m} to {Y} and then [buys|finds|gets] {k} more. How many {o} does {X} have now?",
            "A shop has {n} {o}. It sells {m} in the morning and then {k} more are delivered. How many {o} are there now?",
            "There were {n} {o} on the table. {X} took {m} away, and {Y} put {k} there. How many {o} are on the table now?",
            "{X} had {n} {o}, lost {m} of them and then got {k} from {Y}. How many {o} does {X} have?",
        ],
    ),
    (
        "groups-more",
        &[
            "{X} has {n} {o} and buys {b} [bags|boxes|packs] with {k} {o} each. How many {o} does {X} have [in total|altogether|now]?",
            "There are {b} boxes with {k} {o} in each and {n} more {o} on the table. How many {o} are there in total?",
            "{X} had {n} {o}. Then {b} friends gave {X} {k} {o} each. How many {o} does {X} have now?",
            "{X} fills {b} bags with {k} {o} each and has {n} {o} left over. How many {o} were there [in all|at first]?",
        ],
    ),
    (
        "groups-less",
        &[
            "{X} buys {b} [boxes|bags|packs] of {o} with {k} in each. {X} [gives away|uses|sells] {n} of them. How many {o} are left?",
            "There are {b} baskets with {k} {o} each. {n} {o} are [taken away|sold|broken]. How many {o} remain?",
            "{X} puts {k} {o} on each of {b} [shelves|plates|tables]. Then {Y} takes {n} of them. How many {o} are left?",
            "A box has {b} rows of {k} {o}. {X} takes {n}. How many {o} are still in the box?",
        ],
    ),
    (
        "two-prices",
        &[
            "{X} buys {a} {o} for {p} dollars each and {b} {u} for {q} dollars each. How much does {X} [pay|spend] in total?",
            "A {o1} costs {p} dollars and a {u1} costs {q} dollars. How much do {a} {o} and {b} {u} cost together?",
            "A shop sells {a} {o} at ${p} each and {b} {u} at ${q} each. How many dollars does it get?",
            "Each {o1} costs ${p} and each {u1} costs ${q}. {X} buys {a} {o} and {b} {u}. What is the total cost in dollars?",
        ],
    ),
    (
        "change",
        &[
            "{X} has {n} dollars and buys {a} {o} for {p} dollars each. How [many dollars are|much money is] left?",
            "A {o1} costs {p} dollars. {X} buys {a} {o} and pays with {n} dollars. How much change does {X} get?",
            "{X} had ${n} and spent it on {a} {o} at ${p} each. How many dollars does {X} have left?",
            "{X} buys {a} {o}. Each costs ${p}. {X} pays ${n}. How much change should {X} receive?",
        ],
    ),
    (
        "share",
        &[
            "{X} has {a} {o} and {Y} has {b} {o}. They [share|divide] all of them equally among {k} [children|friends|people]. How many does each get?",
            "{X} picks {a} {o} in the morning and {b} in the afternoon and puts them equally into {k} [bags|boxes|baskets]. How many {o} are in each?",
            "There are {a} {o} and {b} {u}. They are split equally among {k} people. How many items does each person get?",
        ],
    ),
    (
        "more-both",
        &[
            "{X} has {n} {o}. {Y} has {m} more {o} than {X}. How many {o} do they have [together|in total|altogether]?",
            "On Monday {X} sold {n} {o}. On Tuesday {X} sold {m} more than on Monday. How many {o} did {X} sell on both days?",
            "{X} has {n} {o} and {m} more {u} than {o}. How many {o} and {u} does {X} have in all?",
        ],
    ),
    (
        "fewer-both",
        &[
            "{X} has {n} {o}. {Y} has {m} fewer {o} than {X}. How many {o} do they have [together|in total|altogether]?",
            "On Monday {X} sold {n} {o}. On Tuesday {X} sold {m} fewer than on Monday. How many {o} did {X} sell on both days?",
            "{X} has {n} {o} and {m} fewer {u} than {o}. How many {o} and {u} does {X} have in all?",
        ],
    ),
    (
        "times-both",
        &[
            "{X} has {n} {o}. {Y} has {k} times as many {o} as {X}. How many {o} do they have [together|in total|altogether]?",
            "On Monday {X} sold {n} {o}. On Tuesday {X} sold {k} times as many. How many {o} did {X} sell on both days?",
            "{X} has {n} {o} and {k} times as many {u}. How many {o} and {u} does {X} have in all?",
        ],
    ),
    (
        "pages",
        &[
            "A book has {n} pages. {X} reads {p} pages [a|each|every] day for {d} days. How many pages are left?",
            "{X} must [make|paint|pack] {n} {o}. {X} does {p} a day. How many are left to do after {d} days?",
            "{X} has to drive {n} km. {X} drives {p} km an hour for {d} hours. How many km remain?",
        ],
    ),
    (
        "bake-pack",
        &[
            "{X} bakes {t} trays of {k} cookies. {X} [sells|eats|gives away] {n} and packs the rest equally into {b} boxes. How many cookies are in each box?",
            "A farm fills {t} baskets with {k} {o} each. {n} {o} are bad, and the rest are shared equally by {b} shops. How many {o} does each shop get?",
            "{X} buys {t} packs of {k} {o}, keeps {n} and shares the rest equally among {b} friends. How many {o} does each friend get?",
        ],
    ),
    (
        "age",
        &[
            "{X} is {n} years old. {Y} is {k} times as old as {X}. How old will {Y} be in {m} years?",
            "{Y} is {k} times as old as {X}, who is {n}. How old will {Y} be {m} years from now?",
        ],
    ),
    (
        "trip",
        &[
            "{X} drives {a} hours at {p} km per hour and then {b} hours at {q} km per hour. How many km does {X} drive in total?",
            "A train travels at {p} km/h for {a} hours and at {q} km/h for {b} hours. How far does it go in km?",
            "{X} works {a} days and makes {p} {o} a day. {Y} works {b} days and makes {q} {o} a day. How many {o} do they make together?",
        ],
    ),
    (
        "saving",
        &[
            "{X} has {n} dollars and saves {s} dollars a week for {w} weeks. Then {X} spends {k} dollars. How many dollars are left?",
            "{X} had ${n}. {X} earned ${s} a day for {w} days and spent ${k}. How much money does {X} have now?",
        ],
    ),
    (
        "seats",
        &[
            "A [hall|theater|bus] has {r} rows of {s} seats. {n} people sit down. How many seats are [free|empty]?",
            "A garden has {r} rows with {s} {o} each. {X} takes {n} {o}. How many {o} are left?",
            "A school has {r} classes with {s} children each. {n} children are [ill|away]. How many children are at school?",
        ],
    ),
    (
        "share-gain",
        &[
            "{n} {o} are shared equally among {k} children. Then {X}, one of them, gets {m} more. How many {o} does {X} have?",
            "{X} and some friends, {k} people in all, share {n} {o} equally. {X} already had {m} {o}. How many {o} does {X} have now?",
            "{X} puts {n} {o} equally into {k} boxes and then adds {m} {o} to one box. How many {o} are in that box?",
        ],
    ),
    (
        "three-days",
        &[
            "{X} [sold|made|found] {a} {o} on Monday, {b} on Tuesday and {c} on Wednesday. How many {o} is that in total?",
            "{X} ran {a} km in the first week, {b} km in the second and {c} km in the third. How many km did {X} run?",
            "There are {a} {o} in the first box, {b} in the second and {c} in the third. How many {o} are there altogether?",
        ],
    ),
    (
        "goal",
        &[
            "{X} wants to [collect|sell|make] {n} {o}. {X} has done {a} on Monday and {b} on Tuesday. How many {o} are still missing?",
            "{X} needs {n} dollars. {X} has {a} dollars and gets {b} dollars from {Y}. How many more dollars does {X} need?",
            "A [bus|ship|plane] has {n} places. {a} adults and {b} children get in. How many places are free?",
        ],
    ),
    (
        "unit-price",
        &[
            "{a} {o} cost {n} dollars. How much do {b} {o} cost?",
            "{X} pays {n} dollars for {a} {o}. How many dollars would {b} {o} cost?",
            "A machine makes {n} {o} in {a} hours. How many {o} does it make in {b} hours?",
        ],
    ),
];
