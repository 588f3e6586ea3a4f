import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, picture } from "../browser.mjs";
import { suite } from "../suite.mjs";

const { withApp } = suite();

const WORKFLOW = `name: release
on: {push: {branches: [main]}}
jobs:
  changes: {runs-on: ubuntu-latest, steps: [{run: sleep 6}]}
  lint: {needs: changes, runs-on: ubuntu-latest, steps: [{run: sleep 22}]}
  build: {needs: changes, runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4}, {run: npm ci}, {run: npm run build}]}
  test:
    needs: build
    strategy: {matrix: {os: [ubuntu-latest, macos-latest], node: [20, 22]}}
    runs-on: \${{ matrix.os }}
    steps: [{run: npm test}]
  docs: {needs: build, if: "github.ref == 'refs/heads/docs'", runs-on: ubuntu-latest, steps: [{run: ./docs.sh}]}
  scan: {needs: build, runs-on: ubuntu-latest, steps: [{run: sleep 41}]}
  package: {needs: [lint, test], runs-on: ubuntu-latest, steps: [{run: sleep 24}]}
  deploy: {needs: [package, scan], runs-on: ubuntu-latest, steps: [{run: ./deploy.sh}]}
`;

const GITLAB = `stages: [build, test, deploy]
compile: {stage: build, script: [sleep 20]}
unit: {stage: test, script: [sleep 30], parallel: 3}
lint: {stage: test, needs: [], script: [sleep 5]}
ship: {stage: deploy, script: [echo out], when: manual}
`;

/** The jobs of the graph by name: their states. */
const states = (page) =>
  page.locator(".pipeline-graph [data-job]").evaluateAll((all) => Object.fromEntries(all.map((job) => [job.dataset.job, job.dataset.state])));

const jobIs = (page, name, state) => page.locator(`.pipeline-graph [data-job="${name}"][data-state="${state}"]`).waitFor();

/** Pastes a text, applies it, and waits until its jobs are drawn. */
async function paste(page, app, text) {
  await app.pause();
  await app.rewrite(text);
  await app.apply.click();
  await page.locator(".pipeline-graph [data-job]").first().waitFor();
}

const run = (page, app) => page.getByRole("button", { name: app.word("pipeline.run"), exact: true }).click();

for (const language of ["en", "ko"]) {
  test(`a workflow that is pasted is drawn, runs and ends (${language})`, () =>
    withApp({ language, theme: language === "ko" ? "dark" : "light" }, async (page, app) => {
      await paste(page, app, WORKFLOW);
      assert.equal(Object.values(await states(page)).filter((state) => state === "planned").length, 11);
      await page.getByRole("tab", { name: app.word("ui.pipelines"), exact: true, selected: true }).waitFor();
      await app.speed(50);
      await run(page, app);
      await jobIs(page, "deploy", "succeeded");
      const ended = await states(page);
      assert.equal(ended.docs, "skipped");
      assert.equal(ended["test (macos-latest, 22)"], "succeeded");
      await app.pause();
      await page.locator(".pipeline-graph .need.critical").first().waitFor();
      assert.equal(await page.locator(".gantt [data-row]").count(), 11);

      await page.locator('.pipeline-graph [data-job="docs"]').click();
      const details = page.getByRole("region", { name: "docs", exact: true });
      await details.getByText("github.ref == 'refs/heads/docs'").waitFor();
      assert.deepEqual(await axe(page), []);
      await picture(page, `pipeline-ended-${language}`);
    }));
}

test("going back shows the run as it was, and going on shows its end again", () =>
  withApp({}, async (page, app) => {
    await app.pause();
    await app.open(WORKFLOW);
    await page.locator(".pipeline-graph [data-job]").first().waitFor();
    await app.speed(1000);
    await run(page, app);
    await jobIs(page, "deploy", "succeeded");
    await app.pause();
    await app.seek(5);
    await jobIs(page, "deploy", "waiting");
    await jobIs(page, "changes", "running");
    await app.seek(600);
    await jobIs(page, "deploy", "succeeded");
  }));

test("a job that is made to fail keeps others from running, and runs again", () =>
  withApp({}, async (page, app) => {
    await paste(page, app, WORKFLOW);
    // So slow that nothing ends while somebody presses.
    await app.speed(0.1);
    await run(page, app);
    await app.pause();
    await jobIs(page, "changes", "running");
    await page.locator('.pipeline-graph [data-job="changes"]').click();
    await page.getByRole("button", { name: app.word("pipeline.act.fail"), exact: true }).click();
    await jobIs(page, "changes", "failed");
    await jobIs(page, "deploy", "skipped");
    await page.getByRole("button", { name: app.word("pipeline.act.rerun"), exact: true }).click();
    await jobIs(page, "deploy", "waiting");
    await app.speed(100);
    await app.play();
    await jobIs(page, "deploy", "succeeded");
  }));

