// CodeMirror's own words (search panel, completion, lint) in the page's language.

import { EditorState, type Extension } from "@codemirror/state";

/** From CodeMirror's English phrase to the page's. */
export type Words = Record<string, string>;

export function phrases(words: Words | undefined): Extension {
  return words ? EditorState.phrases.of(words) : [];
}
