// The Wasm comes in parts: what a page needs to begin first, the rest when it is needed. See crates/xtask/src/parts.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { app, movingApp, movingWidget, widgetPage } from "../app.mjs";
import { launch, open } from "../browser.mjs";
import { root, serve, target } from "../site.mjs";

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

test("a widget moves with the main part and asks for one more then, the page needs three", async () => {
  await withPage("widget", async (page, address, asked) => {
    await page.goto(address);
    await movingWidget(page);
    await page.waitForLoadState("networkidle");
    assert.deepEqual(asked, ["_bg", ".soon"]);
  });
  await withPage("app", async (page, address, asked) => {
    await page.goto(address);
    await movingApp(page);
    await page.waitForLoadState("networkidle");
    assert.deepEqual(asked.sort(), [".page", ".soon", "_bg"]);
  });
});

test("the parts are the same, byte for byte, before their code went into columns and after it came out of them", async () => {
  const source = path.join(root, "web/js/parts/columns.ts");
  const { outputFiles } = await build({ entryPoints: [source], bundle: true, format: "esm", write: false });
  const { together } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
  const files = (await readdir(path.join(root, "dist"))).filter((name) => name.endsWith(".wasm"));
  assert.equal(files.length, 6);
  for (const name of files) {
    const part = name.match(/\.(\w+)\.wasm$/)?.[1] ?? "main";
    const plain = await readFile(path.join(target, `xtask/parts/${part}.wasm`));
    const packed = new Uint8Array(await readFile(path.join(root, "dist", name)));
    assert.notDeepEqual(packed, new Uint8Array(plain), part);
    assert.equal(Buffer.compare(together(packed), plain), 0, part);
    assert.deepEqual(together(new Uint8Array(plain)), new Uint8Array(plain), "what is not in columns stays as it is");
  }
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
