//! Writes an invoice as PDF: one page of text.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};

use crate::domain::tenancy::billing::Invoice;

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const FONT: Ref = Ref::new(4);
const TEXT: Ref = Ref::new(5);

/// Size of A4, in points.
const PAGE_WIDTH: f32 = 595.0;
const PAGE_HEIGHT: f32 = 842.0;
/// Distance of the text from the edges and between lines, in points.
const MARGIN: f32 = 72.0;
const LINE_HEIGHT: f32 = 18.0;
const FONT_SIZE: f32 = 11.0;
const FONT_NAME: Name<'static> = Name(b"F1");

/// Returns the PDF of an invoice.
pub fn render(invoice: &Invoice) -> Vec<u8> {
    let mut pdf = Pdf::new();
    pdf.catalog(CATALOG).pages(PAGES);
    pdf.pages(PAGES).kids([PAGE]).count(1);
    let mut page = pdf.page(PAGE);
    page.media_box(Rect::new(0.0, 0.0, PAGE_WIDTH, PAGE_HEIGHT))
        .parent(PAGES)
        .contents(TEXT);
    page.resources().fonts().pair(FONT_NAME, FONT);
    page.finish();
    // A PDF standard font, which every reader has. All text is ASCII.
    pdf.type1_font(FONT).base_font(Name(b"Helvetica"));
    let mut content = Content::new();
    content
        .begin_text()
        .set_font(FONT_NAME, FONT_SIZE)
        .set_leading(LINE_HEIGHT)
        .next_line(MARGIN, PAGE_HEIGHT - MARGIN);
    for line in invoice_lines(invoice) {
        content
            .show(Str(line.as_bytes()))
            .next_line(0.0, -LINE_HEIGHT);
    }
    content.end_text();
    pdf.stream(TEXT, &content.finish());
    pdf.finish()
}

fn invoice_lines(invoice: &Invoice) -> Vec<String> {
    let currency = &invoice.currency;
    let amount = |cents: u64| format!("{currency} {}.{:02}", cents / 100, cents % 100);
    let mut lines = vec![
        format!("Invoice {}", invoice.id),
        format!("Workspace {}", invoice.workspace),
        format!("For {}, made on {}", invoice.month, format_date(invoice.at)),
        String::new(),
    ];
    for line in &invoice.lines {
        lines.push(format!("{}: {}", line.text, amount(line.cents)));
    }
    lines.push(format!("Total: {}", amount(invoice.cents)));
    lines.push(String::new());
    lines.push(match invoice.paid_at {
        Some(at) => format!("Paid on {}", format_date(at)),
        None => "Unpaid".to_owned(),
    });
    lines.push("Payment is simulated: no card was charged, and no money is owed.".to_owned());
    lines
}

fn format_date(at: crate::kernel::Timestamp) -> String {
    at.to_rfc3339_millis().chars().take(10).collect()
}
