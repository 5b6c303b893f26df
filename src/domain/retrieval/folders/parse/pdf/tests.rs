use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use proptest::prelude::*;

use super::*;

const FONTS: &str = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> \
    /F2 << /Type /Font /Subtype /Type0 /BaseFont /Own /Encoding /Identity-H /ToUnicode 4 0 R >> >> >>";
/// Characters of the second font: 1 is `λ`, 2 is the ligature of `ffi`.
const CHARACTERS: &str = "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
    /CIDSystemInfo\n<< /Registry (Adobe)\n/Ordering (UCS)\n/Supplement 0\n>> def\n\
    /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
    1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n\
    2 beginbfchar\n<0001> <03BB>\n<0002> <FB03>\nendbfchar\nendcmap\n\
    CMapName currentdict /CMap defineresource pop\nend\nend";

fn stream(dictionary: &str, bytes: &[u8]) -> Vec<u8> {
    let begin = format!("<< {dictionary} /Length {} >> stream\n", bytes.len());
    [begin.as_bytes(), bytes, b"\nendstream"].concat()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("it is written");
    encoder.finish().expect("a stream")
}

/// A document whose pages have these operations.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        Vec::new(),
        b"<< /Title (The  Manual) >>".to_vec(),
        stream("", CHARACTERS.as_bytes()),
    ];
    let mut kids = Vec::new();
    for operations in pages {
        let content = deflate(operations.as_bytes());
        objects.push(stream("/Filter /FlateDecode", &content));
        let page = format!(
            "<< /Type /Page /Parent 2 0 R /Resources {FONTS} /Contents {} 0 R >>",
            objects.len()
        );
        objects.push(page.into_bytes());
        kids.push(format!("{} 0 R", objects.len()));
    }
    let (count, kids) = (kids.len(), kids.join(" "));
    objects[1] = format!("<< /Type /Pages /Count {count} /Kids [{kids}] >>").into_bytes();
    build(&objects)
}

fn build(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(objects) {
        offsets.push(file.len());
        file.extend(format!("{number} 0 obj\n").bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let table = file.len();
    let size = objects.len() + 1;
    file.extend(format!("xref\n0 {size}\n0000000000 65535 f \n").bytes());
    for offset in offsets {
        file.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    let end =
        format!("trailer << /Size {size} /Root 1 0 R /Info 3 0 R >>\nstartxref\n{table}\n%%EOF\n");
    file.extend(end.bytes());
    file
}

fn texts(pages: &[&str]) -> Vec<String> {
    let content = parse_pdf(&pdf(pages)).expect("a document");
    let sections = content.sections.into_iter();
    sections.map(|section| section.text).collect()
}

#[test]
fn pages_with_text_are_sections_with_their_number() {
    let content = parse_pdf(&pdf(&[
        "BT /F1 12 Tf 72 700 Td (Pumps) Tj ET",
        "0 0 m 10 10 l S",
        "BT /F1 12 Tf 72 700 Td (Caf\\351) Tj ET",
    ]));
    let content = content.expect("a document");
    assert_eq!(content.title.as_deref(), Some("The Manual"));
    let pages = content.sections.iter();
    let pages: Vec<_> = pages
        .map(|section| (section.page, section.text.as_str()))
        .collect();
    assert_eq!(pages, [(Some(1), "Pumps\n"), (Some(3), "Café\n")]);
}

#[test]
fn positions_tell_words_lines_and_paragraphs() {
    for (operations, text) in [
        // Gaps of a line, as TeX writes them.
        ("[(A)-20(W)-333(pump)] TJ", "AW pump\n"),
        (
            "(one) Tj 0 -14 Td (two) Tj T* (three) Tj",
            "one\ntwo three\n",
        ),
        ("14 TL (one) Tj (two) ' 0 0 (three) \"", "one\ntwo\nthree\n"),
        ("(one) Tj 0 -40 Td (two) Tj", "one\n\ntwo\n"),
        ("(one) Tj 40 0 Td (two) Tj", "one two\n"),
        (
            "(o) Tj 6 0 Td (n) Tj 6 0 Td (e) Tj 20 0 Td (x) Tj",
            "one x\n",
        ),
        (
            "1 0 0 1 72 500 Tm (one) Tj 1 0 0 1 72 486 Tm (two) Tj",
            "one\ntwo\n",
        ),
        // A raised character does not end its line.
        ("(x) Tj 1 0 0 1 78 704 Tm (2) Tj", "x2\n"),
        ("/F2 12 Tf <00010002> Tj", "λffi\n"),
        // Codes without a character, and fonts that do not exist.
        ("/F2 12 Tf <0001> Tj /F9 12 Tf (secret) Tj", "λ\n"),
        ("/F1 0 Tf (one) Tj 4 0 Td (two) Tj", "one\ntwo\n"),
        (
            "(one) Tj 40 0 Td () Tj /F1 Tf 1 Td (two) Tj 1 Tj [1 [2]] TJ",
            "one two\n",
        ),
    ] {
        let page = format!("BT /F1 12 Tf 72 700 Td {operations} ET");
        assert_eq!(texts(&[&page]), [text], "{operations}");
    }
    // The transformation of the page moves lines too.
    let moved =
        "q 1 0 0 1 72 700 cm BT /F1 12 Tf (one) Tj ET Q q 1 0 0 1 72 686 cm BT (two) Tj ET Q Q Q";
    assert_eq!(texts(&[moved]), ["one\ntwo\n"]);
}

#[test]
fn documents_without_text_give_the_reason() {
    for (bytes, reason) in [
        (b"%PDF-1.7".to_vec(), "it is not a PDF document"),
        (b"PK\x03\x04".to_vec(), "it is not a PDF document"),
        (pdf(&[]), "without a text layer"),
        (pdf(&["0 0 m 10 10 l S"]), "without a text layer"),
        (
            pdf(&[&format!(
                "BT /F1 9 Tf {} ET",
                format!("({}) Tj ", "a".repeat(1 << 20)).repeat(17)
            )]),
            "more than 16777216 bytes of text",
        ),
    ] {
        let given = parse_pdf(&bytes).expect_err("no text");
        assert!(given.contains(reason), "{given}");
    }
}

#[test]
fn circles_and_depth_end() {
    let circle = [
        &b"<< /Type /Catalog /Pages 2 0 R >>"[..],
        b"<< /Type /Pages /Count 9 /Kids [2 0 R 2 0 R 3 0 R] /Parent 2 0 R >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources 5 0 R >>",
        b"[4 0 R 4 0 R]",
        b"5 0 R",
    ];
    assert!(parse_pdf(&build(&circle.map(<[u8]>::to_vec))).is_err());
    for open in ["[", "<<", "(", "<< /A "] {
        let deep = format!("BT /F1 12 Tf (one) Tj {} ET", open.repeat(200_000));
        assert_eq!(texts(&[&deep]), ["one\n"], "{open}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Damaged documents are read, or say why not.
    #[test]
    fn any_document_is_read(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let page = "q 1 0 0 1 0 0 cm BT /F1 12 Tf 9 TL 72 700 Td [(a)-300(b)] TJ T* /F2 9 Tf <00010002> Tj ET Q";
        let mut bytes = pdf(&[page, page]);
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        drop(parse_pdf(&bytes));
        bytes.truncate(cut.index(bytes.len()));
        drop(parse_pdf(&bytes));
    }
}
