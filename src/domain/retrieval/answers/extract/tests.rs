//! Tests of the extractive answerer.

use proptest::prelude::*;

use super::*;

fn source(id: &str, text: &str) -> Source {
    Source {
        id: id.to_owned(),
        fields: vec![("text".to_owned(), text.to_owned())],
        excludes: Vec::new(),
    }
}

fn answer(query: &str, sources: &[Source]) -> Answer {
    extract_answer(&ExtractInput {
        query,
        sources,
        are_search_results: false,
        max_sentences: 3,
        max_words: None,
    })
}

#[test]
fn the_sentence_that_answers_is_told_and_cited() {
    let sources = [
        source(
            "a",
            "Backups run every night. They are kept for 30 days. The cook is nice.",
        ),
        source("b", "The sun shines. Backups run every night."),
    ];
    let found = answer("When do backups run?", &sources);
    assert_eq!(found.text, "Backups run every night.");
    assert_eq!(found.citations[0].document_ids, ["a", "b"]);
    assert_eq!(
        answer("What about penguins?", &sources).text,
        NO_MATCH_ANSWER
    );
    assert_eq!(answer("anything", &[]).citations, []);
}

#[test]
fn an_answer_is_as_long_as_allowed() {
    let sources = [source("a", "One oak here. Two oak there.")];
    let found = extract_answer(&ExtractInput {
        query: "oak",
        sources: &sources,
        are_search_results: false,
        max_sentences: 3,
        max_words: Some(4),
    });
    assert_eq!(
        (found.text.as_str(), found.finish),
        ("One oak here.", FinishReason::MaxTokens)
    );
}

#[test]
fn no_answer_ends_before_what_it_announces() {
    let text = "The reader takes three kinds of files:\n- Markdown\n- HTML\n- CSV\n\nIt is fast.";
    let found = answer(
        "Which kinds of files does the reader take?",
        &[source("a", text)],
    );
    assert_eq!(
        found.text,
        "The reader takes three kinds of files:\n- Markdown\n- HTML\n- CSV"
    );
    let faq = "How long are backups kept?\nThirty days.\n\nWho makes them?\nThe cook.";
    let found = answer("How long are backups kept?", &[source("a", faq)]);
    assert!(found.text.contains("Thirty days."), "{}", found.text);
}

#[test]
fn markup_of_a_connector_is_not_told() {
    let page = "<p>Backups are kept for <em>30&nbsp;days</em>.</p><script>evil()</script>";
    let found = answer("How long are backups kept?", &[source("a", page)]);
    assert_eq!(found.text, "Backups are kept for 30 days.");
    let not_markup = "If a < b and c > d, backups are kept.";
    let found = answer("When are backups kept?", &[source("a", not_markup)]);
    assert_eq!(found.text, not_markup);
}

#[test]
fn words_are_found_by_the_endings_of_their_language() {
    let sources = [
        source(
            "de",
            "Im Keller stehen alte Schränke. Die Häuser am Fluss wurden 1912 gebaut.",
        ),
        source(
            "ru",
            "Кошка спит на диване. Резервные копии хранятся тридцать дней.",
        ),
    ];
    let german = answer("Wann wurde das Haus am Fluss gebaut?", &sources);
    assert_eq!(german.text, "Die Häuser am Fluss wurden 1912 gebaut.");
    let russian = answer("Сколько хранится резервная копия?", &sources);
    assert_eq!(russian.text, "Резервные копии хранятся тридцать дней.");
}

#[test]
fn common_words_of_the_question_find_nothing() {
    let sources = [
        source("a", "The pro plan costs 12 euro."),
        source("b", "Kubernetes: delete the pod."),
    ];
    let found = answer("What is the price of the pro plan?", &sources);
    assert_eq!(found.text, "The pro plan costs 12 euro.");
    let sources = [source("a", "Oil: check the level.")];
    assert_eq!(
        answer("Who is on the team?", &sources).text,
        NO_MATCH_ANSWER
    );
    assert_eq!(
        answer("Wer ist in dem Team?", &[source("a", "Oil in dem Tank.")]).text,
        NO_MATCH_ANSWER
    );
}

#[test]
fn a_long_list_is_found_by_its_lead_in() {
    let steps: Vec<String> = (1..=23)
        .map(|step| format!("{step}. Turn the wheel number {step} to the left side"))
        .collect();
    for lead_in in [
        "To restart the condor service, follow these steps:",
        "How do I restart the condor service?",
    ] {
        let text = format!("{lead_in}\n\n{}", steps.join("\n"));
        assert!(text.len() > 980);
        let sources = [
            source("a", &text),
            source("b", "To restart the falcon service, press restart."),
        ];
        let found = answer("How do I restart the condor service?", &sources);
        assert!(found.text.starts_with(lead_in), "{}", found.text);
        assert!(found.text.contains("\n10. Turn"), "{}", found.text);
        let cited_text = &found.citations[0].text;
        assert!(cited_text.ends_with("to the left side"), "{cited_text}");
    }
}

#[test]
fn what_only_announces_is_no_answer() {
    for text in [
        "To reset the device:",
        "**To reset the device:**",
        "To reset the device:\nReset:\nThe device:\n",
        "To reset the device, follow these steps:\n\n\n# Other chapter",
    ] {
        let found = answer("How do I reset the device?", &[source("a", text)]);
        assert_eq!(found.text, NO_MATCH_ANSWER, "{text}");
    }
    let text = "**To reset the device:**\n\n1. Unplug it\n2. Wait";
    let found = answer("How do I reset the device?", &[source("a", text)]);
    assert_eq!(found.text, text);
}

proptest! {
    /// Offsets of a citation count code points, also with emoji, Chinese and accents: the text
    /// between them is the citation's text.
    #[test]
    fn offsets_count_code_points(texts in prop::collection::vec("([a-zé😀👩‍👧東京都の ]{1,20}[.!?。] ?){1,5}", 1..5), query in "[a-zé東京都]{1,5}") {
        let sources: Vec<Source> = (0..).zip(&texts).map(|(id, text)| source(&format!("{id}"), text)).collect();
        let found = extract_answer(&ExtractInput { query: &query, sources: &sources, are_search_results: true, max_sentences: 4, max_words: None });
        let characters: Vec<char> = found.text.chars().collect();
        for citation in &found.citations {
            let part: String = characters[citation.start..citation.end].iter().collect();
            prop_assert_eq!(&part, &citation.text);
            for id in &citation.document_ids {
                let index: usize = id.parse().expect("an index");
                prop_assert!(texts[index].contains(&part));
            }
        }
    }
}
