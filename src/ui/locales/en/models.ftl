### The models: what runs, what is stored, what there is to get.

models-title = Models
models-all = All models
models-in-use-region = In use
models-in-use = In use
models-open-inspector = Model and GPU
models-weights = { $weights } weights
models-on-gpu = { $size } on the GPU
models-context = { $tokens ->
        [one] { $tokens } token of context
       *[other] { $tokens } tokens of context
    }
models-at = { $model } at { $host }
models-some = a model
models-at-server = at { $url }
models-from-disk = Model from your disk
models-ready = { $model } is ready

## Loading

models-loading = Loading the model
models-steps = Phases of loading
models-step-open = Open
models-step-upload = Upload
models-step-compile = Compile
models-step-check = Check
models-phase-open = Opening the file
models-phase-upload = Bringing the weights to the GPU
models-phase-compile = Compiling the kernels
models-phase-check = Checking the numbers
models-phase-done = { $phase }.
models-phase-of = { $phase }: { $done }.
models-starting = The engine is starting.
models-answers = The model answers.
models-down = The engine does not run.
models-short-starting = starting…
models-short-opening = opening…
models-short-compiling = compiling…
models-short-checking = checking…
models-short-down = not running

## Downloads

models-downloads = Downloads
models-download-of = Download of { $model }
models-downloading = Downloading { $model }
models-is-downloaded = { $model } is downloaded
models-download-paused = The download of { $model } is paused
models-download-stopped = The download of { $model } has stopped: { $why }
models-paused-at = Paused at { $bytes }
models-pausing-at = Pausing at { $bytes }
models-stopped-at = Stopped at { $bytes }
models-verifying = Checking what came: { $bytes }
models-waiting = { $bytes } · no connection, trying again
models-pause = Pause
models-pause-of = Pause the download of { $model }
models-go-on = Go on
models-go-on-of = Go on with the download of { $model }
models-discard = Cancel and delete
models-discard-of = Cancel and delete the download of { $model }

## Stored models

models-here = On this device
models-looking = Looking what is stored…
models-tiny-about = Comes with the page · sums and word problems only
models-run = Run
models-run-of = Run { $model }
models-options = Options
models-options-of = Options of { $model }
models-delete = Delete
models-delete-of = Delete { $model }
models-delete-ask = Delete it?
models-delete-ask-in-use = In use now. Delete it?
models-delete-ask-of = Delete { $model }?
models-deleting = Deleting { $model }
models-deleted = Deleted
models-keep = Keep
models-incomplete = Not complete: { $bytes }
models-account-none = No models are stored in { $place }.
models-account-none-free = No models are stored; { $free } are free in { $place }.
models-account = { $count ->
        [one] One model takes { $used } in { $place }.
       *[other] { $count } models take { $used } in { $place }.
    }
models-account-free = { $count ->
        [one] One model takes { $used }; { $free } are free in { $place }.
       *[other] { $count } models take { $used }; { $free } are free in { $place }.
    }
models-this-browser = this browser
models-storage = Storage
models-storage-used = Storage used
models-storage-kept = The browser has promised not to delete them by itself.
models-storage-may-go = When the disk runs full, the browser may delete what is stored here without asking.
models-storage-ask = Ask the browser to keep them

## Ways to other models

models-get = Get a model
models-reference = Repository or address
models-reference-placeholder = user/repo, or an address
models-find = Find
models-open-files = Open files…
models-get-hint = A Hugging Face repository such as `bartowski/Marco-o1-GGUF:Q4_K_M`, or the https address of a GGUF file. Files can also be dropped anywhere on the page.
models-hub = Models are looked up at `{ $hub }`.
models-token = Access token of the hub
models-token-try = Try with it
models-token-hint = It is sent to the hub and to nobody else, and forgotten when you leave the page.
models-picked-several = These are several models: choose one.
models-picked-several-parts = These are several models: choose the parts of one.
models-picked-parts = { $model } has { $parts } parts, { $chosen } were chosen: choose all of them.
models-picked-missing = The safetensors files need { $files } from the same folder beside them.
models-picked-and = { $one } and { $other }
models-picked-other = { $file } is not a model file: a GGUF file is expected, or config.json and tokenizer.json with the safetensors files.
models-beside = Use the engine of the machine that serves this page
models-beside-hint = It is `polo serve`, on its own GPU. What you write then goes to that machine and to nobody else.
models-server = OpenAI-compatible server
models-server-address = Address
models-server-model = Model, if it has several
models-server-key = Key, if it wants one
models-server-use = Use it
models-server-hint = vLLM, llama.cpp's server, or `polo serve`. Your questions and the replies then go to that address and to nobody else; the key is forgotten when you leave the page. The server must allow this page (CORS); other machines need https.
models-server-no-address = “{ $address }” is no address of a server; expected http://host:port/v1
models-server-https = http://{ $host } is not on this machine: a page may ask it by https only. The command can: polo run --engine { $url }

