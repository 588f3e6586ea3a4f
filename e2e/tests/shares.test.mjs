import assert from "node:assert/strict";
import { test } from "node:test";
import { allReady, movingApp, pods, podsUntil, time } from "../app.mjs";
import { deployment } from "../labs.mjs";
import { suite } from "../suite.mjs";

const it = suite();
const { withApp } = it;

test("a shared link gives the same run in a fresh profile", async () => {
  const text = deployment({ replicas: 5, image: "shop/한글:1.0" });
  const at = [0.5, 1, 2, 4, 8];
  let link;
  const seen = [];
  const look = async (page, app) => {
    await app.pause();
    const out = [];
    for (const seconds of at) {
      await app.seek(seconds);
      await page.waitForTimeout(150);
      out.push(await pods(page));
    }
    return out;
  };
  await withApp({}, async (page, app) => {
    await app.open(text);
    await app.button("ui.share").click();
    await page.locator(".toast", { hasText: app.word("ui.copied") }).waitFor();
    link = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(link.startsWith(it.site.url), link);
    seen.push(await look(page, app));
  });
  await withApp({ fragment: new URL(link).hash }, async (page, app) => {
    assert.equal(await app.currentText(), text);
    seen.push(await look(page, app));
  });
  assert.deepEqual(seen[1], seen[0]);
  assert.ok(seen[0].some((pods) => pods.length === 5));
});

test("a link after something was done comes to the same instant with all of it", async () => {
  const look = async (page, app, seconds) => {
    await app.seek(seconds);
    await page.waitForTimeout(150);
    return pods(page);
  };
  let link;
  const seen = [];
  await withApp({}, async (page, app) => {
    await app.open(deployment({ replicas: 3 }));
    await app.pause();
    await app.seek(20);
    await app.rewrite(deployment({ replicas: 3, image: "shop/web:2.0" }));
    await app.apply.click();
    await app.seek(26);
    await app.button("ui.share").click();
    await page.locator(".toast", { hasText: app.word("ui.copied") }).waitFor();
    link = await page.evaluate(() => navigator.clipboard.readText());
    seen.push(await pods(page), await look(page, app, 10), await look(page, app, 60));
  });
  await withApp({ fragment: new URL(link).hash }, async (page, app) => {
    assert.equal(await time(page), 26);
    assert.ok((await app.currentText()).includes("shop/web:2.0"));
    const there = [await pods(page), await look(page, app, 10), await look(page, app, 60)];
    assert.deepEqual(there, seen);
    assert.ok(there[2].every((pod) => pod.revision === 2), "the update goes on to its end");
  });
});

test("a reload keeps the text as it was typed", () =>
  withApp({}, async (page, app) => {
    const text = `# 아직 적용하지 않은 글\n${deployment({ replicas: 2 })}`;
    await app.open(deployment());
    await app.rewrite(text);
    await page.waitForTimeout(300);
    await page.reload();
    await movingApp(page);
    assert.equal(await app.currentText(), text);
    await podsUntil(page, "2 pods are ready", allReady(2, 1));
  }));

test("a link that is cut short opens the app all the same", () =>
  withApp({ fragment: "#t=AAAAnot-a-text" }, async (page) => {
    assert.ok((await pods(page)).length > 0);
  }));
