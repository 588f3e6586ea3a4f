import assert from "node:assert/strict";
import { test } from "node:test";
import { allReady, pods, podsUntil, time } from "../app.mjs";
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

test("if the Wasm stops, the page keeps the text and comes back to where it was", () =>
  withApp({}, async (page, app) => {
    await running(page, app);
    await app.rewrite(deployment({ replicas: 5, image: "shop/web:1.5" }));
    await app.apply.click();
    await podsUntil(page, "the second revision is ready", allReady(5, 2));
    await app.pause();
    const before = await pods(page);
    const stopped = await time(page);
    const text = deployment({ replicas: 3 });
    await app.rewrite(text);
    await page.waitForTimeout(700);
    await page.evaluate(() => window.opscapeFailed("unreachable"));
    await page.getByRole("alert").getByText(`at ${stopped.toFixed(1)} s`).first().waitFor();
    await picture(page, "stopped");
    assert.deepEqual(await axe(page), []);
    await page.getByRole("alert").getByRole("button").last().click();
    await page.waitForLoadState();
    await page.locator('html[data-opscape="ready"]').waitFor({ state: "attached" });
    await page.getByText(app.word("ui.resumed").split("{t}")[1]).first().waitFor();
    assert.equal(await app.currentText(), text);
    assert.ok(Math.abs((await time(page)) - stopped) < 0.01, "the same instant");
    assert.deepEqual(await pods(page), before, "with what was done");
    // What was typed and not applied is still to be applied.
    await app.apply.click();
    await app.play();
    await podsUntil(page, "3 pods are ready", (pods) => pods.length === 3 && pods.every((pod) => pod.state === "ready"));

    // If it stops there again at once: from the beginning, then the text alone.
    for (const [again, alive] of [["Restart at", true], ["Restart from the beginning", true], ["Open the text only", false]]) {
      await page.evaluate((first) => {
        if (first) sessionStorage.removeItem("opscape.stopped");
        window.opscapeFailed("unreachable");
      }, again === "Restart at");
      await page.getByRole("alert").getByRole("button", { name: new RegExp(`^${again}`) }).click();
      await page.waitForLoadState();
      await page.locator('html[data-opscape="ready"]').waitFor({ state: "attached" });
      assert.equal(await app.currentText(), text);
      assert.equal((await page.locator(".node .card").count()) > 0, alive, again);
    }
  }));
