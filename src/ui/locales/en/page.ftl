### The frame of the page: header, composer, welcome, shortcuts.

page-settings = Settings
page-new-chat = New chat

## Before the first question

page-welcome = Welcome
page-welcome-title = What shall we work out?
page-welcome-thinks = Polo thinks first, then answers.
page-welcome-here = It runs on your own GPU, in this tab: nothing you write leaves it.
page-welcome-server = It runs at { $url }: what you write goes there, and to nobody else.
page-examples = Example problems
page-about = What { $model } is, and is not
page-about-elsewhere = It makes mistakes: check what matters.
page-about-tiny = A model of { $size } weights that comes with this page, a thousandth of the size of common chat models. It has learnt a few kinds of problems and nothing else: it cannot chat, knows no facts, and gets some of its own problems wrong. Check what matters.
page-about-model = A model of { $size } weights. It makes mistakes: check what matters.
page-about-file = Its file says:
page-about-right = { $share } right
page-about-larger = Choose a larger model
page-starter-letters = How many letters “r” are there in “strawberry”?
page-starter-proof = Prove that the square root of 2 is irrational.
page-starter-ball = A bat and a ball cost $1.10 together; the bat costs $1 more than the ball. What does the ball cost?
page-starter-code = Write a function that tells whether a text is a palindrome.

## What a model says it can do

page-kind-arithmetic = Arithmetic
page-kind-arithmetic4 = Arithmetic with four digits
page-kind-words = Word problems
page-kind-decimals = Comparing decimals
page-kind-letters = Counting letters
page-kind-in-english = { $kind } in English
page-kind-in-russian = { $kind } in Russian
page-kind-in-chinese = { $kind } in Chinese

## Numbers with their units

page-bytes = { $n } bytes
page-kib = { $n } KiB
page-mib = { $n } MiB
page-gib = { $n } GiB
page-kb = { $n } kB
page-mb = { $n } MB
page-gb = { $n } GB
page-a-second = { $size }/s
page-of = { $done } of { $whole }
page-ms = { $n } ms
page-s = { $n } s
page-min-s = { $min } min { $s } s
page-left-s = { $n } s left
page-left-min = { $n } min left
page-left-h = { $h } h { $min } min left
page-billion = { $n } billion
page-million = { $n } million
page-percent = { $n } %

## Short words that many places share

page-close = Close
page-copy = Copy
page-copied = Copied
page-not-allowed = Not allowed
