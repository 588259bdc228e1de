//! Messages of YDB's services, made by their descriptors: what a field holds is
//! drawn from the case's bytes, so that most of it is understood.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use arbitrary::Unstructured;
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};

use super::bench::{PATH, TOPIC};

/// Messages inside of messages.
const DEEPEST: usize = 6;
/// Items of a repeated field.
const MOST_ITEMS: usize = 3;
/// Scripts that find something in the database.
const SCRIPTS: [&str; 10] = [
    "SELECT 1",
    "SELECT * FROM connections",
    "SELECT $p AS p",
    "UPSERT INTO connections (connection_id, user_id) VALUES (\"c9\", \"zoe\")",
    "INSERT INTO connections (connection_id) VALUES (\"c1\")",
    "DELETE FROM connections WHERE user_id = \"ann\" RETURNING connection_id",
    "SELECT * FROM AS_TABLE($p)",
    "SELECT id FROM kinds WHERE id IN $p",
    "CREATE TABLE more (id Int64 NOT NULL, PRIMARY KEY (id))",
    "DROP TABLE more",
];

/// A call that the services answer.
pub(super) struct Method {
    /// `/Ydb.Query.V1.QueryService/ExecuteQuery`.
    pub(super) path: String,
    input: String,
    /// Whether the client sends more than one message.
    pub(super) is_stream: bool,
}

/// What earlier calls of a case gave names to.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) session: String,
    pub(super) transaction: String,
}

/// All messages and methods.
pub(super) struct Schema {
    messages: HashMap<String, DescriptorProto>,
    pub(super) methods: Vec<Method>,
}

impl Schema {
    /// Read once.
    pub(super) fn get() -> &'static Self {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::new);
        &SCHEMA
    }

    fn new() -> Self {
        let files = include_bytes!("../../../proto/ydb-messages.bin");
        let files = FileDescriptorSet::decode(files.as_slice()).expect("descriptors");
        let mut schema = Self {
            messages: HashMap::new(),
            methods: Vec::new(),
        };
        for file in files.file {
            let package = file.package().to_owned();
            for service in &file.service {
                let methods = service.method.iter().map(|method| Method {
                    path: format!("/{package}.{}/{}", service.name(), method.name()),
                    input: method.input_type().to_owned(),
                    is_stream: method.client_streaming(),
                });
                schema.methods.extend(methods);
            }
            for message in file.message_type {
                schema.add(&format!(".{package}"), message);
            }
        }
        schema
    }

    fn add(&mut self, scope: &str, message: DescriptorProto) {
        let name = format!("{scope}.{}", message.name());
        for nested in message.nested_type.clone() {
            self.add(&name, nested);
        }
        self.messages.insert(name, message);
    }

    /// A method's message.
    pub(super) fn request(
        &self,
        method: &Method,
        known: &Known,
        input: &mut Unstructured<'_>,
    ) -> arbitrary::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.message(&method.input, known, input, DEEPEST, &mut bytes)?;
        Ok(bytes)
    }

    fn message(
        &self,
        name: &str,
        known: &Known,
        input: &mut Unstructured<'_>,
        depth: usize,
        bytes: &mut Vec<u8>,
    ) -> arbitrary::Result<()> {
        let Some(message) = self.messages.get(name).filter(|_| depth > 0) else {
            return Ok(());
        };
        let mut chosen: BTreeMap<_, i32> = BTreeMap::new();
        for field in &message.field {
            if let Some(group) = alternatives(field) {
                // One of them, at the first that is met.
                let number = match chosen.entry(group) {
                    Entry::Occupied(entry) => *entry.get(),
                    Entry::Vacant(entry) => *entry.insert(one_of(message, group, input)?),
                };
                if number == field.number() {
                    self.field(field, known, input, depth, bytes)?;
                }
                continue;
            }
            let is_repeated = field.label() == Label::Repeated;
            let most = if is_repeated { MOST_ITEMS } else { 1 };
            for _ in 0..most {
                if !input.ratio(1, 2)? {
                    break;
                }
                self.field(field, known, input, depth, bytes)?;
            }
        }
        Ok(())
    }

    fn field(
        &self,
        field: &FieldDescriptorProto,
        known: &Known,
        input: &mut Unstructured<'_>,
        depth: usize,
        bytes: &mut Vec<u8>,
    ) -> arbitrary::Result<()> {
        let tag = u64::try_from(field.number()).unwrap_or_default() << 3;
        let mut delimited = |content: &[u8]| {
            varint(tag | 2, bytes);
            varint(content.len() as u64, bytes);
            bytes.extend_from_slice(content);
        };
        match field.r#type() {
            Type::Message | Type::Group => {
                let mut content = Vec::new();
                self.message(field.type_name(), known, input, depth - 1, &mut content)?;
                delimited(&content);
            }
            Type::String => delimited(text(field.name(), known, input)?.as_bytes()),
            Type::Bytes => delimited(input.arbitrary::<&[u8]>()?),
            Type::Double | Type::Fixed64 | Type::Sfixed64 => {
                varint(tag | 1, bytes);
                bytes.extend(number(input)?.to_le_bytes());
            }
            Type::Float | Type::Fixed32 | Type::Sfixed32 => {
                varint(tag | 5, bytes);
                bytes.extend(input.arbitrary::<u32>()?.to_le_bytes());
            }
            Type::Enum => {
                varint(tag, bytes);
                varint(input.int_in_range(0..=8)?, bytes);
            }
            _ => {
                varint(tag, bytes);
                varint(number(input)?, bytes);
            }
        }
        Ok(())
    }
}

