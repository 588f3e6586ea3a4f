import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { axe, picture } from "../browser.mjs";
import { deployment } from "../labs.mjs";
import { root } from "../site.mjs";
import { suite } from "../suite.mjs";
import { words } from "../texts.mjs";

const it = suite();
const { withApp, withPage } = it;
const badVersion = readFileSync(path.join(root, "static/compare/bad-version.yaml"), "utf8");

/** The compare view at an address, all of it computed. */
const withComparison = (fragment, options, body) =>
  withPage(options, async (page, context) => {
    const word = words(options.language ?? "en");
    await page.goto(it.site.url + fragment);
    await page.locator(".compare .lane").first().waitFor();
    await body(page, word, context);
  });

const at = async (page) => Number(await page.locator(".compare").getAttribute("data-time")) / 1e6;
const row = async (page, name) => (await page.locator(".results tbody tr", { hasText: name }).innerText()).split(/\s*[\t\n]\s*/);
/** All lanes have come to the instant that is looked at; what was pressed before is drawn a frame or two later. */
const computed = async (page) => {
  await page.evaluate(() => new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(then)))));
  await page.waitForFunction(() => !document.querySelector(".compare .waits"), undefined, { timeout: 90_000 });
};

test("from the main page to the numbers and back by the keyboard alone", () =>
  withApp({}, async (page, app) => {
    await app.button("compare.compare").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem").first().waitFor();
    await page.keyboard.press("Tab");
    await app.button("compare.compare").focus();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    const first = page.getByRole("menuitem", { name: /same bad version/ });
    await first.waitFor();
    await first.focus();
    await page.keyboard.press("Enter");
    await page.locator(".compare .lane").first().waitFor();
    assert.equal(await page.locator(".compare .lane").count(), 3);

    await page.keyboard.press("Space");
    await app.button("ui.play").waitFor();
    const stopped = await at(page);
    await page.keyboard.press("ArrowRight");
    assert.ok(Math.abs((await at(page)) - stopped - 1) < 0.01);
    await page.keyboard.press("Shift+ArrowRight");
    assert.ok(Math.abs((await at(page)) - stopped - 11) < 0.01);
    await page.keyboard.press("End");
    await computed(page);
    assert.equal(await at(page), 150);
    const [, met, failed] = await row(page, "Canary");
    assert.ok(Number(met.replace(",", "")) > 500 && Number(failed) > 80, `${met} ${failed}`);
    await page.keyboard.press("Home");
    assert.equal(await at(page), 0);

    // All buttons are reached by Tab, each with a focus that is seen.
    const reached = new Set();
    for (let step = 0; step < 30; step += 1) {
      await page.keyboard.press("Tab");
      reached.add(await page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent));
    }
    for (const key of ["compare.as-markdown", "compare.as-tsv", "compare.as-svg", "compare.as-png", "ui.time"]) {
      assert.ok(reached.has(app.word(key)), `${key} is not reached: ${[...reached].join(", ")}`);
    }
    await app.button("compare.close").focus();
    await page.keyboard.press("Enter");
    await app.stage.waitFor();
    assert.equal(new URL(page.url()).hash, "");
  }));

