// The editor: CodeMirror 6 as one module that the page loads when somebody first edits.
//
// It knows nothing of Opscape. The page hands it a text, what is wrong with it, and two questions it may ask back
// (what could stand here, what does this field mean); it hands back the text as it is typed.

import { Compartment, EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

import { appearance } from "./editor/appearance";
import { asking, type Ask } from "./editor/asking";
import { showFindings, type Finding } from "./editor/findings";
import { keys } from "./editor/keys";
import { lineMarks, markLines, type LineMark } from "./editor/line-marks";
import { phrases, type Words } from "./editor/phrases";
import { fromPage, positionOf } from "./editor/places";
import { limited } from "./editor/size";

export interface Options {
  /** The text at first. */
  text: string;
  /** Where styles go: the page, or the shadow root of a widget. */
  root: Document | ShadowRoot;
  /** What a screen reader calls the field. */
  label: string;
  /** CodeMirror's own words in the language of the page; none: English. */
  words?: Words;
  /** The text was changed by the person. */
  changed(text: string): void;
  /** Ctrl/Cmd+Enter. */
  apply(): void;
  /** The longest text that is taken, in UTF-16 units. */
  most: number;
  /** What was pasted, dropped or typed would have made the text this long: it was not taken. */
  refused(length: number): void;
  /** The cursor moved: line and column from 1. */
  moved(line: number, column: number): void;
  ask: Ask;
}

export interface Editor {
  text(): string;
  /** Replaces the text (another file, a restored text); nothing to undo remains if `fresh`. */
  setText(text: string, fresh: boolean): void;
  setFindings(findings: Finding[]): void;
  setMarks(marks: LineMark[]): void;
  setWords(words: Words | undefined, label: string): void;
  /** Puts the cursor on a line (from 1) and brings it into view. */
  reveal(line: number, column: number): void;
  /** Replaces a part of the text, as one step to undo; lines and columns from 1, in characters. */
  replace(line: number, column: number, endLine: number, endColumn: number, insert: string): void;
  focus(): void;
  destroy(): void;
}

/** Makes an editor inside `parent`, which it fills. */
export function createEditor(parent: Element, options: Options): Editor {
  const language = new Compartment();
  const wording = (words: Words | undefined, label: string) => [
    phrases(words),
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", autocapitalize: "off", autocorrect: "off", spellcheck: "false" }),
  ];
  const state = (text: string, words: Words | undefined, label: string) =>
    EditorState.create({
      doc: text,
      extensions: [
        language.of(wording(words, label)),
        limited(options.most, options.refused),
        keys(options.apply),
        appearance,
        lineMarks,
        asking(options.ask),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.transactions.some((change) => change.annotation(fromPage))) {
            options.changed(update.state.doc.toString());
          }
          if (update.selectionSet || update.docChanged) {
            const head = update.state.selection.main.head;
            const line = update.state.doc.lineAt(head);
            options.moved(line.number, [...line.text.slice(0, head - line.from)].length + 1);
          }
        }),
      ],
    });

  let { words, label } = options;
  const view = new EditorView({ state: state(options.text, words, label), parent, root: options.root });

  return {
    text: () => view.state.doc.toString(),
    setText(text, fresh) {
      if (fresh) {
        view.setState(state(text, words, label));
      } else if (text !== view.state.doc.toString()) {
        view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, annotations: fromPage.of(true) });
      }
    },
    setFindings: (list) => showFindings(view, list),
    setMarks: (marks) => view.dispatch({ effects: markLines.of(marks) }),
    setWords(next, nextLabel) {
      [words, label] = [next, nextLabel];
      view.dispatch({ effects: language.reconfigure(wording(words, label)) });
    },
    reveal(line, column) {
      const at = positionOf(view.state.doc, line, column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      view.focus();
    },
    replace(line, column, endLine, endColumn, insert) {
      const { doc } = view.state;
      const from = positionOf(doc, line, column);
      view.dispatch({ changes: { from, to: Math.max(from, positionOf(doc, endLine, endColumn)), insert } });
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
