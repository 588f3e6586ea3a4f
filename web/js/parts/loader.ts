// The parts of the Wasm besides the main one, which are loaded when they are first needed. How the Wasm is divided is
// said in crates/xtask/src/parts; the build links this into the script that wasm-bindgen writes (web/bundle.mjs).
//
// The main part imports, for each function of another part, a function that this makes up: it loads the part, which puts
// its functions into the slots of the main part's table, and calls what is in the slot then. Whoever knows early that a
// part will be needed asks for it with `prefetch`, so that nobody waits; whoever does not, gets it at once.

import { together } from "./columns.ts";

declare const OPSCAPE_PARTS: Record<string, string>;

type Exports = Record<string, WebAssembly.ExportValue>;
type Code = (...given: unknown[]) => unknown;

let main: Exports | undefined;
const compiled = new Map<string, WebAssembly.Module>();
const asked = new Map<string, Promise<void>>();
const present = new Set<string>();

const address = (part: string): URL => new URL(OPSCAPE_PARTS[part] ?? "", import.meta.url);

/** Fetches and compiles a part, so that it is at hand when it is needed. Trying again after a failure is allowed. */
export function prefetch(part: string): Promise<void> {
  const known = asked.get(part);
  if (known || !(part in OPSCAPE_PARTS)) return known ?? Promise.resolve();
  const coming = (async () => {
    const answer = await fetch(address(part));
    if (!answer.ok) throw new Error(`${address(part).href}: ${answer.status}`);
    compiled.set(part, await WebAssembly.compile(together(new Uint8Array(await answer.arrayBuffer()))));
  })();
  asked.set(part, coming);
  coming.catch(() => asked.delete(part));
  return coming;
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

function need(part: string, slot: number): Exports {
  if (!main) throw new Error("a part of the program was called before the program was there");
  if (!present.has(part)) {
    // Who wonders which function needed it finds the slot in the account of the build (target/xtask/parts.txt).
    performance.mark(`opscape-part:${part}`, { detail: slot });
    new WebAssembly.Instance(compiled.get(part) ?? fetchNow(part), { m: main });
    compiled.delete(part);
    present.add(part);
  }
  return main;
}

/** A name is a slot's number; without one it is the slot after the one before: imports are read in their order. */
function standIns(part: string): WebAssembly.ModuleImports {
  let at = -1;
  return new Proxy<WebAssembly.ModuleImports>({}, {
    get: (_, name): Code => {
      at = name === "" ? at + 1 : parseInt(String(name), 36);
      const slot = at;
      return (...given) => {
        const table = need(part, slot)["~.t0"] as WebAssembly.Table;
        return (table.get(slot) as Code)(...given);
      };
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

/** What the page itself needs before it can begin; a widget needs nothing. */
export const first: Promise<void> =
  document.getElementById("opscape") && "page" in OPSCAPE_PARTS ? prefetch("page").catch(() => {}) : Promise.resolve();

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
  }
}
// What cannot be had now is asked for again when it is needed.
window.opscapePart = (part) => void prefetch(part).catch(() => {});
