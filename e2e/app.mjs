// The app and its widgets as the suites see them: roles, names, and the data attributes that say what a picture shows.
// A suite does what a person can do; `window.opscape` is used only to be quick or exact about time.

import { words } from "./texts.mjs";

const READY = 30_000;

/** Whether the app has drawn a world and its clock runs; asked inside the page. */
export const appMoves = () =>
  document.documentElement.dataset.opscape === "ready" && document.querySelector("[data-pod]") !== null;

/** Whether a widget plays; asked inside the page. */
export const widgetMoves = () =>
  [...document.querySelectorAll('opscape-lab[data-state="playing"]')].some((lab) => lab.shadowRoot.querySelector("[data-pod]"));

/** Resolves when the app moves. */
export const movingApp = (page) => page.waitForFunction(appMoves, undefined, { timeout: READY });

/** Resolves when a widget plays. */
export const movingWidget = (page) => page.waitForFunction(widgetMoves, undefined, { timeout: READY });

/** The app on `page`: what a person reads and presses, in a language. */
export function app(page, language = "en") {
  const word = words(language);
  const button = (key) => page.getByRole("button", { name: word(key), exact: true });
  return {
    word,
    stage: page.locator("main section").first(),
    time: page.getByRole("slider", { name: word("ui.time"), exact: true }),
    text: page.getByRole("textbox", { name: word("ui.text"), exact: true }),
    apply: page.getByRole("button", { name: new RegExp(`^${word("ui.apply")}`) }),
    problems: page.getByRole("region", { name: word("ui.problems") }),
    inspector: page.getByRole("region", { name: word("ui.inspector"), exact: true }),
    button,

    async play() {
      if (await button("ui.play").count()) await button("ui.play").click();
    },
    async pause() {
      // The clock may come to its end, and the button with it, while it is being clicked.
      while (await button("ui.pause").count()) await button("ui.pause").click({ timeout: 2_000 }).catch(() => {});
    },
    speed: (times) => page.evaluate((times) => window.opscape.speed(times), times),
    seek: (seconds) => page.evaluate((seconds) => window.opscape.seek(seconds), seconds),
    currentText: () => page.evaluate(() => window.opscape.text()),
    /** Another lab, from its beginning. */
    open: (text) => page.evaluate((text) => window.opscape.open(text), text),

    /** Replaces the whole text in the editor, as selecting all and pasting does. */
    async rewrite(text) {
      const editor = page.locator(".cm-content");
      if (!(await editor.count())) {
        await this.text.click();
        await editor.waitFor({ timeout: READY });
      }
      await editor.click();
      await page.keyboard.press("ControlOrMeta+a");
      await page.keyboard.insertText(text);
    },
  };
}

/**
 * A page of somebody else that shows widgets (their attributes and, with `text`, the text inside, or as `html` whatever is)
 * among other things.
 */
export function widgetPage(site, widgets, { before = "", after = "" } = {}) {
  const tags = widgets.map(({ text, html, ...attributes }) => {
    const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`).join("");
    const inside = html ?? (text === undefined ? "" : `<script type="text/yaml">\n${text}</script>`);
    return `<opscape-lab${written}>${inside}</opscape-lab>`;
  });
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>An article</title>
<link rel="icon" href="data:,">
<script type="module" src="${site}embed.js"></script></head>
<body><main><h1>An article</h1>${before}${tags.join("<p>More of it.</p>")}${after}</main></body></html>`;
}

/** The pods of the picture, by name: `{name, state, revision}`. */
export async function pods(scope) {
  const all = await scope.locator("[data-pod]").evaluateAll((all) =>
    all.map(({ dataset }) => ({ name: dataset.pod, state: dataset.state, revision: Number(dataset.revision) })),
  );
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Waits until `holds` is true of the pods. */
export async function podsUntil(scope, what, holds, timeout = 60_000) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const now = await pods(scope);
    if (holds(now)) return now;
    if (Date.now() > deadline) throw new Error(`not within ${timeout} ms: ${what}; the pods are ${JSON.stringify(now)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const allReady = (count, revision) => (pods) =>
  pods.length === count && pods.every((pod) => pod.state === "ready" && pod.revision === revision);

/** Virtual time in seconds. */
export async function time(scope) {
  return Number(await scope.locator("[data-time]").first().getAttribute("data-time")) / 1e6;
}
