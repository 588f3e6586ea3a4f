import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { time } from "../app.mjs";
import { axe, picture } from "../browser.mjs";
import { root } from "../site.mjs";
import { suite } from "../suite.mjs";

const { withApp } = suite();

/** A built-in lab; its pauses are for readers. */
const lab = async (name) =>
  (await readFile(path.join(root, `static/labs/${name}.yaml`), "utf8")).replaceAll("    pause: true\n", "");

const tab = (page, app, key) => page.getByRole("tab", { name: app.word(key), exact: true });
const chart = (page, title) => page.locator(".charts figure").filter({ has: page.getByText(title, { exact: true }) });

/** Plays until an instant, quickly, and stops there. */
async function playUntil(page, app, seconds) {
  await app.speed(60);
  await app.play();
  await page.waitForFunction((seconds) => window.opscape.now() >= seconds, seconds, { timeout: 60_000 });
  await app.pause();
}

/** The numbers beside the lines of a chart, by name. */
const values = (figure) =>
  figure.locator(".key").evaluateAll((keys) =>
    Object.fromEntries(keys.map((key) => {
      const value = key.querySelector("b").textContent;
      return [key.textContent.slice(0, -value.length).trim(), value === "–" ? null : Number(value.replaceAll(",", ""))];
    })),
  );

/** Whether something was drawn into a chart. */
const inked = (figure) =>
  figure.locator("canvas").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, index) => index % 4 === 3 && value > 0);
  });

test("nothing of the charts is loaded before somebody opens them", () =>
  withApp({}, async (page, app) => {
    const loaded = () =>
      page.evaluate(() => performance.getEntriesByType("resource").filter(({ name }) => name.includes("charts.js")).length);
    assert.equal(await loaded(), 0);
    await app.open(await lab("rollout-errors"));
    await playUntil(page, app, 20);
    assert.equal(await loaded(), 0);
    await tab(page, app, "ui.charts").click();
    await page.locator(".charts canvas").first().waitFor();
    assert.equal(await loaded(), 1);
  }));

for (const [language, theme] of [["en", "light"], ["ko", "dark"]]) {
  test(`charts show rate, errors and duration at the present instant, and go with it (${language}, ${theme})`, () =>
    withApp({ language, theme }, async (page, app) => {
      await app.open(await lab("rollout-errors"));
      await playUntil(page, app, 60);
      await tab(page, app, "ui.charts").click();
      const rate = chart(page, app.word("charts.rate"));
      const errors = chart(page, app.word("charts.errors"));
      const duration = chart(page, app.word("charts.duration"));
      await rate.locator("canvas").waitFor();
      for (const figure of [rate, errors, duration]) assert.ok(await inked(figure));
      const choose = page.getByRole("combobox", { name: app.word("charts.of") });
      await choose.selectOption("ingress/default/shop");

      // Nobody listens 36 s after the beginning: nginx answers 502.
      await app.seek(36.6);
      await page.waitForFunction(() => document.querySelector(".charts-at")?.textContent.startsWith("36.6"));
      const during = await values(errors);
      assert.deepEqual(Object.keys(during), ["502"]);
      assert.ok(during["502"] > 30, JSON.stringify(during));
      const requests = await values(rate);
      assert.ok(Object.values(requests)[0] > 30, JSON.stringify(requests));

      // What is known of the future stays, fainter.
      const ahead = rate.locator(".chart-ahead");
      const faded = (await ahead.boundingBox()).width;
      assert.ok(faded > 20, `${faded} px of future`);
      await picture(page, `charts-${language}`);
      await app.seek(25);
      await page.waitForFunction(() => document.querySelector(".charts-at")?.textContent.startsWith("25.0"));
      assert.deepEqual(await values(errors), { 502: 0 });
      const before = await values(duration);
      assert.ok(before.p50 > 8 && before.p50 < 40 && before.p99 >= before.p90 && before.p90 >= before.p50, JSON.stringify(before));
      assert.ok((await ahead.boundingBox()).width > faded);

      await choose.selectOption("httproute/default/mobile");
      await app.seek(36.6);
      await errors.locator(".key", { hasText: "503" }).waitFor();
      assert.deepEqual(await axe(page), []);
    }));
}

test("dragging in a chart goes there, pointing at one shows its numbers in all", () =>
  withApp({}, async (page, app) => {
    await app.open(await lab("rollout-errors"));
    await playUntil(page, app, 50);
    await tab(page, app, "ui.charts").click();
    const errors = chart(page, app.word("charts.errors"));
    const over = errors.locator(".u-over");
    await over.waitFor();
    const { x, y, width, height } = await over.boundingBox();
    await page.mouse.move(x + width / 2, y + height / 2);
    const at = page.locator(".charts-at");
    // How far it has come until it is paused depends on the machine, so the middle is read and not expected.
    const stopped = await time(page);
    await page.waitForFunction((stopped) => Number.parseFloat(document.querySelector(".charts-at").textContent) < stopped - 3, stopped);
    const middle = Number.parseFloat(await at.textContent());
    await page.mouse.down();
    await page.mouse.move(x + width / 4, y + height / 2, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction((middle) => window.opscape.now() < middle - 1, middle);
    const now = await time(page);
    assert.ok(Math.abs(now - Number.parseFloat(await at.textContent())) < 1, `${now} is where it was dragged to`);
  }));

test("what charts show is there as a table, and on a phone", () =>
  withApp({ size: "phone", language: "ko" }, async (page, app) => {
    await app.open(await lab("zero-downtime"));
    await playUntil(page, app, 50);
    await tab(page, app, "ui.charts").click();
    await page.locator(".charts canvas").first().waitFor();
    await picture(page, "charts-phone");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, "nothing is wider than the screen");
    assert.deepEqual(await axe(page), []);
    await app.button("charts.table").click();
    const table = page.getByRole("table").filter({ has: page.getByText(app.word("charts.errors")) });
    const failed = await table.locator("tbody td").allInnerTexts();
    assert.ok(failed.length > 10 && failed.some((text) => Number(text) > 0), failed.join(" "));
    assert.deepEqual(await axe(page), []);
  }));
