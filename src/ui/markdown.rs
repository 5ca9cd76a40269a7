//! A reply's Markdown as HTML that can do nothing: no markup but what is written here.
//!
//! The model's text is hostile input. Raw HTML is shown as text, links lead to http, https and
//! mailto only, images become links, and no `style` or event attribute is ever written. The result
//! is a list of top-level blocks, so that the page replaces only the block that is still growing.

use pulldown_cmark::{Alignment, CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::formulas::{Formula, Piece, extract, pieces};
use super::maths;
use super::words::t;

/// The blocks of `source`, each as HTML.
pub fn blocks(source: &str) -> Vec<String> {
    let (text, formulas) = extract(source, true);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut writer = Writer::new(&formulas);
    let (mut blocks, mut depth) = (Vec::new(), 0_usize);
    for event in Parser::new_ext(&text, options) {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        writer.event(event);
        if depth == 0 {
            blocks.push(std::mem::take(&mut writer.out));
        }
    }
    blocks
}

/// The blocks of a thought: its lines as they were written, with formulas, and no other markup. A
/// thought is working-out, in which `2*3*4` and `1. ` mean what they say.
pub fn plain_blocks(source: &str) -> Vec<String> {
    let (text, formulas) = extract(source, false);
    text.split("\n\n")
        .map(|block| block.trim_matches('\n'))
        .filter(|block| !block.trim().is_empty())
        .map(|block| {
            let mut writer = Writer::new(&formulas);
            writer.put("<p>");
            for (index, line) in block.lines().enumerate() {
                if index > 0 {
                    writer.put("<br>");
                }
                writer.text(line);
            }
            writer.put("</p>");
            writer.out
        })
        .collect()
}

/// Text as HTML text or attribute value.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// Whether a link may be followed: an absolute address with one of three schemes.
fn is_safe_link(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    ["https://", "http://", "mailto:"].iter().any(|scheme| url.starts_with(scheme))
        && !url.chars().any(|c| c.is_control() || c.is_whitespace())
}

struct Writer<'a> {
    formulas: &'a [Formula],
    out: String,
    /// For each open link or image: whether an `<a>` was written.
    links: Vec<bool>,
    columns: Vec<Alignment>,
    column: usize,
    in_head: bool,
    in_code: bool,
}

impl<'a> Writer<'a> {
    fn new(formulas: &'a [Formula]) -> Self {
        Self {
            formulas,
            out: String::new(),
            links: Vec::new(),
            columns: Vec::new(),
            column: 0,
            in_head: false,
            in_code: false,
        }
    }

