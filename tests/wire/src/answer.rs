//! An answer: status, headers, body.

use std::fmt;

/// What came back.
#[derive(Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers in order, names as they came.
    pub headers: Vec<(String, String)>,
    /// Its body, without framing.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads the head. `None` if it is no head of an answer.
    #[must_use]
    pub fn parse(head: &str) -> Option<Answer> {
        let mut lines = head.strip_suffix("\r\n\r\n")?.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let headers = lines.map(|line| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())));
        Some(Answer { status, headers: headers.collect::<Option<_>>()?, body: Vec::new() })
    }

    /// The value of a header.
    ///
    /// # Panics
    /// If it came twice.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let first = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} came twice: {self:?}");
        first
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The text of the first element of this name in the document, as it came: nothing is unescaped.
    #[must_use]
    pub fn element(&self, name: &str) -> Option<String> {
        self.elements(name).into_iter().next()
    }

    /// The texts of all elements of this name.
    #[must_use]
    pub fn elements(&self, name: &str) -> Vec<String> {
        let text = self.text();
        let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
        let within = text.split(&begin).skip(1);
        within.filter_map(|rest| rest.split_once(&end).map(|(inner, _)| inner.to_owned())).collect()
    }

    /// The code of an error's document.
    #[must_use]
    pub fn code(&self) -> String {
        self.element("Code").unwrap_or_default()
    }

    /// Status and code, as most tests compare them.
    #[must_use]
    pub fn outcome(&self) -> (u16, String) {
        (self.status, self.code())
    }

    /// Whether it says that the connection ends.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// The entity tag without its quotes.
    ///
    /// # Panics
    /// If there is none, or it is not quoted.
    #[must_use]
    pub fn etag(&self) -> &str {
        let tag = self.header("etag").unwrap_or_else(|| panic!("no entity tag: {self:?}"));
        tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).expect("an entity tag is quoted")
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body.get(..2000).unwrap_or(&self.body);
        write!(f, "{} {:?} {:?}", self.status, self.headers, String::from_utf8_lossy(body))
    }
}
