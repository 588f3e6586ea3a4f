//! CodeMirror, loaded when the text is first touched: a thin bridge to `web/js/editor.ts`.

use std::rc::Rc;

use js_sys::{Array, Function, Object, Promise, Reflect};
use opscape_lab::words::{Lang, text as words};
use opscape_manifest::diagnostic::{Diagnostic, Severity};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Element, HtmlTextAreaElement};

use super::fields;
use super::plain::{LONGEST, cursor_of, has_focus, refuse};
use super::problems::hint;
use crate::session::{Session, TextView};

#[wasm_bindgen]
extern "C" {
    /// `Editor` of editor.ts.
    type JsEditor;
    #[wasm_bindgen(method, js_name = text)]
    fn text(this: &JsEditor) -> String;
    #[wasm_bindgen(method, js_name = setText)]
    fn set_text(this: &JsEditor, text: &str, fresh: bool);
    #[wasm_bindgen(method, js_name = setFindings)]
    fn set_findings(this: &JsEditor, findings: &Array);
    #[wasm_bindgen(method, js_name = setMarks)]
    fn set_marks(this: &JsEditor, marks: &Array);
    #[wasm_bindgen(method, js_name = setWords)]
    fn set_words(this: &JsEditor, words: &JsValue, label: &str);
    #[wasm_bindgen(method)]
    fn reveal(this: &JsEditor, line: u32, column: u32);
    #[wasm_bindgen(method)]
    fn destroy(this: &JsEditor);
}

/// The editor in the page.
pub struct Editor {
    js: JsEditor,
    shown: Rc<TextView>,
    lang: Lang,
    _callbacks: Vec<JsValue>,
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.js.destroy();
    }
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // Setting a property of a fresh plain object cannot fail.
    let _ = Reflect::set(object, &name.into(), value);
}

fn object(fields: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        set(&object, name, value);
    }
    object
}

/// Loads the module and makes an editor in `parent`, with the cursor where it is in the plain field. None: it could not
/// be loaded.
pub async fn load(
    parent: &Element,
    session: &Session,
    lang: Lang,
    field: Option<HtmlTextAreaElement>,
) -> Option<Editor> {
    let window = web_sys::window()?;
    let loader: Function = Reflect::get(&window, &"opscapeEditor".into()).ok()?.dyn_into().ok()?;
    let promise: Promise = loader.call0(&JsValue::NULL).ok()?.dyn_into().ok()?;
    let module = JsFuture::from(promise).await.ok()?;
    let create: Function = Reflect::get(&module, &"createEditor".into()).ok()?.dyn_into().ok()?;
    let view = session.view().text.clone();

    let changed = {
        let session = session.clone();
        Closure::<dyn Fn(String)>::new(move |text: String| session.type_text(&text)).into_js_value()
    };
    let apply = {
        let session = session.clone();
        Closure::<dyn Fn()>::new(move || session.apply()).into_js_value()
    };
    let refused = {
        let session = session.clone();
        Closure::<dyn Fn(f64)>::new(move |length: f64| refuse(&session, length as usize)).into_js_value()
    };
    let moved = Closure::<dyn Fn(u32, u32)>::new(|_: u32, _: u32| {}).into_js_value();
    let complete =
        Closure::<dyn Fn(String, u32) -> JsValue>::new(|text: String, at: u32| complete(&text, at))
            .into_js_value();
    let field_at =
        Closure::<dyn Fn(String, u32) -> JsValue>::new(|text: String, at: u32| field_at(&text, at))
            .into_js_value();
    let about = {
        let session = session.clone();
        Closure::<dyn Fn(String) -> Promise>::new(move |name: String| {
            let (base, lang) = (session.base(), session.lang().tag());
            future_to_promise(async move {
                Ok(fields::about(&base, &name, lang).await.unwrap_or(JsValue::UNDEFINED))
            })
        })
        .into_js_value()
    };
    let ask =
        object(&[("complete", complete.clone()), ("field", field_at.clone()), ("about", about.clone())]);
    let options = object(&[
        ("text", view.text.as_ref().into()),
        ("root", parent.get_root_node().into()),
        ("label", words(lang, "ui.text").into()),
        ("words", phrases(lang)),
        ("changed", changed.clone()),
        ("apply", apply.clone()),
        ("most", (LONGEST as f64).into()),
        ("refused", refused.clone()),
        ("moved", moved.clone()),
        ("ask", ask.into()),
    ]);
    let scroll = field
        .as_ref()
        .and_then(|field| field.closest(".plain-text").ok().flatten())
        .map(|scroll| scroll.scroll_top());
    let js: JsEditor = create.call2(&JsValue::NULL, parent, &options).ok()?.unchecked_into();
    let mut editor = Editor {
        js,
        shown: Rc::default(),
        lang,
        _callbacks: vec![changed, apply, refused, moved, complete, field_at, about],
    };
    // What was typed while it was loading.
    let now = session.view().text.clone();
    if now.text != view.text {
        editor.js.set_text(&now.text, true);
    }
    editor.shown = now.clone();
    editor.decorate(&now, lang);
    if let Some(field) = field.filter(has_focus) {
        let (line, column) = cursor_of(&field);
        editor.js.reveal(line, column);
    }
    if let (Some(top), Some(scroller)) = (scroll, parent.query_selector(".cm-scroller").ok().flatten()) {
        scroller.set_scroll_top(top);
    }
    Some(editor)
}

