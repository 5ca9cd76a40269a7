// Starts the page's program. A file of its own because the content security policy allows no inline script.

const { js, wasm } = document.querySelector("script[data-wasm]").dataset;
try {
  const program = await import(new URL(js, document.baseURI));
  await program.default({ module_or_path: new URL(wasm, document.baseURI) });
} catch (error) {
  const boot = document.getElementById("boot");
  if (boot) {
    boot.textContent =
      typeof WebAssembly === "undefined"
        ? "Polo needs WebAssembly, which this browser does not offer or has switched off."
        : `Polo could not be started: ${error}. Reload the page; if that does not help, build it again.`;
  }
  throw error;
}