test("a pipeline of GitLab stands in stages and waits for a person", () =>
  withApp({}, async (page, app) => {
    await paste(page, app, GITLAB);
    for (const stage of ["build", "test", "deploy"]) await page.locator(".stage-title", { hasText: stage }).waitFor();
    await app.speed(50);
    await run(page, app);
    await jobIs(page, "ship", "manual");
    await page.locator('.pipeline-graph [data-job="ship"]').focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: app.word("pipeline.act.play"), exact: true }).click();
    await jobIs(page, "ship", "succeeded");
    await page.getByRole("log", { name: app.word("pipeline.log") }).getByText("$ echo out").waitFor();
    await picture(page, "pipeline-gitlab");
  }));

test("a mistake in a workflow is shown at its line, in the official words", () =>
  withApp({}, async (page, app) => {
    await app.pause();
    await app.rewrite(WORKFLOW.replace("lint: {needs: changes", "lint: {needs: change"));
    await app.problems.waitFor();
    const first = app.problems.locator("li").first();
    assert.match(await first.locator(".message").innerText(), /Job 'lint' depends on unknown job 'change'/);
    assert.match(await first.locator(".line").innerText(), /\b5\b/);
    assert.ok(await app.apply.isDisabled(), "it cannot be applied");
    assert.deepEqual(await axe(page), []);
  }));

test("a push that the filters keep out runs nothing and says why", () =>
  withApp({}, async (page, app) => {
    await paste(page, app, WORKFLOW);
    await page.getByRole("textbox", { name: app.word("pipeline.reference"), exact: true }).fill("feature");
    await run(page, app);
    await page.locator(".pipeline-bar .passed").getByText("feature").waitFor();
    assert.ok(Object.values(await states(page)).every((state) => state === "planned"));
  }));

test("a hundred jobs are drawn, and no line passes under a job", () =>
  withApp({}, async (page, app) => {
    const jobs = Array.from({ length: 100 }, (_, id) => {
      const needs = [id - 6, id - 9, id - 17].filter((need) => need >= 0 && id % 7 !== 0).map((need) => `j${need}`);
      return `  j${id}: {needs: [${needs.join(", ")}], runs-on: ubuntu-latest, steps: [{run: sleep ${5 + (id % 20)}}]}`;
    });
    await paste(page, app, `on: push\njobs:\n${jobs.join("\n")}\n`);
    assert.equal(await page.locator(".pipeline-graph [data-job]").count(), 100);
    // The jobs that come first are in sight, wherever they are in the height of the graph.
    await page.waitForFunction(() => {
      const stage = document.querySelector(".scroll.pipeline").getBoundingClientRect();
      const boxes = [...document.querySelectorAll(".pipeline-graph [data-job]")].map((job) => job.getBoundingClientRect());
      const left = Math.min(...boxes.map((box) => box.left));
      return boxes.some((box) => box.left < left + 1 && box.top >= stage.top && box.bottom <= stage.bottom);
    });
    const under = await page.evaluate(() => {
      const boxes = [...document.querySelectorAll(".pipeline-graph [data-job] .card")].map((card) => card.getBoundingClientRect());
      return [...document.querySelectorAll(".pipeline-graph .need")].filter((line) => {
        const matrix = line.getScreenCTM();
        const length = line.getTotalLength();
        for (let at = 0; at <= length; at += 4) {
          const point = line.getPointAtLength(at).matrixTransform(matrix);
          const inside = (box) => point.x > box.left + 1.5 && point.x < box.right - 1.5 && point.y > box.top + 1.5 && point.y < box.bottom - 1.5;
          if (boxes.some(inside)) return true;
        }
        return false;
      }).length;
    });
    assert.equal(under, 0);
    await app.speed(100);
    await run(page, app);
    await page.waitForFunction(() => [...document.querySelectorAll(".pipeline-graph [data-job]")].every((job) => job.dataset.state === "succeeded"), undefined, { timeout: 120_000 });
    await app.pause();
    await picture(page, "pipeline-hundred");
  }));

test("on a phone a pipeline can be run and read", () =>
  withApp({ size: "phone" }, async (page, app) => {
    await app.pause();
    await app.open(WORKFLOW);
    await page.locator(".pipeline-graph [data-job]").first().waitFor();
    await app.speed(100);
    await run(page, app);
    await jobIs(page, "deploy", "succeeded");
    await app.pause();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "the page does not scroll sideways");
    await picture(page, "pipeline-phone");
    await page.getByRole("tab", { name: app.word("ui.pipelines"), exact: true }).last().click();
    await page.locator(".gantt [data-row]").first().waitFor();
    await picture(page, "pipeline-phone-chart");
  }));
