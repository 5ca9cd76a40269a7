### What the tab says of itself, the lines above the composer, and the page where there is no WebGPU.

shell-title-working = Working… – Polo
shell-title-done = ✓ Done – Polo
shell-slowed = In the background the browser slowed this down: { $unseen } tokens/s, against { $seen } in front. For full speed keep this tab visible, in a window of its own.
shell-offline = You are offline. Polo works on: the model runs on this machine. Only looking up and downloading models has to wait.
shell-offline-remote = You are offline. The model runs elsewhere and may not be reached until the network is back; one on this machine would work on.
shell-not-now = Not now
shell-try-again = Try again
shell-use-tiny = Use Polo Tiny
shell-other-model = Choose another model
shell-update = A new version of Polo is ready. Nothing changes until you reload.
shell-update-use = Reload with it
shell-update-busy = A reply is being made: reload when it is done, or stop it first.
shell-interrupted = { $name } was not downloaded to its end: { $have }.
shell-go-on = Go on
shell-offer = { $name } is downloaded.
shell-offer-run = Run it

shell-insecure = This address is not secure, so the browser withholds the GPU
shell-insecure-why = Browsers offer WebGPU only on https and on localhost. Over plain http on a network, as here, they hide it.
shell-no-webgpu = This browser offers no WebGPU
shell-no-webgpu-why = Polo computes on the GPU through WebGPU. Here it is missing or switched off.
shell-no-adapter = The browser found no GPU that it may use
shell-no-adapter-why = WebGPU is there, but it gave no adapter: the driver is missing, too old, or on the browser's block list.
shell-elsewhere = A model on another machine
shell-elsewhere-about = A model behind a server needs no GPU here: it is asked, and the page does all the rest. What you write then goes to that server.
shell-works = What works
shell-works-local = Open the page on the machine that serves it, as
shell-works-https = , or serve it over https.
shell-works-chrome = Chrome or Edge 113 and later, on Windows, macOS, ChromeOS and Android 12 and later.
shell-works-safari = Safari 26 and later, on macOS, iOS and iPadOS.
shell-works-firefox = Firefox 141 and later on Windows; 145 and later on Macs with Apple silicon.
shell-works-linux = Chromium on Linux may need to be started with
shell-works-driver = { " " }and a Vulkan driver (on Debian and Ubuntu:
shell-works-driver-end = ).
shell-more = To find out more
shell-more-gpu = : what the browser thinks of your GPU. Hardware acceleration must be on in its settings.
shell-more-terminal = The same model answers in a terminal:
shell-more-command = polo ask "What is 48 + 37?"

shell-now = Now
shell-now-memory = Memory on the GPU
shell-now-speed = Speed of the last reply
shell-now-per-second = { $speed } tokens/s
shell-now-network = Network
shell-now-online = there
shell-now-offline = gone; a model on this machine works on
