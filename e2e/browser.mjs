// Chromium as the suites use it: quiet, offline but for the test server, with every complaint of a page collected.

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";
import { root } from "./site.mjs";

const artifacts = path.join(root, "e2e/artifacts");

function executable() {
  if (process.env.OPSCAPE_CHROMIUM) return process.env.OPSCAPE_CHROMIUM;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      return execFileSync("which", [name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    } catch {
      // the next one
    }
  }
  return undefined;
}

/** Starts the browser. `chromium` in the environment is set by `cargo xtask`. */
export function launch(more = []) {
  return chromium.launch({
    executablePath: executable(),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-quic",
      "--no-first-run",
      ...more,
    ],
  });
}

export const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

/**
 * A page in a fresh profile. `complaints` collects console errors and warnings, uncaught errors and failed
 * requests; a suite ends by showing that it is empty.
 */
export async function open(
  browser,
  { theme = "light", language = "en", size = "desktop", still = false, profile = {} } = {},
) {
  const context = await browser.newContext({
    viewport: sizes[size],
    colorScheme: theme,
    locale: language === "ko" ? "ko-KR" : "en-US",
    reducedMotion: still ? "reduce" : "no-preference",
    hasTouch: size === "phone",
    permissions: ["clipboard-read", "clipboard-write"],
    ...profile,
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.stack ?? error}`));
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
  return { context, page, complaints };
}

/** Keeps a picture of the page among the artefacts. */
export async function picture(page, name) {
  mkdirSync(artifacts, { recursive: true });
  await page.screenshot({ path: path.join(artifacts, `${name}.png`) });
}

/** What axe finds on the page, as lines that name the rule and the elements. */
export async function axe(page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(
    (violation) => `${violation.id} (${violation.impact}): ${violation.help}: ` +
      violation.nodes.map((node) => node.target.join(" ")).join(", "),
  );
}
