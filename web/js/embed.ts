// <opscape-lab>: a lab in somebody else's page, from one script tag:
//
//   <script type="module" src="https://.../embed.js"></script>
//   <opscape-lab src="first-deployment"></opscape-lab>
//   <opscape-lab><script type="text/yaml"> ...the text itself... </script></opscape-lab>
//
// Attributes:
//   src       a built-in lab, a URL of a text, or the text itself (it has a line break); none: the text inside the element,
//             best in a script child, which keeps every character as it is
//   view      "stage" (default) or "stage+editor"
//   lang      "ko" or "en"; none: the language of the element's surroundings, then the browser's
//   theme     "light" or "dark"; none: as the visitor's system
//   play      "visible" (default: when it is near the screen), "click"
//   controls  "full" (default), "none"
//
// Nothing is loaded before a widget is near the screen; all widgets of a page share one Wasm module; a widget out of sight
// stands still.

declare const OPSCAPE_MODULE: string;
declare const OPSCAPE_WASM: string;

/** What the Wasm makes of an element; see web/src/widget. */
interface Widget {
  set(name: string, value: string): void;
  pause(): void;
  resume(): void;
  destroy(): void;
}

interface Wasm {
  default(options: { module_or_path: URL }): Promise<unknown>;
  mount_widget(root: ShadowRoot, config: string): Widget;
}

const base = new URL(".", import.meta.url);

declare global {
  interface Window {
    /** How the Wasm loads the editor when a text is first touched. */
    opscapeEditor?: () => Promise<unknown>;
    /** What the Wasm says before it stops. */
    opscapeFailed?: (why: string) => void;
  }
}

window.opscapeEditor ??= () => import(new URL("editor.js", base).href);
// All widgets share the module, so all of them stop; the rest of the page goes on.
window.opscapeFailed ??= (why) => {
  for (const widget of document.querySelectorAll<HTMLElement>("opscape-lab")) widget.dataset.state = "stopped";
  console.error(`Opscape stopped: ${why}`);
};

let loading: Promise<Wasm> | undefined;

/** The one Wasm module of the page. */
function load(): Promise<Wasm> {
  loading ??= (async () => {
    const wasm: Wasm = await import(new URL(OPSCAPE_MODULE, base).href);
    await wasm.default({ module_or_path: new URL(OPSCAPE_WASM, base) });
    return wasm;
  })();
  // A visitor who was offline may try again.
  loading.catch(() => (loading = undefined));
  return loading;
}

/** How far from the screen a widget begins to load. */
const NEAR = "300px";
const ATTRIBUTES = ["src", "view", "lang", "theme", "play", "controls"];

class OpscapeLab extends HTMLElement {
  static readonly observedAttributes = ATTRIBUTES;

  readonly #root = this.attachShadow({ mode: "open" });
  #widget: Widget | undefined;
  #starting = false;
  #near: IntersectionObserver | undefined;
  #seen: IntersectionObserver | undefined;
  #visible = false;
  readonly #styles = new Set<string>();

