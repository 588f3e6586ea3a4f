// Bundles the JavaScript of `web/js`: each file directly in that folder becomes a module of the same name at the top
// of the site; what they share or import lives in folders below it. Trunk runs this after the Wasm is in place.
//
// In the bundles, OPSCAPE_MODULE and OPSCAPE_WASM stand for the names of the Wasm's script and of the Wasm itself
// (they carry a hash), relative to the top of the site.

import { readFile, readdir, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const source = path.join(here, "js");
const styles = path.join(here, "../static/css/opscape.css");
const site = process.env.TRUNK_STAGING_DIR;
if (!site) throw new Error("TRUNK_STAGING_DIR is not set: Trunk runs this script");
const release = process.env.TRUNK_PROFILE === "release";

const built = await readdir(site);
const one = (pattern) => {
  const found = built.filter((name) => pattern.test(name));
  if (found.length !== 1) throw new Error(`expected one file like ${pattern} in the site, found ${found.length}`);
  return found[0];
};
const glue = one(/^opscape-web(-[0-9a-f]+)?\.js$/);
const wasm = one(/^opscape-web(-[0-9a-f]+)?_bg\.wasm$/);

const entryPoints = existsSync(source)
  ? (await readdir(source, { withFileTypes: true }))
      .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name) && !entry.name.endsWith(".d.ts"))
      .map((entry) => path.join(source, entry.name))
      .sort()
  : [];

if (entryPoints.length > 0) {
  await build({
    entryPoints,
    outdir: site,
    bundle: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    minify: release,
    sourcemap: release ? false : "inline",
    legalComments: "none",
    logLevel: "warning",
    define: {
      OPSCAPE_MODULE: JSON.stringify(`./${glue}`),
      OPSCAPE_WASM: JSON.stringify(`./${wasm}`),
    },
  });
}

// One style sheet, for the page and for the shadow roots of widgets.
await build({
  entryPoints: [styles],
  outdir: site,
  bundle: true,
  target: "es2022",
  charset: "utf8",
  minify: release,
  logLevel: "warning",
});

if (release) {
  const file = path.join(site, glue);
  const { code } = await transform(await readFile(file, "utf8"), { format: "esm", target: "es2022", minify: true });
  await writeFile(file, code);
}
