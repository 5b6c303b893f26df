//! The README's tour is run as it stands.

use std::process::Command;

use crate::support::Program;

/// The shell lines of the README's tour.
fn tour() -> String {
    let readme = include_str!("../../README.md");
    let tour = readme
        .split("<!-- tour -->")
        .nth(1)
        .expect("the README has a tour");
    let mut inside = false;
    let mut lines = Vec::new();
    for line in tour.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => lines.push(line),
            _ => {}
        }
    }
    assert!(lines.len() > 5, "the tour has lines to run");
    lines.join("\n")
}

#[test]
fn the_tour_works() {
    let mut program = Program::new();
    program.serve(&[
        ("PARLANCE_BOOTSTRAP__ALOOCHAT_KEY", "aloo_tour_key_1"),
        ("PARLANCE_BOOTSTRAP__ADA_KEY", "ada_tour_key_1"),
        ("PARLANCE_BOOTSTRAP__COHERE_KEY", "co_tour_key_1"),
        ("PARLANCE_BOOTSTRAP__BOTPRESS_PAT", "bp_pat_tour_key_1"),
    ]);
    let script = tour()
        .replace("http://127.0.0.1:4600", program.url())
        .replace("aloo_YOUR_KEY", "aloo_tour_key_1")
        .replace("ada_YOUR_KEY", "ada_tour_key_1")
        .replace("co_YOUR_KEY", "co_tour_key_1")
        .replace("bp_pat_YOUR_TOKEN", "bp_pat_tour_key_1")
        .replace("curl ", "curl --fail-with-body -sS ");
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(program.directory.path())
        .output()
        .expect("bash and curl are there");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}\n{script}");
    assert!(
        stdout.contains("\"shop_domain\":\"mystore.myshopify.com\""),
        "{stdout}"
    );
    assert!(stdout.contains("Integration deleted"), "{stdout}");
    assert!(stdout.contains("\"plan\":\"pro\""), "{stdout}");
    assert!(stdout.contains("\"status\":\"queued\""), "{stdout}");
    assert!(stdout.contains("\"total_count\":1"), "{stdout}");
    assert!(stdout.contains("&code_challenge_method=S256"), "{stdout}");
    assert!(stdout.contains("\"name\":\"Ann\""), "{stdout}");
    assert!(!stdout.contains("s-77aa"), "no secret is shown: {stdout}");
    assert!(
        !stdout.contains("s-5f0e"),
        "sensitive metadata is not shown: {stdout}"
    );
    assert!(
        !stdout.contains("shpat_"),
        "the secret is left out: {stdout}"
    );
}
