// A small static file server for the built site, standing where any static host would. The site is served from a
// folder below the server's root, since it has to work from anywhere.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
/** Cargo's target folder. */
export const target = path.resolve(root, process.env.CARGO_TARGET_DIR ?? "target");

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".yaml": "text/yaml; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
};

/**
 * Serves `folder` (the built site by default) below `prefix`, and `pages`, HTML texts by path, beside it.
 * Returns the site's address, the server's origin, the list of paths asked for that were not there, and `close`.
 */
export async function serve({ folder = path.join(root, "dist"), prefix = "/somewhere/below/", pages = {} } = {}) {
  const missing = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    // What static hosts send as well: a widget's files are used by pages of other origins.
    response.setHeader("access-control-allow-origin", "*");
    if (pathname in pages) {
      response.setHeader("content-type", types[".html"]);
      response.end(pages[pathname]);
      return;
    }
    let name = decodeURIComponent(pathname.startsWith(prefix) ? pathname.slice(prefix.length) : "");
    if (name === "" && pathname === prefix) name = "index.html";
    const file = path.join(folder, name);
    try {
      if (name === "" || !file.startsWith(folder + path.sep)) throw new Error("not in the site");
      const body = await readFile(file);
      response.setHeader("content-type", types[path.extname(file)] ?? "application/octet-stream");
      response.end(body);
    } catch {
      // Browsers ask for it unasked.
      if (pathname !== "/favicon.ico") missing.push(pathname);
      response.statusCode = 404;
      response.end("not found");
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { origin, url: origin + prefix, missing, close };
}
