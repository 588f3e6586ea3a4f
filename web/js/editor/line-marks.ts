// Marks on whole lines: changed since the last apply (a bar in the revision's colour), and the line an explanation is about.

import { RangeSetBuilder, StateEffect, StateField, type EditorState } from "@codemirror/state";
import { Decoration, EditorView, type DecorationSet } from "@codemirror/view";

export interface LineMark {
  /** From 1. */
  line: number;
  /** `changed`, or `cited` for the line that an explanation points to. */
  kind: "changed" | "cited";
  /** CSS colour of the bar of a changed line. */
  colour?: string;
}

/** Replaces all marks. */
export const markLines = StateEffect.define<LineMark[]>();

function build(state: EditorState, marks: LineMark[]): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  const inOrder = marks.filter((mark) => mark.line >= 1 && mark.line <= state.doc.lines).sort((a, b) => a.line - b.line);
  for (const { line, kind, colour } of inOrder) {
    const { from } = state.doc.line(line);
    const style = colour ? `--os-mark:${colour}` : "";
    builder.add(from, from, Decoration.line({ class: `os-line-${kind}`, attributes: { style } }));
  }
  return builder.finish();
}

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, change) {
    const next = change.effects.find((effect) => effect.is(markLines));
    return next ? build(change.state, next.value as LineMark[]) : marks.map(change.changes);
  },
  provide: (marks) => EditorView.decorations.from(marks),
});

export const lineMarks = [
  field,
  EditorView.baseTheme({
    ".os-line-changed": { boxShadow: "inset 2px 0 0 var(--os-mark, var(--accent))" },
    ".os-line-cited": { backgroundColor: "var(--mark)" },
  }),
];
