//! Parses Markdown.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Content, builder::SectionBuilder};

/// Parses Markdown within the parser limits.
pub(super) fn parse_markdown(text: &str) -> Content {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut built = SectionBuilder::default();
    let mut heading: Option<String> = None;
    let mut metadata = false;
    let mut lists = 0_usize;
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let heading = heading.take().unwrap_or_default();
                built.start_section(heading.trim().to_owned());
            }
            Event::Start(Tag::MetadataBlock(_)) => metadata = true,
            Event::End(TagEnd::MetadataBlock(_)) => metadata = false,
            Event::Text(text) if metadata => {
                built.content.title = built.content.title.or_else(|| front_matter_title(&text));
            }
            Event::Text(text) | Event::Code(text) => match &mut heading {
                Some(heading) => heading.push_str(&text),
                None => built.text.push_str(&text),
            },
            Event::SoftBreak => built.text.push(' '),
            Event::Start(Tag::List(_)) => {
                lists += 1;
                built.end_line();
            }
            Event::End(TagEnd::List(_)) => {
                lists = lists.saturating_sub(1);
                if lists == 0 {
                    built.end_block();
                }
            }
            Event::End(TagEnd::Paragraph | TagEnd::CodeBlock) if lists == 0 => built.end_block(),
            Event::Rule | Event::End(TagEnd::Table) => built.end_block(),
            Event::HardBreak
            | Event::End(
                TagEnd::Paragraph
                | TagEnd::Item
                | TagEnd::CodeBlock
                | TagEnd::TableRow
                | TagEnd::TableHead,
            ) => built.end_line(),
            Event::End(TagEnd::TableCell) => built.text.push_str(" | "),
            _ => {}
        }
    }
    built.finish()
}

/// Returns the `title:` of a front matter.
fn front_matter_title(text: &str) -> Option<String> {
    let title = text.lines().find_map(|line| line.strip_prefix("title:"))?;
    let title = title.trim().trim_matches(['"', '\'']);
    (!title.is_empty()).then(|| title.to_owned())
}