    fn put(&mut self, html: &str) {
        self.out.push_str(html);
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Code(code) => {
                let code = escape(&self.with_sources(&code));
                self.put(&format!("<code>{code}</code>"));
            }
            Event::Text(text) => self.text(&text),
            // Raw HTML is text like any other.
            Event::Html(html) | Event::InlineHtml(html) => self.text(&html),
            Event::SoftBreak | Event::HardBreak => self.put("<br>"),
            Event::Rule => self.put("<hr>"),
            // Not asked of the parser; if they came they would be text.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text);
            }
            Event::TaskListMarker(done) => self.put(if done { "☑ " } else { "☐ " }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.put("<p>"),
            // The page's own headings are levels 1 and 2.
            Tag::Heading { level, .. } => self.put(&format!("<h{}>", (level as usize + 2).min(6))),
            Tag::BlockQuote(_) => self.put("<blockquote>"),
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => {
                        escape(self.with_sources(&info).split_whitespace().next().unwrap_or(""))
                    }
                    CodeBlockKind::Indented => String::new(),
                };
                self.in_code = true;
                let copy = escape(&t!("page-code-copy"));
                self.put(&format!(
                    "<figure class=\"code\" dir=\"ltr\"><figcaption><span>{language}</span>\
                     <button type=\"button\" class=\"copy-code\">{copy}</button></figcaption>\
                     <pre tabindex=\"0\"><code>"
                ));
            }
            Tag::List(Some(1)) => self.put("<ol>"),
            Tag::List(Some(first)) => self.put(&format!("<ol start=\"{first}\">")),
            Tag::List(None) => self.put("<ul>"),
            Tag::Item => self.put("<li>"),
            Tag::Table(columns) => {
                self.columns = columns;
                let table = escape(&t!("page-table"));
                self.put(&format!(
                    "<div class=\"table-scroll\" role=\"region\" aria-label=\"{table}\" tabindex=\"0\"><table>"
                ));
            }
            Tag::TableHead => {
                self.in_head = true;
                self.column = 0;
                self.put("<thead><tr>");
            }
            Tag::TableRow => {
                self.column = 0;
                self.put("<tr>");
            }
            Tag::TableCell => {
                let class = match self.columns.get(self.column) {
                    Some(Alignment::Right) => " class=\"right\"",
                    Some(Alignment::Center) => " class=\"centre\"",
                    _ => "",
                };
                self.put(&format!("<{}{class}>", if self.in_head { "th" } else { "td" }));
            }
            Tag::Emphasis => self.put("<em>"),
            Tag::Strong => self.put("<strong>"),
            Tag::Strikethrough => self.put("<del>"),
            Tag::Link { dest_url, link_type, .. } => {
                let url = self.with_sources(&dest_url);
                let email = link_type == pulldown_cmark::LinkType::Email && !url.contains(':');
                self.link(&if email { format!("mailto:{url}") } else { url }, "");
            }
            Tag::Image { dest_url, .. } => {
                let url = self.with_sources(&dest_url);
                self.link(&url, &escape(&t!("page-image", text = "")));
            }
            _ => self.put("<span>"),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.put("</p>"),
            TagEnd::Heading(level) => self.put(&format!("</h{}>", (level as usize + 2).min(6))),
            TagEnd::BlockQuote(_) => self.put("</blockquote>"),
            TagEnd::CodeBlock => {
                self.in_code = false;
                self.put("</code></pre></figure>");
            }
            TagEnd::List(true) => self.put("</ol>"),
            TagEnd::List(false) => self.put("</ul>"),
            TagEnd::Item => self.put("</li>"),
            TagEnd::Table => self.put("</tbody></table></div>"),
            TagEnd::TableHead => {
                self.in_head = false;
                self.put("</tr></thead><tbody>");
            }
            TagEnd::TableRow => self.put("</tr>"),
            TagEnd::TableCell => {
                self.column += 1;
                self.put(if self.in_head { "</th>" } else { "</td>" });
            }
            TagEnd::Emphasis => self.put("</em>"),
            TagEnd::Strong => self.put("</strong>"),
            TagEnd::Strikethrough => self.put("</del>"),
            TagEnd::Link | TagEnd::Image => {
                if self.links.pop() == Some(true) {
                    self.put("</a>");
                }
            }
            _ => self.put("</span>"),
        }
    }

    /// Opens a link if it is safe and not inside another; otherwise only its text is shown.
    fn link(&mut self, url: &str, label: &str) {
        let open = is_safe_link(url) && !self.links.contains(&true);
        if open {
            let url = escape(url);
            self.put(&format!("<a href=\"{url}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">"));
        }
        self.put(label);
        self.links.push(open);
    }

    /// Text with the formulas that were taken out of it.
    fn text(&mut self, text: &str) {
        if self.in_code {
            let text = escape(&self.with_sources(text));
            return self.put(&text);
        }
        for piece in pieces(text, self.formulas) {
            let html = match piece {
                Piece::Text(text) => escape(text),
                Piece::Formula(formula) => maths::to_mathml(&formula.tex, formula.display)
                    .unwrap_or_else(|| format!("<code>{}</code>", escape(&formula.source))),
            };
            self.put(&html);
        }
    }

    /// Text in code and addresses, where formulas are put back as they were written.
    fn with_sources(&self, text: &str) -> String {
        pieces(text, self.formulas)
            .map(|piece| match piece {
                Piece::Text(text) => text,
                Piece::Formula(formula) => formula.source.as_str(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn html(source: &str) -> String {
        blocks(source).concat()
    }

    #[test]
    fn ordinary_markdown() {
        assert_eq!(html("**4** and *x*"), "<p><strong>4</strong> and <em>x</em></p>");
        assert_eq!(html("# A"), "<h3>A</h3>");
        assert_eq!(html("a\nb"), "<p>a<br>b</p>");
        assert_eq!(html("1. x\n2. y"), "<ol><li>x</li><li>y</li></ol>");
        assert!(html("| a | b |\n|--|-:|\n| 1 | 2 |").contains("<td class=\"right\">2</td>"));
        assert!(html("```rust\nlet $a$;\n```").contains("<span>rust</span>"));
        assert!(html("```rust\nlet $a$;\n```").contains("let $a$;"));
        assert_eq!(blocks("a\n\nb\n\n---\n\n- c").len(), 4);
    }

    #[test]
    fn products_are_not_emphasis() {
        assert_eq!(html("3*8*2 = 48"), "<p>3*8*2 = 48</p>");
        assert_eq!(html("(2)*(3)*4"), "<p>(2)*(3)*4</p>");
        assert_eq!(html("**3***4*"), "<p><strong>3</strong><em>4</em></p>");
        assert_eq!(html("`3*8*2`"), "<p><code>3*8*2</code></p>");
    }

    #[test]
    fn a_thought_keeps_its_lines() {
        let blocks = plain_blocks("cost: 2*3*4\n1. <b>\n\n\n$x^2$ `a`\n");
        assert_eq!(blocks[0], "<p>cost: 2*3*4<br>1. &lt;b&gt;</p>");
        assert!(blocks[1].contains("<msup>") && blocks[1].ends_with(" `a`</p>"));
        assert_eq!(blocks.len(), 2);
    }

    #[test]
    fn formulas_are_mathml() {
        assert!(html("so $x^2$ it is").contains("<msup>"));
        assert!(html(r"so \(x^2\) it is").contains("display=\"inline\""));
        assert!(html("$$\nx^2\n$$").contains("display=\"block\""));
        assert!(html(r"\[ a_1 * b * c \]").contains("display=\"block\""));
        assert!(!html("a `$x$` b").contains("<math"));
        assert_eq!(html("costs $5 and then $3 more"), "<p>costs $5 and then $3 more</p>");
        assert_eq!(html("$5-$10"), "<p>$5-$10</p>");
        assert_eq!(html(r"\$5"), "<p>$5</p>");
        assert_eq!(html(r"$\frac{1}$"), r"<p><code>$\frac{1}$</code></p>");
    }

    /// What a hostile model might write, and what must not be in the page then.
    #[test]
    fn hostile_output_is_text() {
        let cases = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "a <b onclick=alert(1)>b</b>",
            "<svg/onload=alert(1)>",
            "<iframe src=//evil.example></iframe>",
            "<style>@import 'http://evil.example'</style>",
            "<!-- <script>alert(1)</script> -->",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](java\nscript:alert(1))",
            "[x](data:text/html,<script>alert(1)</script>)",
            "[x](vbscript:msgbox)",
            "[x](//evil.example)",
            "[x](/relative)",
            "<javascript:alert(1)>",
            "[x]: javascript:alert(1)\n\n[x]",
            "![x](http://evil.example/p.png)",
            "![x](javascript:alert(1))",
            "[![x](http://a.example/p.png)](http://b.example)",
            "[x](https://a.example \"><script>alert(1)</script>\")",
            "[x](https://a.example/\"onmouseover=\"alert(1))",
            "```<script>\n</code></pre><script>alert(1)</script>\n```",
            "```\"><img src=x>\nx\n```",
            "`<script>`",
            "$\\text{<img src=x onerror=alert(1)>}$",
            "$<img src=x>$ $\\foo<script>$",
            "$\"><script>alert(1)</script>$",
            "| <img src=x> |\n|--|\n| <script> |",
            "\u{e000}0\u{e001}\u{e000}9999999999999999999\u{e001}",
            "[x](https://a.example/$<img src=x>$)",
        ];
        for source in cases {
            let html = html(source);
            for bad in [
                "<script",
                "<img",
                "<svg",
                "<iframe",
                "<style",
                "<!--",
                "href=\"java",
                "href=\"data",
                "href=\"vb",
                "href=\"/",
                "<b ",
                "style=",
                "src=\"",
            ] {
                assert!(!html.to_lowercase().contains(bad), "{source}: {html}");
            }
            // No attribute but the ones written here: nothing like onerror= inside a tag.
            for tag in html.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
                let bare: String =
                    tag.split('"').enumerate().filter(|(i, _)| i % 2 == 0).map(|(_, part)| part).collect();
                assert!(!bare.contains(" on"), "{source}: {html}");
            }
        }
    }

    #[test]
    fn safe_links_open_elsewhere() {
        let link = html("[x](https://a.example/?a=1&b=2)");
        assert!(link.contains("href=\"https://a.example/?a=1&amp;b=2\" target=\"_blank\" rel=\"noopener"));
        assert!(html("<me@a.example>").contains("href=\"mailto:me@a.example\""));
        assert!(html("![cat](https://a.example/c.png)").contains(">Image: cat</a>"));
    }

    proptest! {
        #[test]
        fn any_text_gives_only_our_elements(source in "[\\PC\n]{0,60}") {
            let html = html(&source);
            for tag in html.split('<').skip(1).filter_map(|rest| rest.split(['>', ' ']).next()) {
                let name = tag.trim_start_matches('/');
                prop_assert!([
                    "p", "h3", "h4", "h5", "h6", "blockquote", "figure", "figcaption", "span", "button", "pre", "code",
                    "ol", "ul", "li", "div", "table", "thead", "tbody", "tr", "th", "td", "em", "strong", "del", "a",
                    "br", "hr",
                ].contains(&name) || name.starts_with('m'), "{}", html);
            }
        }
    }
}
