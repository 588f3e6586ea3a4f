import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { axe, picture } from "../browser.mjs";
import { suite } from "../suite.mjs";

const { withApp } = suite();

const lab = (name) => readFile(new URL(`../../static/labs/${name}.yaml`, import.meta.url), "utf8");

const jobIs = (page, name, state) => page.locator(`.pipeline-graph [data-job="${name}"][data-state="${state}"]`).waitFor();

/** Shows one of the views of the stage. */
const look = (page, app, word) => page.locator(".stage header .segments").getByRole("button", { name: app.word(word), exact: true }).click();

for (const language of ["en", "ko"]) {
  test(`a push builds, pushes and deploys; the traffic follows, and Why? leads back to it (${language})`, () =>
    withApp({ language, theme: language === "ko" ? "dark" : "light" }, async (page, app) => {
      await page.evaluate((text) => window.opscape.open(text), await lab("ci-deploy"));
      // Past the steps of the lesson, where it stands still.
      await app.seek(20);
      await page.locator(".panel.text .files").getByRole("button", { name: /deploy\.yml$/ }).click();
      const changed = (await page.evaluate(() => window.opscape.text()))
        .split(/^--- # .*deploy\.yml\n/m)[1]
        .split(/^--- /m)[0]
        .replace("${{ env.IMAGE }}:stable", "${{ env.IMAGE }}:${{ github.sha }}")
        .replace("kubectl apply -f k8s/", "kubectl set image deployment/shop shop=$IMAGE:$GITHUB_SHA");
      await page.evaluate((text) => window.opscape.type(text), changed);

      await look(page, app, "ui.pipelines");
      await page.getByRole("button", { name: app.word("pipeline.run"), exact: true }).click();
      await app.speed(50);
      await app.play();
      await jobIs(page, "deploy", "succeeded");
      await page.locator(".stage header .versions").getByText("v2").waitFor();
      await page.waitForFunction(() => window.opscape.stats().ready === 3 && window.opscape.stats().pods === 3);
      await app.pause();
      assert.deepEqual(await axe(page), []);
      await picture(page, `deployed-${language}`);

      await look(page, app, "ui.pods");
      await page.locator("svg text", { hasText: /v2\s*\d+\/./ }).first().waitFor();
      await page.locator("[data-pod]").first().click();
      const why = app.inspector.locator("ol.why li");
      await why.filter({ hasText: "docker buildx build" }).waitFor();
      await why.filter({ hasText: "kubectl set image deployment/shop" }).first().waitFor();
      assert.match(await why.last().innerText(), /main/);
      await picture(page, `deployed-why-${language}`);
    }));
}
