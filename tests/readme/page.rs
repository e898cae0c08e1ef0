//! The README taken apart: headings, fenced blocks and tables, each with its line.

use std::collections::BTreeSet;

use crate::support::root;

pub struct Page {
    pub headings: Vec<Heading>,
    pub fences: Vec<Fence>,
    pub tables: Vec<Table>,
    /// Everything outside fenced blocks.
    pub prose: String,
}

pub struct Heading {
    pub line: usize,
    pub title: String,
}

/// A fenced block. The words behind the first one say what a test does with it.
#[derive(Clone)]
pub struct Fence {
    pub line: usize,
    pub info: Vec<String>,
    pub text: String,
}

pub struct Table {
    /// The heading above it.
    pub heading: String,
    /// The last line of text above it.
    pub intro: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Page {
    pub fn read() -> Page {
        let text = std::fs::read_to_string(root().join("README.md")).unwrap();
        let mut page = Page { headings: Vec::new(), fences: Vec::new(), tables: Vec::new(), prose: String::new() };
        let mut open: Option<Fence> = None;
        let mut intro = String::new();
        let mut in_table = false;
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(mut fence) = open.take() {
                if line == "```" {
                    page.fences.push(fence);
                } else {
                    fence.text.push_str(&format!("{line}\n"));
                    open = Some(fence);
                }
                continue;
            }
            if let Some(info) = line.strip_prefix("```") {
                let info = info.split_whitespace().map(str::to_owned).collect();
                open = Some(Fence { line: number, info, text: String::new() });
                continue;
            }
            page.prose.push_str(&format!("{line}\n"));
            if line.starts_with('#') {
                page.headings.push(Heading { line: number, title: line.trim_start_matches('#').trim().to_owned() });
                intro.clear();
            } else if line.starts_with('|') {
                page.row(number, line, &intro, in_table);
            } else if !line.is_empty() {
                intro = line.to_owned();
            }
            in_table = line.starts_with('|');
        }
        assert!(open.is_none(), "a fenced block is not closed");
        page
    }

    fn row(&mut self, line: usize, text: &str, intro: &str, in_table: bool) {
        let inner = text.strip_prefix('|').and_then(|text| text.strip_suffix('|')).expect("a row ends as it begins");
        let cells: Vec<String> = inner.split('|').map(|cell| cell.trim().to_owned()).collect();
        if !in_table {
            let heading = self.headings.last().map_or(String::new(), |heading| heading.title.clone());
            self.tables.push(Table { heading, intro: intro.to_owned(), columns: cells, rows: Vec::new() });
        } else if !text.starts_with("|--") {
            let table = self.tables.last_mut().unwrap();
            assert_eq!(cells.len(), table.columns.len(), "line {line}: a row has as many cells as its table");
            table.rows.push(cells);
        }
    }

    /// The table below a heading whose text above it contains `intro`.
    pub fn table(&self, heading: &str, intro: &str) -> &Table {
        let found = self.tables.iter().find(|table| table.heading == heading && table.intro.contains(intro));
        found.unwrap_or_else(|| panic!("there is no table below {heading:?} with {intro:?} above it"))
    }

    /// Everything that stands in backquotes.
    pub fn code(&self) -> BTreeSet<String> {
        code(&self.prose).into_iter().collect()
    }
}

impl Table {
    /// The code spans of the first column.
    pub fn names(&self) -> Vec<String> {
        self.rows.iter().flat_map(|row| code(&row[0])).collect()
    }

    /// The row of a name, by the columns' titles.
    pub fn cell(&self, name: &str, column: &str) -> Option<&str> {
        let row = self.rows.iter().find(|row| code(&row[0]).iter().any(|own| own == name))?;
        let at = self.columns.iter().position(|title| title == column)?;
        Some(&row[at])
    }

    /// First and last column, without backquotes in the first.
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.rows.iter().map(|row| (row[0].replace('`', ""), row[row.len() - 1].clone())).collect()
    }
}

/// The code spans of a text.
pub fn code(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The anchor that GitHub gives a heading.
pub fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}
