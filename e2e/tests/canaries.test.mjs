import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { axe, picture } from "../browser.mjs";
import { root } from "../site.mjs";
import { suite } from "../suite.mjs";

const { withApp } = suite();

const lab = (name) => readFileSync(path.join(root, `static/labs/${name}.yaml`), "utf8");

/** Two versions behind a Gateway, `weight` in a hundred of the requests for the second one. */
const weighted = (weight) => {
  const version = (name) => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 2
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
        - {name: web, image: "shop/${name}:1", ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{port: 80, targetPort: 8080}]}
`;
  return `apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {name: weights}
spec:
  images: [{name: "shop/*", readyAfter: 1s, serve: {concurrency: 16, time: 20ms}}]
  load: [{name: shoppers, rate: 100, at: 8s, url: "http://shop.example/"}]
${version("stable")}${version("canary")}---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: eg}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public}
spec:
  gatewayClassName: eg
  listeners: [{name: http, protocol: HTTP, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: public}]
  hostnames: [shop.example]
  rules:
  - backendRefs:
    - {name: stable, port: 80, weight: ${100 - weight}}
    - {name: canary, port: 80, weight: ${weight}}
`;
};

/** What a Service's version gets, as it is written beside the Service's card. */
async function rateOf(page, name) {
  const card = page.locator("g.service", { has: page.locator(`[data-key="Service/default/${name}"]`) });
  return Number((await card.textContent()).match(/v1\s*([\d.]+)\/s/)?.[1] ?? 0);
}

test("a weight that is edited in the YAML is seen in the flow", () =>
  withApp({}, async (page, app) => {
    await app.open(weighted(10));
    await app.pause();
    await app.seek(40);
    const few = await rateOf(page, "canary");
    assert.ok(few > 2 && few < 22, `a tenth of 100 a second: ${few}`);
    await app.rewrite(weighted(60));
    await app.apply.click();
    await app.seek(70);
    const more = await rateOf(page, "canary");
    assert.ok(more > 42 && more < 78, `three fifths of 100 a second: ${more}`);
    await picture(page, "canary-weights");
    assert.deepEqual(await axe(page), []);
  }));

test("two Deployments that run one program are told apart by colour everywhere", () =>
  withApp({}, async (page, app) => {
    await app.open(lab("nginx-canary"));
    await app.pause();
    await app.seek(58);
    const fill = (selector) => page.locator(selector).first().evaluate((element) => getComputedStyle(element).fill);
    const colours = async () => {
      const pods = await page.locator("[data-pod]").evaluateAll((all) => all.map((pod) => {
        const painted = [...pod.querySelectorAll(".glyph rect, .glyph path")].map((part) => getComputedStyle(part).fill);
        return [pod.dataset.pod.split("-")[0], painted.find((fill) => fill.startsWith("rgb"))];
      }));
      return Object.fromEntries(pods);
    };
    await page.locator("[data-pod]").nth(5).waitFor();
    const pods = await colours();
    assert.notEqual(pods.stable, pods.canary, "in the stage");
    const areas = await page.locator(".tracks .area.ready").evaluateAll((all) => all.map((area) => getComputedStyle(area).fill));
    assert.deepEqual([...areas].sort(), [pods.stable, pods.canary].sort(), "on the timeline");
    const names = await page.locator(".versions b").allTextContents();
    assert.deepEqual(names, ["web:1.4", "web:2.0"]);
    assert.ok(await fill(".ribbon.of-version"), "requests flow");
    await picture(page, "canary-colours");
  }));

const rollout = (page) => page.locator('[data-key="Rollout/default/web"]').first();

for (const by of ["button", "command"]) {
  test(`a canary is promoted and another one aborted by ${by}`, () =>
    withApp({}, async (page, app) => {
      // Without the script: the pause lasts until somebody decides.
      // In one file, because the editor replaces the file that it shows.
      const text = lab("canary")
        .replace(/^--- # .*$/gm, "---")
        .replace(/ {2}steps:\n(?: {2}- at.*\n(?: {4}.*\n)*)+/, "")
        .replace(/ {2}checks:\n(?: {2}- .*\n(?: {4}.*\n)*)+/, "")
        .replace("pause: {duration: 40s}", "pause: {}");
      await app.open(text);
      await app.pause();
      await app.seek(30);
      let now = 30;
      const later = async (secs) => {
        now += secs;
        await app.seek(now);
      };
      const decide = async (verb) => {
        if (by === "button") {
          await rollout(page).click();
          await app.inspector.getByRole("button", { name: app.word(`ui.act.${verb}`), exact: true }).click();
          return;
        }
        await page.getByRole("tab", { name: app.word("ui.terminal"), exact: true, selected: true }).count() ||
          (await page.getByRole("tab", { name: app.word("ui.terminal"), exact: true }).click());
        const input = page.getByRole("textbox", { name: app.word("ui.terminal"), exact: true });
        await input.fill(`kubectl argo rollouts ${verb} web`);
        await input.press("Enter");
        await page.locator(".terminal pre:not(.typed)").filter({ hasText: verb === "abort" ? "aborted" : "promoted" }).last().waitFor();
      };
      const set = async (tag) => {
        await app.rewrite(text.replace("image: shop/web:1.4", `image: shop/web:${tag}`));
        await app.apply.click();
        await later(30);
      };
      const revisions = () => page.locator("[data-pod]").evaluateAll((all) =>
        all.filter(({ dataset }) => dataset.state === "ready").map(({ dataset }) => Number(dataset.revision)).sort());

      await set("2.0");
      assert.deepEqual(await revisions(), [1, 1, 1, 1, 1, 2]);
      await decide("promote");
      await later(60);
      assert.deepEqual(await revisions(), [2, 2, 2, 2, 2]);
      await set("2.1");
      assert.deepEqual(await revisions(), [2, 2, 2, 2, 2, 3]);
      await decide("abort");
      await later(60);
      assert.deepEqual(await revisions(), [2, 2, 2, 2, 2]);
      await rollout(page).click();
      await app.inspector.getByRole("button", { name: app.word("ui.act.retry"), exact: true }).waitFor();
      await picture(page, `canary-aborted-by-${by}`);
    }));
}
