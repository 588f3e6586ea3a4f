import assert from "node:assert/strict";
import { test } from "node:test";
import { allReady, pods, podsUntil } from "../app.mjs";
import { axe, picture } from "../browser.mjs";
import { deployment } from "../labs.mjs";
import { suite } from "../suite.mjs";

const { withApp } = suite();

async function running(page, app) {
  await app.open(deployment());
  await app.speed(10);
  await app.play();
  return podsUntil(page, "4 pods are ready", allReady(4, 1));
}

const cases = [
  [
    "a misspelt field",
    deployment({ extra: "          imagePullPolicyy: Always\n" }),
    16,
    /unknown field "spec\.template\.spec\.containers\[0\]\.imagePullPolicyy"/,
  ],
  ["broken indentation", deployment().replace("  replicas: 4", " replicas: 4\n   x: 1"), 6, /./],
  ["a tab", deployment().replace("  replicas", "\treplicas"), 6, /./],
  ["a word for a number", deployment().replace("replicas: 4", "replicas: four"), 6, /replicas/],
];

for (const [what, text, line, message] of cases) {
  test(`${what} shows its message at its line and the world goes on`, () =>
    withApp({}, async (page, app) => {
      const before = await running(page, app);
      await app.rewrite(text);
      await app.problems.waitFor();
      const first = app.problems.locator("li").first();
      assert.match(await first.locator(".message").innerText(), message);
      const at = Number((await first.locator(".line").innerText()).match(/\d+/)[0]);
      assert.ok(Math.abs(at - line) <= 1, `line ${at}, expected ${line}`);
      assert.ok(await app.apply.isDisabled(), "it cannot be applied");
      await page.waitForTimeout(500);
      assert.deepEqual(await pods(page), before, "the old world is still there");
      await page.locator(".cm-lintRange, .cm-lintRange-error").first().waitFor();
      await picture(page, `wrong-${what.replaceAll(" ", "-")}`);
      assert.deepEqual(await axe(page), []);

      await app.rewrite(deployment({ replicas: 5 }));
      await app.problems.waitFor({ state: "detached" });
      await app.apply.click();
      await podsUntil(page, "5 pods are ready", allReady(5, 1));
    }));
}

test("hostile texts end in a message, at once", () =>
  withApp({}, async (page, app) => {
    const before = await running(page, app);
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (let level = 0; level < 12; level += 1) {
      const [from, to] = ["abcdefghijklmn"[level], "abcdefghijklmn"[level + 1]];
      bomb.push(`${to}: &${to} [${`*${from}, `.repeat(9)}]`);
    }
    const texts = [bomb.join("\n"), "[".repeat(20_000), deployment({ replicas: 2_000_000_000 }), "\u0000\u0001", "- ".repeat(50_000)];
    for (const text of texts) {
      const took = await page.evaluate((text) => {
        const start = performance.now();
        window.opscape.type(text);
        return performance.now() - start;
      }, text);
      assert.ok(took < 1_000, `${took} ms for ${text.slice(0, 20)}`);
    }
    assert.deepEqual(await pods(page), before, "the old world is still there");
  }));

test("if the Wasm stops, the page keeps the text and offers to start again", () =>
  withApp({}, async (page, app) => {
    await running(page, app);
    const text = deployment({ replicas: 3 });
    await app.rewrite(text);
    await page.waitForTimeout(200);
    await page.evaluate(() => window.opscapeFailed("unreachable"));
    await page.getByRole("alert").waitFor();
    await picture(page, "stopped");
    assert.deepEqual(await axe(page), []);
    await page.getByRole("alert").getByRole("button").last().click();
    await page.waitForLoadState();
    await page.locator('html[data-opscape="ready"]').waitFor({ state: "attached" });
    assert.equal(await app.currentText(), text);
  }));