## The catalogue

models-catalogue = Known to suit
models-stored-tag = Downloaded
models-about-marco-o1 = The model this program is made for: long thoughts on open problems, then the answer.
models-about-deepseek-r1-7b = Strong at mathematics and logic; thinks long.
models-about-deepseek-r1-1-5b = The smallest model that reasons well; fits most GPUs.
models-about-qwen2-5-7b = A capable all-round assistant in many languages; answers at once.
models-about-qwen2-5-1-5b = A quick assistant for small GPUs.
models-about-qwen2-5-0-5b = Very small and quick; simple questions only.
models-about-qwen2-7b = The base that Marco-o1 was tuned from.
models-about-qwen2-1-5b = A quick assistant for small GPUs, of the earlier generation.
models-about-qwen2-0-5b = Very small and quick, of the earlier generation.
models-about-smollm2-1-7b = A small assistant with open training data; English.
models-about-smollm2-360m = Runs on anything; short and simple English.
models-about-smollm2-135m = The smallest real chat model: to see that everything works.

## One model before it runs

models-looking-up = Looking it up…
models-commit = commit { $commit }
models-no-files = There are no GGUF or safetensors files here.
models-no-form = None of its forms can be loaded; the reasons stand beside them.
models-in-files = { $parts ->
        [one] { $size } in { $parts } file
       *[other] { $size } in { $parts } files
    }
models-recommended = Recommended
models-form = Form
models-unsupported = { $form } is a format that Polo does not read.
models-no-tokenizer = There is no tokenizer.json beside the weights.
models-context-field = Context, in tokens
models-context-all = { $tokens } (all it was made for)
models-context-longest = { $tokens } (longest that fits)
models-held = Weights are held
models-held-file = as in the file
models-held-q8 = in 8 bits
models-held-q4 = in 4 bits
models-held-nf4 = in 4 bits, NF4
models-no-room = Local storage lacks { $size } for it: delete a model, or run this one without saving it.
models-picked-hint = The files stay where they are, nothing is copied. After a reload, open them again.
models-save-hint = Saved, it opens next time without a network. Not saved, it is fetched again at the next visit.
models-run-anyway = Run anyway
models-download-and-run = Download and run
models-download-anyway = Download anyway
models-run-unsaved = Run without saving
models-cancel = Cancel

## Whether it fits

models-fit = Does it fit?
models-fit-yes = { $tokens ->
        [one] It fits, with { $tokens } token of context
       *[other] It fits, with { $tokens } tokens of context
    }
models-fit-shorter = { $tokens ->
        [one] It fits with a shorter context: at most { $tokens } token
       *[other] It fits with a shorter context: at most { $tokens } tokens
    }
models-fit-no = It does not fit this GPU
models-fit-unknown = The browser does not tell how much memory this GPU has
models-fit-reading = Reading the head of the file…
models-fit-failed = Whether it fits could not be found out.
models-fit-weights = Weights
models-fit-kv = Keys and values
models-fit-scratch = Working space
models-fit-total = Together
models-fit-device = Memory of the GPU
models-fit-needs = It needs { $needed }; the GPU has { $has }.
models-fit-needs-unknown = It needs { $needed } of the GPU's memory.
models-fit-shortened = { $tokens ->
        [one] Shortened from { $tokens } token so that it fits.
       *[other] Shortened from { $tokens } tokens so that it fits.
    }
models-fit-try = Try { $form }, { $size }
models-fit-no-smaller = No smaller form of it is listed. Choose a model with fewer weights.

## What runs, on what

models-name = Name
models-architecture = Architecture
models-parameters = Weights
models-gpu-bytes = On the GPU
models-context-row = Context
models-tokens = { $tokens ->
        [one] { $tokens } token
       *[other] { $tokens } tokens
    }
models-loaded-in = Loaded in
models-model = Model
models-claims = What its file says
models-adapter = Adapter
models-interface = Interface
models-kind = Kind
models-driver = Driver
models-features = Features in use
models-none = none
models-gpu = GPU
models-kernels = Kernels
models-limits = Limits
models-checks = Checks
models-check-kernels = Check the kernels
models-measure = Measure the speed
models-checking = Every kernel is held against its reference…
models-measuring = Measuring…
models-checked = { $passed } of { $all } kernels match their reference.
models-matches = matches
models-differs = differs
models-error-of = error { $error }, at most { $allowed } allowed
models-kernels-checked = Kernels checked
models-bench-prompt = Prompt
models-bench-memory = Memory
models-bench-read = { $speed } reading { $bytes }
models-bench-batch = Replies, { $batch } at once
models-bench-reply = { $speed }, { $memory } ({ $share } of memory), { $dispatches } dispatches a step
models-tokens-per-s = { $speed } tokens/s
models-tensors = Tensors
models-shape = Shape
models-in-file = In the file
models-buffers = Buffers
models-way = { $count } × { $file } → { $gpu }, { $weights } weights
