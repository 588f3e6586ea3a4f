import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, picture } from "../browser.mjs";
import { suite } from "../suite.mjs";

const it = suite();
const { withApp } = it;

for (const size of ["desktop", "phone"]) {
  for (const theme of ["light", "dark"]) {
    for (const language of ["en", "ko"]) {
      test(`opens and draws: ${size}, ${theme}, ${language}`, () =>
        withApp({ size, theme, language }, async (page, app) => {
          assert.equal(await page.locator("html").getAttribute("lang"), language);
          assert.equal(await page.locator("html").getAttribute("data-theme"), theme);
          await page.waitForFunction(() => window.opscape.now() > 2);
          await app.pause();
          await picture(page, `app-${size}-${theme}-${language}`);
          const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
          assert.ok(content <= window, `the page is ${content} wide in a window of ${window}`);
          assert.deepEqual(await axe(page), []);
        }));
    }
  }
}

test("axe finds nothing in the inspector, the menus and the tabs", () =>
  withApp({}, async (page, app) => {
    await page.waitForFunction(() => window.opscape.now() > 4);
    await app.pause();
    await page.locator("[data-pod]").first().click();
    for (const name of ["ui.why", "ui.details", "ui.yaml"]) {
      await page.getByRole("tab", { name: app.word(name), exact: true }).first().click();
      assert.deepEqual(await axe(page), [], name);
      await picture(page, `inspector-${name}`);
    }
    for (const name of ["ui.terminal", "ui.charts", "ui.pipelines", "ui.events"]) {
      await page.getByRole("tab", { name: new RegExp(`^${app.word(name)}`) }).first().click();
      assert.deepEqual(await axe(page), [], name);
    }
    await app.button("ui.lessons").click();
    assert.deepEqual(await axe(page), [], "lessons");
    await page.keyboard.press("Escape");
    await page.locator("[data-pod]").first().click({ button: "right" });
    await page.getByRole("menu").waitFor();
    assert.deepEqual(await axe(page), [], "menu");
  }));

test("every file the page asks for is there, and nothing comes from elsewhere", () =>
  it.withPage({}, async (page) => {
    const elsewhere = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(it.site.url) && !/^(data|blob):/.test(request.url())) elsewhere.push(request.url());
    });
    await page.goto(it.site.url);
    await page.locator('html[data-opscape="ready"]').waitFor({ state: "attached" });
    await page.waitForLoadState("networkidle");
    assert.deepEqual(elsewhere, []);
    assert.deepEqual(it.site.missing, []);
  }));

test("the language and the theme can be changed, and stay", () =>
  withApp({}, async (page, app) => {
    await page.getByRole("button", { name: "한국어" }).click();
    await page.getByRole("button", { name: "적용" }).waitFor();
    await page.getByRole("button", { name: "어두운" }).or(page.getByRole("button", { name: "테마" })).first().click();
    await page.reload();
    await page.locator('html[data-theme="dark"][lang="ko"]').waitFor();
    assert.ok(app);
  }));
