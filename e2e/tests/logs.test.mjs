import assert from "node:assert/strict";
import { test } from "node:test";
import { allReady, podsUntil } from "../app.mjs";
import { axe, picture } from "../browser.mjs";
import { deployment } from "../labs.mjs";
import { suite } from "../suite.mjs";

const { withApp } = suite();

for (const language of ["en", "ko"]) {
  test(`a pod's log says how it starts, crashes and what it said before (${language})`, () =>
    withApp({ language }, async (page, app) => {
      await app.open(deployment({ image: "shop/web:crash", replicas: 1 }));
      await app.speed(10);
      await app.play();
      await podsUntil(page, "the pod fails", (pods) => pods.some((pod) => pod.state === "failing"));
      await page.waitForFunction(() => window.opscape.now() > 20);
      await app.pause();
      await page.locator("[data-pod]").first().click();
      await app.inspector.getByRole("tab", { name: app.word("ui.logs"), exact: true }).click();
      const lines = app.inspector.locator(".log li");
      await lines.filter({ hasText: "starting web crash" }).first().waitFor();
      await lines.filter({ hasText: "fatal: exiting with code 1" }).first().waitFor();
      await app.button("ui.logs.previous").click();
      await lines.filter({ hasText: "fatal: exiting with code 1" }).first().waitFor();
      await picture(page, `logs-${language}`);
      assert.deepEqual(await axe(page), []);
    }));
}

test("kubectl logs prints the same as the tab, and -f goes on with the clock", () =>
  withApp({}, async (page, app) => {
    const probe = `          readinessProbe: {httpGet: {path: /up, port: 8080}, periodSeconds: 1}\n`;
    await app.open(deployment({ replicas: 1, extra: probe }));
    await app.speed(10);
    await app.play();
    const [pod] = await podsUntil(page, "the pod is ready", allReady(1, 1));
    await app.pause();
    await page.locator("[data-pod]").first().click();
    await app.inspector.getByRole("tab", { name: app.word("ui.logs"), exact: true }).click();
    const shown = app.inspector.locator(".log li > span:last-child");
    await shown.filter({ hasText: "GET /up 200" }).first().waitFor();
    const lines = await shown.allInnerTexts();

    await page.getByRole("tab", { name: app.word("ui.terminal"), exact: true }).click();
    const input = page.getByRole("textbox", { name: app.word("ui.terminal"), exact: true });
    await input.fill(`kubectl logs ${pod.name}`);
    await input.press("Enter");
    const printed = page.locator(".terminal pre:not(.typed)");
    await printed.filter({ hasText: "GET /up 200" }).first().waitFor();
    assert.deepEqual(await printed.allInnerTexts(), lines);

    await input.fill("clear");
    await input.press("Enter");
    await input.fill(`kubectl logs -f ${pod.name} --tail=1`);
    await input.press("Enter");
    assert.equal(await printed.count(), 1);
    await app.play();
    await page.waitForFunction(() => document.querySelectorAll(".terminal pre:not(.typed)").length > 3);
    await input.press("Control+c");
    await page.locator(".terminal pre.typed").filter({ hasText: "^C" }).waitFor();
  }));
