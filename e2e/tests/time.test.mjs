import assert from "node:assert/strict";
import { test } from "node:test";
import { allReady, pods, podsUntil, time } from "../app.mjs";
import { axe, picture } from "../browser.mjs";
import { deployment } from "../labs.mjs";
import { suite } from "../suite.mjs";

const { withApp } = suite();

/** Everything the stage shows, as text. */
const drawn = (page) => page.locator("main section svg").first().evaluate((svg) => svg.outerHTML);

/** That two pictures are the same; else says where the first difference is, not the whole of both. */
function assertSame(picture, was, when) {
  let first = 0;
  while (first < was.length && picture[first] === was[first]) first += 1;
  const near = (text) => text.slice(Math.max(0, first - 160), first + 160);
  assert.equal(near(picture), near(was), when);
}

/** Runs a rolling update to its end and stops. */
async function rolledOut(page, app) {
  await app.open(deployment());
  await app.speed(10);
  await app.play();
  await podsUntil(page, "revision 1 is ready", allReady(4, 1));
  await app.rewrite(deployment({ image: "shop/web:1.5" }));
  await app.apply.click();
  await podsUntil(page, "revision 2 is ready", allReady(4, 2));
  await app.pause();
  await page.locator("main").click({ position: { x: 4, y: 4 } });
}

/** When the stage has been the same for a second. */
async function settled(page) {
  let [picture, same] = [await drawn(page), 0];
  while (same < 4) {
    await page.waitForTimeout(250);
    const now = await drawn(page);
    same = now === picture ? same + 1 : 0;
    picture = now;
  }
}

test("going back and forth shows the same picture", () =>
  withApp({ still: true }, async (page, app) => {
    await rolledOut(page, app);
    const end = await time(page);
    const seen = new Map();
    const moments = [0.3, 0.5, 0.7, 0.9].map((share) => end * share);
    for (const at of moments) {
      await app.seek(at);
      await settled(page);
      seen.set(at, [await pods(page), await drawn(page)]);
    }
    for (const at of [...moments].reverse()) {
      await app.seek(at);
      await settled(page);
      const [was, picture] = seen.get(at);
      assert.deepEqual(await pods(page), was, `at ${at} s`);
      assertSame(await drawn(page), picture, `at ${at} s`);
    }
    assert.ok(new Set([...seen.values()].map(([pods]) => JSON.stringify(pods))).size > 1, "the moments differ");
  }));

test("a pause holds the clock, a step goes to the next event and one back undoes it", () =>
  withApp({}, async (page, app) => {
    await app.pause();
    const stopped = await time(page);
    await page.waitForTimeout(500);
    assert.equal(await time(page), stopped);

    const before = await pods(page);
    const times = [];
    for (let step = 0; step < 6; step += 1) {
      await app.button("ui.step").click();
      times.push(await time(page));
    }
    assert.ok(times.every((at, index) => at >= (times[index - 1] ?? stopped)), times.join(" "));
    assert.ok(times.at(-1) > stopped);
    for (let step = 0; step < 6; step += 1) await app.button("ui.step-back").click();
    await app.seek(stopped);
    assert.deepEqual(await pods(page), before);
  }));

test("dragging the timeline goes there", () =>
  withApp({}, async (page, app) => {
    await page.waitForFunction(() => window.opscape.now() > 6);
    await app.pause();
    const late = await time(page);
    const box = await app.time.boundingBox();
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.4, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.2, y, { steps: 8 });
    await page.mouse.up();
    const early = await time(page);
    assert.ok(early < late, `${early} is before ${late}`);
  }));

test("a change made in the past gives another future", () =>
  withApp({}, async (page, app) => {
    await rolledOut(page, app);
    const end = await time(page);
    await app.seek(end * 0.4);
    await app.rewrite(deployment({ image: "shop/web:1.5", replicas: 6 }));
    await app.apply.click();
    await app.play();
    await podsUntil(page, "6 pods are ready", (pods) => pods.filter((pod) => pod.state === "ready").length === 6);
  }));

test("a future that was left can be gone back to, and dropped, by the keyboard", () =>
  withApp({}, async (page, app) => {
    await rolledOut(page, app);
    const end = await time(page);
    const was = await pods(page);
    await app.seek(end * 0.4);
    await app.rewrite(deployment({ image: "shop/web:1.5", replicas: 6 }));
    await app.apply.click();
    await app.play();
    await podsUntil(page, "6 pods are ready", (pods) => pods.filter((pod) => pod.state === "ready").length === 6);
    await app.pause();
    const menu = page.getByRole("button", { name: "1 other future", exact: true });
    await menu.focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "1 other future", exact: true });
    await dialog.waitFor();
    // The first act that is done there and not here.
    await dialog.getByText("apply").first().waitFor();
    assert.deepEqual(await axe(page), []);
    await picture(page, "branches");
    await page.keyboard.press("Enter");
    await app.seek(end);
    assert.deepEqual(await pods(page), was, "the future that was left");
    // The other one took its place.
    await menu.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await menu.waitFor({ state: "detached" });
    assert.deepEqual(await pods(page), was);
  }));

test("what comes next is never past", () =>
  withApp({}, async (page, app) => {
    await app.open(deployment());
    await app.speed(2);
    await app.play();
    const seen = await page.evaluate(async () => {
      const seen = [];
      const end = performance.now() + 6_000;
      while (performance.now() < end) {
        await new Promise(requestAnimationFrame);
        // After the frame that is being drawn.
        await new Promise((resolve) => setTimeout(resolve));
        const next = document.querySelector(".next b");
        const now = Number(document.querySelector("[data-time]").dataset.time) / 1e6;
        if (next) seen.push([Number(next.textContent), now]);
      }
      return seen;
    });
    assert.ok(seen.length > 20, `${seen.length} times seen`);
    // It is named to a tenth.
    for (const [next, now] of seen) assert.ok(next >= now - 0.051, `next ${next} at ${now}`);
  }));

test("the speed changes how fast the clock runs", () =>
  withApp({}, async (page, app) => {
    const passed = async (speed) => {
      await app.speed(speed);
      const from = await time(page);
      await page.waitForTimeout(1_500);
      return (await time(page)) - from;
    };
    const slow = await passed(0.5);
    const quick = await passed(10);
    assert.ok(slow > 0.3 && slow < 1.5, `${slow} s at 0.5x`);
    assert.ok(quick > slow * 8, `${quick} s at 10x, ${slow} s at 0.5x`);
  }));
