### The settings: the page itself, how replies are made, what is stored.

settings-title = Settings
settings-about = Kept in this browser, and used from the next message on.

## The page

settings-page = Page
settings-language = Language
settings-language-auto = As the browser
settings-theme = Theme
settings-theme-auto = As the system
settings-theme-light = Light
settings-theme-dark = Dark

## System prompts

settings-system = System prompt
settings-system-hint = Said to the model before every conversation: who it is to be, and how to answer.
settings-system-placeholder = Empty: the model's own
settings-prompt = Preset
settings-prompt-own = The model's own
settings-prompt-marco = Marco-o1's
settings-prompt-typed = As typed below
settings-prompt-save = Save this prompt
settings-prompt-name = Name of the preset
settings-prompt-saved = Saved as “{ $name }”.
settings-prompt-delete = Delete this preset
settings-prompt-deleted = “{ $name }” is deleted; its text stays below.

## How tokens are chosen

settings-sampling = How tokens are chosen
settings-max-tokens = Max new tokens
settings-max-tokens-hint = Longest reply.
settings-temperature = Temperature
settings-temperature-hint = 0 always takes the likeliest token.
settings-top-p = Top-p
settings-top-p-hint = Likeliest tokens that sum to this. 1 keeps all.
settings-top-k = Top-k
settings-top-k-hint = Likeliest tokens kept. 0 keeps all.
settings-seed = Seed
settings-seed-hint = The same seed gives the same reply.
settings-seed-new = new each time
settings-expected-tokens = Expected a whole number from 1.
settings-expected-temperature = Expected a number from 0 to 4.
settings-expected-top-p = Expected a number above 0, at most 1.
settings-expected-top-k = Expected a whole number from 0 (off) to 64.
settings-expected-seed = Expected a whole number, or nothing for a new one each time.
settings-restore = Restore defaults
settings-restore-hint = Of the prompt and the numbers above.

## Searches

settings-search = Search
settings-search-hint = Many chains of thought grow as one tree; their answers vote. Slower, and often no better on easy questions.
settings-search-open = Adjust every knob
settings-search-on = Search for every new question

## Data

settings-data = Data
settings-data-hint = All of it stays in this browser: settings, conversations and downloaded models. Nothing is sent anywhere.
settings-data-models = Stored models
settings-chats-export = Save all chats
settings-chats-delete = Delete all chats
settings-chats-ask = { $count ->
    [one] Delete the only chat for good?
   *[other] Delete all { $count } chats for good?
}
settings-chats-keep = Keep them
settings-chats-none = There are no chats.
settings-chats-deleted = All chats are deleted.
settings-export = Save the settings as a file
settings-import = Take settings from a file
settings-imported = The settings of the file are in use.
settings-import-failed = Nothing was changed. { $why }
settings-file-not-json = This is no file of Polo's settings: expected JSON that was saved here.
settings-file-newer = The file is of version { $version }, and this Polo reads up to { $known }: take a newer Polo.
settings-file-wrong = Something in it has a value that it cannot have: { $what }
