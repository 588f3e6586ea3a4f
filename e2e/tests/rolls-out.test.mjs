import assert from "node:assert/strict";
import { test } from "node:test";
import { allReady, pods, podsUntil } from "../app.mjs";
import { axe, picture } from "../browser.mjs";
import { deployment } from "../labs.mjs";
import { suite } from "../suite.mjs";

const { withApp } = suite();

for (const by of ["the button", "Ctrl Enter"]) {
  test(`a changed image rolls out after Apply by ${by}`, () =>
    withApp({}, async (page, app) => {
      await app.open(deployment());
      await app.speed(5);
      await app.play();
      await podsUntil(page, "4 pods of revision 1 are ready", allReady(4, 1));

      await app.rewrite(deployment({ image: "shop/web:1.5" }));
      await page.getByText(app.word("ui.edited")).waitFor();
      assert.ok((await pods(page)).every((pod) => pod.revision === 1), "nothing happens before Apply");
      if (by === "the button") await app.apply.click();
      else await page.keyboard.press("ControlOrMeta+Enter");

      const between = await podsUntil(page, "both revisions at once", (pods) => new Set(pods.map((pod) => pod.revision)).size === 2);
      // maxSurge and maxUnavailable of 25 % of 4.
      const alive = between.filter((pod) => pod.state !== "terminating");
      assert.ok(alive.length <= 5, JSON.stringify(between));
      await picture(page, "rolling-out");
      await podsUntil(page, "4 pods of revision 2 are ready", allReady(4, 2));
      await picture(page, "rolled-out");
      assert.equal(await page.getByText("nothing new").count(), 0, "it was applied once");
      assert.deepEqual(await axe(page), []);
    }));
}

test("a Deployment is scaled, a pod deleted and a rollout undone by hand", () =>
  withApp({}, async (page, app) => {
    await app.open(deployment());
    await app.speed(5);
    await app.play();
    const before = await podsUntil(page, "4 pods are ready", allReady(4, 1));

    const [victim] = before;
    await page.locator(`[data-pod="${victim.name}"]`).click();
    await app.inspector.getByRole("button", { name: app.word("ui.act.delete-pod") }).click();
    await podsUntil(page, "another pod takes its place", (pods) =>
      allReady(4, 1)(pods) && pods.every((pod) => pod.name !== victim.name));

    await page.locator('[data-key*="Deployment"]').first().click();
    await app.inspector.getByRole("button", { name: app.word("ui.act.more") }).click();
    await podsUntil(page, "5 pods are ready", allReady(5, 1));

    await app.rewrite(deployment({ image: "shop/web:1.5" }));
    await app.apply.click();
    await podsUntil(page, "revision 2 is ready", (pods) => pods.length > 0 && pods.every((pod) => pod.revision === 2 && pod.state === "ready"));
    await page.locator('[data-key*="Deployment"]').first().click();
    await app.inspector.getByRole("button", { name: app.word("ui.act.roll-back"), exact: true }).click();
    const after = await podsUntil(page, "the first template is back as revision 3", (pods) =>
      pods.length > 0 && pods.every((pod) => pod.revision === 3 && pod.state === "ready"));
    const hash = (pod) => pod.name.split("-").at(-2);
    assert.equal(hash(after[0]), hash(before[0]), "the ReplicaSet of revision 1 is used again");
  }));

test("the pods of a stopped node are lost and replaced", () =>
  withApp({}, async (page, app) => {
    await app.open(deployment());
    await app.speed(20);
    await app.play();
    await podsUntil(page, "4 pods are ready", allReady(4, 1));
    await page.locator('[data-key*="Node"]').first().click();
    await app.inspector.getByRole("button", { name: app.word("ui.act.stop-node") }).click();
    await app.speed(100);
    await podsUntil(page, "pods of the lost node are being ended", (pods) => pods.some((pod) => pod.state !== "ready"), 90_000);
    await podsUntil(page, "4 others are ready", (pods) => pods.filter((pod) => pod.state === "ready").length === 4, 90_000);
  }));

test("a pod says why it is as it is, back to what the person did", () =>
  withApp({}, async (page, app) => {
    await app.open(deployment());
    await app.speed(5);
    await app.play();
    await podsUntil(page, "4 pods are ready", allReady(4, 1));
    await app.pause();
    await page.locator("[data-pod]").first().click();
    const rows = app.inspector.locator("ol.why li");
    await rows.first().waitFor();
    assert.ok((await rows.count()) >= 3, `a chain of ${await rows.count()}`);
    await app.inspector.getByText(app.word("ui.scheduling")).waitFor();
    await page.getByRole("tab", { name: app.word("ui.details"), exact: true }).click();
    await app.inspector.getByText("10.244.").waitFor();
    await page.getByRole("tab", { name: app.word("ui.yaml"), exact: true }).last().click();
    await app.inspector.getByText("nodeName").first().waitFor();
    await app.inspector.getByText("podIP").first().waitFor();
  }));
