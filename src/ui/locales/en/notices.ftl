### Errors and remarks: what happened, and what to do.

notices-no-gpu = No GPU can be used
notices-no-gpu-advice = See below what browsers and systems need.
notices-gpu-lost = The GPU was lost
notices-gpu-lost-advice = The engine is starting again. Your conversation is kept; ask once more when it is ready. If it happens again, close other programs that use the GPU.
notices-out-of-memory = Not enough GPU memory
notices-out-of-memory-advice = Close other tabs and programs that use the GPU, or choose a smaller model or a shorter context.
notices-fetch = Something could not be read
notices-fetch-advice = Check the connection, then try again.
notices-not-found = It was not found
notices-not-found-advice = Check the spelling, or look for it on the hub's own page.
notices-gated = The hub gives this model only to those who have agreed to its terms
notices-gated-advice = Agree to them there, make an access token and give it here; or download the files with your account and open them here.
notices-no-space = Storage is full
notices-no-space-advice = Delete a model, or run this one without saving it.
notices-damaged = What came is not what was announced
notices-damaged-advice = Try again: what is damaged is fetched anew.
notices-busy = Another tab is at work on this model
notices-busy-advice = Wait until it is done, or go on there.
notices-write = Something could not be stored
notices-write-advice = Private windows of some browsers store nothing: use a normal window, or run the model without saving it.
notices-bad-model = The model file is damaged or not supported
notices-bad-model-advice = Reload the page to fetch it again; if that does not help, build the page again.
notices-context-full = This does not fit the model's context
notices-text-is-back = Your text is back in the box.
notices-bad-request = This request cannot be answered
notices-bad-numbers = The GPU computed wrong numbers
notices-bad-numbers-advice = Nothing is shown rather than something wrong. A newer graphics driver may help; `?baseline=1` in the address uses the plainest kernels.
notices-read-back = Results could not be read from the GPU
notices-try-again = Try again.
notices-panic = The engine stopped because of a fault in Polo
notices-panic-advice = It is starting again. Your conversation is kept; ask once more when it is ready.
notices-worker = The engine could not be started
notices-worker-advice = Reload the page.
notices-address = Part of the page's address was not understood
notices-address-advice = It was left out.
notices-restarted = The engine was started again in the middle of it
notices-other = Something went wrong
notices-search-refused = This cannot be done now
notices-details = Details, in English

## A model that could not be loaded

notices-load = { $model } could not be loaded
notices-load-why = { $what }. { $advice }
notices-load-page = Check that the page's server is running, then try again.
notices-load-stored = The browser may have deleted it to make room. Download it again, or go on with Polo Tiny.
notices-load-picked = The file may have changed or moved. Choose it again, or go on with Polo Tiny.
notices-load-network = Check the connection and try again, or go on with Polo Tiny.
notices-load-damaged = Delete it and download it again, choose another form, or go on with Polo Tiny.
notices-load-memory = Choose a smaller form or a shorter context, close other tabs that use the GPU, or go on with Polo Tiny.
notices-load-other = Choose another model, or go on with Polo Tiny.
notices-import = This search could not be opened
notices-import-advice = Choose a file that Polo exported, with the model loaded that made it.

## Remarks

notices-context-short = The context was shortened
notices-template = The model's chat template failed
notices-kv = Keys and values are kept in another form
notices-recovering = The GPU was lost; it is being brought back
notices-recovered = The GPU was lost, and is back
notices-sampling = Some of the model's own settings are not followed
notices-remote = The server does this in another way
notices-good-to-know = Good to know

## Buttons and strips above the message box

notices-dismiss = Dismiss
notices-again = Try again
notices-use-tiny = Use Polo Tiny
