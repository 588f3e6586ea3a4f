import assert from "node:assert/strict";
import { test } from "node:test";
import { allReady, pods, podsUntil, time } from "../app.mjs";
import { deployment } from "../labs.mjs";
import { suite } from "../suite.mjs";

const { withApp } = suite();

test("time goes by the keyboard", () =>
  withApp({}, async (page, app) => {
    await page.waitForFunction(() => window.opscape.now() > 2);
    await app.time.focus();
    await page.keyboard.press("Space");
    await app.button("ui.play").waitFor();
    const stopped = await time(page);
    await page.keyboard.press("ArrowRight");
    const stepped = await time(page);
    assert.ok(stepped > stopped, `${stepped} after ${stopped}`);
    await page.keyboard.press("Shift+ArrowLeft");
    assert.ok(Math.abs((await time(page)) - (stepped - 1)) < 0.01);
    await page.keyboard.press("Home");
    assert.equal(await time(page), 0);
    await page.keyboard.press("End");
    assert.ok((await time(page)) >= stopped);
  }));

test("a pod is found, explained and deleted by the keyboard", () =>
  withApp({}, async (page, app) => {
    await app.open(deployment());
    await app.speed(10);
    await app.play();
    const before = await podsUntil(page, "4 pods are ready", allReady(4, 1));
    await page.locator('[data-key][tabindex="0"]').first().focus();
    let pod = null;
    for (let step = 0; step < 12 && !pod; step += 1) {
      await page.keyboard.press(step % 3 === 2 ? "ArrowRight" : "ArrowDown");
      pod = await page.evaluate(() => document.activeElement?.closest("[data-pod]")?.dataset.pod ?? null);
    }
    assert.ok(before.some((one) => one.name === pod), `the focus is on ${pod}`);
    await page.keyboard.press("Enter");
    await app.inspector.getByText(pod).first().waitFor();
    await page.keyboard.press("Delete");
    await podsUntil(page, "it is replaced", (pods) => allReady(4, 1)(pods) && pods.every((one) => one.name !== pod));
  }));

test("the events are one stop of Tab; arrows, Home and End go through them", () =>
  withApp({}, async (page, app) => {
    await app.open(deployment({ replicas: 12 }));
    await app.speed(10);
    await app.play();
    await podsUntil(page, "12 pods are ready", allReady(12, 1));
    await app.pause();
    const table = page.getByRole("grid", { name: app.word("ui.events"), exact: true });
    assert.equal(await table.locator("tbody [tabindex='0']").count(), 1, "one stop");
    const count = Number(await table.getAttribute("aria-rowcount")) - 1;
    assert.ok(count > 40, `${count} events`);
    assert.ok((await table.locator("tbody tr").count()) < 40, "only those in sight are made");
    const at = () => page.evaluate(() => Number(document.activeElement?.closest("tr")?.getAttribute("aria-rowindex")) - 1);
    const reached = (row) => page.waitForFunction(
      (row) => Number(document.activeElement?.closest("tr")?.getAttribute("aria-rowindex")) - 1 === row, row);
    await table.locator("tbody [tabindex='0']").focus();
    await reached(1);
    for (let row = 2; row <= 8; row += 1) {
      await page.keyboard.press("ArrowDown");
      await reached(row);
    }
    await page.keyboard.press("End");
    await reached(count);
    await page.keyboard.press("ArrowUp");
    await reached(count - 1);
    const said = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
    assert.match(said, /^\d+\.\d, (Normal|Warning), \w+, \w+\/[\w-]+, ./);
    await page.keyboard.press("Enter");
    await app.inspector.getByText(said.match(/\/([\w-]+),/)[1]).first().waitFor();
    // From a row to its buttons: the first goes to the row's time.
    await page.keyboard.press("ArrowRight");
    assert.equal(await at(), count - 1);
    await page.keyboard.press("Enter");
    assert.ok(Math.abs((await time(page)) - Number(said.split(",")[0])) < 0.06);
  }));

test("Tab reaches everything and leaves the editor", () =>
  withApp({}, async (page, app) => {
    await app.pause();
    const seen = new Set();
    await page.locator("body").click({ position: { x: 2, y: 2 } });
    for (let step = 0; step < 60; step += 1) {
      // The editor may take the place of the plain text at any moment; in it Tab indents, and Escape, then Tab leaves.
      if (await page.evaluate(() => Boolean(document.activeElement?.closest(".cm-editor")))) {
        await page.keyboard.press("Escape");
      }
      await page.keyboard.press("Tab");
      const where = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return null;
        return element.getAttribute("aria-label") ?? element.textContent?.trim().slice(0, 40);
      });
      if (where) seen.add(where);
    }
    for (const key of ["ui.lessons", "ui.share", "ui.text", "ui.time", "ui.play", "ui.speed"]) {
      assert.ok(seen.has(app.word(key)), `${app.word(key)} is not among ${[...seen].join(" | ")}`);
    }
    assert.ok((await pods(page)).length > 0);
  }));
