use super::super::MockFile;
use super::super::read::{Origin, Unread, parse};
use super::*;
use crate::problem::{Problem, Sources};

/// All that a reading comes to, as text.
fn told(file: MockFile, place: Option<Place>, stubs: Vec<At<StubTable>>, problems: &[Problem]) -> String {
    let rest = MockFile { stub: None, ..file };
    let mut problems: Vec<_> = problems.iter().map(|problem| format!("{problem:?}")).collect();
    problems.sort();
    format!("{rest:?}\n{place:?}\n{stubs:#?}\n{problems:#?}")
}

fn as_a_whole(text: &str) -> (String, Unread) {
    let (mut problems, mut unread) = (Vec::new(), Unread::default());
    let source = Sources::default().add("x", text);
    let mut file: MockFile = parse(&mut Reader::new(source, text, Origin::File, &mut problems, &mut unread));
    let mut reader = Reader::new(source, text, Origin::File, &mut problems, &mut unread);
    let place = file.stub.as_ref().map(|stubs| stubs.place);
    let stubs = file.stub.take().map(|stubs| stubs.value).unwrap_or_default().next(&mut reader);
    let stubs = stubs.unwrap().unwrap_or_default();
    (told(file, place, stubs, &problems), unread)
}

fn in_pieces(text: &str, size: usize) -> Option<(String, Unread)> {
    let (mut problems, mut unread) = (Vec::new(), Unread::default());
    let source = Sources::default().add("x", text);
    let mut reader = Reader::new(source, text, Origin::File, &mut problems, &mut unread);
    let mut file: MockFile = cut(&mut reader, size)?;
    let At { value: mut later, place } = file.stub.take()?;
    let mut stubs = Vec::new();
    while let Some(more) = later.next(&mut reader).ok()? {
        stubs.extend(more);
    }
    Some((told(file, Some(place), stubs, &problems), unread))
}

/// Pieces of any size say the same as the whole; says whether the text can be cut at all.
fn same(text: &str) -> bool {
    let whole = as_a_whole(text);
    let pieces: Vec<_> = [0, 60, 1000].into_iter().filter_map(|size| in_pieces(text, size)).collect();
    for pieces in &pieces {
        assert_eq!(*pieces, whole, "{text}");
    }
    !pieces.is_empty()
}

#[test]
fn pieces_say_what_the_whole_says() {
    for text in [
        "name = 'm'\n[[stub]]\nmatch = 'GET /a'\njson = { a = 1 }\n[[stub]]\nmatch = 'GET /b'\n[[stub.scenario]]\n\
         status = 201\n[stub.scenario.headers]\nx = '1'\n",
        "[[stub]]\nmatch = 7\nnonsense = 1\n\n[[stub]] # the second\nstatus = 'x'\n[[stub.scenario]]\n\
         when.query.a = { lt = 'x', no = 1 }",
        "base_path = '/x'\n[[server_stub]]\nname = 's'\nstatus = 503\n[[stub]]\r\nmatch = 'GET /\u{e9}'\r\n[[stub]]\r\n\
         match = 'GET /b'\r\n",
        "[[stub]]\nmatch = 'GET /a'\nbody = '''\n [[stub]]\n'''\n[[stub]]\nmatch = 'GET /b'\n[[ stub ]]\n",
    ] {
        assert!(same(text), "{text}");
    }
}

#[test]
fn the_mistakes_of_the_reports_are_found_in_pieces_too() {
    let mut cut = 0;
    let cases = ["codes", "files"].into_iter().flat_map(|folder| {
        let folder = format!("{}/tests/config_errors/{folder}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())
    });
    for path in cases.filter(|path| path.extension().is_some_and(|extension| extension == "case")) {
        let case = std::fs::read_to_string(path).unwrap();
        for text in case.split("\n-- ").map(|file| file.split_once('\n').map_or("", |(_, text)| text)) {
            cut += usize::from(same(text));
            mistaken(text);
        }
    }
    assert!(cut >= 50, "{cut} of them have stubs");
}

/// The problems of a text of which sound pieces are read by themselves; nothing where the rest has none.
fn mistakes(text: &str, size: usize) -> Option<Vec<String>> {
    let (mut problems, mut unread) = (Vec::new(), Unread::default());
    let source = Sources::default().add("x", text);
    let (rest, sound) = apart(text, source, size);
    assert_eq!(rest.len(), text.len());
    let mut reader = Reader::new(source, &rest, Origin::File, &mut problems, &mut unread);
    let file: MockFile = parse_rest(sound, &mut reader);
    if problems.is_empty() {
        return None;
    }
    let mut reader = Reader::new(source, text, Origin::File, &mut problems, &mut unread);
    let mut stubs = file.stub.map(|stubs| stubs.value).unwrap_or_default();
    while stubs.next(&mut reader).unwrap().is_some() {}
    Some(sorted(&problems))
}

fn sorted(problems: &[Problem]) -> Vec<String> {
    let mut problems: Vec<_> = problems.iter().map(|problem| format!("{problem:?}")).collect();
    problems.sort();
    problems
}

/// Without its sound pieces a text has the same mistakes, in the same places; says whether there are some.
fn mistaken(text: &str) -> bool {
    let (mut problems, mut unread) = (Vec::new(), Unread::default());
    let source = Sources::default().add("x", text);
    let _: MockFile = parse(&mut Reader::new(source, text, Origin::File, &mut problems, &mut unread));
    let found: Vec<_> = [0, 60, 1000].into_iter().filter_map(|size| mistakes(text, size)).collect();
    for found in &found {
        assert_eq!(*found, sorted(&problems), "{text}");
    }
    !found.is_empty()
}

#[test]
fn mistakes_are_found_without_the_sound_pieces() {
    let sound = "[[stub]]\nmatch = 'GET /\u{e9}'\njson = { a = [1, 2] }\n";
    for odd in [
        "[[stub]]\nmatch = \n",
        "[[stub]]\nmatch = 'GET /a\n",
        "[[stub]]\nmatch = 'GET /a'\nmatch = 'GET /a'\n",
        "[[stub]]\nmatch = 'GET /a'\njson = { a = ,\n",
        "[[stub]\nmatch = 'GET /a'\n",
        "[[sutb]]\nmatch = 'GET /a'\n",
        "[proxy]\nlane = false\n",
    ] {
        assert!(mistaken(&format!("{sound}{sound}{odd}{sound}status = 'x'\n{sound}")), "{odd}");
        assert!(mistaken(&format!("name = 'm'\n{odd}{sound}{sound}")), "{odd}");
        assert!(mistaken(&format!("nam = 'm'\n{sound}{sound}{sound}{odd}")), "{odd}");
    }
}

#[test]
fn what_is_no_stub_by_itself_is_read_as_a_whole() {
    for text in [
        "",
        "name = 'm'",
        "[[stub]]\nmatch = 'GET /a'\n[[server_stub]]\nname = 's'\n",
        "[[ stub ]]\nmatch = 'GET /a'\n[[stub]]\nmatch = 'GET /b'\n",
        "stub = [{ match = 'GET /a' }]\n[[stub]]\nmatch = 'GET /b'\n",
        "[[stub]]\nmatch = 'GET /a'\nbody = '''\n[[stub]]\n'''\n",
        "[[stub]]\nmatch = 'GET /a'\nmatch = 'GET /b'\n[[stub]]\nmatch = 'GET /c'\n",
        "[[stub]]\nmatch = \n[[stub]]\nmatch = 'GET /c'\n",
        "name =\n[[stub]]\nmatch = 'GET /c'\n",
    ] {
        assert_eq!(in_pieces(text, 0), None, "{text}");
    }
}