impl Editor {
    /// Takes in what the page changed.
    pub fn update(&mut self, text: &Rc<TextView>, lang: Lang) {
        if self.lang != lang {
            self.lang = lang;
            self.js.set_words(&phrases(lang), words(lang, "ui.text"));
        }
        if self.shown.replaced != text.replaced || *self.js.text() != *text.text {
            let other_file = self.shown.shown != text.shown;
            self.js.set_text(&text.text, other_file);
        }
        let cited = (self.shown.cited != text.cited).then_some(text.cited).flatten();
        self.shown = text.clone();
        self.decorate(text, lang);
        if let Some((line, _)) = cited {
            self.js.reveal(line, 1);
        }
    }

    fn decorate(&self, text: &TextView, lang: Lang) {
        let before = text.lines_before();
        let lines = text.text.matches('\n').count() as u32 + 1;
        let findings = Array::new();
        for problem in text.problems.iter() {
            let line = problem.span.start.line;
            if line > before && line <= before + lines {
                findings.push(&finding(problem, before, lang));
            }
        }
        self.js.set_findings(&findings);
        let marks = Array::new();
        for line in &text.changed {
            marks.push(
                &object(&[
                    ("line", (*line).into()),
                    ("kind", "changed".into()),
                    ("colour", "var(--r2)".into()),
                ])
                .into(),
            );
        }
        if let Some((line, _)) = text.cited {
            marks.push(&object(&[("line", line.into()), ("kind", "cited".into())]).into());
        }
        self.js.set_marks(&marks);
    }
}

fn finding(problem: &Diagnostic, before: u32, lang: Lang) -> JsValue {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::NotSimulated => "info",
    };
    let place = |object: &Object, span: &opscape_manifest::diagnostic::Span| {
        set(object, "line", &span.start.line.saturating_sub(before).into());
        set(object, "column", &span.start.column.into());
        set(object, "endLine", &span.end.line.saturating_sub(before).into());
        set(object, "endColumn", &span.end.column.into());
    };
    let out = object(&[("severity", severity.into()), ("message", problem.message.as_str().into())]);
    place(&out, &problem.span);
    let words_of = hint(lang, problem);
    if let Some(hint) = &words_of {
        set(&out, "hint", &hint.plain().into());
    }
    if let Some(fix) = &problem.fix {
        let label = words(lang, "ui.mend");
        let mend = object(&[("label", label.into()), ("insert", fix.text.as_str().into())]);
        place(&mend, &fix.span);
        set(&out, "fix", &mend);
    }
    out.into()
}

/// Bytes of a place that is counted in UTF-16 units.
fn byte_of(text: &str, units: u32) -> usize {
    let mut left = units as usize;
    for (at, c) in text.char_indices() {
        if left == 0 {
            return at;
        }
        left = left.saturating_sub(c.len_utf16());
    }
    text.len()
}

fn units_of(text: &str, byte: usize) -> u32 {
    text.get(..byte).map_or(0, |before| before.encode_utf16().count() as u32)
}

fn complete(text: &str, at: u32) -> JsValue {
    let Some(found) = opscape_manifest::complete::complete(text, byte_of(text, at)) else {
        return JsValue::UNDEFINED;
    };
    let choices = Array::new();
    let most = found.choices.len();
    for (index, choice) in found.choices.into_iter().enumerate() {
        // CodeMirror sorts by rank; the order given is the one to show.
        let rank = (99 * (most - index) / most.max(1)) as u32;
        let out = object(&[
            ("label", choice.label.into()),
            ("detail", choice.detail.into()),
            ("rank", rank.into()),
        ]);
        if !choice.about.is_empty() {
            set(&out, "about", &choice.about.into());
        }
        if !choice.insert.is_empty() {
            set(&out, "insert", &choice.insert.into());
        }
        choices.push(&out);
    }
    object(&[("from", units_of(text, found.from).into()), ("choices", choices.into())]).into()
}

fn field_at(text: &str, at: u32) -> JsValue {
    let Some(field) = opscape_manifest::complete::field_at(text, byte_of(text, at)) else {
        return JsValue::UNDEFINED;
    };
    object(&[
        ("from", units_of(text, field.range.start).into()),
        ("to", units_of(text, field.range.end).into()),
        ("path", field.path.as_str().into()),
        ("type", field.holds.as_str().into()),
        ("about", field.about.as_str().into()),
    ])
    .into()
}

/// CodeMirror's own words in Korean.
fn phrases(lang: Lang) -> JsValue {
    if lang == Lang::En {
        return JsValue::UNDEFINED;
    }
    object(
        &[
            ("Find", "찾기"),
            ("Replace", "바꾸기"),
            ("next", "다음"),
            ("previous", "이전"),
            ("all", "모두"),
            ("match case", "대소문자 구분"),
            ("regexp", "정규식"),
            ("by word", "단어 단위"),
            ("replace", "바꾸기"),
            ("replace all", "모두 바꾸기"),
            ("close", "닫기"),
            ("Go to line", "줄로 이동"),
            ("go", "이동"),
            ("Diagnostics", "문제"),
            ("No diagnostics", "문제 없음"),
            ("Completions", "완성 후보"),
        ]
        .map(|(english, korean)| (english, JsValue::from_str(korean))),
    )
    .into()
}
