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
