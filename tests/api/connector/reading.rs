//! The files of a folder that are read, and the names of those that are left out.

use std::io::{Cursor, Write};

use reqwest::Method;
use serde_json::json;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{Documents, ids, scan};
use crate::support::{OPERATOR_KEY, TestServer, pdf::pdf, send};

/// A document of Word with this main text.
fn docx(body: &str) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let started = archive.start_file("word/document.xml", options);
    started.expect("a part");
    let xml = format!("<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>");
    archive.write_all(xml.as_bytes()).expect("it is written");
    archive.finish().expect("an archive").into_inner()
}

fn paragraph(text: &str) -> String {
    format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
}

impl Documents {
    fn write_bytes(&self, path: &str, bytes: &[u8]) {
        std::fs::write(self.path().join(path), bytes).expect("it is written");
    }
}

#[tokio::test]
async fn texts_in_other_encodings_and_without_an_ending_are_found() {
    let documents = Documents::of(&[
        ("README", "The readme tells of walnuts."),
        ("src/main.py", "def count_hazelnuts():\n    return 7\n"),
        ("deploy.yaml", "replicas: 3 # almonds\n"),
    ]);
    let utf_16: Vec<u8> = "\u{feff}Die Schlüssel hängen im Büro."
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    documents.write_bytes("büro.txt", &utf_16);
    // "Ключ хранится в подвале, а запасной ключ лежит у соседа." in windows-1251.
    let cyrillic: Vec<u8> = "Ключ хранится в подвале, а запасной ключ лежит у соседа."
        .chars()
        .map(|character| match character {
            'А'..='я' => u8::try_from(u32::from(character) - 0x410 + 0xc0).expect("a byte"),
            other => u8::try_from(other).expect("ASCII"),
        })
        .collect();
    documents.write_bytes("ключ.txt", &cyrillic);
    let server = documents.serve().await;
    for (query, found) in [
        ("walnuts", "README#0"),
        ("hazelnuts", "src/main.py#0"),
        ("almonds", "deploy.yaml#0"),
        ("Wo ist der Schlüssel?", "büro.txt#0"),
        ("подвал", "ключ.txt#0"),
    ] {
        assert_eq!(ids(&server, query).await, [found], "{query}");
    }
    assert_eq!(scan(&server).await.skipped, Default::default());
}

#[tokio::test]
async fn what_is_left_out_is_named() {
    let documents = Documents::of(&[
        ("a.txt", "alpha"),
        ("large.txt", &"beta ".repeat(1_000)),
        ("paper.pdf", "%PDF-1.7"),
        ("picture.png", "png"),
    ]);
    documents.write_bytes("program", b"\x7fELF\x02\x01\x01\0\0\0\0");
    documents.write_bytes("broken.docx", b"PK no archive");
    std::os::unix::fs::symlink("a.txt", documents.path().join("link.txt")).expect("a link");
    let server = TestServer::with(|config| {
        documents.configure(config);
        config.folders.max_file_bytes = 1_000;
    })
    .await;
    let scanned = scan(&server).await;
    let named: Vec<String> = scanned
        .skipped
        .files
        .iter()
        .map(|file| format!("{}: {}", file.path, file.reason))
        .collect();
    insta::assert_snapshot!("left_out", named.join("\n"));
    assert_eq!(scanned.files, 1);
    let request = server.request(Method::GET, "/console/api/folders");
    let shown = send(request.bearer_auth(OPERATOR_KEY)).await.expect(200);
    let shown = shown.json();
    assert_eq!(shown[0]["left_out"].as_array().map(Vec::len), Some(6));
    assert_eq!(
        (&shown[0]["name"], &shown[0]["files"]),
        (&json!("manuals"), &json!(1))
    );
    // Nothing of it is read again until it is another file, and it is still named.
    let again = scan(&server).await;
    assert_eq!((again.indexed, &again.skipped), (0, &scanned.skipped));
    documents.write("program", "gamma now");
    let mended = scan(&server).await;
    assert_eq!(mended.skipped.files.len(), scanned.skipped.files.len() - 1);
    assert_eq!(ids(&server, "gamma").await, ["program#0"]);
}

#[tokio::test]
async fn documents_of_word_are_found() {
    let documents = Documents::of(&[]);
    let body = paragraph("The warranty lasts two years.") + &paragraph("It covers the motor.");
    documents.write_bytes("warranty.docx", &docx(&body));
    let server = documents.serve().await;
    assert_eq!(
        ids(&server, "warranty of the motor").await,
        ["warranty.docx#0"]
    );
}

#[tokio::test]
async fn documents_in_pdf_are_found() {
    let documents = Documents::of(&[
        (
            "pump.pdf",
            &pdf(&["Close the valve.", "Store the gaskets."]),
        ),
        ("scan.PDF", &pdf(&[""])),
    ]);
    let server = documents.serve().await;
    assert_eq!(ids(&server, "gaskets").await, ["pump.pdf#1"]);
    let skipped = scan(&server).await.skipped.files;
    assert_eq!(skipped.len(), 1);
    assert_eq!(
        skipped[0].reason,
        "it is a PDF document without a text layer"
    );
}

/// A small file may ask for any memory and any time: it is left out, and the others are found.
#[tokio::test]
async fn hostile_documents_cost_a_stated_memory_and_time() {
    let documents = Documents::of(&[("a.txt", "alpha")]);
    documents.write_bytes("bomb.docx", &docx(&paragraph(&"a".repeat(60 << 20))));
    documents.write_bytes("endless.docx", &docx(&"<w:p/>".repeat(9 << 20)));
    documents.write_bytes("deep.docx", &docx(&"<w:p>".repeat(100_000)));
    let bomb = pdf(&["a"]).replace("BT ", &"(a)".repeat(3_000_000));
    documents.write_bytes("bomb.pdf", bomb.as_bytes());
    documents.write_bytes("good.docx", &docx(&paragraph("omega")));
    let server = TestServer::with(|config| {
        documents.configure(config);
        config.folders.document_memory_bytes = 32 << 20;
        config.folders.document_seconds = 1;
    })
    .await;
    let scanned = scan(&server).await;
    let named: Vec<String> = scanned
        .skipped
        .files
        .iter()
        .map(|file| format!("{}: {}", file.path, file.reason))
        .collect();
    insta::assert_snapshot!("hostile", named.join("\n"));
    assert_eq!(ids(&server, "alpha").await, ["a.txt#0"]);
    assert_eq!(ids(&server, "omega").await, ["good.docx#0"]);
    assert_eq!(scan(&server).await.indexed, 0);
}
