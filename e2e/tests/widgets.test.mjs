import assert from "node:assert/strict";
import { test } from "node:test";
import { movingWidget, podsUntil, time, widgetPage } from "../app.mjs";
import { axe, picture } from "../browser.mjs";
import { deployment } from "../labs.mjs";
import { serve } from "../site.mjs";
import { suite } from "../suite.mjs";

const it = suite();

/** Opens a page of another origin with these widgets. */
async function withArticle(widgets, around, body) {
  const host = await serve({ pages: { "/article.html": widgetPage(it.site.url, widgets, around) } });
  try {
    await it.withPage({}, async (page) => {
      const asked = [];
      page.on("request", (request) => asked.push(new URL(request.url()).pathname.split("/").at(-1)));
      await page.goto(`${host.origin}/article.html`);
      await body(page, asked);
    });
  } finally {
    await host.close();
  }
}

const far = `<div style="height:4000px"></div>`;
/** Three nodes, a Service and its pods. */
const served = `apiVersion: opscape.dev/v1alpha1
kind: Lab
spec:
  nodes: [{name: node, count: 3, cpu: 4, memory: 8Gi}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
${deployment({ replicas: 12 })}`;
const three = [
  { text: deployment({ replicas: 2 }) },
  { text: deployment({ replicas: 3 }), lang: "ko", theme: "dark" },
  { text: deployment({ replicas: 4 }), view: "stage+editor" },
];

test("three widgets of a page play, each its own lab, from one Wasm module", () =>
  withArticle(three, {}, async (page, asked) => {
    await movingWidget(page);
    for (const [index, count] of [2, 3, 4].entries()) {
      const widget = page.locator("opscape-lab").nth(index);
      await widget.scrollIntoViewIfNeeded();
      await podsUntil(widget, `widget ${index} has ${count} ready pods`, (pods) =>
        pods.length === count && pods.every((pod) => pod.state === "ready"));
      await picture(page, `widget-${index}`);
    }
    const wasm = asked.filter((name) => name.endsWith(".wasm"));
    assert.deepEqual(wasm, [...new Set(wasm)], "each part of the one Wasm module once");
    assert.ok(!asked.includes("editor.js"), "no editor before somebody edits");
    assert.deepEqual(await axe(page), []);
  }));

test("the text of a widget may stand in it plainly, as indented as its surroundings, or in a template", () => {
  const indented = (text) => text.replace(/^(?=.)/gm, "      ");
  const plain = { html: `\n\n${indented(deployment({ replicas: 2 }))}    ` };
  const template = { html: `<template>\n${indented(deployment({ replicas: 3 }))}</template>` };
  return withArticle([plain, template], {}, async (page) => {
    for (const [index, count] of [2, 3].entries()) {
      const widget = page.locator("opscape-lab").nth(index);
      await widget.scrollIntoViewIfNeeded();
      await podsUntil(widget, `widget ${index} has ${count} pods`, (pods) => pods.length === count);
    }
  });
});

test("a widget shows every node and which pods a Service reaches, at any width", () =>
  withArticle([{ text: served }], {}, async (page) => {
    await movingWidget(page);
    const widget = page.locator("opscape-lab");
    await podsUntil(widget, "all pods are ready", (pods) => pods.length === 12 && pods.every((pod) => pod.state === "ready"));
    for (const width of [900, 760, 640, 460, 360]) {
      await page.setViewportSize({ width: width + 16, height: 800 });
      await page.waitForTimeout(300);
      const { clipped, links, pods } = await widget.evaluate((widget) => {
        const root = widget.shadowRoot;
        const stage = root.querySelector(".stage .scroll").getBoundingClientRect();
        const frame = { bottom: stage.bottom, right: widget.getBoundingClientRect().right };
        const outside = (element) => {
          const box = element.getBoundingClientRect();
          return box.bottom > frame.bottom + 1 || box.right > frame.right + 1;
        };
        return {
          clipped: [...root.querySelectorAll(".node .card")].filter(outside).length,
          links: root.querySelectorAll(".link-line").length,
          pods: root.querySelectorAll("[data-pod]").length,
        };
      });
      assert.equal(clipped, 0, `${clipped} nodes are cut off at ${width} px`);
      assert.equal(pods, 12);
      assert.ok(links >= 3 || width < 420, `${links} lines at ${width} px`);
      await picture(page, `widget-wide-${width}`);
    }
  }));

test("a widget out of sight stands still and goes on when it is back", () =>
  withArticle([{ text: deployment() }], { after: far }, async (page) => {
    await movingWidget(page);
    const widget = page.locator("opscape-lab");
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.waitForTimeout(400);
    const left = await time(widget);
    await page.waitForTimeout(800);
    assert.equal(await time(widget), left);
    await widget.scrollIntoViewIfNeeded();
    await page.waitForTimeout(800);
    assert.ok((await time(widget)) > left);
  }));

test("nothing is loaded for a widget that is far from the screen", () =>
  withArticle([{ text: deployment() }], { before: far }, async (page, asked) => {
    await page.waitForLoadState("networkidle");
    await page.waitForTimeout(300);
    assert.ok(!asked.some((name) => name.endsWith(".wasm")), asked.join(" "));
    await page.locator("opscape-lab").scrollIntoViewIfNeeded();
    await movingWidget(page);
    assert.ok(asked.some((name) => name.endsWith(".wasm")), asked.join(" "));
  }));

test("the same as an iframe", async () => {
  const inside = encodeURIComponent(deployment({ replicas: 2 }));
  const host = await serve({
    pages: {
      "/article.html": `<!doctype html><html lang="en"><title>An article</title><link rel="icon" href="data:,"><h1>An article</h1>
        <iframe title="A lab" width="800" height="500" src="${it.site.url}embed.html?lang=ko&src=${inside}"></iframe>`,
    },
  });
  try {
    await it.withPage({}, async (page) => {
      await page.goto(`${host.origin}/article.html`);
      const frame = page.frameLocator("iframe");
      await podsUntil(frame, "2 pods are ready", (pods) => pods.length === 2 && pods.every((pod) => pod.state === "ready"));
      await picture(page, "widget-iframe");
    });
  } finally {
    await host.close();
  }
});

test("a widget that is removed leaves the page alone", () =>
  withArticle([{ text: deployment() }, { text: deployment() }], {}, async (page) => {
    await movingWidget(page);
    await page.locator("opscape-lab").first().evaluate((widget) => widget.remove());
    const other = page.locator("opscape-lab");
    await other.scrollIntoViewIfNeeded();
    await podsUntil(other, "the other one plays", (pods) => pods.length === 4);
    await page.waitForTimeout(300);
  }));
