//! Reads as much of Rust as the rules need: words and their lines, without comments and literals, and the paths that a
//! file names, `use` trees unfolded.

/// A word, `::`, or one other character.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub line: usize,
    pub text: String,
}

/// A path such as `crate::file::read`, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    pub line: usize,
    pub path: Vec<String>,
    /// How many inline modules it stands in.
    pub depth: usize,
}

/// Splits a source into tokens; comments, text and numbers are left out.
pub fn tokens(source: &str) -> Vec<Token> {
    let text: Vec<char> = source.chars().collect();
    let mut out = Vec::new();
    let (mut at, mut line) = (0, 1);
    let peek = |at: usize| text.get(at).copied().unwrap_or('\0');
    while at < text.len() {
        let start = at;
        match peek(at) {
            '/' if peek(at + 1) == '/' => at = find(&text, at, |c| c == '\n'),
            '/' if peek(at + 1) == '*' => at = after_comment(&text, at),
            '"' => at = after_text(&text, at),
            'r' | 'b' | 'c' if raw_start(&text, at).is_some() => {
                let (quote, hashes) = raw_start(&text, at).unwrap();
                at = hashes.map_or_else(|| after_text(&text, quote), |hashes| after_raw(&text, quote, hashes));
            }
            'b' if peek(at + 1) == '\'' => at = after_char(&text, at + 1),
            '\'' if peek(at + 1) == '\\' || peek(at + 2) == '\'' => at = after_char(&text, at),
            '\'' => at = find(&text, at + 1, |c| !is_word(c)),
            'r' if peek(at + 1) == '#' && is_word(peek(at + 2)) => at += 2,
            c if c.is_ascii_digit() => at = find(&text, at, |c| !is_word(c)),
            c if is_word(c) => {
                at = find(&text, at, |c| !is_word(c));
                out.push(Token { line, text: text[start..at].iter().collect() });
            }
            ':' if peek(at + 1) == ':' => {
                at += 2;
                out.push(Token { line, text: "::".to_owned() });
            }
            c => {
                at += 1;
                if !c.is_whitespace() {
                    out.push(Token { line, text: c.to_string() });
                }
            }
        }
        line += text[start..at].iter().filter(|c| **c == '\n').count();
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn find(text: &[char], from: usize, stop: impl Fn(char) -> bool) -> usize {
    text[from..].iter().position(|c| stop(*c)).map_or(text.len(), |more| from + more)
}

fn after_comment(text: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn after_text(text: &[char], quote: usize) -> usize {
    let mut at = quote + 1;
    while at < text.len() && text[at] != '"' {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

fn after_char(text: &[char], quote: usize) -> usize {
    let first = if text.get(quote + 1) == Some(&'\\') { quote + 3 } else { quote + 2 };
    (find(text, first.min(text.len()), |c| c == '\'') + 1).min(text.len())
}

/// Where the quote of `r"`, `b"`, `br#"` and the like stands, and how many hashes a raw one has.
fn raw_start(text: &[char], at: usize) -> Option<(usize, Option<usize>)> {
    let prefix = find(text, at, |c| !matches!(c, 'r' | 'b' | 'c'));
    if prefix - at > 2 || (at > 0 && is_word(text[at - 1])) {
        return None;
    }
    let is_raw = text[at..prefix].contains(&'r');
    let quote = if is_raw { find(text, prefix, |c| c != '#') } else { prefix };
    (text.get(quote) == Some(&'"')).then_some((quote, is_raw.then_some(quote - prefix)))
}

fn after_raw(text: &[char], quote: usize, hashes: usize) -> usize {
    let mut at = quote + 1;
    while at < text.len() {
        let closes = text[at] == '"' && text[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
        at += 1;
        if closes {
            return at + hashes;
        }
    }
    at
}

/// Every path of more than one word, and every import.
pub fn paths(tokens: &[Token]) -> Vec<Named> {
    let mut out = Vec::new();
    let (mut braces, mut modules) = (0_usize, Vec::new());
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut at = 0;
    while at < tokens.len() {
        match text(at) {
            "mod" if text(at + 2) == "{" => {
                modules.push(braces);
                (braces, at) = (braces + 1, at + 3);
            }
            "use" if text(at + 1) != "<" => at = tree(tokens, at + 1, &[], modules.len(), &mut out),
            "{" => (braces, at) = (braces + 1, at + 1),
            "}" => {
                braces = braces.saturating_sub(1);
                if modules.last() == Some(&braces) {
                    modules.pop();
                }
                at += 1;
            }
            first if starts_word(first) && text(at + 1) == "::" && (at == 0 || text(at - 1) != "::") => {
                let mut named = Named { line: tokens[at].line, path: vec![first.to_owned()], depth: modules.len() };
                at += 1;
                while text(at) == "::" && starts_word(text(at + 1)) {
                    named.path.push(text(at + 1).to_owned());
                    at += 2;
                }
                out.push(named);
            }
            _ => at += 1,
        }
    }
    out
}

fn starts_word(text: &str) -> bool {
    text.starts_with(is_word)
}

/// Unfolds one branch of a `use` tree; yields where it ends.
fn tree(tokens: &[Token], mut at: usize, prefix: &[String], depth: usize, out: &mut Vec<Named>) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut path = prefix.to_vec();
    let line = tokens.get(at).map_or(0, |token| token.line);
    loop {
        match text(at) {
            "::" => at += 1,
            "{" => {
                at += 1;
                while !matches!(text(at), "}" | "") {
                    at = tree(tokens, at, &path, depth, out);
                    at += usize::from(text(at) == ",");
                }
                return at + 1;
            }
            "as" => at += 2,
            word if starts_word(word) || word == "*" => {
                path.push(word.to_owned());
                at += 1;
            }
            _ => {
                out.push(Named { line, path, depth });
                return at;
            }
        }
    }
}