test("the table is copied as Markdown and TSV, the chart as SVG and PNG", () =>
  withComparison("#compare=bad-version", {}, async (page, word) => {
    await page.keyboard.press("End");
    await computed(page);
    const button = (key) => page.getByRole("button", { name: word(key), exact: true });
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    await button("compare.as-markdown").click();
    await page.locator(".results .done").waitFor();
    const markdown = (await clipboard()).trim().split("\n");
    assert.equal(markdown.length, 5);
    assert.match(markdown[1], /^\| --- \|( ---: \|)+$/);
    assert.match(markdown[2], /^\| Rolling update \| [\d,]+ \|/);
    await button("compare.as-tsv").click();
    await page.waitForFunction(async () => (await navigator.clipboard.readText()).includes("\t"));
    const rows = (await clipboard()).trim().split("\n").map((line) => line.split("\t"));
    assert.ok(rows.every((cells) => cells.length === rows[0].length));
    assert.ok(Number(rows[1][1]) > 10_000, "numbers without separators");
    await button("compare.as-svg").click();
    await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith("<svg"));
    const svg = await clipboard();
    assert.ok(!svg.includes("var("), "colours of its own");
    const wrong = await page.evaluate((svg) => new DOMParser().parseFromString(svg, "image/svg+xml").querySelector("parsererror")?.textContent, svg);
    assert.equal(wrong, undefined);
    await button("compare.as-png").click();
    await page.waitForFunction(async () => (await navigator.clipboard.read())[0].types.includes("image/png"), undefined, { timeout: 20_000 });
    const [download] = await Promise.all([page.waitForEvent("download"), button("compare.save").click()]);
    assert.match(download.suggestedFilename(), /\.png$/);
    await download.saveAs(path.join(root, "e2e/artifacts/compare-slide.png"));
  }));

test("a link shows the same comparison at the same instant", () =>
  withApp({}, async (page, app, context) => {
    await app.open(badVersion.replace("seed: 7", "seed: 8"));
    await app.button("compare.compare").click();
    await page.getByRole("menuitem", { name: app.word("compare.this-text") }).click();
    await page.locator(".compare .lane").first().waitFor();
    await page.keyboard.press("Space");
    await page.keyboard.press("Home");
    for (let step = 0; step < 5; step += 1) await page.keyboard.press("Shift+ArrowRight");
    await computed(page);
    // A slow page draws the last step later.
    await page.waitForFunction(() => document.querySelector(".compare")?.dataset.time === "50000000", undefined, { timeout: 10_000 });
    const numbers = await page.locator(".lane .numbers").allInnerTexts();
    await app.button("ui.share").click();
    await page.waitForFunction(() => location.hash.includes("compare="));
    const other = await context.newPage();
    await other.goto(page.url());
    await other.locator(".compare .lane").first().waitFor();
    await computed(other);
    assert.equal(await at(other), 50);
    assert.deepEqual(await other.locator(".lane .numbers").allInnerTexts(), numbers);
  }));

test("a future that was left is compared with the present one", () =>
  withApp({}, async (page, app) => {
    await app.open(deployment());
    await app.pause();
    await app.seek(40);
    await app.seek(20);
    await app.rewrite(deployment({ image: "shop/web:1.5" }));
    await page.keyboard.press("ControlOrMeta+Enter");
    await app.seek(40);
    await app.button("compare.compare").click();
    await page.getByRole("menuitem", { name: app.word("compare.futures") }).click();
    await page.locator(".compare .lane").first().waitFor();
    await page.keyboard.press("End");
    await computed(page);
    const [here, left] = await page.locator(".lane .numbers .versions dd").allInnerTexts();
    assert.equal(here, "0 v1, 4 v2");
    assert.equal(left, "4 v1, 0 v2");
  }));

test("a lane opens in the lab, and dragging moves all lanes at once", () =>
  withComparison("#compare=bad-version&at=64000000", {}, async (page, word) => {
    await computed(page);
    const scrub = page.getByRole("slider", { name: word("ui.time"), exact: true });
    const box = await scrub.boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.3, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await computed(page);
    assert.ok((await at(page)) < 50, `${await at(page)}`);
    await page.getByRole("button", { name: word("compare.open-lane").replace("{name}", "Canary") }).click();
    await page.locator("[data-pod]").first().waitFor();
    assert.equal(await page.locator('[data-key*="Rollout"]').count() > 0, true);
  }));

