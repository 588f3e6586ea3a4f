//! Reading a query.

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Number(f64),
    /// The sum of the rates (or, with `total`, of the increases) of the series that match.
    Rate {
        selector: Selector,
        total: bool,
    },
    /// A quantile of durations, by its share.
    Quantile(f64, Selector),
    Math(char, Box<Expr>, Box<Expr>),
}

/// `METRIC{label="value", ...}[1m]`
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Selector {
    pub(super) metric: String,
    pub(super) labels: Vec<Matcher>,
    /// Seconds.
    pub(super) span: u32,
}

/// `label="value"`
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Matcher {
    pub(super) label: String,
    /// `=`, `!=`, `=~` or `!~`.
    pub(super) op: &'static str,
    pub(super) value: String,
}

/// Deeper nesting is refused.
const DEEPEST: u32 = 32;

/// Reads a query.
///
/// # Errors
/// What is not understood, and what is.
pub(super) fn parse(text: &str) -> Result<Expr, String> {
    let mut parser = Parser { rest: text.trim(), depth: 0 };
    let expr = parser.sum()?;
    if parser.rest.is_empty() { Ok(expr) } else { Err(parser.unknown()) }
}

struct Parser<'a> {
    rest: &'a str,
    depth: u32,
}

type Parsed = Result<Expr, String>;

impl<'a> Parser<'a> {
    fn unknown(&self) -> String {
        let near: String = self.rest.chars().take(24).collect();
        let near = if near.is_empty() { "its end".to_owned() } else { format!("\"{near}\"") };
        format!(
            "Opscape's Prometheus does not understand this query at {near}; it knows sum(rate(METRIC{{...}}[1m])), histogram_quantile(0.95, sum(rate(METRIC_bucket{{...}}[1m])) by (le)), numbers and + - * /"
        )
    }

    fn skip(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default().trim_start();
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.rest.starts_with(sign);
        if found {
            self.skip(sign.len());
        }
        found
    }

    fn need(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(self.unknown()) }
    }

    fn word(&mut self) -> &'a str {
        let end = self
            .rest
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':')))
            .unwrap_or(self.rest.len());
        let word = self.rest.get(..end).unwrap_or_default();
        self.skip(end);
        word
    }

    fn number(&mut self) -> Option<f64> {
        let end = self
            .rest
            .find(|letter: char| !(letter.is_ascii_digit() || letter == '.'))
            .unwrap_or(self.rest.len());
        let number = self.rest.get(..end)?.parse().ok()?;
        self.skip(end);
        Some(number)
    }

    fn sum(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the query is nested too deeply".to_owned());
        }
        let mut expr = self.product()?;
        loop {
            let sign = if self.take("+") {
                '+'
            } else if self.take("-") {
                '-'
            } else {
                break;
            };
            expr = Expr::Math(sign, Box::new(expr), Box::new(self.product()?));
        }
        self.depth -= 1;
        Ok(expr)
    }

    fn product(&mut self) -> Parsed {
        let mut expr = self.simple()?;
        loop {
            let sign = if self.take("*") {
                '*'
            } else if self.take("/") {
                '/'
            } else {
                return Ok(expr);
            };
            expr = Expr::Math(sign, Box::new(expr), Box::new(self.simple()?));
        }
    }

    fn simple(&mut self) -> Parsed {
        if self.take("(") {
            let expr = self.sum()?;
            self.need(")")?;
            return Ok(expr);
        }
        if let Some(number) = self.number() {
            return Ok(Expr::Number(number));
        }
        let before = self.rest;
        match self.word() {
            "sum" => self.summed().map(|(selector, total)| Expr::Rate { selector, total }),
            "histogram_quantile" => {
                self.need("(")?;
                let share = self.number().ok_or_else(|| self.unknown())?;
                self.need(",")?;
                self.need("sum")?;
                let (selector, _) = self.summed()?;
                self.need(")")?;
                Ok(Expr::Quantile(share, selector))
            }
            _ => {
                self.rest = before;
                Err(self.unknown())
            }
        }
    }

    /// What stands in and around the parentheses of `sum`.
    fn summed(&mut self) -> Result<(Selector, bool), String> {
        self.by()?;
        self.need("(")?;
        let before = self.rest;
        let total = match self.word() {
            "rate" | "irate" => false,
            "increase" => true,
            _ => {
                self.rest = before;
                return Err(self.unknown());
            }
        };
        self.need("(")?;
        let selector = self.selector()?;
        self.need(")")?;
        self.need(")")?;
        self.by()?;
        Ok((selector, total))
    }

    /// `by (le)`: of what Opscape measures there is one series for each sum.
    fn by(&mut self) -> Result<(), String> {
        let named = |rest: &str| {
            let after = rest.strip_prefix("by")?.trim_start();
            after.starts_with('(').then_some(())
        };
        if named(self.rest).is_none() {
            return Ok(());
        }
        self.skip(2);
        self.need("(")?;
        loop {
            if self.word() != "le" {
                return Err("Opscape's Prometheus sums by (le) only, or without by".to_owned());
            }
            if !self.take(",") {
                return self.need(")");
            }
        }
    }

    fn selector(&mut self) -> Result<Selector, String> {
        let mut selector = Selector { metric: self.word().to_owned(), ..Selector::default() };
        if self.take("{") {
            while !self.take("}") {
                let label = self.word().to_owned();
                let op = ["=~", "!~", "!=", "="].into_iter().find(|op| self.take(op));
                let (Some(op), false) = (op, label.is_empty()) else { return Err(self.unknown()) };
                let value = self.text()?;
                selector.labels.push(Matcher { label, op, value });
                if !self.take(",") && !self.rest.starts_with('}') {
                    return Err(self.unknown());
                }
            }
        }
        self.need("[")?;
        let end = self.rest.find(']').ok_or_else(|| self.unknown())?;
        let span = self.rest.get(..end).unwrap_or_default();
        let seconds = opscape_manifest::duration::parse_go(span).map_or(0, |micros| micros / 1_000_000);
        selector.span = u32::try_from(seconds).unwrap_or(0);
        if selector.span == 0 {
            return Err(format!("invalid range [{span}]: write it as [30s] or [1m]"));
        }
        self.skip(end + 1);
        Ok(selector)
    }

    fn text(&mut self) -> Result<String, String> {
        let quote = self.rest.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'));
        let Some(quote) = quote else { return Err(self.unknown()) };
        let inner = self.rest.get(1..).unwrap_or_default();
        let end = inner.find(quote).ok_or_else(|| self.unknown())?;
        let text = inner.get(..end).unwrap_or_default().replace("\\\\", "\\");
        self.skip(end + 2);
        Ok(text)
    }
}
