//! Documents in PDF.

/// A document with a page for each of these texts.
pub fn pdf(pages: &[&str]) -> String {
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        String::new(),
    ];
    let mut kids = Vec::new();
    for text in pages {
        let operations = format!("BT /F1 12 Tf 72 700 Td ({text}) Tj ET");
        let length = operations.len();
        objects.push(format!(
            "<< /Length {length} >> stream\n{operations}\nendstream"
        ));
        let content = objects.len();
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /Contents {content} 0 R /Resources << /Font << /F1 {font} >> >> >>"
        ));
        kids.push(format!("{} 0 R", objects.len()));
    }
    objects[1] = format!(
        "<< /Type /Pages /Count {} /Kids [{}] >>",
        kids.len(),
        kids.join(" ")
    );
    let mut file = "%PDF-1.7\n".to_owned();
    let mut table = "0000000000 65535 f \n".to_owned();
    for (number, object) in (1..).zip(&objects) {
        table += &format!("{:010} 00000 n \n", file.len());
        file += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let (start, size) = (file.len(), objects.len() + 1);
    file += &format!("xref\n0 {size}\n{table}trailer << /Size {size} /Root 1 0 R >>\n");
    file + &format!("startxref\n{start}\n%%EOF\n")
}
