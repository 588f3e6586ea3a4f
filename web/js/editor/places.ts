// Lines and columns as the page counts them (from 1, in characters) and positions as CodeMirror counts (UTF-16).

import { Annotation, type Text } from "@codemirror/state";

/** A change that the page made, not the person. */
export const fromPage = Annotation.define<boolean>();

/** The position of a line and column; what lies outside of the text is brought inside. */
export function positionOf(doc: Text, line: number, column: number): number {
  if (line < 1) return 0;
  if (line > doc.lines) return doc.length;
  const { from, text } = doc.line(line);
  let at = 0;
  for (let left = column - 1; left > 0 && at < text.length; left--) {
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return from + at;
}
