//! A reader of JSON that is not the server's, and forgets nothing: repeated keys, numbers as they are spelled, texts that
//! are no text.

/// Deeper than this, receivers may give up.
const DEEP: usize = 100;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    /// As it is spelled.
    Number(String),
    /// `None` where half a surrogate pair stands for itself, which is JSON and yet no Unicode.
    Text(Option<String>),
    List(Vec<Node>),
    Map(Vec<(Option<String>, Node)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    Syntax,
    TooDeep,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

pub(crate) fn parse(text: &[u8]) -> Result<Node, Broken> {
    if std::str::from_utf8(text).is_err() {
        return Err(Broken::Syntax);
    }
    let mut reader = Reader { text, at: 0 };
    let node = reader.node(0)?;
    reader.blank();
    if reader.at == text.len() { Ok(node) } else { Err(Broken::Syntax) }
}

impl Node {
    /// Whether something in it can be read in more than one way: a text that is none, a number beyond all doubles, a key
    /// that stands twice.
    pub(crate) fn is_odd(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) => false,
            Self::Number(number) => number.parse::<f64>().is_ok_and(f64::is_infinite),
            Self::Text(text) => text.is_none(),
            Self::List(nodes) => nodes.iter().any(Self::is_odd),
            Self::Map(pairs) => {
                let mut keys: Vec<_> = pairs.iter().map(|(key, _)| key).collect();
                keys.sort();
                let repeats = keys.windows(2).any(|pair| pair[0] == pair[1]);
                repeats || pairs.iter().any(|(key, node)| key.is_none() || node.is_odd())
            }
        }
    }
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self) -> Result<u8, Broken> {
        let byte = self.peek().ok_or(Broken::Syntax)?;
        self.at += 1;
        Ok(byte)
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Whether what comes next is `byte`, which is then behind us.
    fn skips(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, word: &[u8]) -> Result<(), Broken> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        Err(Broken::Syntax)
    }

    fn node(&mut self, depth: usize) -> Result<Node, Broken> {
        if depth > DEEP {
            return Err(Broken::TooDeep);
        }
        self.blank();
        match self.peek() {
            Some(b'n') => self.expect(b"null").map(|()| Node::Null),
            Some(b't') => self.expect(b"true").map(|()| Node::Bool(true)),
            Some(b'f') => self.expect(b"false").map(|()| Node::Bool(false)),
            Some(b'"') => self.text().map(Node::Text),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.map(depth),
            _ => self.number(),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Node, Broken> {
        self.expect(b"[")?;
        let mut nodes = Vec::new();
        self.blank();
        if self.skips(b']') {
            return Ok(Node::List(nodes));
        }
        loop {
            nodes.push(self.node(depth + 1)?);
            self.blank();
            match self.take()? {
                b',' => {}
                b']' => return Ok(Node::List(nodes)),
                _ => return Err(Broken::Syntax),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Node, Broken> {
        self.expect(b"{")?;
        let mut pairs = Vec::new();
        self.blank();
        if self.skips(b'}') {
            return Ok(Node::Map(pairs));
        }
        loop {
            self.blank();
            let key = self.text()?;
            self.blank();
            self.expect(b":")?;
            pairs.push((key, self.node(depth + 1)?));
            self.blank();
            match self.take()? {
                b',' => {}
                b'}' => return Ok(Node::Map(pairs)),
                _ => return Err(Broken::Syntax),
            }
        }
    }

    fn text(&mut self) -> Result<Option<String>, Broken> {
        self.expect(b"\"")?;
        let mut units = Vec::new();
        loop {
            let start = self.at;
            while self.peek().is_some_and(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            // The whole is UTF-8, and it is cut at ASCII alone.
            units.extend(std::str::from_utf8(&self.text[start..self.at]).unwrap().encode_utf16());
            match self.take()? {
                b'"' => return Ok(String::from_utf16(&units).ok()),
                b'\\' => units.push(self.escape()?),
                _ => return Err(Broken::Syntax),
            }
        }
    }

    fn escape(&mut self) -> Result<u16, Broken> {
        Ok(match self.take()? {
            byte @ (b'"' | b'\\' | b'/') => byte.into(),
            b'b' => 8,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            b'u' => {
                let digits = self.text.get(self.at..self.at + 4).ok_or(Broken::Syntax)?;
                self.at += 4;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Broken::Syntax);
                }
                u16::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap()
            }
            _ => return Err(Broken::Syntax),
        })
    }

    fn number(&mut self) -> Result<Node, Broken> {
        let start = self.at;
        self.skips(b'-');
        if !self.skips(b'0') {
            self.digits()?;
        }
        if self.skips(b'.') {
            self.digits()?;
        }
        if self.skips(b'e') || self.skips(b'E') {
            let _ = self.skips(b'+') || self.skips(b'-');
            self.digits()?;
        }
        Ok(Node::Number(String::from_utf8(self.text[start..self.at].to_vec()).unwrap()))
    }

    fn digits(&mut self) -> Result<(), Broken> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Broken::Syntax) }
    }
}
