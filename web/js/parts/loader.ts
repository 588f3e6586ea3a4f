// The parts of the Wasm besides the main one, which are loaded when they are first needed. How the Wasm is divided is
// said in crates/xtask/src/parts; the build links this into the script that wasm-bindgen writes (web/bundle.mjs).
//
// Before the main part calls a function of another part, it sees to it that this is there (`!`); functions whose address is
// taken have something that stands in for them, which loads the part first. Then the part puts its functions into the slots
// of the main part's table. Whoever knows early that a part will be needed asks for it with `prefetch`, so that nobody
// waits; whoever does not, gets it at once.

import { together } from "./columns.ts";

declare const OPSCAPE_PARTS: Record<string, string>;

type Exports = Record<string, WebAssembly.ExportValue>;
type Code = (...given: unknown[]) => unknown;

let main: Exports | undefined;
const compiled = new Map<string, WebAssembly.Module>();
const asked = new Map<string, Promise<void>>();
const coming = new Set<string>();
const present = new Set<string>();

const address = (part: string): URL => new URL(OPSCAPE_PARTS[part] ?? "", import.meta.url);

/** Fetches and compiles a part, so that it is at hand when it is needed. Trying again after a failure is allowed. */
export function prefetch(part: string): Promise<void> {
  const known = asked.get(part);
  if (known || present.has(part) || !(part in OPSCAPE_PARTS)) return known ?? Promise.resolve();
  const loaded = (async () => {
    coming.add(part);
    try {
      const answer = await fetch(address(part));
      if (!answer.ok) throw new Error(`${address(part).href}: ${answer.status}`);
      compiled.set(part, await WebAssembly.compile(together(new Uint8Array(await answer.arrayBuffer()))));
    } finally {
      coming.delete(part);
    }
  })();
  asked.set(part, loaded);
  loaded.catch(() => asked.delete(part));
  return loaded;
}

/** A part that is needed this instant and was not asked for: the call cannot wait for a promise. */
function fetchNow(part: string): WebAssembly.Module {
  const request = new XMLHttpRequest();
  request.open("GET", address(part), false);
  // The only way to get bytes from a request that blocks: letters that stand for them.
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  if (request.status >= 400) throw new Error(`${address(part).href}: ${request.status}`);
  const letters = request.responseText;
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return new WebAssembly.Module(together(bytes));
}

/** Sees to it that a part is there; `slot` is the slot for which it is needed. Gives the function table. */
function need(part: string, slot: number): WebAssembly.Table {
  const exports = main;
  if (!exports) throw new Error("a part of the program was called before the program was there");
  const table = exports["~.t0"] as WebAssembly.Table;
  if (!present.has(part)) {
    // Who wonders which function needed it finds the slot in the account of the build (target/xtask/parts.txt).
    performance.mark(`opscape-part:${part}`, { detail: slot });
    // What the main part shares is in its table, under the number that is the name, or exported.
    const shared = new Proxy<WebAssembly.ModuleImports>({}, {
      get: (_, name) => exports[String(name)] ?? table.get(parseInt(String(name).slice(1), 36)),
    });
    new WebAssembly.Instance(compiled.get(part) ?? fetchNow(part), { m: shared });
    compiled.delete(part);
    present.add(part);
  }
  return table;
}

/**
 * `!` loads the part. Other names are numbers of slots, whose functions load it and call what is in the slot then; without
 * a name it is the slot after the one before: imports are read in their order.
 */
function standIns(part: string): WebAssembly.ModuleImports {
  let at = -1;
  return new Proxy<WebAssembly.ModuleImports>({}, {
    get: (_, name): Code => {
      if (name === "!") return (slot) => void need(part, Number(slot));
      at = name === "" ? at + 1 : parseInt(String(name), 36);
      const slot = at;
      return (...given) => (need(part, slot).get(slot) as Code)(...given);
    },
  });
}

/** What the main part imports besides what wasm-bindgen gives it. */
export const imports: WebAssembly.Imports = Object.fromEntries(
  Object.keys(OPSCAPE_PARTS).map((part) => [part, standIns(part)]),
);

/** The main part, ready to be compiled, from what `init` of wasm-bindgen was given and has fetched. */
export async function program(given: unknown): Promise<unknown> {
  const answer = await given;
  if (!(answer instanceof Response)) return answer;
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
  return together(new Uint8Array(await answer.arrayBuffer()));
}

/** The main part is there. */
export function begin(exports: Exports): void {
  main = exports;
}

/** What the page itself needs before it can begin; a widget asks for `soon` when it moves. */
export const first: Promise<unknown> = document.getElementById("opscape")
  ? Promise.allSettled([prefetch("soon"), prefetch("page")])
  : Promise.resolve();

// What a person touches first comes as soon as a hand is near; if nobody touches anything, it comes after a while, so that
// nothing is missing when the network is.
const PATIENCE = window.opscapePatience ?? 10_000;
const events = ["pointerdown", "pointermove", "keydown", "focusin"] as const;
const isOurs = (target: EventTarget): boolean =>
  target instanceof Element && (target.localName === "opscape-lab" || target.id === "opscape");

function touched(event: Event): void {
  if (event.composedPath().some(isOurs)) later();
}

function later(): void {
  for (const name of events) removeEventListener(name, touched, true);
  clearTimeout(timer);
  window.opscapePart?.("rest");
}

for (const name of events) addEventListener(name, touched, { capture: true, passive: true });
const timer = setTimeout(later, PATIENCE);

declare global {
  interface Window {
    /** How long nobody has to touch anything before the rest is loaded, in ms; for measurements. */
    opscapePatience?: number;
    /** Asks for a part of the program that will be needed. */
    opscapePart?: (part: string) => void;
    /** Whether a part that was asked for is still on its way. */
    opscapeWaits?: (part: string) => boolean;
    /** Calls back in a task of its own, after what waits already. */
    opscapeGoOn?: (call: () => void) => void;
  }
}
// What cannot be had now is asked for again when it is needed.
window.opscapePart = (part) => void prefetch(part).catch(() => {});
window.opscapeWaits = (part) => coming.has(part);
window.opscapeGoOn = (call) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    call();
  };
  port2.postMessage(0);
};
