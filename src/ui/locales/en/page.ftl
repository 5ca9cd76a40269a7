### The frame of the page: header, composer, welcome, shortcuts.

page-settings = Settings
page-new-chat = New chat
page-skip = Skip to the message box
page-nav = Page
page-composer = Composer
page-elsewhere = elsewhere
page-on = on { $device }
page-models-suffix = : Models
page-loading-model = Loading the model

## Before the first question

page-welcome = Welcome
page-welcome-title = What shall we work out?
page-welcome-thinks = Polo thinks first, then answers.
page-welcome-here = Polo runs on your own GPU, in this tab: nothing you write leaves it.
page-welcome-server = The model runs at { $url }: what you write goes there, and to nobody else.
page-examples = Example problems
page-about = What { $model } is, and is not
page-about-elsewhere = It makes mistakes: check what matters.
page-about-tiny = A model of { $size } weights that comes with this page, a thousandth of the size of common chat models. It has learnt a few kinds of problems and nothing else: it cannot chat, knows no facts, and gets some of its own problems wrong. Check what matters.
page-about-model = A model of { $size } weights. It makes mistakes: check what matters.
page-about-file = Its file says:
page-about-right = { $share } right
page-about-suited = Get a real model that suits this GPU
page-about-larger = Look at all models
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

# Tokens of a reply, and how sure the model was of each.
page-confidence = Confidence
page-confidence-about = Show each token by how sure the model was of it
page-tokens = Tokens
page-tokens-title = Tokens by confidence
page-tokens-thought = Thought
page-tokens-output = Answer
page-tokens-legend = Confidence:
page-tokens-unit = %
page-tokens-hint = Point at a token to see what else it could have been. Choose one with a click or the arrow keys to go on from it.
page-token-plain = “{ $text }”
page-token-sure = “{ $text }”, confidence { $share }
page-token-forced = “{ $text }”, put there
page-token-of = Token { $number } of { $count }: { $token }
page-token-taken = chosen
page-token-no-others = No alternatives are known.
page-token-go-on = Go on from here
page-token-go-on-name = Go on from here with “{ $text }”
page-code-copy = Copy
page-code-copied = Copied
page-code-not-allowed = Not allowed
page-table = Table
page-image = Image: { $text }

# Text files in the message, and the room it takes.
page-file-attach = Attach text files
page-file-list = Attached files
page-file-tokens = { $count ->
    [one] { $count } token
   *[other] { $count } tokens
}
page-file-tokens-about = about { $count ->
    [one] { $count } token
   *[other] { $count } tokens
}
page-file-remove = Remove { $name }
page-file-no-text = { $name } is not text in UTF-8, so it cannot go into the message.
page-file-empty = { $name } is empty.
page-file-too-large = { $name } has { $size }: more than { $most } of text do not fit into a message.
page-file-unreadable = { $name } could not be read.
page-drop-title = Drop files here
page-drop-about = Text goes into your message. A GGUF file, or safetensors with config.json and tokenizer.json, is opened as a model. An exported chat or search is opened.
page-composer-message = Message
page-composer-placeholder = Ask Polo a problem
page-composer-send = Send
page-composer-send-keys = Send (Enter)
page-composer-stop = Stop
page-composer-stop-keys = Stop (Esc)
page-composer-keys = Enter sends · Shift + Enter breaks the line · Esc stops
page-context = Context { $used } / { $context }
page-context-about = Context about { $used } / { $context }
page-context-over = This will not fit: it takes { $used } tokens with all that goes before it, and the context holds { $context }. Shorten it, or start a new chat.
page-context-over-about = This may not fit: it takes about { $used } tokens with all that goes before it, and the context holds { $context }.

# Commands and their keys.
page-command-palette = Commands
page-command-shortcuts = Keyboard shortcuts
page-command-new-chat = New chat
page-command-search-chats = Search chats
page-command-write = Write a message
page-command-edit-last = Edit the last message
page-command-stop = Stop
page-command-regenerate = Regenerate the last reply
page-command-copy-reply = Copy the last reply
page-command-confidence = Show the last reply by confidence
page-command-thoughts = Open or fold the thoughts
page-command-search = Turn the search on or off
page-command-search-knobs = Adjust the search
page-command-compare = Compare four ways to an answer
page-command-attach = Attach text files
page-command-models = Models
page-command-inspector = Model and GPU
page-command-settings = Settings
page-command-theme = Change the theme
page-command-language = Change the language
page-command-export = Save all chats
page-palette-box = Type a command
page-palette-list = Commands found
page-palette-none = No command has this name.
page-keys-send = Send the message
page-keys-line = Break the line
page-keys-single = Single keys are commands while nothing is being written
page-copied = Copied
