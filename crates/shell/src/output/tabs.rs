//! Go's `text/tabwriter`: cells end with a tab; consecutive lines that have a cell in a column share its width.

/// What a writer is made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Least width of a cell with its padding.
    pub least: usize,
    /// Blanks after the widest cell of a column.
    pub padding: usize,
}

/// Of the tables of `kubectl get`.
pub(crate) const TABLE: Style = Style { least: 6, padding: 3 };
/// Of `kubectl describe`.
pub(crate) const DESCRIBE: Style = Style { least: 0, padding: 2 };

/// Aligns a text. `remembered` keeps the widths of the columns of earlier texts (of a watch), where they were wider.
pub(crate) fn align(text: &str, style: Style, remembered: Option<&mut Vec<usize>>) -> String {
    let lines: Vec<Vec<&str>> = text.split('\n').map(|line| line.split('\t').collect()).collect();
    let mut none = Vec::new();
    let keep = remembered.is_some();
    let mut writer = Writer {
        style,
        widths: Vec::new(),
        keep,
        remembered: remembered.unwrap_or(&mut none),
        out: String::new(),
    };
    writer.format(&lines);
    // `split` sees one more, empty line after the last newline.
    writer.out.pop();
    writer.out
}

struct Writer<'a> {
    style: Style,
    widths: Vec<usize>,
    keep: bool,
    remembered: &'a mut Vec<usize>,
    out: String,
}

impl Writer<'_> {
    fn format(&mut self, lines: &[Vec<&str>]) {
        let column = self.widths.len();
        let mut from = 0;
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            if column + 1 >= line.len() {
                at += 1;
                continue;
            }
            self.write(lines.get(from..at).unwrap_or_default());
            from = at;
            let mut width = self.style.least;
            while let Some(cell) =
                lines.get(at).filter(|line| column + 1 < line.len()).and_then(|line| line.get(column))
            {
                width = width.max(cell.chars().count() + self.style.padding);
                at += 1;
            }
            if self.keep {
                if self.remembered.len() <= column {
                    self.remembered.resize(column + 1, 0);
                }
                if let Some(before) = self.remembered.get_mut(column) {
                    width = width.max(*before);
                    *before = width;
                }
            }
            self.widths.push(width);
            self.format(lines.get(from..at).unwrap_or_default());
            self.widths.pop();
            from = at;
        }
        self.write(lines.get(from..).unwrap_or_default());
    }

    fn write(&mut self, lines: &[Vec<&str>]) {
        for line in lines {
            for (at, cell) in line.iter().enumerate() {
                self.out.push_str(cell);
                if let Some(width) = self.widths.get(at) {
                    let blanks = width.saturating_sub(cell.chars().count());
                    self.out.extend(std::iter::repeat_n(' ', blanks));
                }
            }
            self.out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_columns_of_at_least_six() {
        let text = align("a\t0\tx\nbcd\t10\t\n", TABLE, None);
        assert_eq!(text, "a     0     x\nbcd   10    \n");
    }

    #[test]
    fn columns_end_where_a_line_lacks_them() {
        let text =
            align("Name:\tweb\nSelector:\tapp\nPods:\n  a\tb\tc\n  long\tb\tc\nLast:\t1\n", DESCRIBE, None);
        assert_eq!(text, "Name:      web\nSelector:  app\nPods:\n  a     b  c\n  long  b  c\nLast:   1\n");
    }

    #[test]
    fn a_watch_remembers_widths() {
        let mut widths = Vec::new();
        assert_eq!(align("name-of-pod\t1\n", TABLE, Some(&mut widths)), "name-of-pod   1\n");
        assert_eq!(align("p\t1\n", TABLE, Some(&mut widths)), "p             1\n");
    }
}
