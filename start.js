// Says what Polo is while its program comes, and starts it. A file of its own because the content security policy
// allows no inline script.

// As in src/ui/locales: a test holds them together.
const WORDS = {
  en: ["What shall we work out?", "Polo thinks first, then answers. Polo runs on your own GPU, in this tab: nothing you write leaves it.", "The engine is starting."],
  ru: ["Что решим сегодня?", "Polo сначала думает, потом отвечает. Polo работает на вашей видеокарте, в этой вкладке: ничто из написанного её не покидает.", "Движок запускается."],
  zh: ["今天解决什么问题？", "Polo 先思考，再回答。 Polo 在这个标签页里、用您自己的 GPU 运行：您写的内容不会离开这里。", "引擎正在启动。"],
};

/// What an earlier visit chose; storage may be off.
function settings() {
  try {
    return JSON.parse(localStorage.getItem("polo.settings")) ?? {};
  } catch {
    return {};
  }
}

function conversationComesBack() {
  try {
    return sessionStorage.getItem("polo.chat") !== null;
  } catch {
    return false;
  }
}

const [header, main] = document.querySelectorAll("[data-boot]");
const [title, lead, status] = main.querySelectorAll("h2, p");
const { language, theme = "system" } = settings();
const spoken = [language, ...navigator.languages].map((tag) => tag?.split("-")[0].toLowerCase()).find((tag) => tag in WORDS) ?? "en";
document.documentElement.lang = spoken;
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
// The program sets another theme than the system's: until then nothing is better than the wrong light.
if (theme === "system" || (theme === "dark") === dark) {
  header.hidden = false;
  main.hidden = false;
  if (!conversationComesBack()) [title.textContent, lead.textContent] = WORDS[spoken];
  status.textContent = WORDS[spoken][2];
}

const { js, wasm } = document.querySelector("script[data-wasm]").dataset;
try {
  const program = await import(new URL(js, document.baseURI));
  await program.default({ module_or_path: new URL(wasm, document.baseURI) });
} catch (error) {
  if (main.isConnected) {
    main.hidden = false;
    title.textContent = lead.textContent = "";
    status.className = "";
    status.textContent =
      typeof WebAssembly === "undefined"
        ? "Polo needs WebAssembly, which this browser does not offer or has switched off."
        : `Polo could not be started: ${error}. Reload the page; if that does not help, build it again.`;
  }
  throw error;
}
