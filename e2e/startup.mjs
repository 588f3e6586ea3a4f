// `cargo xtask startup`: plays the built site with a probed Wasm (FOLDER/probed.wasm) and writes which functions were
// called before a widget moved, in the seconds after, and in the full page: FOLDER/widget.called, FOLDER/soon.called and
// FOLDER/page.called, a byte for each stretch of code.

import { cp, copyFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { launch, open } from "./browser.mjs";
import { movingApp, movingWidget, widgetPage } from "./app.mjs";
import { root, serve } from "./site.mjs";

/** How long a page is watched after it moved: until its first pods are ready, and a little longer. */
const SECONDS = 7;

/** In so many frames more it asks for the part `soon` (`web/src/session/clock.rs`); what they run belongs to the first part. */
const FRAMES = 6;

/** Those who open it: in each language and theme, with less motion, and on slow machines, where frames are late. */
const people = [
  { language: "en", theme: "light" },
  { language: "ko", theme: "dark" },
  { language: "en", theme: "dark", still: true },
  { language: "ko", theme: "light", slow: 2 },
  { language: "en", theme: "light", slow: 4 },
  { language: "ko", theme: "dark", slow: 8 },
];

const folder = path.resolve(process.argv[2]);
const copy = path.join(folder, "site");
await rm(copy, { recursive: true, force: true });
await cp(path.join(root, "dist"), copy, { recursive: true });
const wasm = (await readdir(copy)).find((name) => name.endsWith("_bg.wasm"));
await copyFile(path.join(folder, "probed.wasm"), path.join(copy, wasm));

const site = await serve({ folder: copy });
const host = await serve({ pages: { "/widget.html": widgetPage(site.url, [{ view: "stage" }]) } });
const browser = await launch();
try {
  const widget = await called(`${host.origin}/widget.html`, movingWidget);
  const page = await called(site.url, movingApp);
  await writeFile(path.join(folder, "widget.called"), widget.moving);
  await writeFile(path.join(folder, "soon.called"), widget.after);
  await writeFile(path.join(folder, "page.called"), page.after);
} finally {
  await browser.close();
  await site.close();
  await host.close();
}

/** The probes of the page at `address` when it moves, and some seconds after: the first pods have started by then. */
async function called(address, moving) {
  const probes = { moving: [], after: [] };
  for (const { slow = 1, ...person } of people) {
    const { context, page } = await open(browser, person);
    await page.addInitScript(() => (window.opscapePatience = 1e9));
    if (slow > 1) await (await context.newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate: slow });
    await page.goto(address);
    await moving(page);
    await page.evaluate(
      (frames) => new Promise((done) => {
        const next = () => (frames-- > 0 ? requestAnimationFrame(next) : done());
        next();
      }),
      FRAMES,
    );
    probes.moving.push(await read(page));
    await page.waitForTimeout(SECONDS * 1000);
    probes.after.push(await read(page));
    await context.close();
  }
  return { moving: either(probes.moving), after: either(probes.after) };
}

/** The probes of a page. */
function read(page) {
  const script = `${site.url}${wasm.replace(/_bg\.wasm$/, ".js")}`;
  return page.evaluate(async (script) => {
    const { initSync } = await import(script);
    return [...new Uint8Array(initSync().opscape_called.buffer)];
  }, script);
}

/** What was called in one of them. */
function either(all) {
  return Buffer.from(all[0].map((_, at) => (all.some((bytes) => bytes[at]) ? 1 : 0)));
}