test("a lane is added and taken away by the keyboard, and a link has it", () =>
  withComparison("#compare=bad-version", {}, async (page, word, context) => {
    const lanes = page.locator(".compare .lane");
    await lanes.nth(2).waitFor();
    const titles = () => lanes.locator("h2").allInnerTexts();
    const add = page.getByRole("button", { name: word("compare.add"), exact: true });
    await add.focus();
    await page.keyboard.press("Enter");
    const nginx = page.getByRole("menuitem", { name: /nginx annotations/ });
    await nginx.waitFor();
    assert.equal(await page.getByRole("menuitem", { name: /good version/ }).count(), 0, "ways of another version");
    assert.deepEqual(await axe(page), []);
    await nginx.focus();
    await page.keyboard.press("Enter");
    await lanes.nth(3).waitFor();
    assert.equal((await titles())[3], "nginx annotations");
    const full = page.getByRole("button", { name: word("compare.full-up"), exact: true });
    await full.waitFor();
    assert.equal(await full.evaluate((button) => button === document.activeElement), true, "the focus is lost");
    await page.keyboard.press("Enter");
    assert.equal(await page.getByRole("menuitem").count(), 0);

    await page.keyboard.press("End");
    await page.waitForFunction(() => document.querySelector(".compare")?.dataset.time === "150000000", undefined, { timeout: 30_000 });
    await computed(page);
    const [, met] = await row(page, "nginx annotations");
    assert.ok(Number(met.replace(",", "")) > 500, met);
    const numbers = await lanes.locator(".numbers").allInnerTexts();
    await page.getByRole("button", { name: word("ui.share"), exact: true }).click();
    await page.waitForFunction(() => location.hash.includes("with="));
    const other = await context.newPage();
    await other.goto(page.url());
    await other.locator(".compare .lane").nth(3).waitFor();
    await computed(other);
    assert.deepEqual(await other.locator(".compare .lane .numbers").allInnerTexts(), numbers);
    await other.close();

    const remove = page.getByRole("button", { name: word("compare.remove-lane").replace("{name}", "nginx annotations") });
    await remove.focus();
    await page.keyboard.press("Enter");
    await add.waitFor();
    assert.equal(await lanes.count(), 3);
  }));

test("the future of the lab that is open is added to a comparison", () =>
  withApp({ language: "ko" }, async (page, app) => {
    await app.open(deployment());
    await app.pause();
    await app.button("compare.compare").click();
    const rolling = page.getByRole("menuitem", { name: /Recreate.*좋은 버전/ });
    await rolling.click();
    await page.locator(".compare .lane").nth(3).waitFor();
    await app.button("compare.close").click();
    await app.stage.waitFor();
    await app.button("compare.compare").click();
    await page.getByRole("menuitem", { name: /좋은 버전 하나/ }).click();
    await page.locator(".compare .lane").nth(2).waitFor();
    await app.button("compare.add").click();
    await page.getByRole("menuitem", { name: app.word("compare.this-future") }).click();
    const lane = page.locator(".compare .lane").nth(3);
    await lane.waitFor();
    assert.equal(await lane.locator("h2").innerText(), app.word("compare.this-future"));
    await page.keyboard.press("End");
    await computed(page);
    assert.equal(await lane.locator(".numbers .versions dd").innerText(), "4 v1, 0 v2");
  }));

for (const [name, fragment] of [["bad", "#compare=bad-version&at=64000000"], ["good", "#compare=good-version&at=64000000"]]) {
  for (const options of [
    { theme: "light", language: "en" },
    { theme: "dark", language: "ko" },
    { theme: "light", language: "ko", size: "phone" },
  ]) {
    test(`a ${name} version: ${JSON.stringify(options)}`, () =>
      withComparison(fragment, options, async (page) => {
        await page.keyboard.press("End");
        await computed(page);
        await page.evaluate(() => document.fonts.ready);
        for (let step = 0; step < 9; step += 1) await page.keyboard.press("Shift+ArrowLeft");
        await computed(page);
        await picture(page, `compare-${name}-${options.theme}-${options.language}${options.size ? `-${options.size}` : ""}`);
        assert.deepEqual(await axe(page), []);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${wide} px too wide`);
      }));
  }
}
