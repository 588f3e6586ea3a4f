// Bundles the JavaScript of `web/js`: each file directly in that folder becomes a module of the same name at the top
// of the site; what they share or import lives in folders below it. Trunk runs this after the Wasm is in place.
//
// In the bundles, OPSCAPE_MODULE and OPSCAPE_WASM stand for the names of the Wasm's script and of the Wasm itself
// (they carry a hash), relative to the top of the site.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const source = path.join(here, "js");
const styles = ["opscape", "opscape-acts", "opscape-text", "opscape-page"].map((name) => path.join(here, `../static/css/${name}.css`));
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
    // A module that is loaded later brings its own styles.
    loader: { ".css": "text" },
    define: {
      OPSCAPE_MODULE: JSON.stringify(`./${glue}`),
      OPSCAPE_WASM: JSON.stringify(`./${wasm}`),
    },
  });
}

// A style sheet for the page and for the shadow roots of widgets, and what only some of them need.
await build({
  entryPoints: styles,
  outdir: site,
  bundle: true,
  target: "es2022",
  charset: "utf8",
  minify: release,
  logLevel: "warning",
});

// The Wasm's own script, with the loader of its parts linked in. While the program is being worked on it is in one piece.
const PARTS = ["page", "soon", "terminal", "pipelines", "rest"];
if (release) execFileSync("cargo", ["xtask", "divide", path.join(site, wasm)], { stdio: "inherit" });
const names = path.join(site, wasm.replace(/\.wasm$/, ".names"));
const renamed = release ? (await readFile(names, "utf8")).split("\n").filter(Boolean).map((line) => line.split(" ")) : [];
await rm(names, { force: true });
const parts = release ? PARTS.map((part) => [part, `./${wasm.replace(/_bg\.wasm$/, `.${part}.wasm`)}`]) : [];
const file = path.join(site, glue);
const linked = await build({
  stdin: {
    contents: withParts(await readFile(file, "utf8")),
    resolveDir: path.join(source, "parts"),
    sourcefile: glue,
    loader: "js",
  },
  write: false,
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  minify: release,
  legalComments: "none",
  logLevel: "warning",
  define: { OPSCAPE_PARTS: JSON.stringify(Object.fromEntries(parts)) },
});
await writeFile(file, linked.outputFiles[0].contents);

/** The script of wasm-bindgen (its version is pinned) with the calls of the loader put in. */
function withParts(script) {
  const put = (text, at, what) => {
    if (text.split(at).length !== 2) throw new Error(`wasm-bindgen's script has changed: not once in it: ${at}`);
    return text.replace(at, what);
  };
  let out = `import * as parts from "./loader.ts";\n${script}`;
  out = put(out, "    wasm = instance.exports;\n", "    wasm = instance.exports;\n    parts.begin(wasm);\n");
  const load = "await __wbg_load(await module_or_path, imports);\n";
  out = put(out, load, "await __wbg_load(await parts.program(module_or_path), imports);\n    await parts.first;\n");
  out = out.replaceAll("const imports = __wbg_get_imports();", "const imports = { ...__wbg_get_imports(), ...parts.imports };");
  if (!release) return out;
  // The short names that the division gave to what the Wasm imports and exports.
  out = put(out, '"./opscape-web_bg.js": import0', "w: import0");
  for (const [old, name] of renamed) {
    if (name.startsWith("_")) out = out.replaceAll(`wasm.${old}(`, `wasm.${name}(`);
    else out = put(out, `\n        ${old}: function(`, `\n        ${JSON.stringify(name)}: function(`);
  }
  return out;
}
