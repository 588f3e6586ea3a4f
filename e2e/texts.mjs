// The app's own words, so that a suite finds a button by the name a person reads, in either language.

import { readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./site.mjs";

/** `words("ko")("bar.apply")` is the text of that key. */
export function words(language) {
  const texts = new Map();
  for (const line of readFileSync(path.join(root, `static/texts/${language}.txt`), "utf8").split("\n")) {
    const [, key, text] = /^([\w.-]+) = (.*)$/.exec(line) ?? [];
    if (key) texts.set(key, text);
  }
  return (key) => {
    const text = texts.get(key);
    if (text === undefined) throw new Error(`no text ${key} in ${language}`);
    return text;
  };
}
