//! Questions in nine languages over documents of several kinds: how many the extractive answerer answers,
//! and how well folders are searched. The documents and `questions.tsv` (question, document, what the
//! answer must hold) are beside this file.

use std::collections::{HashMap, HashSet};

use parlance::{
    domain::retrieval::folders::{self, FolderSettings},
    kernel::Secret,
};
use serde_json::{Value, json};

use super::chat::chat;
use crate::support::{TestServer, send};
use reqwest::Method;

const QUESTIONS: &str = include_str!("questions/questions.tsv");
const TOKEN: &str = "token-of-the-questions";

struct Question {
    text: &'static str,
    path: &'static str,
    answer: &'static str,
}

fn questions() -> Vec<Question> {
    let questions = QUESTIONS.lines().map(|line| {
        let mut parts = line.split('\t');
        let mut part = || parts.next().expect("three columns");
        Question {
            text: part(),
            path: part(),
            answer: part(),
        }
    });
    questions.collect()
}

async fn server() -> TestServer {
    let documents = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/api/cohere/questions/documents"
    );
    let server = TestServer::with(|config| {
        config.connectors.folder = vec![FolderSettings {
            name: "all".to_owned(),
            path: documents.into(),
            token: Some(Secret::new(TOKEN)),
        }];
    })
    .await;
    let scanned = folders::scan(server.server().app(), "all").await;
    let scanned = scanned.expect("it is scanned");
    assert_eq!(scanned.skipped, Default::default());
    server
}

/// The passages that are found, each as its file and its text.
async fn search(server: &TestServer, query: &str) -> Vec<(String, String)> {
    let request = server
        .request(Method::POST, "/folders/all/search")
        .bearer_auth(TOKEN);
    let answer = send(request.json(&json!({"query": query}))).await;
    let answer = answer.expect(200).json();
    let results = answer["results"].as_array().expect("results").iter();
    results
        .map(|result| (text(&result["path"]), text(&result["text"])))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Text as it is compared: spaces and breaks are alike.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_hit(question: &Question, found: &[(String, String)]) -> bool {
    found
        .iter()
        .take(5)
        .any(|(path, text)| path == question.path && plain(text).contains(question.answer))
}

/// `BM25Okapi` of the Python package rank_bm25 0.2.2, with its defaults, over words in lower case.
struct Okapi {
    documents: Vec<HashMap<String, f64>>,
    lengths: Vec<f64>,
    idf: HashMap<String, f64>,
}

fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

impl Okapi {
    fn of(texts: &[String]) -> Self {
        let mut counts: HashMap<String, f64> = HashMap::new();
        let mut documents = Vec::new();
        let mut lengths = Vec::new();
        for text in texts {
            let mut frequencies: HashMap<String, f64> = HashMap::new();
            let words = words(text);
            lengths.push(words.len() as f64);
            for word in words {
                *frequencies.entry(word).or_default() += 1.0;
            }
            for word in frequencies.keys() {
                *counts.entry(word.clone()).or_default() += 1.0;
            }
            documents.push(frequencies);
        }
        let all = texts.len() as f64;
        let mut idf: HashMap<String, f64> = counts
            .into_iter()
            .map(|(word, count)| (word, (all - count + 0.5).ln() - (count + 0.5).ln()))
            .collect();
        let average = idf.values().sum::<f64>() / idf.len() as f64;
        for value in idf.values_mut().filter(|value| **value < 0.0) {
            *value = 0.25 * average;
        }
        Self {
            documents,
            lengths,
            idf,
        }
    }

    fn best(&self, query: &str) -> Vec<usize> {
        let (k1, b) = (1.5, 0.75);
        let average = self.lengths.iter().sum::<f64>() / self.lengths.len() as f64;
        let query = words(query);
        let score = |index: usize| -> f64 {
            let length = k1 * (1.0 - b + b * self.lengths[index] / average);
            let of = |word: &String| {
                let frequency = self.documents[index].get(word).copied().unwrap_or(0.0);
                let idf = self.idf.get(word).copied().unwrap_or(0.0);
                idf * frequency * (k1 + 1.0) / (frequency + length)
            };
            query.iter().map(of).sum()
        };
        let mut order: Vec<usize> = (0..self.documents.len()).collect();
        order.sort_by(|a, b| score(*b).total_cmp(&score(*a)));
        order
    }
}

/// Every passage of the folder: its file, its title and its text.
fn passages(server: &TestServer) -> Vec<[String; 3]> {
    let read = server.server().app().store().read(|conn| {
        let mut statement = conn.prepare(
            "SELECT f.path, p.title, p.text FROM folder_passages AS p
             JOIN folder_files AS f ON f.seq = p.file_seq ORDER BY p.seq",
        )?;
        let rows = statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    });
    read.expect("passages")
}

#[tokio::test]
async fn extractive_answers_hold_what_is_asked_for() {
    let server = server().await;
    let listed = server.cohere(Method::GET, "/connectors", None).await;
    let id = text(&listed.expect(200).json()["connectors"][0]["id"]);
    let questions = questions();
    let documents: HashSet<&str> = questions.iter().map(|question| question.path).collect();
    assert!(questions.len() >= 60 && documents.len() >= 10);
    let mut missed = Vec::new();
    for question in &questions {
        let body = json!({"message": question.text, "connectors": [{"id": id}]});
        let answer = text(&chat(&server, body).await.expect(200).json()["text"]);
        assert!(
            !answer.trim_end().ends_with(':'),
            "{} {answer}",
            question.text
        );
        if !plain(&answer).contains(question.answer) {
            missed.push(format!("{} -> {answer}", question.text));
        }
    }
    let answered = questions.len() - missed.len();
    println!("{answered} of {} are answered", questions.len());
    assert!(
        answered * 100 >= questions.len() * 75,
        "{answered} of {}: {missed:#?}",
        questions.len()
    );
}

#[tokio::test]
async fn folders_are_searched_as_well_as_by_rank_bm25() {
    let server = server().await;
    let passages = passages(&server);
    let texts: Vec<String> = passages
        .iter()
        .map(|[_, title, text]| format!("{title} {text}"))
        .collect();
    let okapi = Okapi::of(&texts);
    let (mut ours, mut theirs) = (0, 0);
    let mut missed = Vec::new();
    for question in questions() {
        let is_ours = is_hit(&question, &search(&server, question.text).await);
        let best: Vec<(String, String)> = okapi
            .best(question.text)
            .into_iter()
            .take(5)
            .map(|index| (passages[index][0].clone(), passages[index][2].clone()))
            .collect();
        ours += usize::from(is_ours);
        theirs += usize::from(is_hit(&question, &best));
        if !is_ours {
            missed.push(question.text);
        }
    }
    println!(
        "hit@5: {ours}, by rank_bm25 {theirs}, of {}",
        questions().len()
    );
    assert!(ours >= theirs, "{ours} and {theirs}: {missed:#?}");
}
