//! `standin force`.

use crate::support::process::{Ended, output_with};
use crate::support::{Sidecar, sidecar};

const PLANS: &str = "[[stub]]\nname = \"plan\"\nmatch = \"GET /plan\"\n\
    [[stub.scenario]]\nname = \"gold\"\nwhen.header.x-plan = \"gold\"\nbody = \"gold\"\n\
    [[stub.scenario]]\nname = \"plain\"\nbody = \"plain\"\n";

fn run(sidecar: &Sidecar, arguments: &[&str]) -> Ended {
    let admin = sidecar.app().admin().to_string();
    let all = [&["force", "--admin", &admin], arguments].concat();
    output_with(&all, &[], sidecar.dir.path())
}

#[test]
fn a_scenario_is_forced_listed_and_undone_from_the_command_line() {
    let sidecar = sidecar().config(PLANS).start();
    let made = run(&sidecar, &["plan=gold", "--for", "2m", "--count", "9", "-H", "X-User: 7"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(
        made.stdout
            .starts_with("1 mock=\"default\" stub=\"plan\" scenario=\"gold\" if={\"header\":{\"x-user\":\"7\"}}"),
        "{made:?}"
    );
    assert!(made.stdout.contains(" until=\"") && made.stdout.trim_end().ends_with(" left=9"), "{made:?}");
    assert_eq!(sidecar.get("/plan").text(), "plain");
    assert_eq!(sidecar.connect().get_with("/plan", "x-user: 7\r\n").text(), "gold");
    assert_eq!(run(&sidecar, &["--list"]).stdout, made.stdout.replace("left=9", "left=8"));
    let undone = run(&sidecar, &["--undo", "1"]);
    assert_eq!((undone.code, undone.stdout.as_str()), (0, ""));
    assert_eq!(sidecar.connect().get_with("/plan", "x-user: 7\r\n").text(), "plain");
    let off = run(&sidecar, &["--off", "plan"]);
    assert_eq!(off.stdout, "2 mock=\"default\" stub=\"plan\" off\n");
    assert_eq!(sidecar.get("/plan").status, 404);
}

#[test]
fn the_mock_is_found_where_only_one_has_the_stub() {
    let config = format!("mocks = [\"mocks/*.toml\"]\n{PLANS}");
    let own = PLANS.replace("/plan", "/other/plan");
    let sidecar = sidecar()
        .file("mocks/orders.toml", &format!("{own}{}", own.replace("\"plan\"", "\"order\"").replace("/other", "/more")))
        .config(&config)
        .start();
    let made = run(&sidecar, &["order=gold"]);
    assert!(made.stdout.starts_with("1 mock=\"orders\""), "{made:?}");
    assert_eq!(sidecar.get("/more/plan").text(), "gold");
    let unclear = run(&sidecar, &["plan=gold"]);
    assert!(unclear.code == 1 && unclear.stderr.contains("default and orders have a stub `plan`"), "{unclear:?}");
    assert_eq!(run(&sidecar, &["plan=gold", "--mock", "orders"]).code, 0);
    assert_eq!((sidecar.get("/plan").text(), sidecar.get("/other/plan").text()), ("plain".into(), "gold".into()));
    let unknown = run(&sidecar, &["nothing=gold"]);
    assert!(unknown.code == 1 && unknown.stderr.contains("no mock has a stub `nothing`"), "{unknown:?}");
}

#[test]
fn what_is_wrong_is_told_in_words_and_by_the_exit_code() {
    let sidecar = sidecar().config(PLANS).start();
    for (arguments, code, words) in [
        (&["plan"][..], 2, "STUB=SCENARIO"),
        (&["plan=golden"], 1, "did you mean `gold`?"),
        (&["plan=gold", "--for", "2 minutes"], 1, "error[out-of-range]"),
        (&["--undo", "7"], 1, "there is no override `7`"),
        (&[], 2, "STUB=SCENARIO"),
        (&["plan=gold", "--off", "plan"], 2, "cannot be used with"),
        (&["plan=gold", "-H", "x-user"], 2, "NAME: VALUE"),
        (&["plan=gold", "-H", "x-user: 1", "-H", "X-User: 2"], 2, "the header `x-user` stands twice"),
        (&["--list", "--count", "1"], 2, "cannot be used with"),
    ] {
        let ended = run(&sidecar, arguments);
        assert!(ended.code == code && ended.stderr.contains(words), "{arguments:?}: {ended:?}");
    }
    assert_eq!(run(&sidecar, &["--list"]).stdout, "");
}
