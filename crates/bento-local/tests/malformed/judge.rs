//! What a body deserves, by the rules of the wire and not by the server's decoder.

use serde_json::{Map, Value, json};

use crate::columns;
use crate::json::{Broken, Node, parse};

#[derive(Debug)]
pub(crate) enum Verdict {
    /// Not JSON, or not an OTLP request: 400, and nothing of it stays.
    Refused,
    /// Of OTLP's shape: each span for itself.
    Taken(Vec<Judged>),
    /// Either will do: the rules leave it open.
    Open,
}

#[derive(Debug)]
pub(crate) enum Judged {
    /// Kept, with these columns.
    Good(Box<Value>),
    /// Reported through `partialSuccess`.
    Bad,
    /// Either will do.
    Open,
}

/// Reads the fields of a span, and remembers whether they are as they should be.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) is_bad: bool,
    pub(crate) is_open: bool,
}

pub(crate) fn judge(body: &[u8]) -> Verdict {
    match parse(body) {
        Err(Broken::Syntax) => Verdict::Refused,
        Err(Broken::TooDeep) => Verdict::Open,
        Ok(request) => spans(&request).unwrap_or(Verdict::Refused),
    }
}

/// `None` if the request is not of OTLP's shape.
fn spans(request: &Node) -> Option<Verdict> {
    let mut judged = Vec::new();
    let mut is_open = is_odd_outside(request, &["resourceSpans"]);
    for group in list(request, "resourceSpans")? {
        is_open |= is_odd_outside(group, &["resource", "scopeSpans"]);
        let service = service(field(group, "resource"));
        for scope in list(group, "scopeSpans")? {
            is_open |= is_odd_outside(scope, &["spans"]);
            judged.extend(list(scope, "spans")?.iter().map(|span| match &service {
                Judged::Good(service) => columns::judge(span, service),
                Judged::Bad => Judged::Bad,
                Judged::Open => Judged::Open,
            }));
        }
    }
    Some(if is_open { Verdict::Open } else { Verdict::Taken(judged) })
}

/// The objects of a list; nothing for a list that is missing; `None` for something else.
fn list<'a>(node: &'a Node, name: &str) -> Option<&'a [Node]> {
    let Node::Map(_) = node else { return None };
    match field(node, name) {
        Node::Null => Some(&[]),
        Node::List(nodes) if name == "spans" || nodes.iter().all(|node| matches!(node, Node::Map(_))) => {
            Some(nodes)
        }
        _ => None,
    }
}

/// Whether a map is odd in what none of the `inner` fields hold.
fn is_odd_outside(node: &Node, inner: &[&str]) -> bool {
    let Node::Map(pairs) = node else { return false };
    let is_inner = |key: &Option<String>| key.as_deref().is_some_and(|key| inner.contains(&key));
    let emptied =
        pairs.iter().map(|(key, node)| (key.clone(), if is_inner(key) { Node::Null } else { node.clone() }));
    Node::Map(emptied.collect()).is_odd()
}

fn service(resource: &Node) -> Judged {
    let mut reading = Reading::default();
    let attributes = match resource {
        Node::Null => Map::new(),
        Node::Map(_) => reading.attributes(field(resource, "attributes")),
        _ => return Judged::Bad,
    };
    reading.is_open |= resource.is_odd();
    let text = |key| attributes.get(key).filter(|value: &&Value| value.is_string());
    reading.verdict(json!({"name": text("service.name"), "version": text("service.version")}))
}

/// The last of that name, for want of a better rule; null if there is none.
pub(crate) fn field<'a>(node: &'a Node, name: &str) -> &'a Node {
    let Node::Map(pairs) = node else { return &Node::Null };
    let found = pairs.iter().rev().find(|(key, _)| key.as_deref() == Some(name));
    found.map_or(&Node::Null, |(_, node)| node)
}

impl Reading {
    pub(crate) fn verdict(self, value: Value) -> Judged {
        match self {
            Self { is_bad: true, .. } => Judged::Bad,
            Self { is_open: true, .. } => Judged::Open,
            _ => Judged::Good(Box::new(value)),
        }
    }

    fn bad<T: Default>(&mut self) -> T {
        self.is_bad = true;
        T::default()
    }

    fn open<T: Default>(&mut self) -> T {
        self.is_open = true;
        T::default()
    }

    pub(crate) fn text(&mut self, node: &Node) -> Option<String> {
        match node {
            Node::Null => None,
            Node::Text(Some(text)) => Some(text.clone()),
            _ => self.bad(),
        }
    }

