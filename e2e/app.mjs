// The app and its widgets as the suites see them: roles, names, and the data attributes that say what a picture shows.

const READY = 30_000;

/** Resolves when the app has drawn a world and its clock runs. */
export async function movingApp(page) {
  await page.locator('html[data-opscape="ready"]').waitFor({ timeout: READY });
  await page.locator("[data-pod]").first().waitFor({ timeout: READY });
}

/** Resolves when every widget near the screen plays. */
export async function movingWidget(page) {
  await page.locator('opscape-lab[data-state="playing"]').first().waitFor({ timeout: READY });
  await page.locator("opscape-lab [data-pod]").first().waitFor({ timeout: READY });
}

/** A page of somebody else that shows widgets: their attributes and, with `text`, the text inside. */
export function widgetPage(site, widgets, between = "<p>An article.</p>") {
  const tags = widgets.map(({ text, ...attributes }) => {
    const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`).join("");
    const inside = text === undefined ? "" : `<script type="text/yaml">\n${text}</script>`;
    return `<opscape-lab${written}>${inside}</opscape-lab>`;
  });
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>An article</title>
<link rel="icon" href="data:,">
<script type="module" src="${site}embed.js"></script></head>
<body><main><h1>An article</h1>${tags.join(between)}</main></body></html>`;
}

/** What the pods of the picture are: `name state revision`, sorted. */
export function pods(page) {
  return page.locator("[data-pod]").evaluateAll((all) =>
    all.map((pod) => `${pod.dataset.pod} ${pod.dataset.state} ${pod.dataset.revision}`).sort(),
  );
}

/** Virtual time in seconds. */
export async function time(page) {
  return Number(await page.locator("[data-time]").first().getAttribute("data-time")) / 1e6;
}

/** Waits until `holds` is true of the pods, each `{name, state, revision}`. */
export async function podsUntil(page, what, holds, timeout = 60_000) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const now = (await pods(page)).map((line) => {
      const [name, state, revision] = line.split(" ");
      return { name, state, revision: Number(revision) };
    });
    if (holds(now)) return now;
    if (Date.now() > deadline) throw new Error(`not within ${timeout} ms: ${what}; the pods are ${JSON.stringify(now)}`);
    await page.waitForTimeout(50);
  }
}

export const allReady = (count, revision) => (pods) =>
  pods.length === count && pods.every((pod) => pod.state === "ready" && pod.revision === revision);
