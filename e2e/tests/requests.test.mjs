import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { axe, picture } from "../browser.mjs";
import { shop } from "../labs.mjs";
import { suite } from "../suite.mjs";

const { withApp } = suite();

/** Sends one request through the form, and resolves to the answer and the pod that gave it. */
async function send(page, app, url) {
  const panel = page.getByRole("region", { name: app.word("ui.ask"), exact: true });
  if (!(await panel.count())) await page.locator('[data-key="Send//"]').click();
  const field = panel.getByRole("textbox", { name: app.word("ui.ask.url"), exact: true });
  await field.fill(url);
  await field.press("Enter");
  const answer = panel.locator(".answer");
  await answer.waitFor();
  return { panel, outcome: await answer.getAttribute("data-outcome"), words: await answer.innerText() };
}

/** What a rule lets in, as a number. */
async function rateOf(page, field) {
  const words = await page.locator(`[data-route="${field}"]`).textContent();
  return Number(words.match(/([\d.]+)\/s/)?.[1] ?? 0);
}

const FIRST = "spec.rules[0].http.paths[0]";
const SECOND = "spec.rules[0].http.paths[1]";

for (const theme of ["light", "dark"]) {
  for (const language of ["en", "ko"]) {
    test(`requests are drawn on their way: ${theme}, ${language}`, () =>
      withApp({ theme, language }, async (page, app) => {
        await app.open(shop());
        await app.seek(4);
        assert.equal(await page.locator(".ribbon").count(), 0, "nobody sends yet");
        assert.equal(await page.locator("[data-route]").count(), 2, "the rules are there");
        await app.seek(14);
        // From the internet, to each Service, to each pod.
        assert.equal(await page.locator(".ribbon").count(), 1 + 2 + 5);
        assert.equal(await page.locator(".ribbon.of-version").count(), 5);
        assert.ok((await page.locator(".ribbon .dashes").count()) >= 8);
        assert.deepEqual(await axe(page), []);
        await picture(page, `requests-${theme}-${language}`);
        const table = page.getByRole("table", { name: app.word("ui.flow.table"), exact: true });
        assert.equal(await table.locator("tbody tr").count(), 2 + 2 + 2, "they can be read");
      }));
  }
}

test("requests stand while the clock stands, and do not move for those who want no motion", () =>
  withApp({}, async (page, app) => {
    await app.open(shop());
    await app.seek(14);
    const run = () => page.locator(".flows").getAttribute("style");
    const before = await run();
    await page.waitForTimeout(300);
    assert.equal(await run(), before);
    await app.play();
    await page.waitForFunction((before) => document.querySelector(".flows").getAttribute("style") !== before, before);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.waitForFunction(() => document.querySelectorAll(".ribbon .dashes").length === 0);
    assert.ok((await page.locator(".ribbon").count()) > 0);
  }));

test("an edited path sends requests another way", () =>
  withApp({}, async (page, app) => {
    await app.open(shop());
    await app.seek(14);
    const share = await rateOf(page, FIRST);
    assert.ok(share > 10 && share < 30, `a third of 60 a second: ${share}`);
    assert.match((await send(page, app, "http://shop.example/api/items")).words, /api-/);
    await app.rewrite(shop({ path: "/v2" }));
    await app.apply.click();
    await app.seek(22);
    assert.equal(await rateOf(page, FIRST), 0, "nothing asks for /v2");
    const all = await rateOf(page, SECOND);
    assert.ok(all > 45 && all < 75, `all 60 a second: ${all}`);
    const { panel, words } = await send(page, app, "http://shop.example/api/items");
    assert.match(words, /web-/);
    await panel.getByText("/v2").first().waitFor();
  }));