    /// A 64-bit integer or an enum: a number or, where `quoted`, a decimal text.
    pub(crate) fn integer(
        &mut self,
        node: &Node,
        range: std::ops::RangeInclusive<i128>,
        quoted: Quoted,
    ) -> Option<i128> {
        let (text, is_text) = match node {
            Node::Null => return None,
            Node::Number(number) => (number, false),
            Node::Text(Some(text)) if quoted == Quoted::Allowed => (text, true),
            _ => return self.bad(),
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_plain {
            // More digits than these are beyond every range.
            let number = if digits.trim_start_matches('0').len() < 30 {
                text.parse::<i128>().unwrap()
            } else {
                i128::MAX
            };
            let is_usual = text == "0" || !(digits.starts_with('0'));
            return if !range.contains(&number) {
                self.bad()
            } else if is_usual {
                Some(number)
            } else {
                self.open()
            };
        }
        match text.trim().parse::<f64>() {
            // Whole numbers may be spelled in other ways.
            Ok(number) if number.fract() == 0.0 || is_text => self.open(),
            _ => self.bad(),
        }
    }

    fn double(&mut self, node: &Node) -> Value {
        match node {
            Node::Number(number) => match number.parse::<f64>() {
                Ok(number) if number.is_finite() => json!(number),
                _ => self.open(),
            },
            Node::Text(Some(text)) => match (text.as_str(), text.parse::<f64>()) {
                ("NaN" | "Infinity" | "-Infinity", _) => json!(text),
                (_, Ok(_)) => self.open(),
                _ => self.bad(),
            },
            _ => self.bad(),
        }
    }

    /// Of a key that stands twice, the last one counts.
    pub(crate) fn attributes(&mut self, node: &Node) -> Map<String, Value> {
        let mut attributes = Map::new();
        for pair in self.objects(node) {
            let key = self.text(field(pair, "key")).unwrap_or_default();
            let value = self.any(field(pair, "value"));
            attributes.insert(key, value);
        }
        attributes
    }

    pub(crate) fn objects<'a>(&mut self, node: &'a Node) -> &'a [Node] {
        match node {
            Node::Null => &[],
            Node::List(nodes) if nodes.iter().all(|node| matches!(node, Node::Map(_))) => nodes,
            _ => {
                self.is_bad = true;
                &[]
            }
        }
    }

    fn any(&mut self, node: &Node) -> Value {
        const KINDS: [&str; 7] = [
            "stringValue",
            "boolValue",
            "intValue",
            "doubleValue",
            "arrayValue",
            "kvlistValue",
            "bytesValue",
        ];
        let pairs = match node {
            Node::Null => return Value::Null,
            Node::Map(pairs) => pairs,
            _ => return self.bad(),
        };
        let mut values = Vec::new();
        for kind in KINDS {
            let value = field(node, kind);
            if *value != Node::Null {
                values.push(self.value(kind, value));
            }
        }
        let said = pairs.iter().filter(|(key, node)| {
            *node != Node::Null && key.as_deref().is_some_and(|key| KINDS.contains(&key))
        });
        // It is one of them, never two.
        if said.count() > 1 {
            self.is_open = true;
        }
        values.pop().unwrap_or_default()
    }

    fn value(&mut self, kind: &str, node: &Node) -> Value {
        match (kind, node) {
            ("stringValue" | "bytesValue", _) => json!(self.text(node)),
            ("boolValue", Node::Bool(yes)) => json!(yes),
            ("intValue", _) => {
                let number = self.integer(node, i64::MIN.into()..=i64::MAX.into(), Quoted::Allowed);
                json!(number.map(|number| i64::try_from(number).unwrap()))
            }
            ("doubleValue", _) => self.double(node),
            ("arrayValue", Node::Map(_)) => {
                let values: Vec<_> = match field(node, "values") {
                    Node::Null => Vec::new(),
                    Node::List(nodes) if nodes.iter().all(|node| matches!(node, Node::Map(_))) => {
                        nodes.iter().map(|node| self.any(node)).collect()
                    }
                    _ => self.bad(),
                };
                Value::Array(values)
            }
            ("kvlistValue", Node::Map(_)) => Value::Object(self.attributes(field(node, "values"))),
            _ => self.bad(),
        }
    }
}

/// Whether an integer may be a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quoted {
    Allowed,
    Forbidden,
}
