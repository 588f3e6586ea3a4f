// A text that is far too large is refused before the editor works on it: CodeMirror and the browser would be busy for
// seconds with what the page then does not read.

import { Prec, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

/** Refuses what would make the text longer than `most` UTF-16 units; `refused` is told how long it would be. */
export function limited(most: number, refused: (length: number) => void): Extension {
  const refuses = (event: Event, view: EditorView, inserted: string | null | undefined): boolean => {
    if (!inserted) return false;
    const { from, to } = view.state.selection.main;
    const length = view.state.doc.length - (to - from) + inserted.length;
    if (length <= most) return false;
    event.preventDefault();
    refused(length);
    return true;
  };
  return Prec.highest(
    EditorView.domEventHandlers({
      paste: (event, view) => refuses(event, view, event.clipboardData?.getData("text/plain")),
      drop: (event, view) => refuses(event, view, event.dataTransfer?.getData("text/plain")),
      beforeinput: (event, view) => refuses(event, view, event.data),
    }),
  );
}
