//! The torture messages with the answers that `docs/sip-torture.md` promises.

use std::path::PathBuf;

/// A message and its row of the table.
pub struct Row {
    pub name: String,
    /// As it is sent.
    pub message: Vec<u8>,
    /// What the guard does, and the answers by UDP and by TCP.
    pub answers: [String; 3],
}

/// All rows; every file beside this one has exactly one.
pub fn rows() -> Vec<Row> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(root.join("docs/sip-torture.md")).unwrap();
    let mut rows: Vec<Row> = Vec::new();
    for (set, ending, count) in [("rfc4475", ".dat", 49), ("rfc5118", "", 12)] {
        let folder = root.join("tests/messages").join(set);
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names.len(), count, "{set}");
        for file in names {
            let name = file.strip_suffix(ending).unwrap();
            let archived = std::fs::read(folder.join(&file)).unwrap();
            let message = match set {
                "rfc5118" => on_the_wire(&archived),
                _ => archived,
            };
            rows.push(row(&table, name, message));
        }
    }
    rows
}

fn row(table: &str, name: &str, message: Vec<u8>) -> Row {
    let lines = table.lines().filter_map(|line| line.strip_prefix("| "));
    let mut found = lines
        .map(|line| line.trim_end_matches(" |").split(" | ").collect::<Vec<_>>())
        .filter(|cells| cells[0] == name);
    let cells = found.next().unwrap_or_else(|| panic!("no row of {name}"));
    assert!(found.next().is_none(), "two rows of {name}");
    Row {
        name: name.to_owned(),
        message,
        answers: [cells[3], cells[4], cells[5]].map(str::to_owned),
    }
}

/// The archive of RFC 5118 as it would be on a wire: lines end with CRLF, the head with an empty
/// line, and Content-Length tells the length.
fn on_the_wire(archived: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(archived).unwrap().replace('\n', "\r\n");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text.trim_end(), ""));
    let (before, _) = head.rsplit_once("Content-Length:").unwrap();
    format!("{before}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