test("one request is sent by the keyboard, and why it went there is read rule by rule", () =>
  withApp({}, async (page, app) => {
    await app.open(shop({ load: 0 }));
    await app.seek(8);
    await page.locator('[data-key][tabindex="0"]').first().focus();
    for (let step = 0; step < 12; step += 1) {
      if (await page.evaluate(() => document.activeElement?.getAttribute("data-key") === "Send//")) break;
      await page.keyboard.press("ArrowLeft");
    }
    await page.keyboard.press("Enter");
    const url = page.getByRole("textbox", { name: app.word("ui.ask.url"), exact: true });
    await url.waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.value), "http://shop.example/api");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.insertText("http://shop.example/api/items?x=1");
    await page.keyboard.press("Enter");
    const panel = page.getByRole("region", { name: app.word("ui.ask"), exact: true });
    await panel.locator('.answer[data-outcome="200"]').waitFor();
    assert.match(await panel.locator(".answer").innerText(), /\d+ ms/);
    const reasons = await panel.getByRole("list", { name: app.word("ui.ask.rules"), exact: true }).locator("li").allInnerTexts();
    assert.ok(reasons.some((text) => text.includes("longest prefix")), reasons.join(" | "));
    assert.ok(reasons.some((text) => /api.*answered 200/.test(text)), reasons.join(" | "));
    assert.match(await page.getByRole("status").first().innerText(), /200/, "it is said aloud");
    assert.equal(await page.locator(".probe").count(), 1, "its dot is at the pod");
    assert.deepEqual(await axe(page), []);
    await picture(page, "request-explained");
    // A reason leads to its line.
    const line = await panel.getByRole("button", { name: /^line \d+/ }).last().innerText();
    await panel.getByRole("button", { name: line, exact: true }).last().click();
    await page.locator(".cm-content, .cited, textarea").first().waitFor();
    // A host that no rule names, and a text that is no URL.
    assert.equal((await send(page, app, "http://other.example/")).outcome, "404");
    await url.fill("shop.example");
    await url.press("Enter");
    await panel.getByText("neither http:// nor https://").waitFor();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-key")), "Send//");
  }));

test("a rule says what it matches, to the pointer and to the keyboard", () =>
  withApp({}, async (page, app) => {
    await app.open(shop());
    await app.seek(14);
    const rule = page.locator(`[data-route="${FIRST}"]`);
    const card = page.getByRole("tooltip");
    await rule.hover();
    await card.waitFor();
    const words = await card.innerText();
    for (const part of ["shop.example", "Prefix /api", "Service api:80", "2 endpoints"]) {
      assert.ok(words.includes(part), `${part} is not in ${words}`);
    }
    assert.match(await rule.getAttribute("aria-label"), /shop\.example.*Prefix \/api.*api:80.*2 endpoints/);
    await page.mouse.move(5, 5);
    await card.waitFor({ state: "detached" });
    await page.locator(`[data-route="${SECOND}"]`).focus();
    await page.keyboard.press("ArrowUp");
    await card.waitFor();
    await page.keyboard.press("Enter");
    await app.inspector.getByText("shop", { exact: true }).first().waitFor();
  }));

test("requests that find nobody end in front of the Service, and leave in red", () =>
  withApp({}, async (page, app) => {
    await app.open(shop({ web: 0 }));
    await app.seek(14);
    assert.equal(await page.locator(".flows .cap").count(), 1);
    assert.ok((await page.locator(".ribbon .red").count()) >= 2, "from the Service, and out to the internet");
    await app.stage.getByText(/^503 × /).first().waitFor();
    assert.equal((await send(page, app, "http://shop.example/")).outcome, "503");
    await app.seek(5);
    await app.play();
    await page.getByRole("status").filter({ hasText: /Requests begin to fail/ }).first().waitFor({ state: "attached", timeout: 20_000 });
  }));

test("where pods are cells, requests run together to their nodes", () =>
  withApp({}, async (page, app) => {
    await app.open(shop());
    await app.seek(14);
    await app.button("ui.nodes").click();
    const rivers = page.locator("canvas.rivers");
    await rivers.waitFor();
    const painted = await rivers.evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 3; at < data.length; at += 4) count += data[at] > 0;
      return count;
    });
    assert.ok(painted > 200, `${painted} points`);
    await app.stage.getByText(/^\d+\/s$/).first().waitFor();
    assert.deepEqual(await axe(page), []);
    await picture(page, "requests-cells");
    assert.equal((await send(page, app, "http://shop.example/")).outcome, "200");
  }));

/** What each ribbon's place in the picture says of it: whether it stands back. */
const standBack = (page) => page.locator(".ribbon").evaluateAll((all) => all.map((ribbon) => ribbon.classList.contains("back")));

test("a rule that is pointed at lights its ribbons", () =>
  withApp({}, async (page, app) => {
    await app.open(shop());
    await app.seek(14);
    assert.ok(!(await standBack(page)).includes(true), "nothing is pointed at");
    await page.locator(`[data-route="${FIRST}"]`).hover();
    await page.locator(".ribbon.back").first().waitFor();
    // Of the two Services and five pods, those of the other one stand back; what comes in is the entry's.
    const back = await standBack(page);
    assert.equal(back.filter((stands) => stands).length, 1 + 3, "web's ribbon and its three pods stand back");
    assert.equal(await page.locator(".ribbon.of-version:not(.back)").count(), 2, "api's two pods do not");
    await page.mouse.move(5, 5);
    await page.waitForFunction(() => document.querySelector(".ribbon.back") === null);
    // The same to the keyboard.
    await page.locator(`[data-route="${SECOND}"]`).focus();
    await page.waitForFunction(() => document.querySelectorAll(".ribbon.of-version.back").length === 2);
  }));

