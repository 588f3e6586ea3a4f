import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { podsUntil, time } from "../app.mjs";
import { axe, picture } from "../browser.mjs";
import { root } from "../site.mjs";
import { suite } from "../suite.mjs";

const { withApp } = suite();

test("hey in the terminal makes the autoscaler act, and one can go back over it", () =>
  withApp({}, async (page, app) => {
    const text = await readFile(path.join(root, "static/labs/hpa.yaml"), "utf8");
    await app.open(text.replaceAll("    pause: true\n", ""));
    await app.speed(20);
    await app.play();
    const ready = (pods) => pods.filter((pod) => pod.state === "ready").length;
    await page.waitForFunction(() => window.opscape.now() >= 60, undefined, { timeout: 60_000 });
    await app.pause();
    await podsUntil(page, "one pod", (pods) => ready(pods) === 1);

    await page.getByRole("tab", { name: app.word("ui.terminal"), exact: true }).click();
    const input = page.getByRole("textbox", { name: app.word("ui.terminal"), exact: true });
    await input.fill("hey -n 20000 -c 1000 http://shop.example.com/");
    await input.press("Enter");
    await app.play();
    await podsUntil(page, "five pods", (pods) => ready(pods) === 5);
    const printed = page.locator(".terminal pre:not(.typed)");
    await printed.filter({ hasText: "20000 responses" }).waitFor({ timeout: 60_000 });
    const end = await time(page);
    await app.pause();
    await input.fill("kubectl get hpa web");
    await input.press("Enter");
    await printed.filter({ hasText: /cpu: \d+%\/30%\s+1\s+5\s+5/ }).waitFor();
    await picture(page, "autoscales");

    // Back to before it, and over it again: the same pods at the same instants.
    await page.getByRole("tab", { name: app.word("ui.charts"), exact: true }).click();
    await page.getByRole("combobox", { name: app.word("charts.of") }).selectOption("autoscaler/default/web");
    const replicas = page.locator(".charts figure").filter({ has: page.getByText(app.word("charts.replicas"), { exact: true }) });
    const there = async () => Number(await replicas.locator(".key b").first().textContent());
    await replicas.locator("canvas").waitFor();
    await app.seek(58);
    await podsUntil(page, "one pod again", (pods) => ready(pods) === 1);
    assert.equal(await there(), 1);
    await app.seek(end);
    await podsUntil(page, "five pods again", (pods) => ready(pods) === 5);
    assert.equal(await there(), 5);
    assert.deepEqual(await axe(page), []);
  }));
