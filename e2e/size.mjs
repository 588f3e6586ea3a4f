// `cargo xtask size`: what a visitor downloads, as brotli (quality 11, what static hosts send), against `budgets.json`.
//
// Measured, not listed: Chromium opens the page in a fresh profile and every file it fetches from the site before
// anything is touched counts, but for what it asks for once it moves, which is said apart. `allowed_now`, where a budget
// has one, is what fails; the budget stays the goal.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { launch, open } from "./browser.mjs";
import { appMoves, widgetMoves, widgetPage } from "./app.mjs";
import { root, serve, target } from "./site.mjs";

/** How long a page is watched after it moved, in milliseconds. */
const WATCHED = 3000;

const budgets = JSON.parse(await readFile(path.join(root, "budgets.json"), "utf8"));
const site = await serve();
const host = await serve({ pages: { "/widget.html": widgetPage(site.url, [{ view: "stage" }]) } });
const browser = await launch();
let over = false;
try {
  report("widget", await downloads(host.origin + "/widget.html", widgetMoves));
  report("app", await downloads(site.url, appMoves));
} finally {
  await browser.close();
  await site.close();
  await host.close();
}
process.exitCode = over ? 1 : 0;

/**
 * The files of the site that the page at `address` fetches until `moves` is true of it, and what it fetches after: name ->
 * body. Only the part `soon` may come after, since a page asks for it once it moves: all else counts, as long as nobody
 * touches the page.
 */
async function downloads(address, moves) {
  const { context, page } = await open(browser);
  await page.addInitScript(`
    window.opscapePatience = 1e9;
    const look = () => ((${moves})() ? performance.mark("moves") : requestAnimationFrame(look));
    requestAnimationFrame(look);
  `);
  const bodies = new Map();
  page.on("response", (response) => {
    if (response.url().startsWith(site.url) && response.ok()) bodies.set(response.url(), response.body());
  });
  await page.goto(address);
  await page.waitForFunction(() => performance.getEntriesByName("moves").length > 0);
  await page.waitForTimeout(WATCHED);
  await page.waitForLoadState("networkidle");
  const late = await page.evaluate(() => {
    const [{ startTime: moved }] = performance.getEntriesByName("moves");
    return performance.getEntriesByType("resource").filter((file) => file.startTime >= moved).map((file) => file.name);
  });
  const [until, after] = [new Map(), new Map()];
  for (const [url, body] of bodies) {
    const files = late.includes(url) && url.endsWith(".soon.wasm") ? after : until;
    files.set(url.slice(site.url.length) || "index.html", await body);
  }
  await sayWhoAsked(page);
  await context.close();
  return { until, after };
}

/** For each part of the Wasm that was called: by which function, by the account that the build left. */
async function sayWhoAsked(page) {
  const marks = await page.evaluate(() =>
    performance.getEntriesByType("mark").map(({ name, detail }) => [name, detail]),
  );
  const account = (await readFile(path.join(target, "xtask/parts.txt"), "utf8")).split("\n").map((line) => line.split("\t"));
  for (const [name, slot] of marks.filter(([name]) => name.startsWith("opscape-part:"))) {
    const called = account.find((line) => line[2] === String(slot));
    console.log(`\n${name.slice("opscape-part:".length)} was needed for ${called?.[4] ?? `slot ${slot}`}`);
  }
}

function report(name, { until: files, after }) {
  const { what, brotli_bytes: budget, allowed_now: allowed = budget } = budgets[name];
  console.log(`\n${name}: ${what}`);
  const rows = [...files].map(([file, body]) => [file, body.length, brotli(body)]).sort((a, b) => b[2] - a[2]);
  const line = (file, raw, small) => console.log(`  ${file.padEnd(48)} ${String(raw).padStart(9)} ${String(small).padStart(9)}`);
  line("file", "bytes", "brotli");
  for (const row of rows) line(...row);
  const sum = rows.reduce((total, row) => total + row[2], 0);
  line("all", rows.reduce((total, row) => total + row[1], 0), sum);
  for (const [file, body] of after) console.log(`  when it moves: ${file}, ${brotli(body)}`);
  const distance = sum > budget ? `${sum - budget} over it` : `${budget - sum} left`;
  console.log(`  budget ${budget}: ${Math.round((100 * sum) / budget)} % used, ${distance}`);
  if (allowed > budget) {
    // A ratchet: what is over its budget may not grow, and what has shrunk lowers the bar.
    const slack = allowed - sum;
    console.log(`  allowed for now ${allowed}: ${slack < 0 ? `OVER by ${-slack}` : `${slack} left`}`);
    if (slack > allowed * 0.03) console.log(`  lower allowed_now in budgets.json to ${Math.max(budget, Math.ceil(sum * 1.01))}`);
  }
  if (sum > allowed || rows.length === 0) over = true;
}

function brotli(body) {
  return brotliCompressSync(body, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
  }).length;
}
