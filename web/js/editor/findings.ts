// What is wrong with the text: underlined where it is, the words on hover, one click to mend it.

import { setDiagnostics, type Diagnostic } from "@codemirror/lint";
import type { EditorView } from "@codemirror/view";

import { positionOf } from "./places";

export interface Finding {
  /** Places: lines and columns from 1, in characters; the end is exclusive. */
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
  severity: "error" | "warning" | "info";
  /** The real system's words. */
  message: string;
  /** Ours. */
  hint?: string;
  fix?: { label: string; line: number; column: number; endLine: number; endColumn: number; insert: string };
}

export function showFindings(view: EditorView, list: Finding[]): void {
  view.dispatch(setDiagnostics(view.state, list.map((finding) => diagnostic(view, finding))));
}

function diagnostic(view: EditorView, finding: Finding): Diagnostic {
  const { doc } = view.state;
  let from = positionOf(doc, finding.line, finding.column);
  let to = Math.max(from, positionOf(doc, finding.endLine, finding.endColumn));
  if (from === to) {
    // Nothing to underline: take the character, or at the end of a line the one before.
    const line = doc.lineAt(from);
    if (to < line.to) to += 1;
    else if (from > line.from) from -= 1;
  }
  const { fix } = finding;
  return {
    from,
    to,
    severity: finding.severity,
    message: finding.hint ? `${finding.message}\n${finding.hint}` : finding.message,
    actions: fix && [
      {
        name: fix.label,
        apply(at) {
          const start = positionOf(at.state.doc, fix.line, fix.column);
          const end = Math.max(start, positionOf(at.state.doc, fix.endLine, fix.endColumn));
          at.dispatch({ changes: { from: start, to: end, insert: fix.insert } });
        },
      },
    ],
  };
}
