import assert from "node:assert/strict";
import { test } from "node:test";
import { allReady, podsUntil } from "../app.mjs";
import { axe } from "../browser.mjs";
import { deployment } from "../labs.mjs";
import { suite } from "../suite.mjs";

const { withApp } = suite();

/** Opens a text, loads the editor and puts the cursor at the end of a line (from 1). */
async function editing(page, app, text, line) {
  await app.open(text);
  await app.pause();
  await app.text.click();
  const editor = page.locator(".cm-content");
  await editor.waitFor();
  await editor.click();
  await page.keyboard.press("ControlOrMeta+Home");
  for (let down = 1; down < line; down += 1) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("End");
}

test("a field is completed, with its documentation beside it", () =>
  withApp({}, async (page, app) => {
    await editing(page, app, deployment(), 6);
    await page.keyboard.press("Enter");
    await page.keyboard.type("minRe", { delay: 60 });
    const choices = page.locator(".cm-tooltip-autocomplete");
    const chosen = choices.locator("li[aria-selected]");
    await chosen.filter({ hasText: "minReadySeconds" }).waitFor();
    await page.locator(".cm-completionInfo").filter({ hasText: /newly created pod should be ready/ }).waitFor();
    assert.deepEqual(await axe(page), []);
    await page.keyboard.press("Enter");
    await choices.waitFor({ state: "detached" });
    assert.match(await app.currentText(), /\n {2}minReadySeconds: ?\n/);
  }));

test("choices come when they are asked for, and Escape takes them away", () =>
  withApp({ language: "ko" }, async (page, app) => {
    await editing(page, app, deployment(), 6);
    await page.keyboard.press("Enter");
    const choices = page.locator(".cm-tooltip-autocomplete");
    await page.keyboard.press("Control+Space");
    await choices.locator("li").filter({ hasText: "strategy" }).first().waitFor();
    const before = await app.currentText();
    await page.keyboard.press("Escape");
    await choices.waitFor({ state: "detached" });
    assert.equal(await app.currentText(), before);
  }));

test("a field says what it means when the pointer rests on it", () =>
  withApp({}, async (page, app) => {
    await editing(page, app, deployment(), 1);
    await page.locator(".cm-line").filter({ hasText: "replicas: 4" }).getByText("replicas").hover();
    const about = page.locator(".os-field");
    await about.waitFor();
    assert.match(await about.innerText(), /spec\.replicas/);
    assert.match(await about.innerText(), /Number of desired pods/);
    await page.locator(".cm-line").filter({ hasText: "image: shop" }).getByText("image").hover();
    await about.filter({ hasText: /Container image name/ }).waitFor();
  }));

test("a paste that is far too large is refused at once, and the world goes on", () =>
  withApp({}, async (page, app) => {
    await editing(page, app, deployment(), 1);
    await app.speed(10);
    await app.play();
    const before = await app.currentText();
    for (const megabytes of [3, 12]) {
      await page.evaluate((count) => navigator.clipboard.writeText("a: b\n".repeat(count / 5)), megabytes * 1e6);
      await page.locator(".cm-content").click();
      const start = Date.now();
      await page.keyboard.press("ControlOrMeta+v");
      await page.locator(".toast.bad-news").filter({ hasText: new RegExp(`${megabytes}\\.\\d MB`) }).waitFor();
      assert.ok(Date.now() - start < 1_500, `${Date.now() - start} ms for ${megabytes} MB`);
    }
    assert.equal(await app.currentText(), before);
    await podsUntil(page, "4 pods are ready", allReady(4, 1));
  }));

test("the tabs of files show whole names, or an ellipsis and the name in their title", () =>
  withApp({}, async (page, app) => {
    const names = ["charts/web-frontend-deployment.yaml", "a/service.yaml", "b/service.yaml", "config.yaml"];
    const part = (name, index) => `--- # ${name}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c${index}}\n`;
    await app.open(names.map(part).join(""));
    const tabs = page.locator(".text .files button");
    await tabs.nth(3).waitFor();
    for (const [index, name] of names.entries()) {
      const tab = tabs.nth(index);
      assert.equal(await tab.getAttribute("title"), name);
      const { cut, ellipsis } = await tab.evaluate((tab) => ({
        cut: tab.scrollWidth > tab.clientWidth,
        ellipsis: getComputedStyle(tab).textOverflow === "ellipsis",
      }));
      assert.ok(!cut || ellipsis, `${name} is cut off`);
    }
    // Two files of one name keep their folders.
    assert.equal(await tabs.nth(1).innerText(), "a/service.yaml");
    assert.equal(await tabs.nth(3).innerText(), "config.yaml");
    await tabs.nth(3).click();
    await page.getByText("metadata: {name: c3}").first().waitFor();
  }));
