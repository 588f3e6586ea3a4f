// What every suite begins and ends with: the site, the browser, pages without complaints.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { app, movingApp } from "./app.mjs";
import { launch, open } from "./browser.mjs";
import { serve } from "./site.mjs";

/** Serves the site and starts the browser around a file's tests. */
export function suite() {
  const it = {};
  before(async () => {
    it.site = await serve();
    it.browser = await launch();
  });
  after(async () => {
    await it.browser?.close();
    await it.site?.close();
  });

  /** Runs `body` with a page in a fresh profile; in the end the page must not have complained of anything. */
  it.withPage = async (options, body) => {
    const { context, page, complaints } = await open(it.browser, options);
    try {
      await body(page, context);
      assert.deepEqual(complaints, [], "the page complained");
    } finally {
      await context.close();
    }
  };

  /** The same with the app open and a world drawn; `fragment` is what follows the address. */
  it.withApp = (options, body) =>
    it.withPage(options, async (page, context) => {
      await page.goto(it.site.url + (options.fragment ?? ""));
      await movingApp(page);
      await body(page, app(page, options.language ?? "en"), context);
    });
  return it;
}