test("where pods are cells, a rule that is pointed at lights its rivers", () =>
  withApp({}, async (page, app) => {
    await app.open(shop());
    await app.seek(14);
    await app.button("ui.nodes").click();
    const rivers = page.locator("canvas.rivers");
    await rivers.waitFor();
    const rule = page.locator(`.far [data-route="${FIRST}"]`);
    await rule.waitFor();
    assert.match(await rule.getAttribute("aria-label"), /shop\.example.*Prefix \/api.*api:80/);
    await page.waitForFunction(() => {
      const canvas = document.querySelector("canvas.rivers");
      const blank = document.createElement("canvas");
      [blank.width, blank.height] = [canvas.width, canvas.height];
      return canvas.toDataURL() !== blank.toDataURL();
    });
    const whole = await rivers.evaluate((canvas) => canvas.toDataURL());
    await rule.hover();
    await page.locator("canvas.rivers[data-lit]").waitFor();
    await page.getByRole("tooltip").waitFor();
    // The mark is set before the canvas is painted; what stands back is pale.
    const isNot = (known) => document.querySelector("canvas.rivers").toDataURL() !== known;
    await page.waitForFunction(isNot, whole);
    assert.deepEqual(await axe(page), []);
    await picture(page, "requests-cells-lit");
    await page.mouse.move(5, 5);
    await page.waitForFunction((known) => document.querySelector("canvas.rivers").toDataURL() === known, whole);
  }));

test("on a phone the rules stand above the cells, high enough for a finger", () =>
  withApp({ size: "phone" }, async (page, app) => {
    await app.open(shop().replace("spec:\n  images", "spec:\n  title: {en: A shop, ko: 가게}\n  images"));
    await app.pause();
    await app.seek(14);
    await app.button("ui.nodes").click();
    const rules = page.locator(".far [data-route]");
    await rules.nth(1).waitFor();
    assert.equal(await rules.count(), 2);
    assert.match(await rules.first().getAttribute("aria-label"), /shop\.example/);
    const boxes = await rules.locator("rect").evaluateAll((all) => all.map((rect) => rect.getBoundingClientRect().toJSON()));
    assert.ok(boxes.every(({ left, right, height }) => height >= 32 && left >= 0 && right <= 390), JSON.stringify(boxes));
    assert.ok(boxes[0].bottom <= boxes[1].top, "they do not cover each other");
    assert.deepEqual(await axe(page), []);
    await picture(page, "requests-cells-phone");
  }));

for (const language of ["en", "ko"]) {
  test(`an Ingress and the HTTPRoute that is to replace it stand side by side: ${language}`, () =>
    withApp({ language }, async (page, app) => {
      await app.open(await readFile(new URL("../../static/labs/ingress-to-gateway.yaml", import.meta.url), "utf8"));
      await app.seek(20);
      const table = app.inspector.locator("table.beside");
      await page.locator('[data-key="HTTPRoute/default/shop"]').first().click();
      await app.inspector.getByRole("tab", { name: app.word("ui.details"), exact: true }).click();
      await table.waitFor();
      const rows = await table.locator("tbody tr").evaluateAll((rows) =>
        rows.map((row) => ({ words: row.innerText, differs: row.classList.contains("differs") })),
      );
      const heads = await table.locator("thead th").allInnerTexts();
      assert.match(heads[0], /Ingress[\s\S]*shop\.example\.com/);
      assert.match(heads[1], /HTTPRoute[\s\S]*new\.example\.com/);
      const api = rows.find((row) => row.words.includes("/api"));
      assert.ok(api?.differs, `the path of the API leads elsewhere yet: ${JSON.stringify(rows)}`);
      assert.ok(api.words.includes("api") && api.words.includes("web"));
      assert.deepEqual(await axe(page), []);
      await picture(page, `beside-${language}`);
      // Each head leads to its object.
      await table.locator("thead th").first().getByRole("button").click();
      await app.inspector.getByText("IngressClass", { exact: false }).first().waitFor();
    }));
}
