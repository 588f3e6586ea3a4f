// The Wasm comes in parts: what a page needs to begin first, the rest when it is needed. See crates/xtask/src/parts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { app, movingApp, movingWidget, widgetPage } from "../app.mjs";
import { launch, open } from "../browser.mjs";
import { serve } from "../site.mjs";

async function withPage(address, work) {
  const site = await serve();
  const host = await serve({ pages: { "/widget.html": widgetPage(site.url, [{ view: "stage" }]) } });
  const browser = await launch();
  try {
    const { page } = await open(browser);
    await page.addInitScript(() => (window.opscapePatience = 1e9));
    const asked = [];
    page.on("request", (request) => {
      if (request.url().endsWith(".wasm")) asked.push(request.url().match(/(_bg|\.\w+)\.wasm$/)[1]);
    });
    await work(page, address === "widget" ? `${host.origin}/widget.html` : site.url, asked);
  } finally {
    await browser.close();
    await site.close();
    await host.close();
  }
}

test("a widget moves with the main part, the page with two", async () => {
  await withPage("widget", async (page, address, asked) => {
    await page.goto(address);
    await movingWidget(page);
    assert.deepEqual(asked, ["_bg"]);
  });
  await withPage("app", async (page, address, asked) => {
    await page.goto(address);
    await movingApp(page);
    assert.deepEqual(asked.sort(), [".page", "_bg"]);
  });
});

test("a part that was not asked for in time is there when it is called", () =>
  withPage("app", async (page, address, asked) => {
    const errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    // Nothing comes early: only a request that blocks gets through.
    await page.route(/\.(rest|terminal)\.wasm$/, (route) =>
      route.request().resourceType() === "fetch" ? route.abort() : route.continue());
    await page.goto(address);
    await movingApp(page);
    const { button, word } = app(page);
    await page.getByRole("tab", { name: word("ui.terminal") }).first().click();
    const prompt = page.locator("#drawer input");
    await prompt.fill("kubectl get namespaces");
    await prompt.press("Enter");
    await page.getByText("kube-system").first().waitFor({ timeout: 10_000 });
    assert.ok(asked.includes(".terminal"), asked.join(" "));
    assert.equal(await button("ui.pause").count() + (await button("ui.play").count()) > 0, true, "the page goes on");
    assert.deepEqual(errors, []);
  }));
