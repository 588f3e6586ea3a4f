// What could stand here, and what does this mean: asked of the page, shown by CodeMirror.

import { autocompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import { EditorView, hoverTooltip, type Tooltip } from "@codemirror/view";

export interface Choice {
  label: string;
  /** The type of the field, e.g. `int32`. */
  detail?: string;
  /** What is put in, if it is not the label. */
  insert?: string;
  /** The name under which `about` knows it. */
  about?: string;
  /** Higher comes first. */
  rank?: number;
}

export interface Choices {
  /** Start of what a choice replaces: UTF-16 units from the beginning of the text. */
  from: number;
  choices: Choice[];
}

export interface Field {
  /** The part of the text it is about, in UTF-16 units. */
  from: number;
  to: number;
  /** e.g. `spec.strategy.rollingUpdate.maxSurge`. */
  path: string;
  type: string;
  about: string;
  /** e.g. that it is not simulated. */
  note?: string;
}

export interface Ask {
  /** What could stand at this place (UTF-16 units); nothing if there is nothing to offer. */
  complete(text: string, at: number): Choices | undefined;
  /** The field at this place. */
  field(text: string, at: number): Field | undefined;
  /** The documentation of a field, which may have to be loaded. */
  about(name: string): Promise<string | undefined>;
}

export function asking(ask: Ask): Extension {
  return [autocompletion({ override: [(context) => complete(ask, context)], icons: false }), hoverTooltip((view, at) => hover(ask, view, at))];
}

function complete(ask: Ask, context: CompletionContext): CompletionResult | null {
  const found = ask.complete(context.state.doc.toString(), context.pos);
  // Without being asked for, choices come only once a word was begun.
  if (!found || found.choices.length === 0 || (!context.explicit && found.from === context.pos)) return null;
  return { from: found.from, options: found.choices.map((choice) => option(ask, choice)), validFor: /^[\w./-]*$/ };
}

function option(ask: Ask, choice: Choice): Completion {
  const { label, detail, insert, about, rank } = choice;
  return {
    label,
    detail,
    apply: insert,
    boost: rank,
    info: about
      ? async () => {
          const text = await ask.about(about);
          if (!text) return null;
          const dom = document.createElement("div");
          dom.textContent = text;
          return dom;
        }
      : undefined,
  };
}

async function hover(ask: Ask, view: EditorView, at: number): Promise<Tooltip | null> {
  const field = ask.field(view.state.doc.toString(), at);
  if (!field) return null;
  const text = await ask.about(field.about);
  if (!text && !field.note) return null;
  return {
    pos: field.from,
    end: field.to,
    above: true,
    create() {
      const dom = document.createElement("div");
      dom.className = "os-field";
      const line = (className: string, content: string) => {
        const element = document.createElement("div");
        element.className = className;
        element.textContent = content;
        dom.append(element);
      };
      line("os-field-type", `${field.path}  ${field.type}`);
      if (text) line("os-field-doc", text);
      if (field.note) line("os-field-doc", field.note);
      return { dom };
    },
  };
}
