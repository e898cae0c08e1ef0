//! Problems drawn the way rustc draws them.
//!
//! The renderer reads each text that it is given from its beginning, so it gets the lines that it shows and no others.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::source::{Place, SourceId};
use super::{Problem, Problems, Severity};

/// Places of one file that lie further apart, in lines, are drawn one after the other.
const APART: usize = 500;

/// The longest line that is drawn, bytes.
const LONG: usize = 2_000;

/// What one snippet shows: places of one source that lie close together.
struct Drawing<'a> {
    source: SourceId,
    first: usize,
    last: usize,
    marks: Vec<(Place, &'a str, AnnotationKind)>,
}

impl Problems {
    /// The report as rustc would print it, without the closing count; `colour` for terminals.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut out = String::new();
        for problem in &self.list {
            out.push_str(&renderer.render(&[self.group(problem)]));
            out.push_str("\n\n");
        }
        out
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(problem.title.as_str()).id(problem.code.as_str()));
        match &problem.place {
            Some((place, label)) => {
                for drawing in self.drawings(*place, label, &problem.related) {
                    group = match self.is_too_long(&drawing) {
                        true => self.point(drawing, group),
                        false => group.element(self.draw(drawing)),
                    };
                }
            }
            None => {
                if let Some(file) = &problem.file {
                    group = group.element(Origin::path(file.as_str()));
                }
            }
        }
        match &problem.help {
            Some(help) => group.element(Level::HELP.message(help.as_str())),
            None => group,
        }
    }

    /// One drawing per source, the one of the caret first.
    fn drawings<'a>(&self, place: Place, label: &'a str, related: &'a [(Place, String)]) -> Vec<Drawing<'a>> {
        let mut drawings: Vec<Drawing<'a>> = Vec::new();
        let related = related.iter().map(|(place, text)| (*place, text.as_str(), AnnotationKind::Context));
        for mark in std::iter::once((place, label, AnnotationKind::Primary)).chain(related) {
            let line = self.sources.get(mark.0.source).line_of(mark.0.start);
            let near = drawings.iter_mut().find(|drawing| {
                drawing.source == mark.0.source && line + APART >= drawing.first && line <= drawing.last + APART
            });
            match near {
                Some(drawing) => {
                    drawing.first = drawing.first.min(line);
                    drawing.last = drawing.last.max(line);
                    drawing.marks.push(mark);
                }
                None => drawings.push(Drawing { source: mark.0.source, first: line, last: line, marks: vec![mark] }),
            }
        }
        drawings
    }

    /// Whether one of its lines is longer than a screen: of JSON without line breaks the one line is the file.
    fn is_too_long(&self, drawing: &Drawing<'_>) -> bool {
        let source = self.sources.get(drawing.source);
        let lines = drawing.marks.iter().map(|(place, ..)| source.line_of(place.start));
        lines.into_iter().any(|line| source.excerpt(line, line).0.len() > LONG)
    }

    /// Names the places without their lines.
    fn point<'a>(&'a self, drawing: Drawing<'a>, group: Group<'a>) -> Group<'a> {
        drawing.marks.into_iter().fold(group, |group, (place, label, _)| {
            let (line, column) = self.sources.line_column(place);
            let name = self.sources.get(place.source).name.as_str();
            let group = group.element(Origin::path(name).line(line).char_column(column));
            if label.is_empty() { group } else { group.element(Level::NOTE.message(label)) }
        })
    }

    fn draw<'a>(&'a self, drawing: Drawing<'a>) -> Snippet<'a, Annotation<'a>> {
        let source = self.sources.get(drawing.source);
        let (text, offset) = source.excerpt(drawing.first, drawing.last);
        let mut snippet = Snippet::source(text).path(source.name.as_str()).line_start(drawing.first + 1);
        for (place, label, kind) in drawing.marks {
            let annotation = kind.span(span(text, offset, place));
            snippet = snippet.annotation(if label.is_empty() { annotation } else { annotation.label(label) });
        }
        snippet
    }
}

/// The span inside its text, cut at the end of its first line: a caret under forty lines helps nobody.
fn span(text: &str, offset: usize, place: Place) -> std::ops::Range<usize> {
    let start = (place.start as usize - offset).min(text.len());
    let end = (place.end as usize - offset).clamp(start, text.len());
    let line = text[start..end].find('\n').map_or(end, |at| start + at);
    start..line
}
