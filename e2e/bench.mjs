// `cargo xtask bench`, the part in Chromium: the built app, drawing included; one line of JSON for each benchmark, named
// like those of `opscape bench`. Names as arguments choose some; `pods-150000` runs only when it is asked for.

import { app, movingApp } from "./app.mjs";
import { launch, open } from "./browser.mjs";
import { deployment } from "./labs.mjs";
import { serve } from "./site.mjs";

/** The same lab as `opscape bench` uses. */
const crowd = (pods, nodes, { image = "nginx:1", load = 0 } = {}) => `apiVersion: opscape.dev/v1alpha1
kind: Lab
spec:
  nodes: [{name: node, count: ${nodes}, cpu: 32, memory: 64Gi, pods: 250, zones: [a, b, c]}]
${load > 0 ? sent(load) : ""}---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${pods}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: c
        image: ${image}
        resources: {requests: {cpu: 100m, memory: 64Mi}}
`;

/** Requests through an Ingress to the crowd, from second 20 on. */
const sent = (load) => `  load: [{name: people, rate: ${load}, at: 20s, url: "http://shop.example/"}]
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`;

const sizes = [[100, 10], [1_000, 50], [10_000, 400], [150_000, 5_000]];
const benchmarks = [
  ...sizes.map(([pods, nodes]) => [`pods-${pods}`, (page) => started(page, pods, nodes)]),
  ["seek", seeks],
  ["frames", frames],
  ["compare", compared],
];
const wanted = process.argv.slice(2);

const site = await serve();
const browser = await launch();
try {
  for (const [name, run] of benchmarks) {
    if (wanted.length > 0 ? !wanted.includes(name) : name === "pods-150000") continue;
    const { context, page } = await open(browser);
    await page.goto(site.url);
    await movingApp(page);
    console.log(JSON.stringify({ name, where: "chromium", ...(await run(page)) }));
    await context.close();
  }
} finally {
  await browser.close();
  await site.close();
}

function round(number) {
  return Math.round(number * 1e3) / 1e3;
}

/** From Apply to all pods Ready, the clock as quick as it goes. */
async function started(page, pods, nodes) {
  const measured = await page.evaluate(
    async ([text, pods]) => {
      const start = performance.now();
      window.opscape.open(text);
      window.opscape.speed(1000);
      window.opscape.play(true);
      while (window.opscape.stats().ready < pods) {
        if (performance.now() - start > 300_000) throw new Error(`${window.opscape.stats().ready} of ${pods} after 300 s`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return { wall: (performance.now() - start) / 1e3, virtual: window.opscape.now() };
    },
    [crowd(pods, nodes), pods],
  );
  return {
    pods,
    nodes,
    wall_s: round(measured.wall),
    pods_per_s: round(pods / measured.wall),
    virtual_s: round(measured.virtual),
  };
}

/** Jumps in a 10-minute run of a lab of lesson size, to the picture on the screen. */
async function seeks(page) {
  const it = app(page);
  await page.evaluate((text) => window.opscape.open(text), deployment({ replicas: 12 }));
  await it.speed(1000);
  await it.play();
  await page.waitForFunction(() => window.opscape.now() > 600, undefined, { timeout: 120_000 });
  await it.pause();
  const times = await page.evaluate(async () => {
    const times = [];
    for (let seek = 0; seek < 100; seek += 1) {
      // A fixed walk over the whole run, back and forth.
      const target = (seek * 373.7) % 600;
      const start = performance.now();
      window.opscape.seek(target);
      const shown = () => Number(document.querySelector("[data-time]").dataset.time) / 1e6;
      while (Math.abs(shown() - target) > 0.001) await new Promise((resolve) => requestAnimationFrame(resolve));
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b);
  });
  const at = (share) => round(times[Math.floor(share * (times.length - 1))]);
  return { seeks: times.length, median_ms: at(0.5), p95_ms: at(0.95), max_ms: at(1) };
}

/** Frames while 1,000 pods with 2,000 requests a second are updated at 1x. */
async function frames(page) {
  const it = app(page);
  const load = 2_000;
  await page.evaluate((text) => window.opscape.open(text), crowd(1_000, 50, { load }));
  await it.speed(100);
  await it.play();
  await page.waitForFunction(() => window.opscape.stats().ready === 1_000, undefined, { timeout: 120_000 });
  await it.pause();
  await it.seek(26);
  await page.evaluate((text) => window.opscape.type(text), crowd(1_000, 50, { image: "nginx:2", load }));
  await it.speed(1);
  await it.play();
  await page.evaluate(() => window.opscape.apply());
  const times = await between(page, 10_000);
  const stats = await page.evaluate(() => window.opscape.stats());
  const own = { own_mean_ms: round(stats.frameMean), own_worst_ms: round(stats.frameWorst) };
  return { pods: stats.pods, requests_per_s: load, ...times, ...own };
}

/** Frames of the compare view: four lanes of eight pods with 260 requests a second each, from their beginning at 10x. */
async function compared(page) {
  await page.goto(`${site.url}#compare=canary-good`);
  await page.reload();
  await page.locator(".compare .lane").nth(3).waitFor();
  const times = await between(page, 10_000);
  return { lanes: 4, reached_s: Number(await page.locator(".compare").getAttribute("data-time")) / 1e6, ...times };
}

/** Times between frames, and tasks that took longer than 50 ms. */
async function between(page, span) {
  const { work, long } = await page.evaluate(async (span) => {
    const work = [];
    const long = [];
    new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration))).observe({
      type: "longtask",
    });
    let last = await new Promise(requestAnimationFrame);
    const end = performance.now() + span;
    while (performance.now() < end) {
      const now = await new Promise(requestAnimationFrame);
      work.push(now - last);
      last = now;
    }
    return { work: work.sort((a, b) => a - b), long };
  }, span);
  return {
    frames: work.length,
    median_ms: round(work[Math.floor(work.length / 2)]),
    p95_ms: round(work[Math.floor(work.length * 0.95)]),
    long_tasks: long.length,
    longest_ms: round(Math.max(0, ...long)),
  };
}