  connectedCallback(): void {
    this.#frame();
    this.#near = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) void this.#start();
      },
      { rootMargin: NEAR },
    );
    this.#near.observe(this);
    this.#seen = new IntersectionObserver((entries) => {
      this.#visible = entries.at(-1)?.isIntersecting ?? false;
      this.#pauseOrResume();
    });
    this.#seen.observe(this);
  }

  disconnectedCallback(): void {
    this.#near?.disconnect();
    this.#seen?.disconnect();
    // An element that is only moved in the page comes back at once and keeps its run.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#widget?.destroy();
      this.#widget = undefined;
      this.#root.replaceChildren();
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.#widget || before === now) return;
    if (name === "src") {
      void this.#text().then((text) => this.#widget?.set("src", text));
    } else if (name === "view") {
      void this.#style(now ?? "").then(() => this.#widget?.set("view", now ?? ""));
    } else {
      this.#widget.set(name, name === "lang" ? this.#lang() : (now ?? ""));
    }
  }

  /** What is there before anything was loaded: the outline, at the size it will have, so that the article does not jump. */
  #frame(): void {
    if (this.#root.childNodes.length > 0) return;
    const style = document.createElement("style");
    style.textContent =
      ":host{display:block;max-width:900px;min-width:280px;margin:16px 0;contain:content}" +
      ":host([hidden]){display:none}" +
      ".os-waiting{height:368px;border:1px solid #c6c5bc;border-radius:10px;box-sizing:border-box}";
    const waiting = document.createElement("div");
    waiting.className = "os-waiting";
    this.#root.append(style, waiting);
  }

  /** Fetches the styles that a view needs, or one by its name, and that are not there yet. */
  async #style(view: string, ...more: string[]): Promise<void> {
    const wanted = ["opscape.css", ...(view.includes("editor") ? ["opscape-text.css"] : []), ...more];
    const missing = wanted.filter((name) => !this.#styles.has(name));
    for (const name of missing) this.#styles.add(name);
    try {
      const sheets = await Promise.all(
        missing.map(async (name) => {
          const answer = await fetch(new URL(name, base));
          return new CSSStyleSheet().replace(await answer.text());
        }),
      );
      this.#root.adoptedStyleSheets = [...this.#root.adoptedStyleSheets, ...sheets];
    } catch (problem) {
      for (const name of missing) this.#styles.delete(name);
      throw problem;
    }
  }

  async #start(): Promise<void> {
    if (this.#widget || this.#starting) return;
    this.#starting = true;
    this.#near?.disconnect();
    try {
      const attribute = (name: string) => this.getAttribute(name) ?? "";
      const [wasm, text] = await Promise.all([load(), this.#text(), this.#style(attribute("view"))]);
      if (!this.isConnected) return;
      this.#root.querySelector(".os-waiting")?.remove();
      this.#widget = wasm.mount_widget(
        this.#root,
        JSON.stringify({
          src: text,
          view: attribute("view"),
          lang: this.#lang(),
          theme: attribute("theme"),
          play: attribute("play"),
          controls: attribute("controls"),
          base: base.href,
        }),
      );
      this.#pauseOrResume();
      // What shows only once somebody acts comes when a hand is near.
      for (const event of ["pointerenter", "focusin"]) {
        this.addEventListener(event, () => void this.#style("", "opscape-acts.css").catch(() => {}));
      }
    } catch (problem) {
      const waiting = this.#root.querySelector(".os-waiting");
      if (waiting) waiting.textContent = `Opscape: ${problem instanceof Error ? problem.message : String(problem)}`;
      // The frame stays; it is tried again when the element comes near once more.
      this.#near?.observe(this);
    } finally {
      this.#starting = false;
    }
  }

  #pauseOrResume(): void {
    if (this.#visible) this.#widget?.resume();
    else this.#widget?.pause();
  }

  #lang(): string {
    return this.closest("[lang]")?.getAttribute("lang") || navigator.language;
  }

  /** The text, or the name of a built-in lab (which the Wasm knows). */
  /** The text inside: that of a child made for it, or all of it. As indented as its surroundings, which is taken away. */
  #inside(): string {
    const child = this.querySelector("script[type='text/yaml'], template, pre") ?? this;
    const text = (child instanceof HTMLTemplateElement ? child.content : child).textContent ?? "";
    const lines = text.split("\n");
    const written = lines.filter((line) => line.trim() !== "");
    if (written.length === 0) return "";
    const indent = Math.min(...written.map((line) => line.length - line.trimStart().length));
    while (lines[0]?.trim() === "") lines.shift();
    while (lines.at(-1)?.trim() === "") lines.pop();
    return lines.map((line) => `${line.slice(indent)}\n`).join("");
  }

  async #text(): Promise<string> {
    const src = this.getAttribute("src");
    if (!src) return this.#inside();
    const looksLikeUrl = !src.includes("\n") && (/^[a-z]+:\/\//.test(src) || /[./]/.test(src));
    if (!looksLikeUrl) return src;
    const answer = await fetch(new URL(src, document.baseURI));
    if (!answer.ok) throw new Error(`${src}: ${answer.status}`);
    return answer.text();
  }
}

if (!customElements.get("opscape-lab")) customElements.define("opscape-lab", OpscapeLab);