/// The `oneof` that a field is in.
fn alternatives(field: &FieldDescriptorProto) -> Option<i32> {
    field.oneof_index.filter(|_| !field.proto3_optional())
}

/// The number of one field of a `oneof`.
fn one_of(
    message: &DescriptorProto,
    group: i32,
    input: &mut Unstructured<'_>,
) -> arbitrary::Result<i32> {
    let members = message.field.iter();
    let members = members.filter(|field| alternatives(field) == Some(group));
    let numbers: Vec<i32> = members.map(FieldDescriptorProto::number).collect();
    input.choose(&numbers).copied()
}

/// Small ones, the limits, and any.
fn number(input: &mut Unstructured<'_>) -> arbitrary::Result<u64> {
    Ok(match input.int_in_range(0..=7)? {
        0 => 0,
        1 | 2 => 1,
        3 => u64::from(input.arbitrary::<u8>()?),
        4 => i64::MAX.cast_unsigned(),
        5 => i64::MIN.cast_unsigned(),
        6 => u64::MAX,
        _ => input.arbitrary()?,
    })
}

/// What a field of that name is likely to hold, or anything.
fn text(field: &str, known: &Known, input: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    let choice = input.int_in_range(0..=7)?;
    if choice == 7 {
        return Ok(input.arbitrary::<&str>()?.to_owned());
    }
    Ok(match field {
        "session_id" => known.session.clone(),
        "tx_id" | "id" => known.transaction.clone(),
        "yql_text" | "text" | "yql_query" => (*input.choose(&SCRIPTS)?).to_owned(),
        "path" | "table" | "source_path" | "destination_path" | "database" => match choice {
            0 => PATH.to_owned(),
            1 => format!("{PATH}/connections"),
            2 => format!("{PATH}/kinds"),
            3 => "more".to_owned(),
            4 => format!("{PATH}/folder"),
            _ => format!("{PATH}/{TOPIC}"),
        },
        _ => (*input.choose(&["", "a", "id", "consumer", "user_id", "$p", "p", "0"])?).to_owned(),
    })
}

fn varint(mut value: u64, bytes: &mut Vec<u8>) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}
